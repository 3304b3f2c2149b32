//! `hybrid validate`: check everything, let packer check, record trust (PKR-5).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use hc_config::cloudinit::FILE_VARIABLE;
use hc_config::{Diagnostic, Location};
use hc_core::Cancel;
use hc_core::fs::create_dirs;
use hc_core::{EnvName, Target};
use hc_packer::Packer;
use hc_packer::args::Verb;
use hc_packer::run::{Checked, check};
use hc_records::{InputManifest, kept};
use hc_state::{PluginRecord, Trust};
use hc_templates::{compose, requirements};

use super::inputs::{Digests, collect};
use super::packer::{self, Dirs, Given, Place};
use super::prepare::{Prepared, Values, prepare};
use super::select::select;
use super::{git, plugins, secrets, ssh_key, state};
use crate::command_error::{CommandError, Result};
use crate::redaction::Redaction;
use crate::report::validate::{ValidateReport, ValidatedTarget};
use crate::session::Session;
use hc_core::ExitClass;

/// Most targets that are validated at once.
const MOST_THREADS: usize = 8;

/// Validates all selected builders and trusts the inputs of those that pass.
///
/// # Errors
/// The diagnostics of the static checks of all builders together; packer runs only when there is no error.
pub fn validate(
    session: &Session,
    targets: &str,
    env: &EnvName,
    values: &Values,
    cancel: &Cancel,
) -> Result<(ValidateReport, Vec<Diagnostic>)> {
    let packer = packer::find(session)?;
    let selection = select(session, targets)?;
    let (prepared, mut diagnostics) = prepare(session, &selection, env, values)?;
    for one in &prepared {
        diagnostics.extend(requirements::too_new_for(packer.version, &one.builder.documents));
    }
    secrets::at_hand(session, &prepared);
    diagnostics.extend(super::scan::plaintext_secrets(session, &prepared)?);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(CommandError::invalid(diagnostics));
    }
    let plugins = plugins::enforce(session, &packer, &prepared.iter().collect::<Vec<_>>())?;
    let checked = validate_all(session, &packer, &prepared, cancel)?;
    record(session, env, &checked, plugins)?;
    let targets = checked.into_iter().map(|(target, _)| target).collect();
    Ok((
        ValidateReport { env: env.to_string(), packer_version: packer.version.to_string(), targets },
        diagnostics,
    ))
}

/// The error of a run that somebody stopped.
pub fn interrupted() -> CommandError {
    CommandError::new("Interrupted", "stopped by request").exit(ExitClass::Interrupted)
}

/// The error of a packer that was ended because it took too long.
fn unending(session: &Session, command: &[String]) -> CommandError {
    let timeout = session.settings.packer.timeout;
    let mut error =
        CommandError::new("PackerProcess", format!("packer did not end within {timeout} and was stopped"))
            .hint("run it by hand to see what it waits for, or raise `packer.timeout` in hybrid.toml")
            .exit(ExitClass::Infrastructure);
    error.causes = vec![format!("the command was `{}`", command.join(" "))];
    error
}

