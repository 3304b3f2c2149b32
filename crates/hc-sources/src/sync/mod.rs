//! Bringing sources to their pins: several at once, each for itself (SRC-1 … SRC-3).
//!
//! A source that cannot be synced leaves its tree, its pin and the other sources as they are.

mod objects;
mod options;
mod report;
mod retrying;
mod visit;
mod workers;

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

use crate::error::SourceError;
use crate::journal::{Journal, Pending};
use crate::lock_file::LockFile;
use crate::place::Sources;
use crate::spec::SourceSpec;

pub(crate) use self::objects::{Arrived, Bundled, Objects};
pub use self::options::{SyncOptions, SyncRequest, Waiting};
pub use self::report::{Action, Event, SourceResult, SyncReport, Synced, Watcher};
pub(crate) use self::visit::Visit;

/// Brings the sources of `specs` that `request` names to their pins.
///
/// # Errors
/// What concerns all sources: a busy or unwritable `sources/`, an unreadable lock, unknown names. What concerns
/// one is in its [`SourceResult`].
pub fn sync(
    sources: &Sources,
    specs: &[SourceSpec],
    request: &SyncRequest,
    options: &SyncOptions,
    cancel: &AtomicBool,
    watcher: Watcher<'_>,
) -> Result<SyncReport, SourceError> {
    check_names(specs, &request.only)?;
    sources.with_exclusive(options, || {
        let former = sources.journal().read()?;
        run(sources, specs, request, former, options, cancel, watcher)
    })
}

/// Finishes what an interrupted sync left; without one, brings all sources to the lock.
///
/// # Errors
/// As [`sync`].
pub fn resume(
    sources: &Sources,
    specs: &[SourceSpec],
    options: &SyncOptions,
    cancel: &AtomicBool,
    watcher: Watcher<'_>,
) -> Result<SyncReport, SourceError> {
    sources.with_exclusive(options, || {
        let former = sources.journal().read()?;
        let mut request = SyncRequest::default();
        if let Some(journal) = &former {
            request.update = journal.update;
            // What hybrid.toml no longer has needs no end.
            request.only = journal
                .only
                .iter()
                .filter(|name| specs.iter().any(|spec| &spec.name == *name))
                .cloned()
                .collect();
        }
        run(sources, specs, &request, former, options, cancel, watcher)
    })
}

fn check_names(specs: &[SourceSpec], only: &BTreeSet<String>) -> Result<(), SourceError> {
    let known: Vec<String> = specs.iter().map(|spec| spec.name.clone()).collect();
    for (at, name) in known.iter().enumerate() {
        if known[..at].contains(name) {
            return Err(SourceError::Duplicate { name: name.clone() });
        }
    }
    match only.iter().find(|name| !known.contains(name)) {
        Some(name) => Err(SourceError::Unknown { name: name.clone(), known }),
        None => Ok(()),
    }
}

/// The caller holds the lock of `sources/`.
fn run(
    sources: &Sources,
    specs: &[SourceSpec],
    request: &SyncRequest,
    former: Option<Journal>,
    options: &SyncOptions,
    cancel: &AtomicBool,
    watcher: Watcher<'_>,
) -> Result<SyncReport, SourceError> {
    let mut lock = LockFile::load(sources.lock_file())?;
    let mut dropped = Vec::new();
    if request.only.is_empty() && !options.locked {
        lock.sources.retain(|name, _| {
            let kept = specs.iter().any(|spec| spec.name == *name);
            if !kept {
                dropped.push(name.clone());
            }
            kept
        });
    }
    let journal = Pending::new(sources.journal(), options.entry(request), former.as_ref());
    let chosen: Vec<&SourceSpec> =
        specs.iter().filter(|spec| request.only.is_empty() || request.only.contains(&spec.name)).collect();
    let visit = Visit {
        sources,
        lock: Mutex::new(lock),
        objects: Objects::Servers,
        update: request.update,
        journal: &journal,
        interrupted: former.is_some(),
        options,
        cancel,
        watcher,
    };
    let results = visit.all(&chosen);
    if !options.locked {
        let lock = visit.lock.into_inner().unwrap_or_else(PoisonError::into_inner);
        lock.save(sources.lock_file())?;
    }
    let unfinished =
        |error: &SourceError| matches!(error, SourceError::Interrupted { .. }) || error.is_transient();
    journal.end(results.iter().any(|result| result.outcome.as_ref().is_err_and(unfinished)))?;
    Ok(SyncReport { results, resumed: former, dropped })
}
