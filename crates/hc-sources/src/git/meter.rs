//! What a transfer has moved so far, for progress bars and for the watchdog.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gix::progress::{
    Count, Id, MessageLevel, NestedProgress, Progress as GixProgress, Step, StepShared, Unit,
};

/// A snapshot of a transfer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes received.
    pub bytes: u64,
    /// Objects, files or deltas done in the current phase.
    pub done: u64,
    /// How many there are, where known.
    pub total: Option<u64>,
}

const PACK_BYTES: Id = *b"BWRB";
const INDEX_OBJECTS: Id = *b"IWIO";
const RESOLVE_OBJECTS: Id = *b"IWRO";

#[derive(Debug)]
struct Counter {
    id: Id,
    value: StepShared,
    max: Option<Step>,
}

/// Counters of one transfer; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    counters: Arc<Mutex<Vec<Counter>>>,
    /// Position of this clone's own counter.
    own: usize,
    value: StepShared,
    messages: Arc<AtomicUsize>,
}

impl Meter {
    pub(crate) fn new() -> Self {
        let value = StepShared::default();
        let first = Counter { id: gix::progress::UNKNOWN, value: value.clone(), max: None };
        Self { counters: Arc::new(Mutex::new(vec![first])), own: 0, value, messages: Arc::default() }
    }

    /// Changes whenever anything moved.
    pub(crate) fn activity(&self) -> usize {
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let moved =
            counters.iter().map(|counter| counter.value.load(Ordering::Relaxed)).fold(0, usize::wrapping_add);
        moved.wrapping_add(counters.len()).wrapping_add(self.messages.load(Ordering::Relaxed))
    }

    pub(crate) fn snapshot(&self) -> Progress {
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |id: Id| counters.iter().rev().find(|counter| counter.id == id);
        let value = |counter: &Counter| counter.value.load(Ordering::Relaxed) as u64;
        let phase = of(RESOLVE_OBJECTS).filter(|counter| value(counter) > 0).or_else(|| of(INDEX_OBJECTS));
        Progress {
            bytes: of(PACK_BYTES).map_or(0, value),
            done: phase.map_or(0, value),
            total: phase.and_then(|counter| counter.max).map(|max| max as u64),
        }
    }

    fn child(&self, id: Id) -> Self {
        let value = StepShared::default();
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        counters.push(Counter { id, value: value.clone(), max: None });
        Self {
            counters: self.counters.clone(),
            own: counters.len() - 1,
            value,
            messages: self.messages.clone(),
        }
    }
}

impl Count for Meter {
    fn set(&self, step: Step) {
        self.value.store(step, Ordering::Relaxed);
    }

    fn step(&self) -> Step {
        self.value.load(Ordering::Relaxed)
    }

    fn inc_by(&self, step: Step) {
        self.value.fetch_add(step, Ordering::Relaxed);
    }

    fn counter(&self) -> StepShared {
        self.value.clone()
    }
}

impl GixProgress for Meter {
    fn init(&mut self, max: Option<Step>, _unit: Option<Unit>) {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        counters[self.own].max = max;
    }

    fn set_name(&mut self, _name: String) {}

    fn name(&self) -> Option<String> {
        None
    }

    fn id(&self) -> Id {
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        counters[self.own].id
    }

    fn message(&self, _level: MessageLevel, _message: String) {
        self.messages.fetch_add(1, Ordering::Relaxed);
    }
}

impl NestedProgress for Meter {
    type SubProgress = Self;

    fn add_child(&mut self, _name: impl Into<String>) -> Self {
        self.child(gix::progress::UNKNOWN)
    }

    fn add_child_with_id(&mut self, _name: impl Into<String>, id: Id) -> Self {
        self.child(id)
    }
}
