//! The two locks: a short one around read-modify-write of the state, a long one per target being built.
//!
//! The state lock is never inherited by a child. A build lock is inherited by packer on purpose, so that an
//! orphaned packer still holds it; nobody ever unlocks it explicitly. Lock files are permanent (STATE-2).

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hc_core::Target;
use hc_core::lock::{FileLock, Holder, LockError};
use serde::Serialize;

use crate::disk;
use crate::error::StateError;
use crate::options::StoreOptions;
use crate::paths;
use crate::processes::{self, Process};
use crate::store::Store;

/// What a lock guards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum LockKind {
    /// Read-modify-write of the state.
    State,
    /// Builds of this target.
    Build(Target),
}

/// A lock that somebody else holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldLock {
    /// What it guards.
    pub kind: LockKind,
    /// The lock file.
    pub path: PathBuf,
    /// Who took it, as they wrote it down; `None` when that cannot be read.
    pub holder: Option<Holder>,
    /// Processes on this host that have it open now; a holder's orphans are found here.
    pub processes: Vec<Process>,
    /// How long was waited.
    pub waited: Duration,
}

impl HeldLock {
    /// Whether its taker is gone and only its children still hold it.
    pub fn is_orphaned(&self) -> bool {
        let Some(holder) = &self.holder else { return false };
        !self.processes.is_empty() && self.processes.iter().all(|process| process.pid != holder.pid)
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match (&self.kind, self.is_orphaned()) {
            (LockKind::Build(_), true) => {
                let orphans: Vec<String> = self.processes.iter().map(|process| process.pid.to_string()).collect();
                format!(
                    "the run that started it is gone, its child still works: wait for it, or end it with \
                     `kill {}`; the lock is free then",
                    orphans.join(" ")
                )
            }
            (LockKind::Build(_), false) => {
                "wait for that build, or end it; a crashed holder blocks nobody".to_owned()
            }
            (LockKind::State, _) => {
                "run the command again in a moment, or let it wait: `--lock-timeout 30s`; a crashed holder blocks \
                 nobody"
                    .to_owned()
            }
        }
    }
}

impl fmt::Display for HeldLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            LockKind::State => write!(f, "the state is locked")?,
            LockKind::Build(target) => write!(f, "{target} is being built")?,
        }
        match &self.holder {
            Some(holder) => write!(
                f,
                " by `{}` (pid {} on {}, since {})",
                holder.command,
                holder.pid,
                holder.host,
                since(holder)
            )?,
            None => write!(f, " by an unknown process")?,
        }
        if self.is_orphaned() {
            let orphans: Vec<String> = self.processes.iter().map(Process::to_string).collect();
            write!(f, ", which is gone; its child {} still holds the lock", orphans.join(", "))?;
        }
        if !self.waited.is_zero() && self.waited >= Duration::from_millis(100) {
            write!(f, " (waited {:.1} s)", self.waited.as_secs_f64())?;
        }
        Ok(())
    }
}

/// To the second: nobody reads nanoseconds.
fn since(holder: &Holder) -> String {
    let whole = holder.since.replace_nanosecond(0).unwrap_or(holder.since);
    whole.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}

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

impl Store {
    /// Takes the build lock of `target` without waiting; packer's process inherits its descriptor.
    ///
    /// `None` only where the file system has no locks and the options allow that.
    ///
    /// # Errors
    /// [`StateError::LockHeld`] names the holder, or its orphan.
    pub fn build_lock(&self, target: &Target) -> Result<Option<FileLock>, StateError> {
        let dir = paths::build_locks_dir(self.root());
        disk::make_dirs(&[&paths::state_dir(self.root()), &dir])?;
        let path = paths::build_lock_file(self.root(), target);
        acquire(&path, LockKind::Build(target.clone()), self.options(), Duration::ZERO)
    }

    /// Every target whose build lock is held, by name.
    ///
    /// # Errors
    /// [`StateError::File`] when the locks cannot be listed.
    pub fn build_holders(&self) -> Result<Vec<BuildHolder>, StateError> {
        let mut holders = Vec::new();
        for (target, path) in self.build_lock_files()? {
            if let Some(held) = look(&path, LockKind::Build(target.clone()))? {
                let orphaned = held.is_orphaned();
                holders.push(BuildHolder {
                    target,
                    holder: held.holder,
                    processes: held.processes,
                    orphaned,
                });
            }
        }
        Ok(holders)
    }

    /// Says for every lock who holds it and what to do; changes nothing, because the kernel frees the locks of
    /// the dead and the text in a lock file only informs.
    ///
    /// # Errors
    /// [`StateError::File`] when the locks cannot be looked at.
    pub fn unlock_advice(&self) -> Result<Vec<UnlockAdvice>, StateError> {
        let state = (LockKind::State, paths::lock_file(self.root()));
        let builds =
            self.build_lock_files()?.into_iter().map(|(target, path)| (LockKind::Build(target), path));
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
                    advice: "nobody holds it: nothing to do, keep the file".to_owned(),
                },
            });
        }
        Ok(advice)
    }

    fn build_lock_files(&self) -> Result<Vec<(Target, PathBuf)>, StateError> {
        let dir = paths::build_locks_dir(self.root());
        let mut found: Vec<(Target, PathBuf)> = hc_core::fs::file_names(&dir)?
            .into_iter()
            .filter_map(|name| Some((name.strip_suffix(".lock")?.parse().ok()?, dir.join(&name))))
            .collect();
        found.sort();
        Ok(found)
    }
}

/// Takes a lock; `None` where the file system has none and the options allow that.
pub(crate) fn acquire(
    path: &Path,
    kind: LockKind,
    options: &StoreOptions,
    timeout: Duration,
) -> Result<Option<FileLock>, StateError> {
    let waiting = |holder: Option<&Holder>| {
        if let Some(waiting) = &options.waiting {
            waiting(holder);
        }
    };
    match FileLock::acquire(path, &options.holder(), timeout, waiting) {
        Ok(lock) => Ok(Some(lock)),
        Err(LockError::Held { path, holder, waited }) => {
            let processes = processes::that_have_open(&path);
            Err(StateError::LockHeld(Box::new(HeldLock { kind, path, holder, processes, waited })))
        }
        Err(LockError::Unsupported { .. }) if options.unsafe_no_lock => Ok(None),
        Err(LockError::Unsupported { path, source }) => Err(StateError::LocksUnsupported { path, source }),
        Err(LockError::File(error)) => Err(disk::refusal(error)),
    }
}

fn look(path: &Path, kind: LockKind) -> Result<Option<HeldLock>, StateError> {
    match FileLock::probe(path) {
        Ok(None) => Ok(None),
        Ok(Some(holder)) => {
            let processes = processes::that_have_open(path);
            Ok(Some(HeldLock { kind, path: path.to_owned(), holder, processes, waited: Duration::ZERO }))
        }
        Err(LockError::Held { path, holder, waited }) => {
            Ok(Some(HeldLock { kind, path, holder, processes: Vec::new(), waited }))
        }
        Err(LockError::Unsupported { path, source }) => Err(StateError::LocksUnsupported { path, source }),
        Err(LockError::File(error)) => Err(disk::refusal(error)),
    }
}
