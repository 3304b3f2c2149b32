//! The records of what was built: listed, verified, compared, revoked.

use std::collections::{BTreeMap, BTreeSet};

use hc_config::Diagnostic;
use hc_core::{BuildId, Digest, Selector};
use hc_packer::images::query::Seen;
use hc_records::{ArtifactFile, ArtifactRecord, InputManifest, RecordedImage, artifact, kept, layout};
use hc_state::{AuditAction, AuditEvent, Revocation, State};

use crate::error::{EngineError, Result};
use crate::gate;
use crate::inputs;
use crate::outcome::artifacts::{
    ArtifactDiffReport, ArtifactReport, ArtifactsReport, FileStatus, ImageStatus, RevokedReport,
    VerifiedFile, VerifiedImage, VerifyReport,
};
use crate::plan::{self, lineage};
use crate::project::{Project, store};
use crate::record::platforms::Platforms;

/// Longest reason of a revocation, in bytes.
const LONGEST_REASON: usize = 500;

/// Records of selected builders, newest first.
///
/// # Errors
/// `RecordDamaged`; when `artifacts/` cannot be read.
pub fn list(project: &Project, selector: &Selector) -> Result<ArtifactsReport> {
    Ok(ArtifactsReport { artifacts: lineage::records(project, selector)? })
}

/// One record, by build id or by builder id.
///
/// # Errors
/// `ArtifactNotFound`.
pub fn show(project: &Project, name: &str) -> Result<ArtifactReport> {
    Ok(ArtifactReport { artifact: record(project, name)?, lineage: Vec::new() })
}

/// One record, with the chain of images that it was made from.
///
/// # Errors
/// As [`show`].
pub fn show_with_lineage(project: &Project, name: &str) -> Result<ArtifactReport> {
    let artifact = record(project, name)?;
    Ok(ArtifactReport { lineage: lineage::ancestors(project, &artifact)?, artifact })
}

fn record(project: &Project, name: &str) -> Result<ArtifactRecord> {
    // One that is named as a whole is not kept back by another one that is damaged.
    if let Some(record) = name.parse().ok().map(|build| lineage::read(project, &build)).transpose()?.flatten()
    {
        return Ok(record);
    }
    let records = lineage::records(project, &Selector::all())?;
    Ok(lineage::named(&records, name)?.clone())
}

/// The build that a name stands for, whatever became of its record: a build that state or `artifacts/` know can be revoked.
fn build_named(project: &Project, name: &str) -> Result<BuildId> {
    let Ok(build) = name.parse::<BuildId>() else { return Ok(record(project, name)?.build_id) };
    let state = store::read(project)?;
    let known = |state: &State| state.seals().any(|(sealed, _, _)| *sealed == build);
    if state.as_ref().is_some_and(known) || artifact::recorded(&project.root)?.contains(&build) {
        return Ok(build);
    }
    Ok(record(project, name)?.build_id)
}

/// Revokes a build, with a reason that stays in the state and in the audit log.
///
/// # Errors
/// `ArtifactNotFound`, `BadReason`, and when the state cannot be written.
pub fn revoke(project: &Project, build: &str, reason: &str) -> Result<RevokedReport> {
    let build = build_named(project, build)?;
    if reason.trim().is_empty() || reason.chars().any(char::is_control) || reason.len() > LONGEST_REASON {
        return Err(EngineError::BadReason);
    }
    let store = store::open(project)?;
    let operator = store.options().operator.clone();
    let channels = store.with_exclusive(&project.run_id, |locked| -> Result<Vec<String>> {
        let event = AuditEvent::new(AuditAction::Revoke, build.as_str())
            .detail("operator", &operator)
            .detail("reason", reason);
        locked.audit(event)?;
        let state = locked.state_mut();
        let revocation = Revocation {
            at: project.now(),
            operator: operator.clone(),
            reason: reason.to_owned(),
            run_id: project.run_id.clone(),
        };
        state.revoked.insert(build.clone(), revocation);
        let mut left = Vec::new();
        for (channel, targets) in &mut state.channels {
            targets.retain(|_, publication| {
                let keep = publication.build_id != build;
                if !keep {
                    left.push(channel.clone());
                }
                keep
            });
        }
        Ok(left)
    })?;
    Ok(RevokedReport { build_id: build.to_string(), reason: reason.to_owned(), channels })
}

