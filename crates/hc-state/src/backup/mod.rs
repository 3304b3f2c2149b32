//! Backups: `state/backups/packer-hybrid.<serial>.json`, each the exact bytes that a commit replaced.
//!
//! A backup is durable before the state is replaced. The newest are kept; a file that is in a backup's way is
//! moved aside, never overwritten. Backups also are the memory of how far the serial had come (STATE-3).

mod reference;

use std::path::{Path, PathBuf};

use hc_core::fs::{FsError, io_error, read_limited};
use serde::Serialize;
use time::OffsetDateTime;

pub use self::reference::BackupRef;
use crate::codec::{self, DecodeError, STATE_LIMIT};
use crate::disk;
use crate::error::StateError;
use crate::format::State;
use crate::lineage::Revision;
use crate::paths;

/// A file in the backup directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Backup {
    /// Where it is.
    pub path: PathBuf,
    /// Serial in its name; absent for backups of older schemas.
    pub serial: Option<u64>,
    /// Size in bytes.
    pub size: u64,
    /// Whether it can be restored.
    pub validity: Validity,
}

/// Whether a backup can be restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "status")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Validity {
    /// Complete and unchanged.
    Good {
        /// What it is.
        revision: Revision,
        /// When it was written.
        #[serde(with = "time::serde::rfc3339::option")]
        #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
        written_at: Option<OffsetDateTime>,
    },
    /// Of another schema version.
    OtherVersion {
        /// Which.
        version: u32,
    },
    /// Not what was written.
    Bad {
        /// What is wrong with it.
        reason: String,
    },
}

/// All backups with their validity, newest first; every one is read.
pub(crate) fn list(root: &Path) -> Result<Vec<Backup>, StateError> {
    let names = Names::list(root)?;
    Ok(names.0.into_iter().map(|(serial, path)| examine(serial, path)).collect())
}

/// The files in the backup directory: serial and path, newest first, those without a serial last.
#[derive(Debug)]
pub(crate) struct Names(Vec<(Option<u64>, PathBuf)>);

impl Names {
    pub(crate) fn list(root: &Path) -> Result<Self, StateError> {
        let dir = paths::backups_dir(root);
        if !disk::is_real_dir(&dir)? {
            return Ok(Self(Vec::new()));
        }
        let mut names: Vec<(Option<u64>, PathBuf)> = hc_core::fs::file_names(&dir)?
            .into_iter()
            .filter_map(|name| {
                let rest = name.strip_prefix(paths::STEM)?.strip_prefix('.')?;
                let serial = rest.split('.').next()?.parse().ok();
                Some((serial, dir.join(&name)))
            })
            .collect();
        names.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        Ok(Self(names))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Highest serial in a name, good or not; a lost state is at least one further.
    pub(crate) fn highest(&self) -> u64 {
        self.0.iter().find_map(|(serial, _)| *serial).unwrap_or(0)
    }

    /// Good backups, newest first, read one by one as they are asked for.
    pub(crate) fn good(&self) -> impl Iterator<Item = (BackupRef, State)> {
        self.0.iter().filter_map(|(serial, path)| {
            let state = decode_file(path).ok()?;
            (Some(state.serial) == *serial).then(|| (reference(path, &state), state))
        })
    }

    pub(crate) fn newest_good(&self) -> Option<BackupRef> {
        self.good().next().map(|(backup, _)| backup)
    }

    /// The newest good backup whose serial is above `serial`.
    pub(crate) fn newest_above(&self, serial: u64) -> Option<(BackupRef, State)> {
        let above = self.0.iter().take_while(|(known, _)| known.is_some_and(|known| known > serial));
        above
            .filter_map(|(_, path)| decode_file(path).ok().map(|state| (reference(path, &state), state)))
            .find(|(_, state)| state.serial > serial)
    }
}

fn reference(path: &Path, state: &State) -> BackupRef {
    let written_at = state.written_by.as_ref().map(|written| written.at);
    BackupRef { path: path.to_owned(), serial: state.serial, written_at }
}

fn decode_file(path: &Path) -> Result<State, Validity> {
    let bad = |reason: String| Validity::Bad { reason };
    let bytes = match read_limited(path, STATE_LIMIT) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(bad("it is gone".into())),
        Err(error) => return Err(bad(error.to_string())),
    };
    codec::decode(&bytes).map_err(|error| match error {
        DecodeError::TooNew { found } | DecodeError::TooOld { found } => {
            Validity::OtherVersion { version: found }
        }
        DecodeError::Corrupt(damage) => bad(damage.to_string()),
    })
}

fn examine(serial: Option<u64>, path: PathBuf) -> Backup {
    let size = std::fs::symlink_metadata(&path).map_or(0, |meta| meta.len());
    let validity = match decode_file(&path) {
        Ok(state) if Some(state.serial) != serial => {
            Validity::Bad { reason: format!("it holds serial {}, its name says otherwise", state.serial) }
        }
        Ok(state) => Validity::Good {
            revision: state.revision(),
            written_at: state.written_by.map(|written| written.at),
        },
        Err(validity) => validity,
    };
    Backup { path, serial, size, validity }
}

/// Makes `bytes`, which stand at the state's path, durable as the backup at `to`.
pub(crate) fn preserve(root: &Path, to: &Path, bytes: &[u8]) -> Result<(), FsError> {
    if std::fs::symlink_metadata(to).is_ok() {
        // A writer that was killed between backup and rename leaves the very same bytes.
        if read_limited(to, STATE_LIMIT).ok().flatten().as_deref() == Some(bytes) {
            return disk::sync_dir(&paths::backups_dir(root));
        }
        let mut aside = to.as_os_str().to_owned();
        aside.push(".replaced");
        std::fs::rename(to, disk::free_name(Path::new(&aside))).map_err(io_error("move aside", to))?;
    }
    disk::keep_as(&paths::state_file(root), to, bytes)?;
    disk::sync_dir(&paths::backups_dir(root))
}

/// Removes the oldest backups beyond `keep`. Best effort: one that resists is tried again with the next
/// commit, and a commit that succeeded is not reported as failed.
pub(crate) fn rotate(root: &Path, keep: usize) {
    let Ok(names) = Names::list(root) else { return };
    let with_serial: Vec<&PathBuf> =
        names.0.iter().filter_map(|(serial, path)| serial.is_some().then_some(path)).collect();
    for path in with_serial.into_iter().skip(keep.max(1)) {
        let _ = std::fs::remove_file(path);
    }
}
