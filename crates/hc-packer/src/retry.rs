//! How often and after which pauses a transient failure is tried again.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// First pause before a retry.
const FIRST: Duration = Duration::from_secs(2);
/// Longest pause before a retry.
const LONGEST: Duration = Duration::from_secs(300);

/// Which failures are tried again, how often, and what happens in between.
///
/// ```
/// use std::time::Duration;
/// use hc_packer::Retry;
///
/// let retry = Retry::transient(2).pauses(Duration::from_secs(5), Duration::from_secs(60)).before("bin/unlock", ["vcenter"]);
/// # drop(retry);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Retry {
    pub(crate) times: u32,
    first: Duration,
    longest: Duration,
    seed: u64,
    pub(crate) before: Option<(PathBuf, Vec<OsString>)>,
}

impl Default for Retry {
    fn default() -> Self {
        Self::never()
    }
}

impl Retry {
    /// One attempt only.
    pub fn never() -> Self {
        Self::transient(0)
    }

    /// Up to `times` further attempts after failures that can pass by themselves
    /// ([`Class::is_retryable`](crate::classify::Class::is_retryable)), with the sources only that failed.
    pub fn transient(times: u32) -> Self {
        Self { times, first: FIRST, longest: LONGEST, seed: 0, before: None }
    }

    /// The first pause, which doubles with every further one, and the longest: two seconds and five minutes when none are
    /// given. A pause is between half of that and the whole.
    pub fn pauses(mut self, first: Duration, longest: Duration) -> Self {
        (self.first, self.longest) = (first, longest);
        self
    }

    /// Chance, which decides where between half and whole a pause ends: parallel builds must not come back in step.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// A program that runs before every further attempt, in packer's working directory and with the caller's whole
    /// environment; its failure ends the retries.
    pub fn before(
        mut self,
        program: impl Into<PathBuf>,
        args: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Self {
        self.before = Some((program.into(), args.into_iter().map(Into::into).collect()));
        self
    }

    /// The pause after an attempt, counted from 1.
    pub(crate) fn pause(&self, attempt: u32) -> Duration {
        let doubled = self.first.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(self.longest);
        let span = u64::try_from(doubled.as_millis() / 2).unwrap_or(u64::MAX).max(1);
        doubled / 2 + Duration::from_millis(self.seed.rotate_left(attempt) % span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_differ_by_chance() {
        let pauses =
            |retry: Retry| (1..=4).map(|attempt| retry.pause(attempt).as_millis()).collect::<Vec<_>>();
        let retry = Retry::transient(4).pauses(Duration::from_secs(2), Duration::from_secs(8));
        assert_eq!(pauses(retry.clone()), [1_000, 2_000, 4_000, 4_000]);
        let other = pauses(retry.seed(u64::MAX / 3));
        assert!(
            other
                .iter()
                .zip([2_000, 4_000, 8_000, 8_000])
                .all(|(pause, most)| *pause <= most && *pause > most / 2)
        );
    }
}
