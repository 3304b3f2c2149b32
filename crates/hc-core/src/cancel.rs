//! A request to stop, as everything that waits or runs programs hears it (PKR-10).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Asks running work to stop. Clones share one count: once is a request, twice is a demand.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    requests: AtomicU32,
    asked: Arc<AtomicBool>,
}

impl Cancel {
    /// No request yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks; the second time kills.
    pub fn request(&self) {
        self.0.requests.fetch_add(1, Ordering::SeqCst);
        self.0.asked.store(true, Ordering::SeqCst);
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
}
