//! Why nothing of a project was run, or its trust cannot be kept.

use std::path::PathBuf;

/// The project is not trusted, or the list of those that are cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Programs that the project names would run, and no person trusted it on this machine.
    #[error("{what} would run, and {} is not trusted on this machine", root.display())]
    NotTrusted {
        /// The project.
        root: PathBuf,
        /// What would run.
        what: String,
        /// The programs that hybrid.toml names.
        named: Vec<String>,
    },
    /// The list of trusted projects cannot be used.
    #[error("{} cannot be used: {why}", path.display())]
    Unusable {
        /// The list.
        path: PathBuf,
        /// Why not.
        why: String,
    },
}

impl TrustError {
    /// Stable code for `hybrid explain`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotTrusted { .. } => "ProjectNotTrusted",
            Self::Unusable { .. } => "TrustUnusable",
        }
    }
}
