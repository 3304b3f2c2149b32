//! The state store of a session.

use std::sync::Arc;

use hc_core::lock::Holder;
use hc_state::{RunOutcome, RunRecord, State, Store, StoreOptions};

use crate::command_error::Result;
use crate::session::Session;
use hc_core::ExitClass;

/// Opens the store with this process as the holder of its locks.
///
/// # Errors
/// When `state/` is not what it should be.
pub fn open(session: &Session) -> Result<Store> {
    let environment = &session.environment;
    let entropy = entropy(session);
    let mut options = StoreOptions::new(&environment.command, &environment.host, environment.pid, entropy);
    options.lock_timeout = session.lock_timeout;
    options.unsafe_no_lock = session.unsafe_no_lock;
    options.backups = session.settings.state.backups;
    options.operator =
        environment.text("USER").or(environment.text("LOGNAME")).unwrap_or("unknown").to_owned();
    options.waiting = Some(Arc::new(|holder: Option<&Holder>| {
        let who = holder.map_or("another process".to_owned(), |holder| {
            format!("`{}` (pid {} on {})", holder.command, holder.pid, holder.host)
        });
        tracing::warn!("waiting for the state lock, held by {who}");
    }));
    Ok(Store::open(&session.root, options)?)
}

/// 64 bits that differ between runs: the run id's own entropy and the clock.
fn entropy(session: &Session) -> u64 {
    let digest = hc_core::Digest::of(format!("{} {}", session.run_id, session.environment.pid).as_bytes());
    u64::from_le_bytes(digest.as_bytes()[..8].try_into().expect("a digest has 32 bytes"))
}

/// The state as it is; empty before the first write.
///
/// # Errors
/// When it cannot be read or trusted.
pub fn read(session: &Session) -> Result<Option<State>> {
    Ok(open(session)?.read()?)
}

/// The record of this run, still running.
pub fn run_record(session: &Session, command: &str, targets: Vec<hc_core::Target>) -> RunRecord {
    RunRecord {
        command: command.to_owned(),
        exit_code: None,
        finished_at: None,
        outcome: RunOutcome::Running,
        run_id: session.run_id.clone(),
        started_at: session.environment.started,
        targets,
    }
}

/// The same record once the run has ended.
pub fn ended(session: &Session, mut record: RunRecord, exit: ExitClass) -> RunRecord {
    record.exit_code = Some(i32::from(exit.number()));
    record.finished_at = Some(session.now());
    record.outcome = match exit {
        ExitClass::Success => RunOutcome::Succeeded,
        ExitClass::Interrupted => RunOutcome::Interrupted,
        _ => RunOutcome::Failed,
    };
    record
}
