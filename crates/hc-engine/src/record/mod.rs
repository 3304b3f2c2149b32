//! What a build leaves behind: artifact record, hash manifest, log summary, state (PKR-6, PKR-7, PKR-11).

pub mod images;
pub mod journal;
pub mod platforms;
pub mod texts;

use std::collections::BTreeMap;
use std::path::Path;

use hc_core::{BuildId, Digest, Target};
use hc_packer::Built;
use hc_records::artifact::{self, ArtifactRecord};
use hc_records::retention::expiry;
use hc_records::{
    HashEntry, HashManifest, HashedInput, Input, InputKind, InputManifest, LogSummary, Observed, ParentImage,
    Provenance, RecordedImage, RetainedLog, SchemaTag, Trees, layout,
};
use hc_state::{ArtifactRef, BuildSummary, Locked, Store, Trust};
use time::OffsetDateTime;

use crate::error::{EngineError, Result};
use crate::plan::hash_manifest;
use crate::project::{Project, store::PATIENCE};

/// Retention class of a build's logs.
const STANDARD: &str = "standard";

/// What is known when a build has ended.
#[derive(Debug)]
pub struct Ended<'a> {
    /// Builder and environment.
    pub target: &'a Target,
    /// Id of the build.
    pub build_id: &'a BuildId,
    /// Inputs that were built.
    pub manifest: &'a InputManifest,
    /// What it was seen to use beyond its known inputs, where that is news (CLO-2).
    pub observed: Option<&'a Observed>,
    /// The trusted inputs, and what is left of them without those that turned out to be outputs: no change that anybody made.
    pub trusted: Option<&'a (Digest, InputManifest)>,
    /// What may have decided the image and is not among the inputs (CLO-5).
    pub unrecorded: Vec<String>,
    /// Inputs that another machine may count differently.
    pub not_portable: Vec<String>,
    /// What packer made of it.
    pub built: &'a Built,
    /// The images on platforms among that.
    pub images: Vec<RecordedImage>,
    /// Working directory of packer.
    pub cwd: &'a Path,
    /// Version of packer.
    pub packer_version: String,
    /// Duration in milliseconds.
    pub duration_ms: u64,
    /// Commit of the project.
    pub git_sha: Option<String>,
    /// Whether the working tree had changes.
    pub dirty: bool,
    /// The image that it started from.
    pub parent: Option<ParentImage>,
    /// Replacements in the raw log, by rule.
    pub scrubbed: BTreeMap<String, u64>,
}

fn of_kind(manifest: &InputManifest, kind: InputKind) -> impl Iterator<Item = &Input> {
    manifest.inputs.iter().filter(move |input| input.kind == kind)
}

/// Versions of the plugins among the inputs, by source address.
fn plugins(manifest: &InputManifest) -> BTreeMap<String, String> {
    let plugins = of_kind(manifest, InputKind::Plugin);
    let split =
        |input: &Input| input.name.split_once(' ').map(|(source, version)| (source.into(), version.into()));
    plugins.filter_map(split).collect()
}