/// Reads every image file again, asks platforms for their images, and compares the records that the state sealed. With
/// `strict`, an image that nobody could be asked about is an error.
///
/// # Errors
/// When state or `artifacts/` cannot be read.
pub fn verify(
    project: &Project,
    selector: &Selector,
    strict: bool,
) -> Result<(VerifyReport, Vec<Diagnostic>)> {
    let (mut files, mut images) = (Vec::new(), Vec::new());
    let mut platforms = Platforms::new(project);
    let state = store::read(project)?;
    let seals: BTreeMap<_, _> =
        state.iter().flat_map(State::seals).map(|(build, _, seal)| (build.clone(), seal)).collect();
    for record in lineage::records(project, selector)? {
        let seal = seals.get(&record.build_id);
        let changed = seal.filter(|seal| lineage::sealed(project, &record.build_id, Some(**seal)).is_err());
        files.extend(changed.map(|_| VerifiedFile {
            build_id: record.build_id.to_string(),
            path: layout::artifact_record(&record.build_id),
            status: FileStatus::Changed,
        }));
        files.extend(record.files.iter().map(|file| VerifiedFile {
            build_id: record.build_id.to_string(),
            path: file.path.clone(),
            status: status(project, file),
        }));
        let build_id = record.build_id.as_str();
        images.extend(platforms.look(&record)?.into_iter().map(|one| verified(build_id, one)));
    }
    let unknown = images.iter().filter(|image| image.status == ImageStatus::Unverified).count();
    let warning = (unknown > 0).then(|| not_verified(unknown, &images));
    Ok((VerifyReport { files, images, strict }, warning.into_iter().collect()))
}

fn verified(build_id: &str, (image, seen): (RecordedImage, Seen)) -> VerifiedImage {
    let (status, reason) = match seen {
        Seen::Present => (ImageStatus::Present, None),
        Seen::Changed(why) => (ImageStatus::Changed, Some(why)),
        Seen::Gone => (ImageStatus::Gone, None),
        Seen::Unverified(why) => (ImageStatus::Unverified, Some(why)),
    };
    VerifiedImage {
        build_id: build_id.to_owned(),
        provider: image.provider,
        kind: image.kind,
        id: image.id,
        region: image.region,
        status,
        reason,
    }
}

/// One warning for all images that nobody could be asked about, with the reasons, each once.
fn not_verified(count: usize, images: &[VerifiedImage]) -> Diagnostic {
    let unknown = images.iter().filter(|image| image.status == ImageStatus::Unverified);
    let reasons: BTreeSet<&str> = unknown.filter_map(|image| image.reason.as_deref()).collect();
    let reasons = reasons.into_iter().collect::<Vec<_>>().join("; ");
    let noun = if count == 1 { "1 image was" } else { &format!("{count} images were") };
    Diagnostic::warning("ImageUnverified", format!("{noun} not verified: {reasons}"))
}

fn status(project: &Project, file: &ArtifactFile) -> FileStatus {
    match Digest::of_file(&project.at(&file.path)) {
        Ok((digest, _)) if Some(digest) == file.blake3 => FileStatus::Intact,
        Ok(_) => FileStatus::Changed,
        Err(_) => FileStatus::Gone,
    }
}

/// Which inputs differ between two builds, down to lines where the old texts were kept.
///
/// # Errors
/// `ArtifactNotFound`.
pub fn diff(project: &Project, left: &str, right: &str) -> Result<ArtifactDiffReport> {
    let (before, left_commit) = inputs_of(project, left)?;
    let (after, right_commit) = inputs_of(project, right)?;
    let drift = inputs::compare(project, &before, &after);
    let commits = (left_commit.as_deref(), right_commit.as_deref());
    Ok(ArtifactDiffReport {
        left: left.to_owned(),
        right: right.to_owned(),
        changes: gate::changes_between(project, &drift, commits),
    })
}

/// The inputs of a build, and the commit that was checked out for it.
fn inputs_of(project: &Project, name: &str) -> Result<(InputManifest, Option<String>)> {
    let record = record(project, name)?;
    let inputs = match kept::inputs(&project.root, &record.build_id) {
        None => plan::last_inputs(project, &record.target())?
            .filter(|inputs| inputs.combined == record.provenance.inputs),
        kept => kept,
    };
    let inputs = inputs.ok_or_else(|| EngineError::InputsNotKept { name: name.to_owned() })?;
    Ok((inputs, record.provenance.git_sha))
}
