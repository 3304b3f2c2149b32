//! `hybrid sources …`: git repositories at their pins (SRC-1 … SRC-5).

mod air_gap;
mod force;
mod inputs;
mod progress;
mod scan;
mod standing;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hc_config::settings::Settings;
use hc_core::Cancel;
use hc_core::lock::Holder;
use hc_sources::git::GitOptions;
use hc_sources::retry::{RealPatience, RetryPolicy};
use hc_sources::sync::{self as engine, SourceResult, SyncOptions, SyncReport, SyncRequest};
use hc_sources::{SourceError, SourceSpec, Sources};
use hc_state::SourceRecord;

use super::state;
use crate::command_error::Result;
use crate::report::sources::{SyncDoc, SyncedDoc};
use crate::session::Session;

pub use air_gap::{bundle, unbundle};
pub use force::{PinOptions, log, pin};
pub use inputs::{explain_missing, referred};
pub use scan::scan;
pub use standing::{status, verify};

/// What the caller wants beyond the settings.
#[derive(Debug, Clone, Default)]
pub struct SourceOptions {
    /// Moves pins.
    pub update: bool,
    /// Sources at once; `git.jobs` when absent.
    pub jobs: Option<usize>,
    /// Uses no network.
    pub offline: bool,
    /// Refuses to change sources.lock.
    pub locked: bool,
}

/// The sources of hybrid.toml, proven harmless.
///
/// # Errors
/// `BadSource`.
pub fn specs(settings: &Settings) -> Result<Vec<SourceSpec>, SourceError> {
    let mut specs: Vec<SourceSpec> = Vec::new();
    for source in &settings.sources {
        let spec = SourceSpec::new(&source.name, &source.url, &source.reference, &settings.mirrors)?
            .with_subdir(source.subdir.as_deref())?
            .with_shallow(source.shallow);
        if specs.iter().any(|known| known.name == spec.name) {
            return Err(SourceError::Duplicate { name: spec.name });
        }
        specs.push(spec);
    }
    Ok(specs)
}

/// The specs that `names` name; all when empty.
fn chosen(specs: &[SourceSpec], names: &[String]) -> Result<Vec<SourceSpec>, SourceError> {
    for name in names {
        find(specs, name)?;
    }
    Ok(specs.iter().filter(|spec| names.is_empty() || names.contains(&spec.name)).cloned().collect())
}

fn find<'a>(specs: &'a [SourceSpec], name: &str) -> Result<&'a SourceSpec, SourceError> {
    specs.iter().find(|spec| spec.name == name).ok_or_else(|| SourceError::Unknown {
        name: name.to_owned(),
        known: specs.iter().map(|spec| spec.name.clone()).collect(),
    })
}

/// Brings sources to their pins.
///
/// # Errors
/// What concerns all sources; what concerns one is in the report.
pub fn sync(
    session: &Session,
    names: &[String],
    options: &SourceOptions,
    cancel: &Cancel,
) -> Result<SyncDoc> {
    let specs = specs(&session.settings)?;
    let only: BTreeSet<String> = names.iter().cloned().collect();
    let request = SyncRequest { only, update: options.update };
    let console = progress::Transfers::new(session, &specs);
    let report = engine::sync(
        &Sources::of(&session.root),
        &specs,
        &request,
        &sync_options(session, options),
        cancel.flag(),
        &|event| console.event(&event),
    )?;
    finished(session, "sync", report)
}

/// Finishes what an interrupted sync left.
///
/// # Errors
/// As [`sync`].
pub fn resume(session: &Session, options: &SourceOptions, cancel: &Cancel) -> Result<SyncDoc> {
    let specs = specs(&session.settings)?;
    let console = progress::Transfers::new(session, &specs);
    let report = engine::resume(
        &Sources::of(&session.root),
        &specs,
        &sync_options(session, options),
        cancel.flag(),
        &|event| console.event(&event),
    )?;
    finished(session, "resume", report)
}

fn finished(session: &Session, action: &str, report: SyncReport) -> Result<SyncDoc> {
    record(session, &report.results, &report.dropped)?;
    Ok(SyncDoc {
        action: action.into(),
        sources: report.results.iter().map(SyncedDoc::of).collect(),
        dropped: report.dropped,
        resumed: report.resumed.map(|journal| journal.command),
    })
}

