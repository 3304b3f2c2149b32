//! A project whose sources are synced by the library.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hc_core::lock::Holder;
use hc_sources::git::GitOptions;
use hc_sources::retry::{Patience, RetryPolicy};
use hc_sources::sync::{Event, SourceResult, SyncOptions, SyncReport, SyncRequest, Synced, resume, sync};
use hc_sources::{LockFile, SourceError, SourceSpec, Sources};
use time::OffsetDateTime;

/// Waits for nobody.
struct Impatience;

impl Patience for Impatience {
    fn wait(&self, _: Duration, _: &dyn Fn() -> bool) {}

    fn jitter(&self) -> f64 {
        0.5
    }
}

pub(crate) struct Project {
    dir: tempfile::TempDir,
    pub(crate) specs: Vec<SourceSpec>,
    pub(crate) options: SyncOptions,
    pub(crate) events: Mutex<Vec<Event>>,
}

pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_767_225_600).unwrap()
}

impl Project {
    /// With sources of these names, urls and refs.
    pub(crate) fn new(sources: &[(&str, &str, &str)]) -> Self {
        let options = SyncOptions {
            git: GitOptions {
                idle_timeout: Duration::from_secs(5),
                threads: Some(1),
                ..GitOptions::default()
            },
            retry: RetryPolicy { attempts: 3, ..RetryPolicy::default() },
            patience: Arc::new(Impatience),
            jobs: 2,
            lock_timeout: Duration::ZERO,
            me: Holder { pid: 1, host: "h".into(), command: "test".into(), since: now() },
            waiting: Arc::new(|_| {}),
            now: now(),
            offline: false,
            locked: false,
        };
        let mut project =
            Self { dir: tempfile::tempdir().unwrap(), specs: Vec::new(), options, events: Mutex::default() };
        project.set(sources);
        project
    }

    pub(crate) fn set(&mut self, sources: &[(&str, &str, &str)]) {
        let spec = |(name, url, reference): &(&str, &str, &str)| {
            SourceSpec::new(name, url, reference, &BTreeMap::new()).unwrap()
        };
        self.specs = sources.iter().map(spec).collect();
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn sources(&self) -> Sources {
        Sources::of(self.root())
    }

    pub(crate) fn tree(&self, name: &str) -> PathBuf {
        self.sources().tree(name)
    }

    pub(crate) fn lock(&self) -> LockFile {
        LockFile::load(self.sources().lock_file()).unwrap()
    }

    pub(crate) fn request(&self, request: &SyncRequest) -> Result<SyncReport, SourceError> {
        self.events.lock().unwrap().clear();
        let watcher = |event| self.events.lock().unwrap().push(event);
        sync(&self.sources(), &self.specs, request, &self.options, &AtomicBool::new(false), &watcher)
    }

    pub(crate) fn sync(&self) -> Vec<SourceResult> {
        self.request(&SyncRequest::default()).unwrap().results
    }

    pub(crate) fn update(&self) -> Vec<SourceResult> {
        self.request(&SyncRequest { only: BTreeSet::new(), update: true }).unwrap().results
    }

    pub(crate) fn resume(&self) -> SyncReport {
        resume(&self.sources(), &self.specs, &self.options, &AtomicBool::new(false), &|_| {}).unwrap()
    }
}

/// The only result, which went well.
pub(crate) fn only(mut results: Vec<SourceResult>) -> Synced {
    assert_eq!(results.len(), 1);
    results.remove(0).outcome.unwrap()
}

/// The only result, which failed.
pub(crate) fn refusal(mut results: Vec<SourceResult>) -> SourceError {
    assert_eq!(results.len(), 1);
    results.remove(0).outcome.unwrap_err()
}
