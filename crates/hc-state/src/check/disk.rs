//! Findings that only the disk knows: backups, leftovers, the audit log, sidecars, build locks.

use std::error::Error;

use hc_core::fs::file_names;
use hc_core::{Digest, Target};

use super::finding::{FindingCode, StateFinding};
use crate::audit::AuditProblem;
use crate::backup::Validity;
use crate::error::StateError;
use crate::format::State;
use crate::paths;
use crate::store::Store;

/// A state that cannot be used.
pub(super) fn unusable(error: &StateError) -> StateFinding {
    let mut message = format!("{error} ({})", error.code());
    let mut source = error.source();
    while let Some(cause) = source {
        message.push_str(": ");
        message.push_str(&cause.to_string());
        source = cause.source();
    }
    StateFinding::new(
        FindingCode::StateUnusable,
        "state",
        message,
        "fix what the message says, or restore a backup",
    )
}

/// Everything but the state itself.
pub(super) fn inspect(store: &Store) -> Vec<StateFinding> {
    let mut findings = Vec::new();
    for backup in store.backups().unwrap_or_default() {
        if let Validity::Bad { reason } = &backup.validity {
            let name = backup.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            findings.push(StateFinding::new(
                FindingCode::BadBackup,
                &name,
                format!("backup {name} cannot be restored: {reason}"),
                "check the device; remove the backup when its cause is known",
            ));
        }
    }
    match store.audit_log() {
        Ok(report) => findings.extend(report.problems.iter().map(audit_finding)),
        Err(error) => findings.push(StateFinding::new(
            FindingCode::AuditBroken,
            "state/audit.log",
            error.to_string(),
            "make the audit log readable, then check again",
        )),
    }
    for holder in store.build_holders().unwrap_or_default() {
        if holder.orphaned {
            let names: Vec<String> = holder.processes.iter().map(ToString::to_string).collect();
            findings.push(StateFinding::new(
                FindingCode::BuildOrphaned,
                &holder.target,
                format!("{} outlived its run and still builds {}", names.join(", "), holder.target),
                "wait for it, or end it; then look for what it left on the platform",
            ));
        }
    }
    let leftovers = file_names(&paths::state_dir(store.root())).unwrap_or_default();
    let leftovers = leftovers.iter().filter(|name| hc_core::fs::is_temporary(name)).count();
    if leftovers > 0 {
        findings.push(StateFinding::new(
            FindingCode::Leftovers,
            "state",
            format!("{leftovers} temporary directories of killed writers"),
            "nothing to do: the next write removes them",
        ));
    }
    findings
}

/// A line that is no entry is what a crash leaves; garbled by hand it would break the chain or the end as well.
fn audit_finding(problem: &AuditProblem) -> StateFinding {
    let (code, hint) = match problem {
        AuditProblem::NotAnEntry { .. } => {
            (FindingCode::AuditTorn, "nothing to do: the log goes on after the unfinished line")
        }
        _ => (FindingCode::AuditBroken, "find out who changed the log, and keep it as evidence"),
    };
    StateFinding::new(code, "state/audit.log", problem.to_string(), hint)
}

/// Trusted manifests that are not what the state remembers.
pub(super) fn sidecars(store: &Store, state: &State) -> Vec<StateFinding> {
    let recorded = state.builders.iter().filter_map(|(target, record)| {
        let digest = record.trusted.as_ref()?.manifest?;
        Some((target, digest))
    });
    recorded.filter_map(|(target, digest)| sidecar(store, target, digest)).collect()
}

fn sidecar(store: &Store, target: &Target, recorded: Digest) -> Option<StateFinding> {
    let hint = format!("run `hybrid validate --targets {} --env {}`", target.builder, target.env);
    let (code, message) = match store.trusted_manifest(target) {
        Ok(Some(bytes)) if Digest::of(&bytes) == recorded => return None,
        Ok(Some(_)) => (
            FindingCode::TrustedManifestChanged,
            format!("the trusted manifest of {target} is not what `validate` wrote"),
        ),
        Ok(None) => {
            (FindingCode::TrustedManifestMissing, format!("the trusted manifest of {target} is gone"))
        }
        Err(error) => (FindingCode::TrustedManifestChanged, error.to_string()),
    };
    Some(StateFinding::new(code, target, message, hint))
}

/// Targets that are being built right now.
pub(super) fn building(store: &Store) -> Vec<Target> {
    store.build_holders().unwrap_or_default().into_iter().map(|holder| holder.target).collect()
}
