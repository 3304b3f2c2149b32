//! Bringing sources to their pins: several at once, each for itself (SRC-1 … SRC-3).
//!
//! A source that cannot be synced leaves its tree, its pin and the other sources as they are.

mod retrying;
mod visit;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hc_core::lock::Holder;
use time::OffsetDateTime;

use crate::error::SourceError;
use crate::git::{GitOptions, Note, Progress, Submodule};
use crate::journal::{Journal, Pending};
use crate::lock_file::{LockFile, LockedSource};
use crate::place::Sources;
use crate::retry::{Patience, RetryPolicy};
use crate::sha::Sha;
use crate::spec::SourceSpec;

pub(crate) use visit::{Objects, Visit};

/// Hears who is waited for.
pub type Waiting = Arc<dyn Fn(Option<&Holder>) + Send + Sync>;

/// How a sync is done.
#[derive(Clone)]
pub struct SyncOptions {
    /// How git talks to servers.
    pub git: GitOptions,
    /// How often and how patiently a transfer is repeated.
    pub retry: RetryPolicy,
    /// Time and chance of the retries.
    pub patience: Arc<dyn Patience>,
    /// How many sources at once; at least 1.
    pub jobs: usize,
    /// How long to wait for another writer.
    pub lock_timeout: Duration,
    /// Who asks.
    pub me: Holder,
    /// Called once before waiting for another writer.
    pub waiting: Waiting,
    /// Now: decides whether force pins hold.
    pub now: OffsetDateTime,
    /// Uses no network.
    pub offline: bool,
    /// Refuses to change sources.lock.
    pub locked: bool,
}

impl fmt::Debug for SyncOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncOptions")
            .field("jobs", &self.jobs)
            .field("offline", &self.offline)
            .finish_non_exhaustive()
    }
}

/// What to sync.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncRequest {
    /// Names; all sources when empty.
    pub only: BTreeSet<String>,
    /// Moves the pins of branches to where they are now, and lets expired force pins go.
    pub update: bool,
}

/// What happens during a sync, for progress bars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A source is being looked at.
    Started {
        /// The source.
        name: String,
    },
    /// A transfer moved.
    Progress {
        /// The source.
        name: String,
        /// So far.
        progress: Progress,
    },
    /// Files are being written.
    CheckingOut {
        /// The source.
        name: String,
        /// How many.
        files: usize,
    },
    /// A transfer failed and will be tried again.
    Retry {
        /// The source.
        name: String,
        /// The attempt that failed, from 1.
        attempt: u32,
        /// How long is waited.
        pause: Duration,
        /// Why it failed.
        reason: String,
    },
    /// A source is done, or failed.
    Ended {
        /// The source.
        name: String,
    },
}

/// Who is told.
pub type Watcher<'a> = &'a (dyn Fn(Event) + Sync);

/// What a sync did to a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It was not there and is now.
    Cloned,
    /// Objects came over the network, and the tree moved.
    Fetched,
    /// The tree moved; the objects were here.
    CheckedOut,
    /// Nothing had to be done.
    Unchanged,
}

impl Action {
    /// For people and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cloned => "cloned",
            Self::Fetched => "fetched",
            Self::CheckedOut => "checked-out",
            Self::Unchanged => "unchanged",
        }
    }
}

/// A source at its pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synced {
    /// Its pin.
    pub pin: LockedSource,
    /// What was done.
    pub action: Action,
    /// Bytes that came over the network.
    pub bytes: u64,
    /// What a person should know.
    pub notes: Vec<Note>,
    /// Repositories inside, whose directories are empty.
    pub submodules: Vec<Submodule>,
}

/// How it went with one source.
#[derive(Debug)]
pub struct SourceResult {
    /// Its name.
    pub name: String,
    /// Its url in hybrid.toml.
    pub url: String,
    /// Its ref in hybrid.toml.
    pub reference: String,
    /// Where its tree was before.
    pub before: Option<Sha>,
    /// Where it is, or why not.
    pub outcome: Result<Synced, SourceError>,
    /// How long it took.
    pub duration: Duration,
}

/// How a sync went.
#[derive(Debug)]
pub struct SyncReport {
    /// In the order of hybrid.toml.
    pub results: Vec<SourceResult>,
    /// The interrupted sync that was finished along the way.
    pub resumed: Option<Journal>,
    /// Pins that were dropped because hybrid.toml no longer has their source.
    pub dropped: Vec<String>,
}

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
    let _lock = sources.enter(options)?;
    let former = sources.journal().read()?;
    run(sources, specs, request, former, options, cancel, watcher)
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
    let _lock = sources.enter(options)?;
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
    let journal = Pending::new(sources, request, former.as_ref(), options);
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

impl Visit<'_> {
    /// Visits `specs`, `jobs` at a time; results in the order of `specs`.
    pub(crate) fn all(&self, specs: &[&SourceSpec]) -> Vec<SourceResult> {
        let next = AtomicUsize::new(0);
        let results: Mutex<Vec<(usize, SourceResult)>> = Mutex::default();
        let work = || {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(spec) = specs.get(at) else { return };
                let result = self.one(spec);
                results.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
            }
        };
        let workers = self.options.jobs.clamp(1, specs.len().max(1));
        std::thread::scope(|scope| {
            for _ in 1..workers {
                scope.spawn(work);
            }
            work();
        });
        let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.sort_by_key(|(at, _)| *at);
        results.into_iter().map(|(_, result)| result).collect()
    }

    fn one(&self, spec: &SourceSpec) -> SourceResult {
        let start = Instant::now();
        (self.watcher)(Event::Started { name: spec.name.clone() });
        let mut before = None;
        let outcome = if self.cancel.load(Ordering::Relaxed) {
            Err(SourceError::Interrupted { name: spec.name.clone() })
        } else {
            self.bring(spec, &mut before)
        };
        (self.watcher)(Event::Ended { name: spec.name.clone() });
        SourceResult {
            name: spec.name.clone(),
            url: spec.origin.clone(),
            reference: spec.reference.clone(),
            before,
            outcome,
            duration: start.elapsed(),
        }
    }
}
