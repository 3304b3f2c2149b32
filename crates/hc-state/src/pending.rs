//! Files that change together with the state: written down before the commit, put into their places after it.
//!
//! `state/.pending.json` names the serial that they belong to. Whoever is killed in between leaves it behind: when the
//! state has that serial the next writer completes the change, and when it has not, nothing of it ever happened.

use std::path::{Path, PathBuf};

use hc_core::fs::{FsError, confine, io_error, read_limited, sweep_temporaries, write_atomic};
use serde::{Deserialize, Serialize};

use crate::disk;
use crate::error::StateError;
use crate::format::State;
use crate::lineage::Lineage;
use crate::paths;

/// Most that is read of them together, in bytes.
const LIMIT: u64 = 1 << 30;
/// Where files may change together with the state, relative to the project.
const PLACES: [&str; 2] = [paths::STATE, "artifacts"];

/// What one commit changes beside the state.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pending {
    lineage: Lineage,
    serial: u64,
    files: Vec<PendingFile>,
}

/// One file: its place relative to the project, and its text.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PendingFile {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Pending {
    /// Writes down, durably, what belongs to a state that is about to be committed. What could keep a file from its place
    /// is found now: after the commit it would be too late.
    pub(crate) fn prepare(root: &Path, state: &State, files: Vec<PendingFile>) -> Result<Self, StateError> {
        let pending = Self { lineage: state.lineage.clone(), serial: state.serial, files };
        for file in &pending.files {
            let dirs = file.path.ancestors().skip(1).filter(|dir| !dir.as_os_str().is_empty());
            let mut dirs: Vec<PathBuf> = dirs.map(|dir| root.join(dir)).collect();
            dirs.reverse();
            disk::make_dirs(&dirs.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
            disk::writable_metadata(&place(root, &file.path)?)?;
        }
        write_atomic(&paths::pending(root), &serde_json::to_vec(&pending)?, 0o644)?;
        Ok(pending)
    }

    /// Puts the files into their places; twice does no harm.
    pub(crate) fn apply(self, root: &Path) -> Result<(), FsError> {
        for file in &self.files {
            let to = place(root, &file.path)?;
            // Elsewhere others write without this lock.
            if let Some(dir) = to.parent().filter(|dir| dir.starts_with(paths::state_dir(root))) {
                sweep_temporaries(dir)?;
            }
            write_atomic(&to, file.text.as_bytes(), 0o644)?;
        }
        forget(root)
    }
}

/// Takes back what was prepared for a commit that did not happen.
pub(crate) fn forget(root: &Path) -> Result<(), FsError> {
    let path = paths::pending(root);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io_error("remove", &path)(error)),
        _ => Ok(()),
    }
}

/// Completes or takes back what a killed writer left. Only while the state is locked.
pub(crate) fn settle(root: &Path, state: Option<&State>) -> Result<(), StateError> {
    let Some(bytes) = read_limited(&paths::pending(root), LIMIT).map_err(disk::refusal)? else {
        return Ok(());
    };
    let pending: Option<Pending> = serde_json::from_slice(&bytes).ok();
    let committed = |pending: &Pending| {
        state.is_some_and(|state| state.lineage == pending.lineage && state.serial == pending.serial)
    };
    match pending.filter(committed) {
        Some(pending) => Ok(pending.apply(root)?),
        None => Ok(forget(root)?),
    }
}

fn place(root: &Path, path: &Path) -> Result<PathBuf, FsError> {
    let full = confine(root, path)?;
    let allowed = PLACES.iter().any(|dir| path.starts_with(dir));
    if allowed { Ok(full) } else { Err(FsError::Outside { path: path.to_owned(), target: full }) }
}
