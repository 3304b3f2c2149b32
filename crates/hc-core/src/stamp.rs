//! What a file system says about a file: while it says the same, the file has the same content.
//!
//! A change within the clock tick of the last one would leave no trace, so a stamp proves something only once it is
//! settled: when the last change lies well before what was read, by the clock of the file system itself.

use std::fs::Metadata;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// How much older than the beginning of the reading the last change has to be, in nanoseconds.
pub const MARGIN: i128 = 100_000_000;
/// The same on file systems that count whole or even seconds.
const COARSE_MARGIN: i128 = 3_000_000_000;

/// What a file system says about a file; equal stamps mean equal content.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The file system.
    pub device: u64,
    /// The file in it.
    pub inode: u64,
    /// In bytes.
    pub size: u64,
    /// Nanoseconds since 1970.
    pub mtime: i128,
    /// Nanoseconds since 1970; no program can set it.
    pub ctime: i128,
}

impl Stamp {
    /// Of what was looked at.
    #[cfg(unix)]
    pub fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            mtime: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            ctime: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Of what was looked at. Without an inode and a ctime it never settles.
    #[cfg(not(unix))]
    pub fn of(metadata: &Metadata) -> Self {
        let since = metadata.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let mtime = since.and_then(|since| i128::try_from(since.as_nanos()).ok()).unwrap_or_default();
        Self { device: 0, inode: 0, size: metadata.len(), mtime, ctime: 0 }
    }

    /// Of what was looked at without the standard library.
    #[cfg(target_os = "linux")]
    #[allow(clippy::unnecessary_cast, reason = "the types of these fields differ between architectures")]
    pub(crate) fn of_stat(stat: &rustix::fs::Stat) -> Self {
        Self {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            size: stat.st_size as u64,
            mtime: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            ctime: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        }
    }

    /// The present by the clock that stamps files in `dir`: that of a file which is made now.
    pub fn now(dir: &Path) -> Option<Self> {
        std::fs::create_dir_all(dir).ok()?;
        Some(Self::of(&tempfile::tempfile_in(dir).ok()?.metadata().ok()?))
    }

    /// Whether every later change must show, given the present before the reading and the least distance from it in
    /// nanoseconds.
    pub fn is_settled(&self, now: &Self, margin: i128) -> bool {
        let whole = |time: i128| time % 1_000_000_000 == 0;
        let margin = if whole(self.mtime) && whole(self.ctime) { COARSE_MARGIN } else { margin };
        // A file system without inodes or ctimes shows no rename and no set mtime.
        let telling = self.inode != 0 && self.ctime != 0;
        telling && self.device == now.device && self.mtime.max(self.ctime) + margin < now.mtime
    }

    /// Whether it is the same file with the same content, whatever became of its mode, its links and its access times.
    pub fn is_as_written(&self, other: &Self) -> bool {
        let essence = |stamp: &Self| (stamp.device, stamp.inode, stamp.size, stamp.mtime);
        essence(self) == essence(other)
    }

    /// Whether it is the same file, changed or not.
    pub fn is_same_file(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

#[cfg(unix)]
fn nanoseconds(seconds: i64, nanoseconds: i64) -> i128 {
    i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds)
}
