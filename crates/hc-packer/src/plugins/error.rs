//! Why a plugin is not taken.

use std::path::PathBuf;

use hc_core::ExitClass;
use hc_core::fs::FsError;

/// Why a plugin is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// An archive, a list of checksums or a lock is not what it should be.
    #[error("{}: {what}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Packer would pass over an installed plugin: the checksum beside it is another one.
    #[error("{}: packer passes over it, its checksum is {found} and not {noted}, as stands beside it", path.display())]
    PassedOver {
        /// The binary.
        path: PathBuf,
        /// Its SHA-256.
        found: String,
        /// What stands beside it.
        noted: String,
    },
    /// A file that is to be installed is no plugin that a builder takes.
    #[error("{}: {what}", path.display())]
    Unwanted {
        /// The file.
        path: PathBuf,
        /// Why nobody takes it.
        what: String,
    },
    /// Packer would start another plugin than builder.toml asks for: it runs the template in place and is told only what the
    /// template asks for.
    #[error("packer would start {} where builder.toml asks for {source_address} {wanted}", path.display())]
    NotAsked {
        /// The source address that is asked for.
        source_address: String,
        /// The binary that packer would start.
        path: PathBuf,
        /// Constraints of its version.
        wanted: String,
    },
    /// A plugin is not the one that the project is locked to (SRC-6).
    #[error("{} ({source_address}) has {found}, plugins.lock has {locked}", path.display())]
    Differs {
        /// Its source address.
        source_address: String,
        /// Its binary.
        path: PathBuf,
        /// What was found.
        found: String,
        /// What is locked.
        locked: String,
    },
    /// The lock says nothing about a plugin, or nothing for this kind of machine.
    #[error("plugins.lock does not have {source_address} for {platform}")]
    NotLocked {
        /// Its source address.
        source_address: String,
        /// System and architecture.
        platform: String,
    },
    /// A file could not be written or read.
    #[error(transparent)]
    File(#[from] FsError),
}

impl PluginError {
    /// Stable code, for programs and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Broken { .. } | Self::PassedOver { .. } | Self::Unwanted { .. } | Self::NotAsked { .. } => {
                "PluginInvalid"
            }
            Self::Differs { .. } => "PluginDiffers",
            Self::NotLocked { .. } => "PluginNotLocked",
            Self::File(error) => error.code(),
        }
    }

    /// How a run that fails by it ends (PKR-4).
    pub fn class(&self) -> ExitClass {
        match self {
            Self::Differs { .. } => ExitClass::Security,
            Self::File(error) => error.class(),
            _ => ExitClass::Invalid,
        }
    }

    pub(crate) fn broken(path: impl Into<PathBuf>, what: impl Into<String>) -> Self {
        Self::Broken { path: path.into(), what: what.into() }
    }
}
