//! `hybrid artifacts …`: the records of what was built.

use hc_core::{BuildId, BuilderId, Digest, Selector, Target};
use hc_records::ArtifactRecord;
use hc_records::{InputManifest, drift};
use hc_state::{AuditAction, AuditEvent, Revocation, State};

use super::{record, state, trust};
use crate::command_error::{CommandError, Result};
use crate::report::artifacts::{
    ArtifactDiffReport, ArtifactReport, ArtifactsReport, RevokedReport, VerifiedFile, VerifyReport,
};
use crate::session::Session;

/// Code of a record that cannot be read, or is another build's.
pub const DAMAGED: &str = "RecordDamaged";

/// Longest chain of images that is followed; records that name each other in a circle end there.
const MAX_DEPTH: usize = 64;

/// Records that the selector names, newest first. Files with other names than records have are not ours to judge.
///
/// # Errors
/// `RecordDamaged`; when `artifacts/` cannot be read.
pub fn list(session: &Session, targets: &str) -> Result<ArtifactsReport> {
    let selector = Selector::parse(targets)?;
    let mut artifacts: Vec<ArtifactRecord> = Vec::new();
    for id in hc_records::artifact::recorded(&session.root)? {
        if may_be_of(&id, &selector) {
            artifacts.extend(read(session, &id)?);
        }
    }
    artifacts.retain(|artifact| selector.matches(&artifact.builder));
    artifacts.sort_by(|a, b| {
        b.provenance.run_id.cmp(&a.provenance.run_id).then_with(|| a.builder.cmp(&b.builder))
    });
    Ok(ArtifactsReport { artifacts })
}

/// Whether a build can be one of a selected builder: an environment follows the builder's id behind a hyphen, and both
/// may have more of them.
fn may_be_of(id: &BuildId, selector: &Selector) -> bool {
    let text = id.as_str();
    let selected = |(at, _)| text[..at].parse::<BuilderId>().is_ok_and(|builder| selector.matches(&builder));
    text.match_indices('-').any(selected)
}

/// The record of a build; `None` when there is none.
///
/// # Errors
/// `RecordDamaged`.
pub fn read(session: &Session, build_id: &BuildId) -> Result<Option<ArtifactRecord>> {
    Ok(ArtifactRecord::read(&session.root, build_id)?)
}

/// Takes a build back, with a reason that stays in the state and in the audit log.
///
/// # Errors
/// `ArtifactNotFound`, `BadReason`, and when the state cannot be written.
pub fn revoke(session: &Session, build: &str, reason: &str) -> Result<RevokedReport> {
    let record = show(session, build)?.artifact;
    if reason.trim().is_empty() || reason.chars().any(char::is_control) || reason.len() > 500 {
        return Err(CommandError::new("BadReason", "a reason is one line of 1 to 500 characters")
            .hint("say what is wrong with the image: --reason \"CVE-2026-1234 in openssl\""));
    }
    let store = state::open(session)?;
    let operator = store.options().operator.clone();
    let channels = store.with_exclusive(&session.run_id, |locked| -> Result<Vec<String>> {
        let event = AuditEvent::new(AuditAction::Revoke, record.build_id.as_str())
            .detail("operator", &operator)
            .detail("reason", reason);
        let head = locked.audit(event)?;
        let state = locked.state_mut();
        state.audit = Some(head);
        let revocation = Revocation {
            at: session.now(),
            operator: operator.clone(),
            reason: reason.to_owned(),
            run_id: session.run_id.clone(),
        };
        state.revoked.insert(record.build_id.clone(), revocation);
        let mut left = Vec::new();
        for (channel, targets) in &mut state.channels {
            targets.retain(|_, publication| {
                let keep = publication.build_id != record.build_id;
                if !keep {
                    left.push(channel.clone());
                }
                keep
            });
        }
        Ok(left)
    })?;
    Ok(RevokedReport { build_id: record.build_id.to_string(), reason: reason.to_owned(), channels })
}

/// Why a build must not be used: it, or a build that it was made from, was taken back.
///
/// # Errors
/// When a record cannot be read.
pub fn revoked(session: &Session, state: &State, record: &ArtifactRecord) -> Result<Option<String>> {
    let mut build = Some(record.build_id.clone());
    for _ in 0..MAX_DEPTH {
        let Some(id) = build else { break };
        if let Some(revocation) = state.revoked.get(&id) {
            let whose = if id == record.build_id { String::new() } else { format!("its ancestor {id} ") };
            return Ok(Some(format!("{whose}was revoked by {}: {}", revocation.operator, revocation.reason)));
        }
        build = read(session, &id)?.and_then(|record| record.provenance.parent).map(|parent| parent.build_id);
    }
    Ok(None)
}

