//! An image goes into a channel when state, hash manifest, records, inputs and tests agree (PKR-7).

use hc_config::Diagnostic;
use hc_core::{Digest, Target};
use hc_packer::Redact;
use hc_packer::process::{self, Ending};
use hc_records::{ArtifactRecord, HashEntry, HashManifest, InputManifest, RecordError, layout};
use hc_state::{BuildSummary, Publication, State};

use super::external::{External, ImagePath};
use crate::error::{EngineError, Needs, Result};
use crate::event::{Event, Listener, Teller};
use crate::gate::{Gate, scan};
use crate::inputs;
use crate::outcome::publish::{PublishReport, PublishedDoc};
use crate::plan::{Plan, Planned, last_inputs, lineage};
use crate::project::redaction::Redaction;
use crate::project::{Project, store};

impl Project {
    /// Moves the newest build of every planned target into a channel: all of them or none.
    ///
    /// # Errors
    /// `ProjectNotTrusted` where hooks would run, `PublishRefused` with every disagreement; `HookFailed`.
    pub fn publish(
        &self,
        plan: Plan,
        channel: Option<&str>,
        listener: Listener<'_>,
    ) -> Result<(PublishReport, Vec<Diagnostic>)> {
        publish(self, plan, channel, &Teller::new(listener))
    }
}

pub(super) fn publish(
    project: &Project,
    plan: Plan,
    channel: Option<&str>,
    teller: &Teller<'_>,
) -> Result<(PublishReport, Vec<Diagnostic>)> {
    let channel = channel.unwrap_or(&project.settings.publish.channel).to_owned();
    if !hc_core::id::is_kebab(&channel) {
        return Err(EngineError::BadChannel { name: channel });
    }
    if !project.settings.publish.hooks.is_empty() {
        project.demand_trust("the publish hooks")?;
    }
    let secrets = scan::plaintext_secrets(project, plan.targets.iter().map(|one| &one.prepared))?;
    if secrets.iter().any(Diagnostic::is_error) {
        return Err(EngineError::Invalid(secrets));
    }
    let state = store::read(project)?;
    let accepted = accept_all(project, state.as_ref(), &plan)?;
    let mut report = PublishReport { channel, env: plan.env.to_string(), published: Vec::new() };
    for record in &accepted {
        let target = record.target();
        let before = state.as_ref().and_then(|state| state.published(&report.channel, &target));
        let before = before.map(|publication| publication.build_id.clone());
        let already = before.as_ref() == Some(&record.build_id);
        if !already {
            hooks(project, record, &report.channel)?;
            move_channel(project, record, &report.channel)?;
            teller.tell(Event::Published { target, channel: report.channel.clone() });
        }
        report.published.push(PublishedDoc {
            builder: record.builder.to_string(),
            build_id: record.build_id.to_string(),
            before: before.map(|build| build.to_string()),
            already,
            images: record.names(),
        });
    }
    Ok((report, plan.diagnostics))
}

/// The records of all targets, or everything that stands against one of them.
fn accept_all(project: &Project, state: Option<&State>, plan: &Plan) -> Result<Vec<ArtifactRecord>> {
    let (mut problems, mut accepted) = (Vec::new(), Vec::new());
    for one in &plan.targets {
        match accept(project, state, one)? {
            Ok(record) => accepted.push(record),
            Err(found) => {
                let target = &one.prepared.target;
                problems.extend(found.into_iter().map(|problem| format!("{target}: {problem}")));
            }
        }
    }
    if problems.is_empty() { Ok(accepted) } else { Err(EngineError::PublishRefused { problems }) }
}

fn move_channel(project: &Project, record: &ArtifactRecord, channel: &str) -> Result<()> {
    let patience = project.lock_timeout.max(store::PATIENCE);
    store::open(project)?.with_exclusive_within(&project.run_id, patience, |locked| -> Result<()> {
        let publication = Publication {
            at: project.now(),
            build_id: record.build_id.clone(),
            run_id: project.run_id.clone(),
        };
        let channels = &mut locked.state_mut().channels;
        channels.entry(channel.to_owned()).or_default().insert(record.target(), publication);
        Ok(())
    })
}

