//! Revocations only grow: what the audit log says of them holds, whatever state was restored or put back.

use hc_core::BuildId;

use crate::audit::{AuditAction, AuditEntry, AuditReport};
use crate::format::{Revocation, State};

/// Name of the fact that says who revoked a build.
const OPERATOR: &str = "operator";
/// Name of the fact that says why.
const REASON: &str = "reason";

/// Adds the revocations of the log to a state, and takes revoked builds out of its channels.
pub(crate) fn hold(state: &mut State, log: &AuditReport) {
    for (build, revocation) in log.entries.iter().filter_map(revocation) {
        state.revoked.entry(build).or_insert(revocation);
    }
    let revoked = &state.revoked;
    for targets in state.channels.values_mut() {
        targets.retain(|_, publication| !revoked.contains_key(&publication.build_id));
    }
}

fn revocation(entry: &AuditEntry) -> Option<(BuildId, Revocation)> {
    if entry.action != AuditAction::Revoke {
        return None;
    }
    let fact = |name: &str| entry.details.get(name).cloned();
    let revocation = Revocation {
        at: entry.at,
        operator: fact(OPERATOR).unwrap_or_else(|| entry.operator.clone()),
        reason: fact(REASON).unwrap_or_default(),
        run_id: entry.run_id.clone(),
    };
    Some((entry.subject.parse().ok()?, revocation))
}
