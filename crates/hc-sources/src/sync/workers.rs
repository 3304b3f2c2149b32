//! Several visits at once, each for itself.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::report::{Event, SourceResult};
use super::visit::Visit;
use crate::error::SourceError;
use crate::spec::SourceSpec;

impl Visit<'_> {
    /// Visits `specs`, `jobs` at a time; results in the order of `specs`.
    pub(crate) fn all(&self, specs: &[&SourceSpec]) -> Vec<SourceResult> {
        let next = AtomicUsize::new(0);
        let results: Mutex<Vec<(usize, SourceResult)>> = Mutex::default();
        let work = || {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(spec) = specs.get(at) else { return };
                let result = self.attempt(spec);
                results.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
            }
        };
        let workers = self.options.jobs.clamp(1, specs.len().max(1));
        std::thread::scope(|scope| {
            for _ in 1..workers {
                if std::thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            work();
        });
        let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.sort_by_key(|(at, _)| *at);
        results.into_iter().map(|(_, result)| result).collect()
    }

    fn attempt(&self, spec: &SourceSpec) -> SourceResult {
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
