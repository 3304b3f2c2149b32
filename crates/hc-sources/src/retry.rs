//! Waiting before another attempt: exponential, with jitter, through seams that tests replace.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// How often and how patiently an attempt is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all, the first included; at least 1.
    pub attempts: u32,
    /// Pause after the first failure; it doubles with each further one.
    pub base: Duration,
    /// Longest pause.
    pub cap: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 4, base: Duration::from_secs(1), cap: Duration::from_secs(30) }
    }
}

impl RetryPolicy {
    /// Pause after failed attempt number `attempt` (from 1); `jitter` in 0..1 spreads it over its upper half, so
    /// that many clients of a recovering server do not come back at once.
    pub fn pause(&self, attempt: u32, jitter: f64) -> Duration {
        let doubled = self.base.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
        doubled.min(self.cap).mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
    }
}

/// Time and chance, as the retries need them.
pub trait Patience: Send + Sync {
    /// Waits; returns early when `stop` says so.
    fn wait(&self, pause: Duration, stop: &dyn Fn() -> bool);
    /// A number in 0..1.
    fn jitter(&self) -> f64;
}

/// The real clock, and jitter from the hasher's random keys.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealPatience;

impl Patience for RealPatience {
    fn wait(&self, pause: Duration, stop: &dyn Fn() -> bool) {
        let end = std::time::Instant::now() + pause;
        while !stop() {
            let left = end.saturating_duration_since(std::time::Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(Duration::from_millis(50)));
        }
    }

    fn jitter(&self) -> f64 {
        let bits = RandomState::new().build_hasher().finish() >> 11;
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
        let fraction = bits as f64 / (1_u64 << 53) as f64;
        fraction
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pauses_grow_and_stay_below_the_cap(attempt in 1_u32..200, jitter in 0.0..1.0_f64) {
            let policy = RetryPolicy { attempts: 9, base: Duration::from_secs(1), cap: Duration::from_secs(30) };
            let pause = policy.pause(attempt, jitter);
            prop_assert!(pause <= policy.cap);
            prop_assert!(pause >= policy.base / 2);
            prop_assert!(policy.pause(attempt, 0.0) <= policy.pause(attempt + 1, 0.0));
        }
    }

    #[test]
    fn jitter_is_a_fraction() {
        for _ in 0..100 {
            let jitter = RealPatience.jitter();
            assert!((0.0..1.0).contains(&jitter));
        }
    }
}
