//! How long things are kept: retention classes and the pruning of run logs (SEC-2, PKR-11).
//!
//! Planning and removing are two steps, so that a plan can be shown first. Never follows links, never
//! removes what the caller protects, and looks again at each file before it goes.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use hc_core::fs::{FsError, io_error};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

/// How long something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Kept until somebody says otherwise: audit logs, trusted manifests.
    Evidence,
    /// Kept for the days of the policy: run logs, bundles.
    Standard,
    /// Kept for a short time: work directories, caches of attempts.
    Ephemeral,
}

/// Days per class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Days of class `standard`; 0: for ever.
    pub standard_days: u32,
    /// Days of class `ephemeral`; 0: for ever.
    pub ephemeral_days: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self { standard_days: 30, ephemeral_days: 3 }
    }
}

impl Class {
    /// When something of this class that was made at `from` expires; `None`: never.
    pub fn expiry(self, from: OffsetDateTime, policy: &Policy) -> Option<OffsetDateTime> {
        let days = match self {
            Self::Evidence => 0,
            Self::Standard => policy.standard_days,
            Self::Ephemeral => policy.ephemeral_days,
        };
        (days > 0).then(|| from.saturating_add(Duration::days(i64::from(days))))
    }

    /// Whether it has expired by `now`.
    pub fn is_expired(self, from: OffsetDateTime, policy: &Policy, now: OffsetDateTime) -> bool {
        self.expiry(from, policy).is_some_and(|expiry| expiry <= now)
    }
}

/// Why a file is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It is older than the days that logs are kept.
    Age,
    /// All logs together are larger than allowed, and it is among the oldest.
    Size,
}

/// A file that is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// The file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last written.
    pub modified: OffsetDateTime,
    /// Why.
    pub reason: Reason,
}

/// What is kept of a directory of logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Days; 0: for ever.
    pub days: u32,
    /// Bytes of all files together; 0: any number.
    pub max_bytes: u64,
}

/// Lists what pruning `dir` would remove, oldest first. Files directly in `dir` without a rotation number are
/// in use and stay, as do lock files and whatever `is_protected` says.
///
/// # Errors
/// [`FsError::Io`] when `dir` cannot be listed; an absent directory has nothing to remove.
pub fn plan(
    dir: &Path,
    keep: Keep,
    now: OffsetDateTime,
    is_protected: impl Fn(&Path) -> bool,
) -> Result<Vec<Removal>, FsError> {
    let mut files = Vec::new();
    list(dir, dir, &is_protected, &mut files)?;
    files.sort_by(|a, b| (a.modified, &a.path).cmp(&(b.modified, &b.path)));
    let mut total: u64 = files.iter().map(|file| file.size).sum();
    let oldest = now.saturating_sub(Duration::days(i64::from(keep.days)));
    let mut removals = Vec::new();
    for mut file in files {
        let too_old = keep.days > 0 && file.modified < oldest;
        let too_much = keep.max_bytes > 0 && total > keep.max_bytes;
        if too_old || too_much {
            total -= file.size;
            file.reason = if too_old { Reason::Age } else { Reason::Size };
            removals.push(file);
        }
    }
    Ok(removals)
}

fn list(
    root: &Path,
    dir: &Path,
    is_protected: &impl Fn(&Path) -> bool,
    files: &mut Vec<Removal>,
) -> Result<(), FsError> {
    let entries = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(io_error("list", dir))?,
    };
    for entry in entries {
        let path = entry.map_err(io_error("list", dir))?.path();
        // Gone since the listing: somebody else prunes too.
        let Ok(meta) = path.symlink_metadata() else { continue };
        if meta.is_dir() {
            list(root, &path, is_protected, files)?;
        } else if meta.is_file() && is_prunable(root, &path) && !is_protected(&path) {
            let modified = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH).into();
            files.push(Removal { path, size: meta.len(), modified, reason: Reason::Age });
        }
    }
    Ok(())
}

fn is_prunable(root: &Path, path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let numbered = !extension.is_empty() && extension.bytes().all(|byte| byte.is_ascii_digit());
    numbered || (path.parent() != Some(root) && extension != "lock")
}

/// Removes what a plan lists, except what changed since; gives what went.
pub fn apply(plan: &[Removal]) -> Vec<&Removal> {
    let unchanged = |removal: &&Removal| {
        removal.path.symlink_metadata().is_ok_and(|meta| {
            let modified = meta.modified().map(OffsetDateTime::from);
            meta.is_file()
                && meta.len() == removal.size
                && modified.is_ok_and(|time| time == removal.modified)
        })
    };
    plan.iter().filter(unchanged).filter(|removal| std::fs::remove_file(&removal.path).is_ok()).collect()
}

/// Plans and applies at once: what a run does with old logs when it starts. Gives how many files went.
///
/// # Errors
/// As [`plan`].
pub fn prune(dir: &Path, keep: Keep, now: OffsetDateTime) -> Result<usize, FsError> {
    let plan = plan(dir, keep, now, |_| false)?;
    Ok(apply(&plan).len())
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    fn touch(path: &Path, size: usize, age_days: i64, now: OffsetDateTime) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, vec![b'x'; size]).unwrap();
        let time = SystemTime::from(now - Duration::days(age_days));
        File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    }

    #[test]
    fn prunes_by_age_then_size_and_spares_what_is_in_use() {
        let dir = tempfile::tempdir().unwrap();
        let (root, now) = (dir.path(), OffsetDateTime::now_utc());
        touch(&root.join("hybrid.log"), 100, 90, now);
        touch(&root.join("hybrid.log.lock"), 0, 90, now);
        touch(&root.join("hybrid.log.1"), 100, 40, now);
        touch(&root.join("runs/a/packer.log"), 100, 20, now);
        touch(&root.join("runs/b/packer.log"), 100, 10, now);
        touch(&root.join("runs/c/audit.log"), 100, 99, now);
        let keep = Keep { days: 30, max_bytes: 150 };
        let audit = |path: &Path| path.ends_with("audit.log");
        let planned = plan(root, keep, now, audit).unwrap();
        let names: Vec<_> = planned
            .iter()
            .map(|r| (r.path.strip_prefix(root).unwrap().to_str().unwrap(), r.reason))
            .collect();
        assert_eq!(names, [("hybrid.log.1", Reason::Age), ("runs/a/packer.log", Reason::Size)]);
        // Written to since the plan: stays.
        std::fs::write(root.join("runs/a/packer.log"), "new").unwrap();
        assert_eq!(apply(&planned).len(), 1);
        assert!(root.join("runs/a/packer.log").exists() && !root.join("hybrid.log.1").exists());
        assert_eq!(prune(&root.join("absent"), keep, now).unwrap(), 0);
    }

    #[test]
    fn evidence_never_expires() {
        let (from, policy) = (OffsetDateTime::UNIX_EPOCH, Policy::default());
        assert_eq!(Class::Evidence.expiry(from, &policy), None);
        assert_eq!(Class::Standard.expiry(from, &policy), Some(from + Duration::days(30)));
        assert!(Class::Ephemeral.is_expired(from, &policy, from + Duration::days(3)));
        assert!(!Class::Standard.is_expired(
            from,
            &Policy { standard_days: 0, ..policy },
            from + Duration::days(9999)
        ));
    }
}
