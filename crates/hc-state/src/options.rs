//! What a store needs to know from its caller.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hc_core::Cancel;
use hc_core::lock::Holder;
use time::OffsetDateTime;

/// How many backups are kept unless the caller says otherwise.
pub const DEFAULT_BACKUPS: usize = 20;

/// Called before a wait for a lock and once in a while during it, with the holder where it is known.
pub type Waiting = Arc<dyn Fn(Option<&Holder>) + Send + Sync>;

/// Who opens the store, and how it behaves. Values, because a library reads no environment.
#[derive(Clone)]
pub struct StoreOptions {
    /// How long a second writer waits for the state lock; zero means not at all (STATE-2).
    pub lock_timeout: Duration,
    /// Called before such a wait, and once in a while during it.
    pub waiting: Option<Waiting>,
    /// Its next request to stop ends such a wait.
    pub cancel: Cancel,
    /// What this process runs, for those who find the lock held: `hybrid build --env dev`. No secrets.
    pub command: String,
    /// Name of this host.
    pub host: String,
    /// Id of this process.
    pub pid: u32,
    /// Who runs it, for the audit log.
    pub operator: String,
    /// Goes on where the file system has no locks, instead of refusing.
    pub unsafe_no_lock: bool,
    /// Program and version, for a state that does not exist yet: `hybrid 0.1.0`.
    pub created_with: String,
    /// Randomness for the lineage of a state that does not exist yet.
    pub entropy: u64,
    /// How many backups are kept.
    pub backups: usize,
    /// The clock.
    pub now: fn() -> OffsetDateTime,
}

impl StoreOptions {
    /// Options of a process on a host; waits for no lock, keeps 20 backups, uses the system's clock.
    pub fn new(command: impl Into<String>, host: impl Into<String>, pid: u32, entropy: u64) -> Self {
        Self {
            lock_timeout: Duration::ZERO,
            waiting: None,
            cancel: Cancel::new(),
            command: command.into(),
            host: host.into(),
            pid,
            operator: String::new(),
            unsafe_no_lock: false,
            created_with: concat!("hybrid ", env!("CARGO_PKG_VERSION")).into(),
            entropy,
            backups: DEFAULT_BACKUPS,
            now: OffsetDateTime::now_utc,
        }
    }

    pub(crate) fn holder(&self) -> Holder {
        Holder { pid: self.pid, host: self.host.clone(), command: self.command.clone(), since: (self.now)() }
    }
}

impl fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreOptions")
            .field("command", &self.command)
            .field("lock_timeout", &self.lock_timeout)
            .field("backups", &self.backups)
            .finish_non_exhaustive()
    }
}
