//! A lock that is held: by whom, with which processes, and what to do about it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use hc_core::Target;
use hc_core::lock::Holder;
use serde::Serialize;

use crate::processes::Process;

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
    /// Processes on this host that hold it now; a holder's orphans are found here.
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
                "the run that started it is gone, its child still works: wait for it, or end it with \
                 `hybrid orphans --stop`; the lock is free then"
                    .to_owned()
            }
            (LockKind::Build(_), false) => {
                "wait for that build, or end it; a lock whose holder crashed is free".to_owned()
            }
            (LockKind::State, _) => {
                "run the command again in a moment, or let it wait: `--lock-timeout 30s`; a lock whose \
                 holder crashed is free"
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
