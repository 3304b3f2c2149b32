//! Force pins and their log (SRC-5).

use std::time::Duration;

use hc_sources::pins::{self, PinRequest};
use hc_sources::{Sha, SourceError, Sources};
use hc_state::{AuditAction, AuditEvent};

use super::{SourceOptions, find, specs, state, sync_options};
use crate::command_error::{CommandError, Result};
use crate::report::sources::{LogDoc, LogEntryDoc, PinDoc};
use crate::session::Session;

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
pub fn pin(session: &Session, name: &str, sha: &str, options: &PinOptions) -> Result<PinDoc> {
    let specs = specs(&session.settings)?;
    let spec = find(&specs, name)?;
    let sha: Sha = sha.parse().map_err(|_| {
        CommandError::from(SourceError::PinInvalid {
            name: name.to_owned(),
            reason: "a pin is a full commit id, 40 hex digits",
        })
    })?;
    let store = state::open(session)?;
    let request = PinRequest {
        sha,
        reason: options.reason.clone(),
        approved_by: options.approved_by.clone(),
        pinned_by: store.options().operator.clone(),
        lasts: time::Duration::try_from(options.lasts).unwrap_or(time::Duration::MAX),
    };
    pins::check(spec, &request)?;
    let sync = sync_options(session, &SourceOptions::default());
    let patience = session.lock_timeout.max(super::super::record::PATIENCE);
    let (pinned, former) = store.with_exclusive_within(&session.run_id, patience, |locked| -> Result<_> {
        let event = AuditEvent::new(AuditAction::ForcePin, name)
            .detail("sha", &request.sha)
            .detail("url", &spec.origin)
            .detail("ref", &spec.reference)
            .detail("reason", request.reason.trim())
            .detail("approved_by", request.approved_by.trim())
            .detail("lasts_days", request.lasts.whole_days());
        locked.audit(event)?;
        Ok(pins::pin(&Sources::of(&session.root), spec, &request, &sync)?)
    })?;
    let expires = pinned.force.as_ref().map_or_else(|| session.now(), |force| force.expires);
    Ok(PinDoc {
        name: name.to_owned(),
        sha: pinned.sha.to_string(),
        former: former.map(|pin| pin.sha.to_string()),
        approved_by: request.approved_by,
        expires: stamp(expires),
    })
}

/// Every force pin that was ever made, with what is wrong with the log.
///
/// # Errors
/// When the log cannot be read.
pub fn log(session: &Session) -> Result<LogDoc> {
    let report = state::open(session)?.audit_log()?;
    let entries = report.entries.into_iter().filter(|entry| entry.action == AuditAction::ForcePin);
    let entries = entries.map(|entry| {
        let of = |name: &str| entry.details.get(name).cloned().unwrap_or_default();
        LogEntryDoc {
            number: entry.number,
            at: stamp(entry.at),
            name: entry.subject.clone(),
            sha: of("sha"),
            reason: of("reason"),
            approved_by: of("approved_by"),
            operator: entry.operator.clone(),
            days: of("lasts_days").parse().unwrap_or(0),
            run_id: entry.run_id.to_string(),
        }
    });
    Ok(LogDoc {
        entries: entries.collect(),
        problems: report.problems.iter().map(ToString::to_string).collect(),
    })
}

/// A time in whole seconds.
pub(super) fn stamp(at: time::OffsetDateTime) -> String {
    at.replace_nanosecond(0)
        .unwrap_or(at)
        .format(&time::format_description::well_known::Rfc3339)
        .unwrap_or_default()
}
