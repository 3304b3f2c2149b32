//! Mirrors that wait for the next run, so that it makes only what changed since: `.hybrid/mirrors/<n>/`.
//!
//! A mirror is taken by one run at a time, by a kernel lock; its index is written last and removed first, so what a killed
//! run leaves is never taken for a mirror. What the index says is believed as far as the file system confirms it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hc_core::fs::{read_limited, write_unsynced};
use hc_core::lock::FileLock;
use hc_core::{Digest, Target};
use hc_records::layout;
use serde::{Deserialize, Serialize};

use super::slot::Slot;
use super::{Made, Mirror};
use crate::project::Project;

/// Most mirrors that wait at once.
const MOST: usize = 8;
/// Largest index that is read, in bytes.
const LIMIT: u64 = 256 << 20;
/// Number of the format of an index.
const FORMAT: u32 = 1;

/// What is remembered of a mirror.
#[derive(Serialize, Deserialize)]
struct Index {
    format: u32,
    /// The run of the machine: after a power failure no file is what its stamp says.
    boot: String,
    /// Whose run it was: what that left running could still write.
    target: Target,
    made: Vec<(PathBuf, Made)>,
}

/// A mirror of an earlier run, or an empty one that has a place in the pool; `None` when all places are taken.
pub fn claim(project: &Project, target: &Target) -> Option<Mirror> {
    let boot = boot()?;
    let dirs = (0..MOST).map(|number| project.at(layout::MIRRORS).join(number.to_string()));
    // One that holds a mirror first, then the first one that nobody uses.
    let (full, empty): (Vec<_>, Vec<_>) = dirs.partition(|dir| dir.join("index").exists());
    let slot = full.into_iter().chain(empty).find_map(|dir| Slot::take(project, target, dir))?;
    let index = read_limited(&slot.index(), LIMIT).ok().flatten().and_then(|bytes| parse(&bytes));
    // One that cannot be removed would outlive what it says.
    if std::fs::remove_file(slot.index()).is_err() && slot.index().exists() {
        return None;
    }
    let usable = index.filter(|index| index.boot == boot && is_left(project, &index.target, target));
    let root = slot.tree();
    let made = match usable {
        Some(index) => index.made.into_iter().collect(),
        None => {
            let _ = std::fs::remove_dir_all(&root);
            BTreeMap::new()
        }
    };
    Some(Mirror { root, made, slot: Some(slot), ..Mirror::default() })
}

/// Whether nothing of the run that last used a mirror lives: its build lock is free, or the caller's own.
fn is_left(project: &Project, last: &Target, me: &Target) -> bool {
    last == me
        || FileLock::probe(&hc_state::paths::build_lock_file(&project.root, last))
            .is_ok_and(|holder| holder.is_none())
}

impl Mirror {
    /// Puts the mirror back for the next run, or removes it where it has no place.
    pub fn put_back(self) {
        let Self { root, made, slot, .. } = self;
        let kept = slot.is_some_and(|slot| wait(&slot, &root, made));
        if !kept {
            let _ = std::fs::remove_dir_all(&root);
        }
        // The run's directory, when nothing else is in it.
        root.parent().map(std::fs::remove_dir);
    }
}

/// Whether the mirror waits in its place now.
fn wait(slot: &Slot, root: &Path, made: BTreeMap<PathBuf, Made>) -> bool {
    let Some(boot) = boot().filter(|_| std::fs::rename(root, slot.tree()).is_ok()) else { return false };
    let made = made.into_iter().filter(|(path, _)| path.to_str().is_some()).collect();
    let index = Index { format: FORMAT, boot, target: slot.target.clone(), made };
    let body = serde_json::to_vec(&index).expect("an index holds text paths and plain values");
    let mut bytes = Digest::of(&body).to_string().into_bytes();
    bytes.push(b'\n');
    bytes.extend(body);
    // Without it the next run makes its own, and that is all.
    if let Err(error) = write_unsynced(&slot.index(), &bytes) {
        tracing::debug!(%error, "a mirror is not kept");
    }
    true
}

/// The index; `None` when anything is not as it was written.
fn parse(bytes: &[u8]) -> Option<Index> {
    let (digest, body) = bytes.split_at_checked(65)?;
    let intact = digest.strip_suffix(b"\n")? == Digest::of(body).to_string().as_bytes();
    let index: Index = serde_json::from_slice(body).ok().filter(|_| intact)?;
    (index.format == FORMAT).then_some(index)
}

/// Which run of the machine this is; `None` where the system does not say.
fn boot() -> Option<String> {
    let id = std::fs::read_to_string(Path::new("/proc/sys/kernel/random/boot_id")).ok()?;
    Some(id.trim().to_owned())
}
