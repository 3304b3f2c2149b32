//! Force pins and their log (SRC-5).

use std::time::Duration;

use hc_sources::pins::{self, PinRequest};
use hc_sources::{Sha, SourceError, SourceSpec, Sources};
use hc_state::audit::AuditEntry;
use hc_state::{AuditAction, AuditEvent};

use super::options::SourceOptions;
use crate::error::Result;
use crate::outcome::sources::{PinEntry, PinLog, Pinned};
use crate::project::Project;
use crate::project::sources::{find, specs};
use crate::project::store::{self, PATIENCE};

/// Names of the facts of a force pin in the audit log, as they are written and read back.
mod facts {
    pub(super) const SHA: &str = "sha";
    pub(super) const URL: &str = "url";
    pub(super) const REF: &str = "ref";
    pub(super) const REASON: &str = "reason";
    pub(super) const APPROVED_BY: &str = "approved_by";
    pub(super) const LASTS_DAYS: &str = "lasts_days";
}

/// Who answers for a pin, and how long.
#[derive(Debug, Clone)]
pub struct PinOptions {
    /// Why.
    pub reason: String,
    /// Who approved it.
    pub approved_by: String,
    /// How long it holds.
    pub lasts: Duration,
}

/// Pins a source to a commit against its ref. Written to the audit log before it takes effect: a pin without its entry
/// must not exist, an entry whose pin was not written any more does no harm.
///
/// # Errors
/// `SourcePinInvalid` when too little is said.
pub fn pin(project: &Project, name: &str, sha: &str, options: &PinOptions) -> Result<Pinned> {
    let specs = specs(&project.settings)?;
    let spec = find(&specs, name)?;
    let sha: Sha = sha.parse().map_err(|_| SourceError::PinInvalid {
        name: name.to_owned(),
        reason: "a pin is a full commit id, 40 hex digits",
    })?;
    let store = store::open(project)?;
    let request = PinRequest {
        sha,
        reason: options.reason.clone(),
        approved_by: options.approved_by.clone(),
        pinned_by: store.options().operator.clone(),
        lasts: time::Duration::try_from(options.lasts).unwrap_or(time::Duration::MAX),
    };
    pins::check(spec, &request)?;
    let sync = SourceOptions::default().of(project)?;
    let (pin, former) = store.with_exclusive_within(&project.run_id, PATIENCE, |locked| -> Result<_> {
        locked.audit(event(spec, &request))?;
        Ok(pins::pin(&Sources::of(&project.root), spec, &request, &sync)?)
    })?;
    let expires = pin.force.as_ref().map_or_else(|| project.now(), |force| force.expires);
    Ok(Pinned { pin, former, approved_by: request.approved_by, expires })
}

fn event(spec: &SourceSpec, request: &PinRequest) -> AuditEvent {
    AuditEvent::new(AuditAction::ForcePin, &spec.name)
        .detail(facts::SHA, &request.sha)
        .detail(facts::URL, &spec.origin)
        .detail(facts::REF, &spec.reference)
        .detail(facts::REASON, request.reason.trim())
        .detail(facts::APPROVED_BY, request.approved_by.trim())
        .detail(facts::LASTS_DAYS, request.lasts.whole_days())
}

/// Every force pin that was ever made, with what is wrong with the log.
///
/// # Errors
/// When the log cannot be read.
pub fn log(project: &Project) -> Result<PinLog> {
    let report = store::open(project)?.audit_log()?;
    let entries = report.entries.into_iter().filter(|entry| entry.action == AuditAction::ForcePin);
    Ok(PinLog { entries: entries.map(entry).collect(), problems: report.problems })
}

fn entry(entry: AuditEntry) -> PinEntry {
    let of = |name: &str| entry.details.get(name).cloned().unwrap_or_default();
    PinEntry {
        number: entry.number,
        at: entry.at,
        sha: of(facts::SHA),
        reason: of(facts::REASON),
        approved_by: of(facts::APPROVED_BY),
        days: of(facts::LASTS_DAYS).parse().unwrap_or(0),
        name: entry.subject,
        operator: entry.operator,
        run_id: entry.run_id,
    }
}
