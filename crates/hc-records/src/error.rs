//! Why a record cannot be used.

use hc_core::ExitClass;
use hc_core::fs::FsError;

/// A record that cannot be read, written, or believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The file is there and does not say what a record of its kind says.
    #[error("{path} is not {what}")]
    Damaged {
        /// The file, relative to the project.
        path: String,
        /// What it should be: `the record of its build`.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] FsError),
}

impl RecordError {
    /// Stable code for `hybrid explain`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => "RecordDamaged",
            Self::File(error) => error.code(),
        }
    }

    /// How a run that fails by it ends (PKR-4).
    pub fn class(&self) -> ExitClass {
        match self {
            Self::Damaged { .. } => ExitClass::Invalid,
            Self::File(error) => error.class(),
        }
    }
}
