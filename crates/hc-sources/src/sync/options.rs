//! How and what to sync.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hc_core::lock::Holder;
use time::OffsetDateTime;

use crate::git::GitOptions;
use crate::journal::Journal;
use crate::retry::{Patience, RetryPolicy};

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

impl SyncOptions {
    /// The journal's entry of a sync that does `request`.
    pub(crate) fn entry(&self, request: &SyncRequest) -> Journal {
        Journal::new(self.now, &self.me.command, request.update, request.only.clone())
    }
}