/// Writes url, ref, commit, time, operator and run into the state (SRC-1). A source that is where it was keeps the
/// record of the run that brought it there.
fn record(session: &Session, results: &[SourceResult], dropped: &[String]) -> Result<()> {
    let store = state::open(session)?;
    let state = store.read()?;
    let known = |name: &str| state.as_ref().and_then(|state| state.sources.get(name));
    let is_new = |result: &&SourceResult| match (&result.outcome, known(&result.name)) {
        (Err(_), _) => false,
        (Ok(_), None) => true,
        (Ok(synced), Some(record)) => {
            (record.sha.as_str(), &record.url, &record.reference)
                != (synced.pin.sha.as_str(), &result.url, &result.reference)
        }
    };
    let new: Vec<&SourceResult> = results.iter().filter(is_new).collect();
    if new.is_empty() && !dropped.iter().any(|name| known(name).is_some()) {
        return Ok(());
    }
    let operator = store.options().operator.clone();
    let patience = session.lock_timeout.max(super::record::PATIENCE);
    store.with_exclusive_within(&session.run_id, patience, |locked| -> Result<()> {
        let known = &mut locked.state_mut().sources;
        for name in dropped {
            known.remove(name);
        }
        for result in new {
            let Ok(synced) = &result.outcome else { continue };
            let sha = synced.pin.sha.to_string();
            let former = known.remove(&result.name).filter(|former| former.sha == sha);
            let (scan_status, scans) =
                former.map_or_else(Default::default, |former| (former.scan_status, former.scans));
            let record = SourceRecord {
                at: session.now(),
                operator: operator.clone(),
                reference: result.reference.clone(),
                run_id: session.run_id.clone(),
                scan_status,
                scans,
                sha,
                url: result.url.clone(),
            };
            known.insert(result.name.clone(), record);
        }
        Ok(())
    })
}

fn me(session: &Session) -> Holder {
    let environment = &session.environment;
    Holder {
        pid: environment.pid,
        host: environment.host.clone(),
        command: environment.command.clone(),
        since: session.now(),
    }
}

/// How git is spoken to, by the settings.
fn git_options(session: &Session, jobs: usize) -> GitOptions {
    let (settings, environment) = (&session.settings.git, &session.environment);
    let passed = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "SSH_AUTH_SOCK", "XDG_CONFIG_HOME"];
    let program = settings.credential_program.iter().map(Into::into).collect::<Vec<_>>();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    GitOptions {
        idle_timeout: settings.idle_timeout.get().max(Duration::from_secs(1)),
        timeout: settings.timeout.map(|limit| limit.get()),
        ca_file: settings.ca_file.as_ref().map(|file| session.root.join(file)),
        proxy: settings.proxy.clone(),
        credential_program: (!program.is_empty()).then_some(program),
        ssh_command: settings.ssh_command.clone(),
        git_program: environment.find_program("git"),
        environment: passed
            .iter()
            .filter_map(|name| Some(((*name).into(), environment.var(name)?.to_owned())))
            .collect(),
        threads: Some((cores / jobs.max(1)).max(1)),
    }
}

fn sync_options(session: &Session, options: &SourceOptions) -> SyncOptions {
    let settings = &session.settings.git;
    let jobs = options.jobs.unwrap_or(settings.jobs).max(1);
    let concurrent = jobs.min(session.settings.sources.len()).max(1);
    SyncOptions {
        git: git_options(session, concurrent),
        retry: RetryPolicy { attempts: settings.retries + 1, ..RetryPolicy::default() },
        patience: Arc::new(RealPatience),
        jobs,
        lock_timeout: session.lock_timeout,
        me: me(session),
        waiting: Arc::new(|holder: Option<&Holder>| {
            let who = holder.map_or("another process".to_owned(), |holder| {
                format!("`{}` (pid {} on {})", holder.command, holder.pid, holder.host)
            });
            tracing::warn!("waiting for the lock of sources/, held by {who}");
        }),
        now: session.now(),
        offline: options.offline,
        locked: options.locked,
    }
}

/// A path that the user typed, relative to where the command was started.
fn typed(session: &Session, path: &std::path::Path) -> PathBuf {
    session.environment.cwd.join(path)
}
