//! Which projects a person trusts on this machine: a file in the user's state directory, never in a project.
//!
//! A project is known by its path and by what its directory is: device, inode, time of birth. Another clone at the same
//! path is another project.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hc_core::fs::{FsError, create_dirs, io_error, read_limited, write_atomic};
use hc_core::lock::{self, Patience};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::Host;
use crate::error::{EngineError, Result, TrustError};

/// Largest list that is read, in bytes.
const LIMIT: u64 = 16 << 20;
/// How long another process that writes the list is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// The list.
const FILE: &str = "trusted.json";
/// Guards changes of it.
const LOCK: &str = "trusted.lock";

/// The list of trusted projects of one user.
#[derive(Debug, Clone)]
pub struct Trusted {
    dir: PathBuf,
}

/// The list as it is stored.
#[derive(Debug, Default, Serialize, Deserialize)]
struct List {
    /// By canonical path.
    projects: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    device: u64,
    inode: u64,
    /// Nanoseconds since the epoch; absent where the file system does not tell.
    born: Option<u64>,
    #[serde(with = "time::serde::rfc3339")]
    since: OffsetDateTime,
}

impl Entry {
    fn of(root: &Path, since: OffsetDateTime) -> Result<Self, FsError> {
        let meta = std::fs::metadata(root).map_err(io_error("look at", root))?;
        let (device, inode) = identity(&meta);
        let born = meta.created().ok().and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        let born = born.and_then(|at| u64::try_from(at.as_nanos()).ok());
        Ok(Self { device, inode, born, since })
    }

    fn is_same(&self, other: &Self) -> bool {
        (self.device, self.inode, self.born) == (other.device, other.inode, other.born)
    }
}

#[cfg(unix)]
fn identity(meta: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (meta.dev(), meta.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

/// How a project is named in the list; names that are not text keep their bytes apart.
fn key(root: &Path) -> String {
    root.to_str().map_or_else(|| format!("{root:?}"), str::to_owned)
}

impl Trusted {
    /// The list of the user of this host; `None` without a home.
    pub fn of(host: &Host) -> Option<Self> {
        let state = host.var("XDG_STATE_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
        let home = || host.var("HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
        let state = state.or_else(|| Some(home()?.join(".local/state")))?;
        Some(Self { dir: state.join("hybrid") })
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.dir.join(FILE)
    }

    /// Since when the project whose canonical root is given is trusted, if it is.
    pub fn since(&self, root: &Path) -> Option<OffsetDateTime> {
        // A list that cannot be read trusts nothing.
        let list = self.read().inspect_err(|error| tracing::warn!("{error}")).ok()?;
        let known = list.projects.get(&key(root))?;
        Entry::of(root, known.since).ok().filter(|now| now.is_same(known)).map(|known| known.since)
    }

    /// Trusts the project whose canonical root is given.
    ///
    /// # Errors
    /// When the list cannot be written.
    pub fn trust(&self, host: &Host, root: &Path) -> Result<()> {
        let entry = Entry::of(root, (host.clock)())?;
        self.change(host, |list| {
            list.projects.insert(key(root), entry);
        })
    }

    /// Trusts it no longer; whether it was in the list.
    ///
    /// # Errors
    /// When the list cannot be written.
    pub fn revoke(&self, host: &Host, root: &Path) -> Result<bool> {
        if !self.read()?.projects.contains_key(&key(root)) {
            return Ok(false);
        }
        self.change(host, |list| list.projects.remove(&key(root)).is_some())
    }

    fn change<T>(&self, host: &Host, change: impl FnOnce(&mut List) -> T) -> Result<T> {
        private(&self.dir)?;
        let changed = lock::with_exclusive(
            &self.dir.join(LOCK),
            &host.holder((host.clock)()),
            Patience::up_to(PATIENCE),
            |_| (),
            |_| -> Result<T> {
                let mut list = self.read()?;
                let changed = change(&mut list);
                let mut bytes = serde_json::to_vec_pretty(&list).map_err(|error| self.broken(error))?;
                bytes.push(b'\n');
                write_atomic(&self.path(), &bytes, 0o600)?;
                Ok(changed)
            },
        );
        changed.map_err(|error| self.broken(error))?
    }

    fn read(&self) -> Result<List> {
        let Some(bytes) = read_limited(&self.path(), LIMIT)? else { return Ok(List::default()) };
        serde_json::from_slice(&bytes).map_err(|error| self.broken(error))
    }

    fn broken(&self, error: impl std::fmt::Display) -> EngineError {
        TrustError::Unusable { path: self.path(), why: error.to_string() }.into()
    }
}

/// Makes the directory, for its owner only.
fn private(dir: &Path) -> Result<(), FsError> {
    create_dirs(dir)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(dir, mode).map_err(io_error("protect", dir))?;
    }
    Ok(())
}
