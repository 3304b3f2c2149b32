//! Why a download is not to be had.

use hc_core::ExitClass;
use std::path::PathBuf;

use hc_core::fs::FsError;

use super::checksum::Checksum;

/// Why a download is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum IsoError {
    /// No checksum that can be trusted.
    #[error("`{0}` is no sha256 or sha512 checksum")]
    BadChecksum(String),
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
    /// Somebody asked to stop.
    #[error("the download of {url} was stopped by request")]
    Cancelled {
        /// From where.
        url: String,
    },
    /// A url of another kind.
    #[error("`{0}` is none of https://, http://, file:// and an absolute path")]
    BadUrl(String),
    /// Somebody else downloads it, longer than was waited.
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
    /// Stable code for `hybrid explain`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadChecksum(_) => "BadChecksum",
            Self::Mismatch { .. } => "IsoChecksumMismatch",
            Self::Missing { .. } => "IsoMissing",
            Self::Unavailable { .. } => "IsoUnavailable",
            Self::Cancelled { .. } => "Interrupted",
            Self::BadUrl(_) => "BadIsoUrl",
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

    /// The cure.
    pub fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::BadChecksum(_) => "write `sha256:` and 64 hexadecimal digits; a checksum file's line has them",
                Self::Mismatch { .. } => {
                    "nothing of it was kept. A new release under the old name, or a bad mirror: compare with the \
                     publisher's checksum, then correct url or checksum"
                }
                Self::Missing { .. } => "releases move: correct the url, and its checksum with it",
                Self::Cancelled { .. } => "start again when ready: what arrived is kept and taken up where it ended",
                Self::Unavailable { .. } => "try again: what arrived is kept and taken up where it ended",
                Self::BadUrl(_) => "write the url with its scheme",
                Self::Busy { .. } => "wait for that download, or end it",
                Self::NoLocks { .. } => "put the project on a file system with locks",
                Self::File(_) => return None,
            }
            .to_owned(),
        )
    }
}
