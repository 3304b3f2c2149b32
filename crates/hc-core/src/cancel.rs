//! A request to stop, as everything that waits or runs programs hears it (PKR-10).

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Asks running work to stop. Clones share one count: once is a request, twice is a demand.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    requests: AtomicU32,
    asked: Arc<AtomicBool>,
    children: Mutex<Vec<Weak<Shared>>>,
}

impl Shared {
    fn request(&self) {
        // Held while it is told on, so that a child that is made meanwhile hears of every request exactly once.
        let children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        self.requests.fetch_add(1, Ordering::SeqCst);
        self.asked.store(true, Ordering::SeqCst);
        children.iter().filter_map(Weak::upgrade).for_each(|child| child.request());
    }
}

impl Cancel {
    /// No request yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks; the second time kills.
    pub fn request(&self) {
        self.0.request();
    }

    /// One for a part of the work: it hears the requests to this one, and this one does not hear those to the part.
    pub fn child(&self) -> Self {
        let mut children = self.0.children.lock().unwrap_or_else(PoisonError::into_inner);
        let child = Arc::new(Shared {
            requests: AtomicU32::new(self.requests()),
            asked: Arc::new(AtomicBool::new(self.is_requested())),
            children: Mutex::default(),
        });
        children.retain(|child| child.strong_count() > 0);
        children.push(Arc::downgrade(&child));
        Self(child)
    }

    /// How many requests there were.
    pub fn requests(&self) -> u32 {
        self.0.requests.load(Ordering::SeqCst)
    }

    /// Whether there was a request.
    pub fn is_requested(&self) -> bool {
        self.0.asked.load(Ordering::SeqCst)
    }

    /// The same as a flag, for libraries that poll one.
    pub fn flag(&self) -> &AtomicBool {
        &self.0.asked
    }

    /// The same flag for libraries that poll one on threads of their own.
    pub fn shared_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0.asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_hear_the_same_requests() {
        let (one, other) = (Cancel::new(), Cancel::new());
        let clone = one.clone();
        clone.request();
        clone.request();
        assert_eq!((one.requests(), one.is_requested(), one.flag().load(Ordering::SeqCst)), (2, true, true));
        assert!(!other.is_requested());
    }

    #[test]
    fn a_part_hears_the_whole_and_not_the_other_way_round() {
        let whole = Cancel::new();
        let (part, other) = (whole.child(), whole.child());
        part.request();
        assert_eq!((part.requests(), other.requests(), whole.requests()), (1, 0, 0));
        whole.request();
        assert_eq!((part.requests(), other.requests(), whole.child().requests()), (2, 1, 1));
        assert!(other.flag().load(Ordering::SeqCst) && whole.child().is_requested());
    }
}
