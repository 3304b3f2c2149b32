//! Everything that can go wrong with the state, with code and exit class.

use hc_core::ExitClass;
use std::path::PathBuf;

use hc_core::fs::FsError;

use crate::audit::AuditProblem;
use crate::backup::BackupRef;
use crate::codec::Damage;
use crate::format::VERSION;
use crate::lineage::Revision;
use crate::locks::HeldLock;

/// Why an operation on the state failed. The state on disk is intact in every case but
/// [`StateError::CommitUnknown`], where it is complete but perhaps not durable.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Somebody else writes the state, or builds the same target (STATE-2).
    #[error("{0}")]
    LockHeld(Box<HeldLock>),
    /// A request to stop ended the wait for a lock.
    #[error("stopped by request: {0}")]
    Stopped(Box<HeldLock>),
    /// The file system cannot lock.
    #[error("{} is on a file system without locks", path.display())]
    LocksUnsupported {
        /// The lock file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The state cannot be trusted; it was not touched (STATE-3).
    #[error("{} is corrupt", path.display())]
    Corrupt {
        /// The state file.
        path: PathBuf,
        /// What is wrong with it.
        source: Damage,
        /// The newest backup that is good.
        backup: Option<BackupRef>,
    },
    /// Something other than a regular file or directory stands in its place.
    #[error("{} is {found}, expected {expected}", path.display())]
    NotRegular {
        /// The path.
        path: PathBuf,
        /// What stands there.
        found: &'static str,
        /// What should.
        expected: &'static str,
        /// The newest backup that is good.
        backup: Option<BackupRef>,
    },
    /// The state belongs to another user.
    #[error("{} belongs to user {owner}, this process is user {me}", path.display())]
    NotOwned {
        /// The path.
        path: PathBuf,
        /// User id of the owner.
        owner: u32,
        /// Effective user id of this process.
        me: u32,
    },
    /// The state is marked read-only.
    #[error("{} is read-only", path.display())]
    ReadOnly {
        /// The path.
        path: PathBuf,
    },
    /// A newer program wrote the state.
    #[error("{} has schema version {found}, this program knows {VERSION}", path.display())]
    TooNew {
        /// The state file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// An older program wrote the state.
    #[error("{} has schema version {found}, this program writes {VERSION}", path.display())]
    TooOld {
        /// The state file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// The state is older than one of its backups.
    #[error("{} went back to serial {serial}, a backup has serial {}", path.display(), backup.serial)]
    Regressed {
        /// The state file.
        path: PathBuf,
        /// Its serial.
        serial: u64,
        /// The newer backup.
        backup: BackupRef,
    },
    /// The state and its newer backups are of different histories.
    #[error("{} is {found}, but its backups are of another lineage", path.display())]
    Foreign {
        /// The state file.
        path: PathBuf,
        /// What it is.
        found: Revision,
        /// A backup of the other history.
        backup: BackupRef,
    },
    /// The state is gone, its backups are not.
    #[error("{} is missing, though backups of it exist", path.display())]
    Missing {
        /// The state file.
        path: PathBuf,
        /// The newest backup that is good.
        backup: Option<BackupRef>,
    },
    /// No state was written yet.
    #[error("{} does not exist yet", path.display())]
    NoState {
        /// The state file.
        path: PathBuf,
    },
    /// The state changed since something was planned on it.
    #[error("the state changed meanwhile: planned on {expected}, found {found}")]
    Changed {
        /// What the plan was made on.
        expected: Box<Revision>,
        /// What is there.
        found: Box<Revision>,
    },
    /// No serial comes after this one: no history of states was written so often, so somebody set it.
    #[error("no serial comes after {serial}")]
    SerialExhausted {
        /// The highest serial that was seen.
        serial: u64,
    },
    /// The write failed; what was there still is.
    #[error("cannot commit the state, {}", kept_text(*kept))]
    NotCommitted {
        /// Serial of the state on disk; `None` when there is none.
        kept: Option<u64>,
        /// What failed.
        source: FsError,
    },
    /// The write is visible but perhaps not durable.
    #[error("the new state{} is in place, but may not survive a power loss", serial_text(*serial))]
    CommitUnknown {
        /// The serial that was read back; `None` for schemas without one.
        serial: Option<u64>,
        /// What failed.
        source: FsError,
    },
    /// No backup has this serial.
    #[error("there is no good backup with serial {serial}")]
    BackupNotFound {
        /// The serial asked for.
        serial: u64,
        /// Serials of the good backups, newest first.
        available: Vec<u64>,
    },
    /// There is nothing to restore from.
    #[error("there is no good backup in {}", path.display())]
    NoGoodBackup {
        /// The directory of the backups.
        path: PathBuf,
    },
    /// No chain of steps leads from one schema version to the other.
    #[error("no migration leads from schema version {from} to {to}")]
    NoMigration {
        /// The version of the state.
        from: u32,
        /// The version asked for.
        to: u32,
    },
    /// A value cannot be written as JSON.
    #[error("the state holds a value that cannot be written")]
    Unwritable(#[from] serde_json::Error),
    /// The audit log is not what was appended.
    #[error("{} is not intact", path.display())]
    AuditBroken {
        /// The log.
        path: PathBuf,
        /// The first problem.
        source: AuditProblem,
    },
    /// Another file of the state could not be read or written.
    #[error(transparent)]
    File(#[from] FsError),
}

fn serial_text(serial: Option<u64>) -> String {
    serial.map(|serial| format!(" (serial {serial})")).unwrap_or_default()
}

fn kept_text(kept: Option<u64>) -> String {
    match kept {
        Some(serial) => format!("serial {serial} is still in place"),
        None => "there is still none".to_owned(),
    }
}

impl StateError {
    /// Stable code for `hybrid explain`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::LockHeld(_) => "StateLockHeld",
            Self::Stopped(_) => "Interrupted",
            Self::LocksUnsupported { .. } => "StateLocksUnsupported",
            Self::Corrupt { .. } => "StateCorrupt",
            Self::NotRegular { .. } => "StateNotRegular",
            Self::NotOwned { .. } => "StateNotOwned",
            Self::ReadOnly { .. } => "StateReadOnly",
            Self::TooNew { .. } => "StateTooNew",
            Self::TooOld { .. } => "StateTooOld",
            Self::Regressed { .. } => "StateRegressed",
            Self::Foreign { .. } => "StateForeign",
            Self::Missing { .. } | Self::NoState { .. } => "StateMissing",
            Self::Changed { .. } => "StateChanged",
            Self::SerialExhausted { .. } => "StateSerialExhausted",
            Self::NotCommitted { .. } => "StateNotCommitted",
            Self::CommitUnknown { .. } => "CommitUnknown",
            Self::BackupNotFound { .. } | Self::NoGoodBackup { .. } => "BackupNotFound",
            Self::NoMigration { .. } => "NoMigration",
            Self::Unwritable(_) => "StateUnwritable",
            Self::AuditBroken { .. } => "AuditBroken",
            Self::File(error) => error.code(),
        }
    }

    /// How a run that fails by it ends (PKR-4): infrastructure where trying again later can help.
    pub fn class(&self) -> ExitClass {
        match self {
            Self::LockHeld(_) | Self::CommitUnknown { .. } => ExitClass::Infrastructure,
            Self::Stopped(_) => ExitClass::Interrupted,
            Self::NotCommitted { source, .. } | Self::File(source) => source.class(),
            _ => ExitClass::Invalid,
        }
    }

    /// The newest good backup that the error names.
    pub fn backup(&self) -> Option<&BackupRef> {
        match self {
            Self::Corrupt { backup, .. } | Self::NotRegular { backup, .. } | Self::Missing { backup, .. } => {
                backup.as_ref()
            }
            Self::Regressed { backup, .. } | Self::Foreign { backup, .. } => Some(backup),
            _ => None,
        }
    }
}