/// Writes everything down, together: whenever this process is killed, all of it is there or nothing is. A failed build
/// changes only the state and the log summary.
///
/// # Errors
/// When it cannot be written; the image itself is where packer put it.
pub fn record(project: &Project, store: &Store, ended: &Ended<'_>) -> Result<Option<ArtifactRecord>> {
    names_hold_no_secret(project, ended)?;
    let result = &ended.built.result;
    let succeeded = result.exit_code == 0;
    let now = project.now();
    let mut artifact = if succeeded { Some(artifact_record(project, ended)?) } else { None };
    let names = artifact.as_ref().map(ArtifactRecord::names).unwrap_or_default();
    let expires_at = expiry(now, project.settings.logs.keep_days);
    let summary = log_summary(ended, names.clone(), expires_at);
    store.with_exclusive_within(&project.run_id, PATIENCE, |locked| -> Result<()> {
        let serial = locked.next_serial()?;
        let manifest = match &artifact {
            Some(_) => Some(update_hash_manifest(project, locked, ended, &names)?),
            None => None,
        };
        let seal = artifact.as_mut().map(|artifact| {
            artifact.provenance.serial = Some(serial);
            let text = artifact.to_json();
            let seal = Digest::of(text.as_bytes());
            locked.write_beside(layout::artifact_record(&artifact.build_id), text);
            seal
        });
        let earlier = earlier_logs(project, store, &summary)?;
        let summary = LogSummary { earlier, ..summary };
        locked.write_log_summary(&ended.target.builder, summary.to_json());
        if let Some(observed) = ended.observed {
            locked.write_observed(ended.target, observed.to_json());
        }
        if let Some((before, left)) = ended.trusted {
            trust_what_is_left(locked, ended.target, *before, left)?;
        }
        let record = locked.state_mut().builder_mut(ended.target);
        // A failed build says so, but what was built before it stays known by its records in artifacts/.
        record.last_build = Some(BuildSummary {
            artifacts: artifact.as_ref().map(references).unwrap_or_default(),
            at: now,
            build_id: ended.build_id.clone(),
            classification: result.classification.to_string(),
            dirty: ended.dirty,
            duration_ms: ended.duration_ms,
            exit_code: i32::from(result.exit_code),
            git_sha: ended.git_sha.clone(),
            inputs: ended.manifest.combined,
            manifest,
            record: seal,
            run_id: project.run_id.clone(),
            serial: Some(serial),
        });
        Ok(())
    })?;
    Ok(artifact)
}

fn log_summary(ended: &Ended<'_>, artifacts: Vec<String>, expires_at: Option<OffsetDateTime>) -> LogSummary {
    let result = &ended.built.result;
    LogSummary {
        schema: SchemaTag::v1("log-summary"),
        builder: ended.target.builder.clone(),
        env: ended.target.env.clone(),
        build_id: ended.build_id.clone(),
        artifacts,
        manifest_path: result.manifest_path.clone(),
        log_path: result.log_path.clone(),
        scrub_manifest: Some(ended.scrubbed.clone()),
        retention_class: STANDARD.into(),
        expires_at,
        earlier: Vec::new(),
    }
}

/// Trust in inputs stands when some of them turn out to be outputs: nobody changed anything.
fn trust_what_is_left(
    locked: &mut Locked<'_>,
    target: &Target,
    before: Digest,
    left: &InputManifest,
) -> Result<()> {
    let trusts = |trust: &Trust| trust.inputs == before;
    if !locked.state_mut().builder_mut(target).trusted.as_ref().is_some_and(trusts) {
        return Ok(());
    }
    let manifest = locked.write_trusted_manifest(target, left.to_json());
    if let Some(trust) = &mut locked.state_mut().builder_mut(target).trusted {
        (trust.inputs, trust.manifest) = (left.combined, Some(manifest));
    }
    Ok(())
}

/// What is recorded goes into state, records and tables, so a name must not be a secret.
fn names_hold_no_secret(project: &Project, ended: &Ended<'_>) -> Result<()> {
    let built = ended.built;
    let names =
        built.image_ids.iter().cloned().chain(built.files.iter().map(|file| file.display().to_string()));
    let names = names.chain(ended.images.iter().filter_map(|image| image.name.clone()));
    let Some(name) =
        names.map(|name| project.redactor.redact(&name).into_owned()).find(|name| name.contains("***"))
    else {
        return Ok(());
    };
    Err(EngineError::SecretInArtifact { name })
}

