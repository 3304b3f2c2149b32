//! What is to be downloaded, and with how much patience.

use std::time::Duration;

use hc_core::Cancel;

use super::checksum::Checksum;
use super::error::IsoError;
use super::proxy::Proxy;

/// A download that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// `https://`, `http://`, `file://`, or an absolute path.
    pub url: String,
    /// What its bytes must be.
    pub checksum: Checksum,
}

/// How long and how often to try, which way, and who may end it.
#[derive(Debug, Clone)]
#[must_use]
pub struct Patience {
    pub(super) attempts: u32,
    pub(super) pause: Duration,
    pub(super) silence: Duration,
    pub(super) lock: Duration,
    pub(super) cancel: Cancel,
    pub(super) proxy: Option<Proxy>,
}

impl Default for Patience {
    /// Four attempts, a second of pause, a minute of silence, four hours for another process's download, no proxy.
    fn default() -> Self {
        Self {
            attempts: 4,
            pause: Duration::from_secs(1),
            silence: Duration::from_secs(60),
            lock: Duration::from_secs(4 * 3600),
            cancel: Cancel::new(),
            proxy: None,
        }
    }
}

impl Patience {
    /// Attempts before giving up; each that brings bytes counts anew.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// First pause between attempts; doubles.
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Longest silence of the other side.
    pub fn silence(mut self, silence: Duration) -> Self {
        self.silence = silence;
        self
    }

    /// How long to wait for another process's download of the same file.
    pub fn lock(mut self, lock: Duration) -> Self {
        self.lock = lock;
        self
    }

    /// Ends it early; what has arrived is kept.
    pub fn cancel(mut self, cancel: &Cancel) -> Self {
        self.cancel = cancel.clone();
        self
    }

    /// The way out; nothing but this decides about proxies.
    pub fn proxy(mut self, proxy: Option<Proxy>) -> Self {
        self.proxy = proxy;
        self
    }

    pub(super) fn stopped(&self, url: &str) -> Result<(), IsoError> {
        if self.cancel.is_requested() { Err(IsoError::Cancelled { url: url.to_owned() }) } else { Ok(()) }
    }
}
