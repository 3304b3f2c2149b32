//! `hybrid publish`: an image goes into a channel when state, hash manifest, records, inputs and tests agree (PKR-7).

use std::ffi::OsString;

use hc_config::Diagnostic;
use hc_core::Cancel;
use hc_core::{Digest, EnvName};
use hc_packer::event::Redact;
use hc_packer::process::{self, Ending, Invocation};
use hc_records::ArtifactRecord;
use hc_records::drift;
use hc_state::{Publication, State};

use super::plan::{Planned, plan};
use super::prepare::Values;
use super::{artifacts, record, scan, state, suite, validate};
use crate::command_error::{CommandError, Result};
use crate::redaction::Redaction;
use crate::report::publish::{PublishReport, PublishedDoc};
use crate::session::Session;
use hc_core::ExitClass;

/// Moves the newest build of every selected builder into a channel: all of them or none.
///
/// # Errors
/// `PublishRefused` (exit 1) with every disagreement; `PublishHookFailed` (exit 2).
pub fn publish(
    session: &Session,
    targets: &str,
    env: &EnvName,
    channel: Option<&str>,
    values: &Values,
    cancel: &Cancel,
) -> Result<(PublishReport, Vec<Diagnostic>)> {
    let channel = channel.unwrap_or(&session.settings.publish.channel).to_owned();
    if !hc_core::id::is_kebab(&channel) {
        return Err(CommandError::new("BadChannel", format!("`{channel}` is not a channel name"))
            .hint("channel names are kebab-case: stable, canary, eu-west"));
    }
    let (planned, _, diagnostics) = plan(session, targets, env, values)?;
    let secrets = scan::plaintext_secrets(session, planned.iter().map(|one| &one.prepared))?;
    if secrets.iter().any(Diagnostic::is_error) {
        return Err(CommandError::invalid(secrets));
    }
    let store = state::open(session)?;
    let state = store.read()?;
    let mut refusals = Vec::new();
    let mut accepted = Vec::new();
    for one in &planned {
        match accept(session, state.as_ref(), one)? {
            Ok(record) => accepted.push(record),
            Err(problems) => {
                let target = &one.prepared.target;
                refusals.extend(problems.into_iter().map(|problem| format!("{target}: {problem}")));
            }
        }
    }
    if !refusals.is_empty() {
        let mut error = CommandError::new(
            "PublishRefused",
            "what was built and what is there do not agree; nothing was published",
        )
        .hint("mend what is listed: build again, or run `hybrid test`; then publish again");
        error.causes = refusals;
        return Err(error);
    }
    let mut report = PublishReport { channel: channel.clone(), env: env.to_string(), published: Vec::new() };
    for (one, record) in planned.iter().zip(&accepted) {
        let target = &one.prepared.target;
        let before = state
            .as_ref()
            .and_then(|state| state.published(&channel, target))
            .map(|publication| publication.build_id.clone());
        let already = before.as_ref() == Some(&record.build_id);
        if !already {
            hooks(session, record, &channel, cancel)?;
            store.with_exclusive_within(
                &session.run_id,
                session.lock_timeout.max(record::PATIENCE),
                |locked| -> Result<()> {
                    let publication = Publication {
                        at: session.now(),
                        build_id: record.build_id.clone(),
                        run_id: session.run_id.clone(),
                    };
                    let channels = &mut locked.state_mut().channels;
                    channels.entry(channel.clone()).or_default().insert(target.clone(), publication);
                    Ok(())
                },
            )?;
        }
        report.published.push(PublishedDoc {
            builder: target.builder.to_string(),
            build_id: record.build_id.to_string(),
            before: before.map(|build| build.to_string()),
            already,
            images: record.names(),
        });
    }
    Ok((report, diagnostics))
}

