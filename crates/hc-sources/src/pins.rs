//! Force pins: a commit that somebody answers for, with a reason, an approver and a last day (SRC-5).

use time::{Duration, OffsetDateTime};

use crate::error::SourceError;
use crate::lock_file::{ForcePin, LockFile, LockedSource, PinKind};
use crate::place::Sources;
use crate::sha::Sha;
use crate::spec::SourceSpec;
use crate::sync::SyncOptions;

/// Longest life of a force pin.
pub const LONGEST: Duration = Duration::days(366);
/// Shortest reason that is one.
const REASON: usize = 8;

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinRequest {
    /// The commit.
    pub sha: Sha,
    /// Why.
    pub reason: String,
    /// Who approved it; not the one who does it.
    pub approved_by: String,
    /// Who does it.
    pub pinned_by: String,
    /// How long it holds.
    pub lasts: Duration,
}

/// Writes a force pin into sources.lock; the next sync brings the tree there. The former pin comes back.
///
/// # Errors
/// [`SourceError::PinInvalid`], and what reading and writing the lock gives.
pub fn pin(
    sources: &Sources,
    spec: &SourceSpec,
    request: &PinRequest,
    options: &SyncOptions,
) -> Result<(LockedSource, Option<LockedSource>), SourceError> {
    check(spec, request)?;
    sources.with_exclusive(options, || {
        let mut lock = LockFile::load(sources.lock_file())?;
        let former = lock.sources.get(&spec.name).cloned();
        let kind = lock.pin(spec).map_or(PinKind::Commit, |pin| pin.kind);
        let pinned = LockedSource {
            name: spec.name.clone(),
            url: spec.origin.clone(),
            reference: spec.reference.clone(),
            kind,
            sha: request.sha.clone(),
            force: Some(ForcePin {
                reason: request.reason.trim().to_owned(),
                approved_by: request.approved_by.trim().to_owned(),
                pinned_by: request.pinned_by.clone(),
                pinned_at: whole_second(options.now),
                expires: whole_second(options.now + request.lasts),
            }),
        };
        lock.sources.insert(spec.name.clone(), pinned.clone());
        lock.save(sources.lock_file())?;
        Ok((pinned, former))
    })
}

fn whole_second(time: OffsetDateTime) -> OffsetDateTime {
    time.replace_nanosecond(0).unwrap_or(time)
}

/// Whether enough is said.
///
/// # Errors
/// [`SourceError::PinInvalid`].
pub fn check(spec: &SourceSpec, request: &PinRequest) -> Result<(), SourceError> {
    let invalid = |reason| Err(SourceError::PinInvalid { name: spec.name.clone(), reason });
    let approver = request.approved_by.trim();
    let printable = |text: &str| !text.chars().any(char::is_control);
    if request.reason.trim().chars().count() < REASON {
        invalid("the reason says too little")
    } else if approver.is_empty() {
        invalid("it has no approver")
    } else if approver == request.pinned_by {
        invalid("nobody approves their own pin")
    } else if !printable(&request.reason) || !printable(approver) {
        invalid("reason and approver are one line of text")
    } else if request.lasts <= Duration::ZERO {
        invalid("it would expire before it begins")
    } else if request.lasts > LONGEST {
        invalid("it would hold for more than a year")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_says_why_who_and_how_long() {
        let spec = SourceSpec::new("x", "https://h/a", "main", &std::collections::BTreeMap::new()).unwrap();
        let good = PinRequest {
            sha: "1".repeat(40).parse().unwrap(),
            reason: "hotfix of the driver".into(),
            approved_by: "boss".into(),
            pinned_by: "me".into(),
            lasts: Duration::days(30),
        };
        assert!(check(&spec, &good).is_ok());
        let spoil = |change: &dyn Fn(&mut PinRequest)| {
            let mut request = good.clone();
            change(&mut request);
            assert_eq!(check(&spec, &request).unwrap_err().code(), "SourcePinInvalid");
        };
        spoil(&|request| request.reason = "   x   ".into());
        spoil(&|request| request.approved_by = " ".into());
        spoil(&|request| request.approved_by = "me".into());
        spoil(&|request| request.approved_by = "a\nb".into());
        spoil(&|request| request.lasts = Duration::ZERO);
        spoil(&|request| request.lasts = Duration::days(400));
    }
}