/// The record of the newest build, when everything agrees with it; else everything that does not.
fn accept(
    project: &Project,
    state: Option<&State>,
    one: &Planned,
) -> Result<Result<ArtifactRecord, Vec<String>>> {
    let target = &one.prepared.target;
    let known = state.and_then(|state| Some((state, state.builders.get(target)?)));
    let Some((state, known, last)) =
        known.and_then(|(state, known)| Some((state, known, known.last_build.as_ref()?)))
    else {
        return Ok(Err(vec!["it was never built".into()]));
    };
    if last.exit_code != 0 {
        return Ok(Err(vec![format!("the last build, {}, failed", last.build_id)]));
    }
    let record = match lineage::read(project, &last.build_id) {
        Ok(Some(record)) => record,
        Ok(None) => return Ok(Err(vec![format!("{} is missing", layout::artifact_record(&last.build_id))])),
        Err(EngineError::Record(error @ RecordError::Damaged { .. })) => {
            return Ok(Err(vec![error.to_string()]));
        }
        Err(error) => return Err(error),
    };
    let mut problems = Vec::new();
    if record.build_id != last.build_id || record.provenance.inputs != last.inputs {
        problems
            .push(format!("{} does not say what the state says", layout::artifact_record(&last.build_id)));
    }
    problems.extend(image_problems(project, last, &record));
    let entry = hash_manifest(project, target)?;
    match entry {
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
    let built = last_inputs(project, target)?.filter(|built| built.combined == last.inputs);
    if one.manifest.combined != last.inputs
        && !built.as_ref().is_some_and(|built| inputs::is_same(project, built, &one.manifest))
    {
        problems.push(changed_inputs(project, built.as_ref(), one));
    } else if one.gate != Gate::Trusted {
        problems.push("it used inputs that nobody validated: run `validate`".into());
    }
    problems.extend(untested(one, known, &last.build_id));
    problems.extend(lineage::revoked(project, state, &record)?);
    Ok(if problems.is_empty() { Ok(record) } else { Err(problems) })
}

/// What is wrong with the image files of a record.
fn image_problems(project: &Project, last: &BuildSummary, record: &ArtifactRecord) -> Vec<String> {
    let mut problems = Vec::new();
    for file in &record.files {
        let known = last.artifacts.iter().find(|artifact| artifact.path.as_ref() == Some(&file.path));
        if known.is_none_or(|known| known.digest != file.blake3) {
            problems.push(format!("the state and the record differ about {}", file.path));
        }
        match Digest::of_file(&project.at(&file.path)) {
            Ok((digest, _)) if Some(digest) == file.blake3 => {}
            Ok(_) => problems.push(format!("the image {} was changed after it was built", file.path)),
            Err(_) => problems.push(format!("the image {} is gone", file.path)),
        }
    }
    problems
}

/// What the hash manifest says of a target; one that is damaged says nothing.
fn hash_manifest(project: &Project, target: &Target) -> Result<Option<HashEntry>> {
    match HashManifest::read(&project.root, &target.builder) {
        Err(RecordError::Damaged { .. }) => Ok(None),
        read => Ok(read?.and_then(|mut manifest| manifest.environments.remove(&target.env))),
    }
}

fn changed_inputs(project: &Project, built: Option<&InputManifest>, one: &Planned) -> String {
    let drift = built.map(|built| inputs::compare(project, built, &one.manifest)).unwrap_or_default();
    let names: Vec<String> = drift.all().map(|change| change.name.clone()).collect();
    match names.as_slice() {
        [] => "its inputs changed since it was built".into(),
        names => format!("its inputs changed since it was built: {}", names.join(", ")),
    }
}

fn untested(one: &Planned, known: &hc_state::BuilderRecord, build: &hc_core::BuildId) -> Vec<String> {
    use hc_state::ProvenanceGap::{Failed, NoLinks, Untested};
    let results = known.results_of(build);
    let required = &one.prepared.builder.metadata.publish.suites;
    let mut problems: Vec<String> = required
        .iter()
        .filter(|suite| !results.contains_key(suite.as_str()))
        .map(|suite| format!("suite {suite} never ran on {build}"))
        .collect();
    problems.extend(match known.provenance_gap(build) {
        Some(Untested) if required.is_empty() => Some(format!("no suite ever ran on {build}")),
        Some(Failed(suites)) => Some(format!("suites failed on {build}: {}", suites.join(", "))),
        Some(NoLinks(suites)) => Some(format!("suites without links to their logs: {}", suites.join(", "))),
        Some(Untested) | None => None,
    });
    problems
}

/// Runs the `[publish]` hooks of hybrid.toml, in order; the first that fails stops the publish.
fn hooks(project: &Project, record: &ArtifactRecord, channel: &str) -> Result<()> {
    let external = External::new(project, record, ImagePath::Recorded)
        .word("channel", channel)
        .var("HYBRID_CHANNEL", channel);
    for hook in &project.settings.publish.hooks {
        let Some((program, args)) = hook.split_first() else { continue };
        let shown = external.fill(program);
        let timeout = project.settings.packer.timeout.get();
        let invocation = external.invocation(program, args, Needs::Hook, timeout)?;
        let redaction = Redaction::new(&project.redactor);
        let mut last = String::new();
        let ending = process::run(invocation, &project.host.cancel, |_, raw| {
            let line = String::from_utf8_lossy(&redaction.redact(raw)).into_owned();
            tracing::info!(hook = %shown, "{line}");
            last = line;
        })?;
        match ending {
            Ending::Exited(0) => {}
            Ending::Cancelled => return Err(EngineError::Interrupted),
            _ => {
                return Err(EngineError::HookFailed {
                    hook: shown,
                    build: record.build_id.clone(),
                    last: Some(last).filter(|last| !last.is_empty()),
                });
            }
        }
    }
    Ok(())
}
