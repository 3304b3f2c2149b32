//! Why a download is not to be had.

use std::path::PathBuf;

use hc_core::ExitClass;
use hc_core::fs::FsError;

use super::checksum::{BadChecksum, Checksum};

/// Why a download is not to be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IsoError {
    /// Not a checksum that can be trusted.
    #[error(transparent)]
    BadChecksum(#[from] BadChecksum),
    /// The bytes are others.
    #[error("{url} has the checksum {found}, not {wanted}")]
    Mismatch {
        /// From where.
        url: String,
        /// What was asked for.
        wanted: Checksum,
        /// What came.
        found: Checksum,
    },
    /// The server has no such file, or does not give it.
    #[error("{url} is not there: the server answers {status}")]
    Missing {
        /// From where.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// The server or the network failed, also after the last attempt.
    #[error("{url} cannot be downloaded after {attempts} attempts: {what}")]
    Unavailable {
        /// From where.
        url: String,
        /// How often it was tried.
        attempts: u32,
        /// What went wrong last.
        what: String,
    },
    /// A request to stop came.
    #[error("the download of {url} was stopped by request")]
    Cancelled {
        /// From where.
        url: String,
    },
    /// Not the url of a proxy.
    #[error("`{0}` cannot be used as a proxy")]
    BadProxy(String),
    /// A url of another kind.
    #[error("`{0}` is not https://, http://, file:// or an absolute path")]
    BadUrl(String),
    /// Another process downloads it, for longer than was waited.
    #[error("{} is held by {who}", path.display())]
    Busy {
        /// The lock.
        path: PathBuf,
        /// Who.
        who: String,
    },
    /// The file system of the store has no locks.
    #[error("{} cannot be locked", path.display())]
    NoLocks {
        /// The lock.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A file of the store.
    #[error(transparent)]
    File(#[from] FsError),
}

impl IsoError {
    /// Stable code, for programs and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadChecksum(_) => "BadChecksum",
            Self::Mismatch { .. } => "IsoChecksumMismatch",
            Self::Missing { .. } => "IsoMissing",
            Self::Unavailable { .. } => "IsoUnavailable",
            Self::Cancelled { .. } => "Interrupted",
            Self::BadUrl(_) | Self::BadProxy(_) => "BadIsoUrl",
            Self::Busy { .. } => "IsoBusy",
            Self::NoLocks { .. } => "StateLocksUnsupported",
            Self::File(error) => error.code(),
        }
    }

    /// How a run that fails by it ends (PKR-4): what can pass by itself is infrastructure.
    pub fn class(&self) -> ExitClass {
        match self {
            Self::Unavailable { .. } | Self::Busy { .. } => ExitClass::Infrastructure,
            Self::Cancelled { .. } => ExitClass::Interrupted,
            Self::File(error) => error.class(),
            _ => ExitClass::Invalid,
        }
    }
}
