//! What can go wrong with logs, scans and bundles.

use hc_core::ExitClass;
use std::path::PathBuf;

use hc_core::fs::FsError;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The component cannot be part of a file name.
    #[error("`{component}` is not a log component (kebab-case)")]
    BadComponent {
        /// The name as given.
        component: String,
    },
    /// Another subscriber was installed first.
    #[error("logging is already set up in this process")]
    AlreadySet,
    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] FsError),
    /// A baseline or allow-list does not have its form.
    #[error("{} is not a valid {kind}", path.display())]
    BadList {
        /// The file.
        path: PathBuf,
        /// `baseline`, `allow-list`.
        kind: &'static str,
        /// What the parser says, with line and column and without values.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A bundle entry's name would leave the bundle.
    #[error("`{name}` cannot be the name of a bundle entry")]
    BadEntryName {
        /// The name as given.
        name: String,
    },
    /// A bundle already holds an entry of that name.
    #[error("the bundle already holds `{name}`")]
    DuplicateEntry {
        /// The name.
        name: String,
    },
}

impl LogError {
    /// Stable code for `hybrid explain`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadComponent { .. } => "BadLogComponent",
            Self::AlreadySet => "LoggingAlreadySet",
            Self::File(error) => error.code(),
            Self::BadList { .. } => "SecretListInvalid",
            Self::BadEntryName { .. } | Self::DuplicateEntry { .. } => "BundleEntryInvalid",
        }
    }

    /// How a run that fails by it ends (PKR-4).
    pub fn class(&self) -> ExitClass {
        match self {
            Self::File(error) => error.class(),
            _ => ExitClass::Invalid,
        }
    }
}