/// Validates side by side: packer spends most of its time starting. The order of the answer is that of the question.
fn validate_all(
    session: &Session,
    packer: &Packer,
    prepared: &[Prepared],
    cancel: &Cancel,
) -> Result<Vec<(ValidatedTarget, InputManifest)>> {
    let threads =
        std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS).min(prepared.len());
    let next = AtomicUsize::new(0);
    let worker = || {
        // Shared layers are read once per thread; sharing the digests would make threads wait for each other.
        let mut digests = Digests::default();
        let mut done = Vec::new();
        while let Some((at, one)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, prepared.get(at)?)))
        {
            if cancel.requests() > 0 {
                return Err(interrupted());
            }
            done.push((at, validate_one(session, packer, one, &mut digests, cancel)?));
        }
        Ok(done)
    };
    let mut checked = Vec::new();
    std::thread::scope(|scope| -> Result<()> {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        for worker in workers {
            checked.extend(worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(())
    })?;
    checked.sort_by_key(|(at, _)| *at);
    Ok(checked.into_iter().map(|(_, one)| one).collect())
}

/// Validates one target and records nothing.
///
/// # Errors
/// When packer cannot be run, or the stage cannot be made.
pub fn validate_one(
    session: &Session,
    packer: &Packer,
    prepared: &Prepared,
    digests: &mut Digests,
    cancel: &Cancel,
) -> Result<(ValidatedTarget, InputManifest)> {
    let place = Place::of(session, prepared);
    stage(session, packer, prepared, &place, digests)?;
    let manifest = collect(session, prepared, &packer.version.to_string(), digests)?;
    let secrets = secrets::placeholders(prepared);
    let dirs = Dirs::of(session);
    let context = packer::context(session, packer, &prepared.target, &place, &secrets, &dirs, cancel);
    let key = ssh_key::make(session, prepared, &place.work)?;
    let given = Given { key: key.as_ref(), ..Given::default() };
    let output_dir = session.root.join("artifacts/images/validate");
    let vars = packer::injected(session, prepared, &place, "validate", &output_dir, &given);
    let subject = place.subject(prepared, vars);
    let redaction = Redaction::new(&session.redactor);
    let full = check(&context, Verb::Validate { syntax_only: false }, &subject, &redaction)?;
    let (outcome, depth, note) = match missing_plugin(&full) {
        Some(plugin) => {
            let syntax = check(&context, Verb::Validate { syntax_only: true }, &subject, &redaction)?;
            let note = format!("packer {} lacks {plugin}; only the syntax was checked", packer.version);
            (syntax, "syntax-only", Some(note))
        }
        None => (full, "full", None),
    };
    place.remove();
    let code = outcome.code.ok_or_else(|| match cancel.requests() {
        0 => unending(session, &outcome.command),
        _ => interrupted(),
    })?;
    let valid = code == 0;
    let target = ValidatedTarget {
        builder: prepared.target.builder.to_string(),
        valid,
        depth: depth.into(),
        note,
        inputs_hash: valid.then(|| manifest.combined.to_string()),
        inputs: manifest.inputs.len(),
        packer_output: (!valid).then(|| in_project(&outcome.output, &place)),
    };
    Ok((target, manifest))
}

/// Makes the stage, or for a builder in place only its rendered variables.
///
/// # Errors
/// When a file of the project cannot be copied.
pub fn stage(
    session: &Session,
    packer: &Packer,
    prepared: &Prepared,
    place: &Place,
    digests: &mut Digests,
) -> Result<()> {
    create_dirs(&place.work)?;
    if prepared.declared.contains_key(FILE_VARIABLE) {
        let text = prepared.user_data.merged.as_ref().map_or("", |(_, text)| text);
        hc_core::fs::write_atomic(&place.user_data(), text.as_bytes(), 0o600)?;
    }
    if prepared.builder.in_place {
        let rendered = place.work.join(compose::RENDERED);
        hc_core::fs::write_atomic(&rendered, prepared.rendered.as_bytes(), 0o644)?;
        return Ok(());
    }
    let plan = compose::plan(&prepared.builder, &prepared.assets, &prepared.rendered, packer.has_init())
        .map_err(|collision| {
            let place = Location::whole_file(&collision.path);
            CommandError::invalid(vec![
                Diagnostic::error(collision.code(), collision.to_string())
                    .at(place)
                    .hint("rename the file of the builder"),
            ])
        })?;
    digests.adopt(compose::write(&session.root, &plan, &place.cwd)?);
    Ok(())
}

/// The plugin that packer lacks, when that is all that is wrong.
fn missing_plugin(checked: &Checked) -> Option<String> {
    if checked.code == Some(0) {
        return None;
    }
    let pattern = [
        r#"(?i)unknown (?:builder|source|provisioner|post-processor|data ?source) type[^a-z]*([a-z0-9._-]+)"#,
        r#"(?i)The (?:builder|source|provisioner|post-processor|datasource) ([a-z0-9._-]+) is unknown"#,
        r#"(?i)Missing plugins?|no plugin installed for ([a-z0-9./_-]+)"#,
    ];
    pattern.iter().find_map(|pattern| {
        let found = regex::Regex::new(pattern).ok()?.captures(&checked.output)?;
        Some(found.get(1).map_or("a plugin".to_owned(), |name| format!("the plugin of `{}`", name.as_str())))
    })
}

/// Packer's own message, with paths of the project instead of the stage.
fn in_project(output: &str, place: &Place) -> String {
    let stage = format!("{}/", place.cwd.display());
    output.replace(&stage, "").trim().to_owned()
}

fn record(
    session: &Session,
    env: &EnvName,
    checked: &[(ValidatedTarget, InputManifest)],
    plugins: BTreeMap<String, PluginRecord>,
) -> Result<()> {
    let sha = git::head(session);
    let names: Vec<Target> = checked.iter().map(|(_, manifest)| manifest.target.clone()).collect();
    let exit =
        if checked.iter().all(|(target, _)| target.valid) { ExitClass::Success } else { ExitClass::Invalid };
    let run = state::ended(session, state::run_record(session, "validate", names), exit);
    for (_, manifest) in checked.iter().filter(|(target, _)| target.valid) {
        kept::keep_texts(&session.root, manifest, &|text| session.redactor.is_clean(text))?;
    }
    let now = session.now();
    state::open(session)?.with_exclusive(&session.run_id, |locked| -> Result<()> {
        for (_, manifest) in checked.iter().filter(|(target, _)| target.valid) {
            let digest = locked.write_trusted_manifest(&manifest.target, &manifest.to_json())?;
            let record = locked.state_mut().builder_mut(&manifest.target);
            record.template_id = Some(manifest.target.builder.to_string());
            record.trusted = Some(Trust {
                at: now,
                git_sha: sha.clone(),
                inputs: manifest.combined,
                manifest: Some(digest),
                run_id: session.run_id.clone(),
            });
        }
        locked.state_mut().plugins.extend(plugins);
        locked.state_mut().record_run(run);
        Ok(())
    })?;
    tracing::info!(env = %env, targets = checked.len(), "validated");
    Ok(())
}