/// The record of the newest build, when everything agrees with it; else everything that does not.
fn accept(
    session: &Session,
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
    let record = match artifacts::read(session, &last.build_id) {
        Ok(Some(record)) => record,
        Ok(None) => return Ok(Err(vec![format!("artifacts/{}.json is missing", last.build_id)])),
        Err(error) if error.code == artifacts::DAMAGED => return Ok(Err(vec![error.message])),
        Err(error) => return Err(error),
    };
    let mut problems = Vec::new();
    if record.build_id != last.build_id || record.provenance.inputs != last.inputs {
        problems.push(format!("artifacts/{}.json does not say what the state says", last.build_id));
    }
    for file in &record.files {
        let known = last.artifacts.iter().find(|artifact| artifact.path.as_ref() == Some(&file.path));
        if known.is_none_or(|known| known.digest != file.blake3) {
            problems.push(format!("the state and the record differ about {}", file.path));
        }
        match Digest::of_file(&session.root.join(&file.path)) {
            Ok((digest, _)) if Some(digest) == file.blake3 => {}
            Ok(_) => problems.push(format!("the image {} was changed after it was built", file.path)),
            Err(_) => problems.push(format!("the image {} is gone", file.path)),
        }
    }
    let entry = record::read_hash_manifest(session, &target.builder)?
        .and_then(|mut manifest| manifest.environments.remove(&target.env));
    match entry {
        None => problems.push(format!("artifacts/{}.hash.json is missing or has no entry", target.builder)),
        Some(entry) => {
            if last.manifest != Some(entry.digest()) || entry.combined != last.inputs {
                problems.push(format!("artifacts/{}.hash.json is not what the build wrote", target.builder));
            }
        }
    }
    if one.manifest.combined != last.inputs {
        problems.push(changed_inputs(session, one)?);
    }
    problems.extend(untested(one, known, &last.build_id));
    problems.extend(artifacts::revoked(session, state, &record)?);
    Ok(if problems.is_empty() { Ok(record) } else { Err(problems) })
}

fn changed_inputs(session: &Session, one: &Planned) -> Result<String> {
    let names: Vec<String> = match record::last_inputs(session, &one.prepared.target)? {
        Some(old) => drift::compare(&old, &one.manifest).all().map(|change| change.name.clone()).collect(),
        None => Vec::new(),
    };
    Ok(match names.as_slice() {
        [] => "its inputs changed since it was built".into(),
        names => format!("its inputs changed since it was built: {}", names.join(", ")),
    })
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
fn hooks(session: &Session, record: &ArtifactRecord, channel: &str, cancel: &Cancel) -> Result<()> {
    let image = record.image().map(|file| file.path.clone());
    let image = image.or_else(|| record.image_ids.first().cloned()).unwrap_or_default();
    let artifact =
        session.root.join("artifacts").join(format!("{}.json", record.build_id)).display().to_string();
    for hook in &session.settings.publish.hooks {
        let fill = |word: &String| {
            word.replace("{image}", &image).replace("{artifact}", &artifact).replace("{channel}", channel)
        };
        let Some((program, args)) = hook.split_first() else { continue };
        let shown = fill(program);
        let program = suite::program_path(session, &shown).ok_or_else(|| {
            CommandError::new("ToolMissing", format!("a publish hook needs `{shown}`"))
                .hint("install it, or correct `[publish] hooks` in hybrid.toml")
        })?;
        let mut env: Vec<(OsString, OsString)> = session.environment.vars.clone();
        env.extend(
            [
                ("HYBRID_ARTIFACT", artifact.clone()),
                ("HYBRID_BUILDER", record.builder.to_string()),
                ("HYBRID_BUILD_ID", record.build_id.to_string()),
                ("HYBRID_CHANNEL", channel.to_owned()),
                ("HYBRID_ENV", record.env.to_string()),
                ("HYBRID_IMAGE", image.clone()),
            ]
            .map(|(name, value)| (name.into(), value.into())),
        );
        let settings = &session.settings.packer;
        let invocation = Invocation {
            program,
            args: args.iter().map(|word| fill(word).into()).collect(),
            cwd: session.root.clone(),
            env,
            timeout: settings.timeout.get(),
            grace: settings.grace.get(),
            inherit: None,
        };
        let redaction = Redaction::new(&session.redactor);
        let mut last = String::new();
        let ending = process::run(invocation, cancel, |_, raw| {
            let line = String::from_utf8_lossy(&redaction.redact(raw)).into_owned();
            tracing::info!(hook = %shown, "{line}");
            last = line;
        })?;
        match ending {
            Ending::Exited(0) => {}
            Ending::Cancelled => return Err(validate::interrupted()),
            _ => {
                let mut error = CommandError::new(
                    "PublishHookFailed",
                    format!("the hook `{shown}` failed for {}; the channel was not moved", record.build_id),
                )
                .exit(ExitClass::Infrastructure)
                .hint("its output is in logs/; publish again once it works: hooks that passed run again");
                error.causes.extend(Some(last).filter(|last| !last.is_empty()));
                return Err(error);
            }
        }
    }
    Ok(())
}
