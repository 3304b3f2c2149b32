//! The state store of a project.

use std::sync::Arc;

use std::time::Duration;

use hc_core::ExitClass;
use hc_core::lock::Holder;
use hc_state::{RunOutcome, RunRecord, State, Store, StoreOptions};

use super::{Locks, Project};
use crate::error::Result;

/// How long a record of finished work waits for the state: as long as it takes, or until a request to stop that was not
/// made yet. A build of hours is not lost because something holds the lock.
pub const PATIENCE: Duration = Duration::MAX;

/// Opens the store with this process as the holder of its locks.
///
/// # Errors
/// When `state/` is not what it should be.
pub fn open(project: &Project) -> Result<Store> {
    let host = &project.host;
    let mut options = StoreOptions::new(&host.command, &host.name, host.pid, entropy(project));
    options.lock_timeout = project.lock_timeout;
    options.unsafe_no_lock = project.locks == Locks::Waived;
    options.backups = project.settings.state.backups;
    options.cancel = host.cancel.clone();
    options.operator = host.operator().to_owned();
    options.waiting = Some(Arc::new(|holder: Option<&Holder>| {
        let who = holder.map_or("another process".to_owned(), |holder| {
            format!("`{}` (pid {} on {})", holder.command, holder.pid, holder.host)
        });
        tracing::warn!("waiting for the state lock, held by {who}");
    }));
    Ok(Store::open(&project.root, options)?)
}

/// 64 bits that differ between runs: the run id's own entropy and the clock.
fn entropy(project: &Project) -> u64 {
    let digest = hc_core::Digest::of(format!("{} {}", project.run_id, project.host.pid).as_bytes());
    u64::from_le_bytes(digest.as_bytes()[..8].try_into().expect("a digest has 32 bytes"))
}

/// The state as it is; empty before the first write.
///
/// # Errors
/// When it cannot be read or trusted.
pub fn read(project: &Project) -> Result<Option<State>> {
    let store = open(project)?;
    if store.is_unsettled() {
        // Where this process may not write, or another one is at it, the state is what it is.
        let _ = store.settle();
    }
    Ok(store.read()?)
}

/// The record of this run, still running.
pub fn run_record(project: &Project, command: &str, targets: Vec<hc_core::Target>) -> RunRecord {
    RunRecord {
        command: command.to_owned(),
        exit_code: None,
        finished_at: None,
        outcome: RunOutcome::Running,
        run_id: project.run_id.clone(),
        started_at: project.host.started,
        targets,
    }
}

/// The same record once the run has ended.
pub fn ended(project: &Project, mut record: RunRecord, exit: ExitClass) -> RunRecord {
    record.exit_code = Some(i32::from(exit.number()));
    record.finished_at = Some(project.now());
    record.outcome = match exit {
        ExitClass::Success => RunOutcome::Succeeded,
        ExitClass::Interrupted => RunOutcome::Interrupted,
        _ => RunOutcome::Failed,
    };
    record
}
