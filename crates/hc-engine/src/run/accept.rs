//! What a channel asks of a build: its sealed record, its images, its inputs and its tests agree, and nothing that it stands
//! on was revoked. Reads, and changes nothing.

use hc_core::Digest;
use hc_core::stamp::Stamp;
use hc_records::{ArtifactRecord, InputManifest, RecordError, layout};
use hc_state::{BuildSummary, BuilderRecord, ProvenanceGap, State};

use crate::error::{EngineError, EvidenceError, Result};
use crate::gate::Gate;
use crate::inputs;
use crate::plan::{Plan, Planned, hash_manifest, lineage};
use crate::project::Project;

/// A build that a channel may offer.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) record: ArtifactRecord,
    /// Digest of the record.
    pub(super) seal: Digest,
    /// What the file system said of its images before they were read.
    stamps: Vec<Option<Stamp>>,
}

/// What is known of image files.
#[derive(Debug, Clone, Copy)]
pub(super) enum Images<'a> {
    /// Nothing: they are read.
    Read,
    /// They were read for these builds; one of which the file system says the same is not read again.
    Known(&'a [Accepted]),
}

/// The builds of all targets of a plan, or everything that stands against one of them.
///
/// # Errors
/// `PublishRefused`; when state or records cannot be read.
pub(super) fn all(
    project: &Project,
    state: Option<&State>,
    plan: &Plan,
    images: Images<'_>,
) -> Result<Vec<Accepted>> {
    let (mut problems, mut accepted) = (Vec::new(), Vec::new());
    for one in &plan.targets {
        match accept(project, state, one, images)? {
            Ok(one) => accepted.push(one),
            Err(found) => {
                let target = &one.prepared.target;
                problems.extend(found.into_iter().map(|problem| format!("{target}: {problem}")));
            }
        }
    }
    if problems.is_empty() { Ok(accepted) } else { Err(EvidenceError::PublishRefused { problems }.into()) }
}

/// The newest build of a target, when everything agrees with it; else everything that does not.
fn accept(
    project: &Project,
    state: Option<&State>,
    one: &Planned,
    images: Images<'_>,
) -> Result<Result<Accepted, Vec<String>>> {
    let target = &one.prepared.target;
    let known = state.and_then(|state| Some((state, state.builders.get(target)?)));
    let Some((state, tested, last)) =
        known.and_then(|(state, known)| Some((state, known, known.last_build.as_ref()?)))
    else {
        return Ok(Err(vec!["it was never built".into()]));
    };
    if last.exit_code != 0 {
        return Ok(Err(vec![format!("the last build, {}, failed", last.build_id)]));
    }
    let record = match lineage::sealed(project, &last.build_id, last.record) {
        Ok(record) => record,
        Err(error @ (EngineError::Evidence(_) | EngineError::Record(RecordError::Damaged { .. }))) => {
            return Ok(Err(vec![error.to_string()]));
        }
        Err(error) => return Err(error),
    };
    let mut problems = Vec::new();
    if record.target() != *target || record.provenance.inputs != last.inputs {
        problems
            .push(format!("{} does not say what the state says", layout::artifact_record(&last.build_id)));
    }
    let stamps = record.files.iter().map(|file| stamp(project, &file.path)).collect::<Vec<_>>();
    let known = match images {
        Images::Read => None,
        Images::Known(builds) => builds.iter().find(|known| Some(known.seal) == last.record),
    };
    if known.is_none_or(|known| known.stamps != stamps || stamps.contains(&None)) {
        problems.extend(image_problems(project, last, &record));
    }
    problems.extend(input_problems(project, one, last)?);
    problems.extend(untested(project, one, tested, last)?);
    problems.extend(
        state
            .revoked
            .get(&last.build_id)
            .map(|revocation| format!("it was revoked by {}: {}", revocation.operator, revocation.reason)),
    );
    problems.extend(lineage::against_ancestors(project, state, &record)?);
    let Some(seal) = last.record.filter(|_| problems.is_empty()) else { return Ok(Err(problems)) };
    Ok(Ok(Accepted { record, seal, stamps }))
}

