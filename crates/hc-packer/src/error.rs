//! What can go wrong before packer itself has an opinion.

use std::path::PathBuf;
use std::time::Duration;

use hc_core::fs::FsError;
use hc_core::{ExitClass, Version};

use crate::platform::Platform;

/// Packer cannot be used, or its run cannot be looked after.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackerError {
    /// No such program.
    #[error("packer was not found: {}", looked_for.display())]
    NotFound {
        /// What was looked for.
        looked_for: PathBuf,
    },
    /// The program is there but is not packer.
    #[error("{} does not answer `version` as packer does{}", path.display(), quoted(said))]
    NotPacker {
        /// The program.
        path: PathBuf,
        /// What it said instead, on standard error if anything: a version manager's shim explains itself there.
        said: String,
    },
    /// The program gives no answer.
    #[error("{} did not tell its version within {} s", path.display(), timeout.as_secs_f32())]
    Silent {
        /// The program.
        path: PathBuf,
        /// How long it was waited for.
        timeout: Duration,
    },
    /// Older than what works.
    #[error("{} is packer {found}, {needed} or newer is needed", path.display())]
    TooOld {
        /// The program.
        path: PathBuf,
        /// Its version.
        found: Version,
        /// The oldest version that works.
        needed: Version,
    },
    /// Another version than the one that the project pins.
    #[error("{} is packer {found}, the project pins {pinned}", path.display())]
    Pinned {
        /// The program.
        path: PathBuf,
        /// Its version.
        found: Version,
        /// The pinned version.
        pinned: String,
    },
    /// Another program than the one that the project pins by checksum. It was not run.
    #[error("{} has sha256:{found}, the project pins sha256:{pinned} for {platform}", path.display())]
    Differs {
        /// The program.
        path: PathBuf,
        /// Its checksum.
        found: String,
        /// The pinned checksum.
        pinned: String,
        /// System and architecture.
        platform: Platform,
    },
    /// The project pins packer by checksum, but not for this kind of machine. It was not run.
    #[error("the project pins packer by checksum, and none for {platform}: {} was not run", path.display())]
    NotPinned {
        /// The program.
        path: PathBuf,
        /// System and architecture.
        platform: Platform,
    },
    /// The process could not be started.
    #[error("cannot start {}", path.display())]
    Spawn {
        /// The program.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The process could not be waited for.
    #[error("lost track of packer's process")]
    Wait {
        /// The system's answer.
        source: std::io::Error,
    },
    /// A request to stop came before there was a result.
    #[error("stopped by request")]
    Cancelled,
    /// The pattern of a failure rule is not a regular expression.
    #[error("failure rule `{id}` has an invalid pattern")]
    RulePattern {
        /// The rule.
        id: String,
        /// What is wrong with it.
        source: regex::Error,
    },
    /// A failure rule has a class that does not exist.
    #[error("failure rule `{id}` has the unknown class `{class}`")]
    RuleClass {
        /// The rule.
        id: String,
        /// What it names as its class.
        class: String,
    },
    /// A file of the run could not be written or read.
    #[error(transparent)]
    File(#[from] FsError),
}

fn quoted(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": it says `{said}`") }
}

impl PackerError {
    /// Stable code, for programs and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } | Self::NotPacker { .. } => "PackerNotFound",
            Self::TooOld { .. } => "PackerTooOld",
            Self::Pinned { .. } => "PackerPinned",
            Self::Differs { .. } => "PackerDiffers",
            Self::NotPinned { .. } => "PackerNotPinned",
            Self::Silent { .. } | Self::Spawn { .. } | Self::Wait { .. } => "PackerProcess",
            Self::Cancelled => "Interrupted",
            Self::RulePattern { .. } | Self::RuleClass { .. } => "SettingsInvalid",
            Self::File(error) => error.code(),
        }
    }

    /// How a run that fails by it ends (PKR-4).
    pub fn class(&self) -> ExitClass {
        match self {
            Self::Cancelled => ExitClass::Interrupted,
            Self::Differs { .. } => ExitClass::Security,
            Self::Silent { .. } | Self::Spawn { .. } | Self::Wait { .. } => ExitClass::Infrastructure,
            Self::File(error) => error.class(),
            _ => ExitClass::Invalid,
        }
    }
}
