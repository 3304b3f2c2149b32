//! What can go wrong before packer itself has an opinion.

use hc_core::ExitClass;
use std::path::PathBuf;

use hc_core::fs::FsError;

use crate::probe::Version;

/// Packer cannot be used, or its run cannot be looked after.
#[derive(Debug, thiserror::Error)]
pub enum PackerError {
    /// No such program.
    #[error("packer was not found: {}", looked_for.display())]
    NotFound {
        /// What was looked for.
        looked_for: PathBuf,
    },
    /// The program is there but is no packer.
    #[error("{} does not answer `version` as packer does", path.display())]
    NotPacker {
        /// The program.
        path: PathBuf,
    },
    /// Older than hybrid supports.
    #[error("{} is packer {found}, hybrid needs {needed} or newer", path.display())]
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
    /// A plugin's archive, checksum or lock is not what it should be.
    #[error("{}: {what}", path.display())]
    Plugin {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A plugin is not the one that the project is locked to (SRC-6).
    #[error("{} ({source_address}) has {found}, plugins.lock has {locked}", path.display())]
    PluginDiffers {
        /// Its source address.
        source_address: String,
        /// Its binary.
        path: PathBuf,
        /// What was found.
        found: String,
        /// What is locked.
        locked: String,
    },
    /// The lock says nothing about a plugin.
    #[error("plugins.lock does not have {source_address} for {platform}")]
    PluginNotLocked {
        /// Its source address.
        source_address: String,
        /// System and architecture.
        platform: String,
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
    /// A failure rule is no regular expression, or has no such class.
    #[error("failure rule `{id}` is invalid: {what}")]
    Rule {
        /// The rule.
        id: String,
        /// What is wrong with it.
        what: String,
    },
    /// A file of the run could not be written or read.
    #[error(transparent)]
    File(#[from] FsError),
}

impl PackerError {
    /// Stable code for `hybrid explain`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "PackerNotFound",
            Self::NotPacker { .. } => "PackerNotFound",
            Self::TooOld { .. } => "PackerTooOld",
            Self::Pinned { .. } => "PackerPinned",
            Self::Plugin { .. } => "PluginInvalid",
            Self::PluginDiffers { .. } => "PluginDiffers",
            Self::PluginNotLocked { .. } => "PluginNotLocked",
            Self::Spawn { .. } | Self::Wait { .. } => "PackerProcess",
            Self::Rule { .. } => "SettingsInvalid",
            Self::File(error) => error.code(),
        }
    }

    /// The cure.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotFound { .. } => {
                "install packer (Debian: `apt-get install packer`), or set `packer.binary` in hybrid.toml"
                    .into()
            }
            Self::NotPacker { .. } => "set `packer.binary` in hybrid.toml to HashiCorp Packer".into(),
            Self::TooOld { needed, .. } => {
                format!("install packer {needed} or newer and name it in `packer.binary`")
            }
            Self::Pinned { pinned, .. } => {
                format!(
                    "install packer {pinned}, or try the new one and move `packer.version` in hybrid.toml"
                )
            }
            Self::Plugin { .. } => "take the archive and its SHA256SUMS from the publisher again".into(),
            Self::PluginDiffers { .. } => {
                "install the locked one (`hybrid packer plugins install`); after a wanted change, `hybrid packer plugins lock`"
                    .into()
            }
            Self::PluginNotLocked { .. } => "run `hybrid packer plugins lock` and commit plugins.lock".into(),
            Self::Spawn { .. } => "check that the program may be executed".into(),
            _ => return None,
        })
    }

    /// How a run that fails by it ends (PKR-4).
    pub fn class(&self) -> ExitClass {
        match self {
            Self::PluginDiffers { .. } => ExitClass::Security,
            Self::File(error) => error.class(),
            Self::Spawn { .. } | Self::Wait { .. } => ExitClass::Infrastructure,
            _ => ExitClass::Invalid,
        }
    }
}
