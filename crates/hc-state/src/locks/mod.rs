//! The two locks: a short one around read-modify-write of the state, a long one per target being built.
//!
//! The state lock is never inherited by a child. A build lock is inherited by packer on purpose, so that an
//! orphaned packer still holds it; nobody ever unlocks it explicitly. Lock files are permanent (STATE-2).

mod held;

use std::path::{Path, PathBuf};
use std::time::Duration;

use hc_core::Target;
use hc_core::lock::{FileLock, Holder, LockError, Patience, with_exclusive};
use serde::Serialize;

pub use self::held::{HeldLock, LockKind};
use crate::disk;
use crate::error::StateError;
use crate::options::StoreOptions;
use crate::paths;
use crate::processes::{self, Process};

/// A target that is being built right now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuildHolder {
    /// The target.
    pub target: Target,
    /// Who took its lock.
    pub holder: Option<Holder>,
    /// Processes on this host that hold it.
    pub processes: Vec<Process>,
    /// Whether its taker is gone and only its children still hold it.
    pub orphaned: bool,
}

/// What `hybrid state unlock` says about one lock. Kernel locks need no unlocking, so nothing is removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnlockAdvice {
    /// What the lock guards.
    pub kind: LockKind,
    /// The lock file.
    pub path: PathBuf,
    /// Whether somebody holds it.
    pub held: bool,
    /// Who took it, when it is held.
    pub holder: Option<Holder>,
    /// Processes on this host that hold it.
    pub processes: Vec<Process>,
    /// What to do, in one sentence.
    pub advice: String,
}

/// Takes the build lock of `target` without waiting; packer's process inherits its descriptor.
///
/// `None` only where the file system has no locks and the options allow that.
///
/// # Errors
/// [`StateError::LockHeld`] names the holder, or its orphan.
pub(crate) fn take_build(
    root: &Path,
    options: &StoreOptions,
    target: &Target,
) -> Result<Option<FileLock>, StateError> {
    let dir = paths::build_locks_dir(root);
    disk::make_dirs(&[&paths::state_dir(root), &dir])?;
    let path = paths::build_lock_file(root, target);
    acquire(&path, LockKind::Build(target.clone()), options)
}

/// Every target whose build lock is held, by name.
///
/// # Errors
/// [`StateError::File`] when the locks cannot be listed.
pub(crate) fn builds(root: &Path) -> Result<Vec<BuildHolder>, StateError> {
    let mut holders = Vec::new();
    for (target, path) in build_lock_files(root)? {
        if let Some(held) = look(&path, LockKind::Build(target.clone()))? {
            let orphaned = held.is_orphaned();
            holders.push(BuildHolder { target, holder: held.holder, processes: held.processes, orphaned });
        }
    }
    Ok(holders)
}

/// Says for every lock who holds it and what to do; changes nothing, because the kernel frees the locks of
/// the dead and the text in a lock file only informs.
///
/// # Errors
/// [`StateError::File`] when the locks cannot be looked at.
pub(crate) fn advice(root: &Path) -> Result<Vec<UnlockAdvice>, StateError> {
    let state = (LockKind::State, paths::lock_file(root));
    let builds = build_lock_files(root)?.into_iter().map(|(target, path)| (LockKind::Build(target), path));
    let mut advice = Vec::new();
    for (kind, path) in std::iter::once(state).chain(builds) {
        let held = look(&path, kind.clone())?;
        advice.push(match held {
            Some(held) => UnlockAdvice {
                advice: held.hint(),
                kind,
                path,
                held: true,
                holder: held.holder,
                processes: held.processes,
            },
            None => UnlockAdvice {
                kind,
                path,
                held: false,
                holder: None,
                processes: Vec::new(),
                advice: "it is free: nothing to do, keep the file".to_owned(),
            },
        });
    }
    Ok(advice)
}

fn build_lock_files(root: &Path) -> Result<Vec<(Target, PathBuf)>, StateError> {
    let dir = paths::build_locks_dir(root);
    let mut found: Vec<(Target, PathBuf)> = hc_core::fs::file_names(&dir)?
        .into_iter()
        .filter_map(|name| Some((name.strip_suffix(".lock")?.parse().ok()?, dir.join(&name))))
        .collect();
    found.sort();
    Ok(found)
}
/// Runs `work` while the state is locked; without a lock where the file system has none and the options allow that.
pub(crate) fn with_state<T, E: From<StateError>>(
    root: &Path,
    options: &StoreOptions,
    patience: Patience,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let path = paths::lock_file(root);
    let mut work = Some(work);
    let mut once = || work.take().map(|work| work());
    let waiting = |holder: Option<&Holder>| tell(options, holder);
    let done = match with_exclusive(&path, &options.holder(), patience, waiting, |_| once()) {
        Err(LockError::Unsupported { .. }) if options.unsafe_no_lock => once(),
        done => done.map_err(|error| refusal(error, LockKind::State))?,
    };
    done.expect("either the lock ran it, or nothing did and it runs now")
}

/// Takes the lock of a build; `None` where the file system has none and the options allow that.
fn acquire(path: &Path, kind: LockKind, options: &StoreOptions) -> Result<Option<FileLock>, StateError> {
    let waiting = |holder: Option<&Holder>| tell(options, holder);
    match FileLock::acquire(path, &options.holder(), Duration::ZERO, waiting) {
        Ok(lock) => Ok(Some(lock)),
        Err(LockError::Unsupported { .. }) if options.unsafe_no_lock => Ok(None),
        Err(error) => Err(refusal(error, kind)),
    }
}

fn tell(options: &StoreOptions, holder: Option<&Holder>) {
    if let Some(waiting) = &options.waiting {
        waiting(holder);
    }
}

/// Why a lock of this kind was not taken, with the processes that have it open.
fn refusal(error: LockError, kind: LockKind) -> StateError {
    match error {
        LockError::Held { path, holder, waited } => {
            let processes = processes::that_hold(&path);
            StateError::LockHeld(Box::new(HeldLock { kind, path, holder, processes, waited }))
        }
        LockError::Stopped { path, holder, waited } => {
            let processes = processes::that_hold(&path);
            StateError::Stopped(Box::new(HeldLock { kind, path, holder, processes, waited }))
        }
        LockError::Unsupported { path, source } => StateError::LocksUnsupported { path, source },
        LockError::File(error) => disk::refusal(error),
    }
}

fn look(path: &Path, kind: LockKind) -> Result<Option<HeldLock>, StateError> {
    match FileLock::probe(path) {
        Ok(None) => Ok(None),
        Ok(Some(holder)) => {
            let processes = processes::that_hold(path);
            Ok(Some(HeldLock { kind, path: path.to_owned(), holder, processes, waited: Duration::ZERO }))
        }
        Err(LockError::Held { path, holder, waited } | LockError::Stopped { path, holder, waited }) => {
            Ok(Some(HeldLock { kind, path, holder, processes: Vec::new(), waited }))
        }
        Err(LockError::Unsupported { path, source }) => Err(StateError::LocksUnsupported { path, source }),
        Err(LockError::File(error)) => Err(disk::refusal(error)),
    }
}
