//! Errors of this crate.

use hc_config::Diagnostic;

/// Why the switches cannot be read or moved.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionerError {
    /// No stack has that name.
    #[error("there is no stack `{name}`")]
    UnknownStack {
        /// The name as given.
        name: String,
        /// The name that was probably meant.
        near: Option<&'static str>,
    },
    /// Checks or linters stand against it; nothing was changed.
    #[error("stack `{stack}` cannot be switched on")]
    Refused {
        /// The stack.
        stack: &'static str,
        /// Every problem that was found.
        diagnostics: Vec<Diagnostic>,
    },
    /// The switch file is broken.
    #[error("the provisioner switches cannot be read")]
    BrokenFile(Box<Diagnostic>),
    /// The switch file cannot be read or written.
    #[error(transparent)]
    Fs(#[from] hc_core::fs::FsError),
    /// The switches cannot be expressed as TOML.
    #[error("the provisioner switches cannot be rendered")]
    Render(#[from] toml::ser::Error),
}

impl ProvisionerError {
    /// Stable code for `hybrid explain`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownStack { .. } => "UnknownStack",
            Self::Refused { .. } | Self::Render(_) => crate::checks::CODE,
            Self::BrokenFile(diagnostic) => diagnostic.code,
            Self::Fs(error) => error.code(),
        }
    }

    /// The problems inside, for the report that shows their places.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match self {
            Self::Refused { diagnostics, .. } => diagnostics,
            Self::BrokenFile(diagnostic) => std::slice::from_ref(&**diagnostic),
            _ => &[],
        }
    }
}