/// What is wrong with the inputs: what the build wrote down of them, what they are now, and whether they were validated.
fn input_problems(project: &Project, one: &Planned, last: &BuildSummary) -> Result<Vec<String>> {
    let target = &one.prepared.target;
    let mut problems = Vec::new();
    let manifest = hash_manifest(project, &target.builder)?;
    match manifest.as_ref().and_then(|manifest| manifest.environments.get(&target.env)) {
        None => {
            problems.push(format!("{} is missing or has no entry", layout::hash_manifest(&target.builder)))
        }
        Some(entry) => {
            if last.manifest != Some(entry.digest()) || entry.combined != last.inputs {
                problems
                    .push(format!("{} is not what the build wrote", layout::hash_manifest(&target.builder)));
            }
        }
    }
    let built = manifest
        .and_then(|manifest| manifest.inputs(&target.env))
        .filter(|built| built.combined == last.inputs);
    if one.manifest.combined != last.inputs
        && !built.as_ref().is_some_and(|built| inputs::is_same(project, built, &one.manifest))
    {
        problems.push(changed_inputs(project, built.as_ref(), one));
    } else if one.gate != Gate::Trusted {
        problems.push("it used inputs that nobody validated: run `validate`".into());
    }
    Ok(problems)
}

/// What the file system says of an image; `None` when it is not there.
fn stamp(project: &Project, path: &str) -> Option<Stamp> {
    Some(Stamp::of(&project.at(path).metadata().ok()?))
}

/// What is wrong with the image files of a record.
fn image_problems(project: &Project, last: &BuildSummary, record: &ArtifactRecord) -> Vec<String> {
    let mut problems = Vec::new();
    for file in &record.files {
        let known = last.artifacts.iter().find(|artifact| artifact.path.as_ref() == Some(&file.path));
        if known.is_none_or(|known| known.digest != file.blake3) {
            problems.push(format!("the state and the record differ about {}", file.path));
        }
        match (file.blake3, Digest::of_file(&project.at(&file.path))) {
            (None, _) => problems.push(format!("no digest was recorded for the image {}", file.path)),
            (recorded, Ok((digest, _))) if Some(digest) == recorded => {}
            (_, Ok(_)) => problems.push(format!("the image {} was changed after it was built", file.path)),
            (_, Err(_)) => problems.push(format!("the image {} is gone", file.path)),
        }
    }
    problems
}

fn changed_inputs(project: &Project, built: Option<&InputManifest>, one: &Planned) -> String {
    let drift = built.map(|built| inputs::compare(project, built, &one.manifest)).unwrap_or_default();
    let names: Vec<String> = drift.all().map(|change| change.name.clone()).collect();
    match names.as_slice() {
        [] => "its inputs changed since it was built".into(),
        names => format!("its inputs changed since it was built: {}", names.join(", ")),
    }
}

/// What is missing of the tests. A verdict counts for the very build and the very suite that it was given for.
fn untested(
    project: &Project,
    one: &Planned,
    known: &BuilderRecord,
    last: &BuildSummary,
) -> Result<Vec<String>> {
    use ProvenanceGap::{Failed, NoLinks, Untested};
    let build = &last.build_id;
    let metadata = &one.prepared.builder.metadata;
    let results = known.results_of(build);
    let required = &metadata.publish.suites;
    let mut problems: Vec<String> = required
        .iter()
        .filter(|suite| !results.contains_key(suite.as_str()))
        .map(|suite| format!("suite {suite} never ran on {build}"))
        .collect();
    for (name, result) in results.iter().filter(|(_, result)| result.passed) {
        let now = match metadata.suites.get(*name) {
            Some(suite) => Some(inputs::suite::digest(project, &one.prepared.target, name, suite)?),
            None => None,
        };
        if now.is_none() {
            problems.push(format!("suite {name} passed on {build} and is no longer in builder.toml"));
        } else if result.inputs.is_none() || result.record.is_none() {
            problems.push(format!("suite {name} passed on {build} under an older release: run it again"));
        } else if result.record != last.record {
            problems.push(format!("suite {name} passed on another record of {build}"));
        } else if result.inputs != now {
            problems.push(format!("suite {name} was changed after it passed on {build}"));
        }
    }
    problems.extend(match known.provenance_gap(build) {
        Some(Untested) if required.is_empty() => Some(format!("no suite ever ran on {build}")),
        Some(Failed(suites)) => Some(format!("suites failed on {build}: {}", suites.join(", "))),
        Some(NoLinks(suites)) => Some(format!("suites without links to their logs: {}", suites.join(", "))),
        Some(Untested) | None => None,
    });
    Ok(problems)
}
