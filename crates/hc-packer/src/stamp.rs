//! By what the file of a program is known again without reading it.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A file that changed more recently than this may change again within the clock's resolution.
const RACY: Duration = Duration::from_secs(2);

/// What a file has as long as nothing writes it or takes its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    path: PathBuf,
    size: u64,
    modified: Duration,
    identity: Vec<i64>,
}

impl Stamp {
    /// Of the file at `path`; links are followed: `packer` is often a link to a versioned file.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let path = std::fs::canonicalize(path).ok()?;
        let meta = std::fs::metadata(&path).ok()?;
        let modified = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Self { path, size: meta.len(), modified, identity: identity(&meta) })
    }

    /// Whether every later change of the file will show, seen from `now`.
    pub(crate) fn is_settled(&self, now: SystemTime) -> bool {
        now.duration_since(UNIX_EPOCH).is_ok_and(|now| now >= self.modified + RACY)
    }

    /// Whether a file of the same size with the same time would show: where the system keeps no more, it would not.
    pub(crate) fn tells_files_apart(&self) -> bool {
        !self.identity.is_empty()
    }
}

#[cfg(unix)]
fn identity(meta: &Metadata) -> Vec<i64> {
    use std::os::unix::fs::MetadataExt;
    vec![meta.ctime(), meta.ctime_nsec(), meta.ino().cast_signed(), meta.dev().cast_signed()]
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Vec<i64> {
    Vec::new()
}
