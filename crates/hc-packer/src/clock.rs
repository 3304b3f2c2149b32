//! The time of day, for what results say about when. How long things take is measured by monotonic time instead.

use std::sync::Arc;
use std::time::SystemTime;

use time::OffsetDateTime;

/// Tells the time of day; the caller's, so that tests and records agree with everything else that it writes.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> OffsetDateTime + Send + Sync>);

impl Clock {
    /// A clock that asks `now`.
    pub fn new(now: impl Fn() -> OffsetDateTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The system's clock, in UTC: the default, and the only place of this crate that reads it.
    pub fn system() -> Self {
        Self::new(|| SystemTime::now().into())
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        (self.0)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}