/// The newest record of a target.
///
/// # Errors
/// When `artifacts/` cannot be read.
pub fn newest(session: &Session, target: &Target) -> Result<Option<ArtifactRecord>> {
    let all = list(session, &target.builder.to_string())?.artifacts;
    Ok(all.into_iter().find(|record| record.builder == target.builder && record.env == target.env))
}

/// One record, by build id or by builder id.
///
/// # Errors
/// `ArtifactNotFound` with a suggestion.
pub fn show(session: &Session, name: &str) -> Result<ArtifactReport> {
    let all = list(session, "")?.artifacts;
    Ok(ArtifactReport { artifact: named(&all, name)?.clone(), lineage: Vec::new() })
}

/// The record that a build id names, or the newest one of a builder id; `all` are newest first.
///
/// # Errors
/// `ArtifactNotFound` with a suggestion.
pub fn named<'a>(all: &'a [ArtifactRecord], name: &str) -> Result<&'a ArtifactRecord> {
    let matches = |artifact: &&ArtifactRecord| {
        artifact.build_id.as_str() == name || artifact.builder.to_string() == name
    };
    if let Some(artifact) = all.iter().find(matches) {
        return Ok(artifact);
    }
    let names: Vec<&str> = all.iter().map(|artifact| artifact.build_id.as_str()).collect();
    let hint = match hc_config::suggest::nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`hybrid artifacts list` shows the builds there are".into(),
    };
    Err(CommandError::new("ArtifactNotFound", format!("no build is called `{name}`")).hint(hint))
}

/// One record, with the chain of images that it was made from.
///
/// # Errors
/// As [`show`].
pub fn show_with(session: &Session, name: &str, lineage: bool) -> Result<ArtifactReport> {
    let mut report = show(session, name)?;
    if lineage {
        let mut next = report.artifact.provenance.parent.clone();
        // Records that name each other in a circle end here.
        while let Some(parent) = next.filter(|_| report.lineage.len() < MAX_DEPTH) {
            next = read(session, &parent.build_id)?.and_then(|record| record.provenance.parent);
            report.lineage.push(parent);
        }
    }
    Ok(report)
}

/// Reads every image file again.
///
/// # Errors
/// When `artifacts/` cannot be read.
pub fn verify(session: &Session, targets: &str) -> Result<VerifyReport> {
    let mut files = Vec::new();
    for artifact in list(session, targets)?.artifacts {
        for file in &artifact.files {
            let status = match Digest::of_file(&session.root.join(&file.path)) {
                Ok((digest, _)) if Some(digest) == file.blake3 => "intact",
                Ok(_) => "changed",
                Err(_) => "gone",
            };
            files.push(VerifiedFile {
                build_id: artifact.build_id.to_string(),
                path: file.path.clone(),
                status: status.into(),
            });
        }
    }
    Ok(VerifyReport { files })
}

/// Which inputs differ between two builds, down to lines where the old texts were kept.
///
/// # Errors
/// `ArtifactNotFound`.
pub fn diff(session: &Session, left: &str, right: &str) -> Result<ArtifactDiffReport> {
    let before = inputs_of(session, left)?;
    let after = inputs_of(session, right)?;
    let drift = drift::compare(&before, &after);
    Ok(ArtifactDiffReport {
        left: left.to_owned(),
        right: right.to_owned(),
        changes: trust::changes_between(session, &drift),
    })
}

fn inputs_of(session: &Session, name: &str) -> Result<InputManifest> {
    let artifact = show(session, name)?.artifact;
    if let Some(manifest) = hc_records::kept::inputs(&session.root, &artifact.build_id) {
        return Ok(manifest);
    }
    let target = hc_core::Target { builder: artifact.builder.clone(), env: artifact.env.clone() };
    match record::last_inputs(session, &target)?
        .filter(|inputs| inputs.combined == artifact.provenance.inputs)
    {
        Some(manifest) => Ok(manifest),
        None => Err(CommandError::new(
            "ArtifactNotFound",
            format!("the inputs of {name} were not kept on this machine"),
        )
        .hint("they are kept from the first build on this machine on")),
    }
}
