//! The names of everything in `state/`; this crate alone knows them.
//!
//! Pure functions of the project root; nothing here looks at the disk.

use std::path::{Path, PathBuf};

use hc_core::{BuilderId, Target};

/// Stem of the state file and its backups.
pub(crate) const STEM: &str = "packer-hybrid";

/// Directory of the state, relative to the project.
pub const STATE: &str = "state";
/// Directory of the backups, relative to the project.
pub const BACKUPS: &str = "state/backups";
/// Directory of records that belong to single builders, relative to the project.
pub const PACKER: &str = "state/packer";

/// `state/`.
pub fn state_dir(root: &Path) -> PathBuf {
    root.join(STATE)
}

/// `state/packer-hybrid.json`, the state itself (STATE-1).
pub fn state_file(root: &Path) -> PathBuf {
    state_dir(root).join(format!("{STEM}.json"))
}

/// `state/.lock`, the lock around read-modify-write (STATE-2). Permanent.
pub fn lock_file(root: &Path) -> PathBuf {
    state_dir(root).join(".lock")
}

/// `state/.pending.json`: files that change together with the state, while they do.
pub(crate) fn pending(root: &Path) -> PathBuf {
    state_dir(root).join(".pending.json")
}

/// `state/locks/`, one lock file per target.
pub fn build_locks_dir(root: &Path) -> PathBuf {
    state_dir(root).join("locks")
}

/// `state/locks/<builder>@<env>.lock`, held while that target is built. Permanent.
pub fn build_lock_file(root: &Path, target: &Target) -> PathBuf {
    build_locks_dir(root).join(format!("{target}.lock"))
}

/// `state/backups/`.
pub fn backups_dir(root: &Path) -> PathBuf {
    root.join(BACKUPS)
}

/// `state/backups/packer-hybrid.<serial>.json`.
pub fn backup_file(root: &Path, serial: u64) -> PathBuf {
    backups_dir(root).join(format!("{STEM}.{serial}.json"))
}

/// `state/audit.log`, append-only JSON lines.
pub fn audit_log(root: &Path) -> PathBuf {
    state_dir(root).join("audit.log")
}

/// `state/packer/trees/`, directories of input manifests by digest.
pub fn trees_dir(root: &Path) -> PathBuf {
    packer_dir(root).join("trees")
}

/// `state/packer/`, records that belong to single builders.
pub fn packer_dir(root: &Path) -> PathBuf {
    root.join(PACKER)
}

/// `state/packer/trusted/<env>/<builder>.json`: the input manifest that `validate` trusted last.
pub fn trusted_manifest(root: &Path, target: &Target) -> PathBuf {
    packer_dir(root).join("trusted").join(target.env.as_str()).join(format!("{}.json", target.builder))
}

/// `state/packer/observed/<env>/<builder>.json`: what runs of the target were seen to use beyond its known inputs.
pub fn observed(root: &Path, target: &Target) -> PathBuf {
    packer_dir(root).join("observed").join(target.env.as_str()).join(format!("{}.json", target.builder))
}

/// `state/packer/logs/`, one log summary per builder.
pub fn log_summaries_dir(root: &Path) -> PathBuf {
    packer_dir(root).join("logs")
}

/// `state/packer/logs/<builder>.json`: the log summary of the builder's last build (PKR-11).
pub fn log_summary(root: &Path, builder: &BuilderId) -> PathBuf {
    log_summaries_dir(root).join(format!("{builder}.json"))
}
