//! How long things are kept: retention classes (SEC-2, PKR-11).

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

/// How long something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Retention {
    /// Kept until somebody says otherwise: audit logs, trusted manifests.
    Evidence,
    /// Kept for the days of the policy: run logs, bundles.
    Standard,
    /// Kept for a short time: work directories, caches of attempts.
    Ephemeral,
}

/// Days per class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Days of class `standard`; 0: for ever.
    pub standard_days: u32,
    /// Days of class `ephemeral`; 0: for ever.
    pub ephemeral_days: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self { standard_days: 30, ephemeral_days: 3 }
    }
}

impl Retention {
    /// When something of this class that was made at `from` expires; `None`: never.
    pub fn expiry(self, from: OffsetDateTime, policy: &Policy) -> Option<OffsetDateTime> {
        let days = match self {
            Self::Evidence => 0,
            Self::Standard => policy.standard_days,
            Self::Ephemeral => policy.ephemeral_days,
        };
        (days > 0).then(|| from.saturating_add(Duration::days(i64::from(days))))
    }

    /// Whether it has expired by `now`.
    pub fn is_expired(self, from: OffsetDateTime, policy: &Policy, now: OffsetDateTime) -> bool {
        self.expiry(from, policy).is_some_and(|expiry| expiry <= now)
    }
}

/// When something that is kept for `keep_days` and was made at `from` may go; `None`: never, which is what 0 days mean.
pub fn expiry(from: OffsetDateTime, keep_days: u32) -> Option<OffsetDateTime> {
    Retention::Standard.expiry(from, &Policy { standard_days: keep_days, ..Policy::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_never_expires() {
        let (from, policy) = (OffsetDateTime::UNIX_EPOCH, Policy::default());
        assert_eq!(Retention::Evidence.expiry(from, &policy), None);
        assert_eq!(Retention::Standard.expiry(from, &policy), Some(from + Duration::days(30)));
        assert!(Retention::Ephemeral.is_expired(from, &policy, from + Duration::days(3)));
        assert!(!Retention::Standard.is_expired(
            from,
            &Policy { standard_days: 0, ..policy },
            from + Duration::days(9999)
        ));
    }
}