/// Logs of earlier builds of the builder that are still there. Where the summary before cannot be read, every log of
/// the builder begins its days anew.
fn earlier_logs(project: &Project, store: &Store, newest: &LogSummary) -> Result<Vec<RetainedLog>> {
    let before = match store.log_summary(&newest.builder)? {
        None => return Ok(Vec::new()),
        Some(bytes) => LogSummary::from_json(&bytes),
    };
    let mut logs = match before {
        Some(before) => before.logs(),
        None => {
            let head = format!("{}-", newest.builder);
            let dir = project.at(layout::PACKER_LOGS);
            let names = std::fs::read_dir(&dir).into_iter().flatten().flatten();
            names
                .map(|file| file.file_name().to_string_lossy().into_owned())
                .filter(|name| name.starts_with(&head))
                .map(|name| RetainedLog {
                    path: format!("{}/{name}", layout::PACKER_LOGS),
                    retention_class: STANDARD.into(),
                    expires_at: newest.expires_at,
                })
                .collect()
        }
    };
    logs.retain(|log| {
        newest.log_path.as_ref() != Some(&log.path) && project.root.join(&log.path).symlink_metadata().is_ok()
    });
    Ok(logs)
}

fn artifact_record(project: &Project, ended: &Ended<'_>) -> Result<ArtifactRecord> {
    let built = ended.built;
    let files = artifact::inspect(&built.files, ended.cwd, &project.root)?;
    Ok(ArtifactRecord {
        schema: SchemaTag::v1("artifact"),
        build_id: ended.build_id.clone(),
        builder: ended.target.builder.clone(),
        env: ended.target.env.clone(),
        platform: ended.target.builder.platform().to_owned(),
        region: images::only_region(&ended.images),
        image_ids: images::listed(&built.image_ids, &ended.images),
        images: ended.images.clone(),
        files,
        provenance: Provenance {
            run_id: project.run_id.clone(),
            git_sha: ended.git_sha.clone(),
            dirty: ended.dirty,
            serial: None,
            inputs: ended.manifest.combined,
            parent: ended.parent.clone(),
            packer_version: ended.packer_version.clone(),
            plugins: plugins(ended.manifest),
            observed: of_kind(ended.manifest, InputKind::Observed).map(|input| input.name.clone()).collect(),
            unrecorded: ended.unrecorded.clone(),
            not_portable: ended.not_portable.clone(),
        },
        created_at: project.now(),
        duration_ms: ended.duration_ms,
    })
}

fn references(artifact: &ArtifactRecord) -> Vec<ArtifactRef> {
    let ids = artifact.image_ids.iter().map(|id| ArtifactRef {
        digest: None,
        id: id.clone(),
        path: None,
        size: None,
    });
    let files = artifact.files.iter().map(|file| ArtifactRef {
        digest: file.blake3,
        id: file.path.clone(),
        path: Some(file.path.clone()),
        size: file.size,
    });
    ids.chain(files).collect()
}

/// Called under the state lock, which guards this read-modify-write too.
fn update_hash_manifest(
    project: &Project,
    locked: &mut Locked<'_>,
    ended: &Ended<'_>,
    names: &[String],
) -> Result<Digest> {
    let builder = &ended.target.builder;
    // A damaged one is written anew.
    let mut manifest = hash_manifest(project, builder)?.unwrap_or_else(|| HashManifest::new(builder));
    let previous = manifest.environments.get(&ended.target.env).map(|entry| entry.combined);
    let entry = HashEntry {
        build_id: ended.build_id.clone(),
        artifacts: names.to_vec(),
        combined: ended.manifest.combined,
        parent: ended.parent.clone(),
        previous,
        format: ended.manifest.format,
        inputs: ended.manifest.inputs.iter().map(HashedInput::from).collect(),
        trees: ended.manifest.trees.clone(),
    };
    // Before what names them.
    Trees::open(&hc_state::paths::trees_dir(&project.root)).keep([ended.manifest])?;
    let digest = entry.digest();
    manifest.environments.insert(ended.target.env.clone(), entry);
    locked.write_beside(layout::hash_manifest(builder), manifest.to_json());
    Ok(digest)
}
