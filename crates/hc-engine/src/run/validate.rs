//! Checks everything, lets packer check, records trust (PKR-5).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use hc_config::Diagnostic;
use hc_core::{EnvName, ExitClass, SecretString, Target};
use hc_packer::Packer;
use hc_packer::call::Checked;
use hc_packer::checksum::Sums;
use hc_records::{InputManifest, Trees, layout};
use hc_state::{PluginRecord, Trust};
use hc_templates::place::splits_in_shell;
use hc_templates::requirements;

use crate::error::{EngineError, Result};
use crate::event::{Event, Listener, Teller};
use crate::gate::scan;
use crate::inputs::{Digests, Remembered, collect, observed, plugins};
use crate::outcome::validate::{Depth, ValidateReport, ValidatedTarget};
use crate::prepare::{Prepared, Values, secrets};
use crate::project::packer::Dirs;
use crate::project::redaction::Redaction;
use crate::project::{Project, git, packer, store};
use crate::record::texts;
use crate::select::Selection;
use crate::stage::mirror::Mirror;
use crate::stage::place::{self, Given, Place};
use crate::stage::{self, Purpose, ssh_key};

/// Most targets that are validated at once.
const MOST_THREADS: usize = 8;

/// What became of one target.
pub(super) struct CheckedTarget {
    /// In words.
    pub(super) said: ValidatedTarget,
    /// Its inputs.
    manifest: InputManifest,
    /// What packer was seen to read besides.
    read: BTreeSet<String>,
}

impl Project {
    /// Validates all selected builders and trusts the inputs of those that pass.
    ///
    /// # Errors
    /// The diagnostics of the static checks of all builders together; packer runs only when none is an error.
    pub fn validate(
        &self,
        selection: &Selection,
        env: &EnvName,
        values: &Values,
        listener: Listener<'_>,
    ) -> Result<(ValidateReport, Vec<Diagnostic>)> {
        let teller = Teller::new(listener);
        let packer = packer::find(self)?;
        let (prepared, mut diagnostics) = self.prepare(selection, env, values)?;
        for one in &prepared {
            diagnostics.extend(requirements::too_new_for(packer.version, &one.builder.documents));
            diagnostics.extend(splits_in_shell(&self.root, &one.builder.documents));
        }
        diagnostics.extend(secrets::at_hand(self, &prepared));
        diagnostics.extend(scan::plaintext_secrets(self, &prepared)?);
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Err(EngineError::Invalid(diagnostics));
        }
        let plugins = plugins::enforce(self, &packer, &prepared, &mut Sums::default())?;
        let checked = validate_all(self, &packer, &prepared, &teller)?;
        record(self, env, &checked, plugins)?;
        let targets = checked.into_iter().map(|one| one.said).collect();
        let packer_version = packer.version.to_string();
        Ok((ValidateReport { env: env.to_string(), packer_version, targets }, diagnostics))
    }
}

/// What one thread needs again for its next target. Sharing it would make threads wait for each other.
#[derive(Default)]
pub(super) struct Worker {
    /// Shared layers are read once.
    digests: Digests,
    /// The mirror of the repository, in which packer only looked.
    spare: Option<Mirror>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(spare) = self.spare.take() {
            spare.put_back();
        }
    }
}

/// Validates side by side: packer spends most of its time starting. The order of the answer is that of the question.
fn validate_all(
    project: &Project,
    packer: &Packer,
    prepared: &[Prepared],
    teller: &Teller<'_>,
) -> Result<Vec<CheckedTarget>> {
    let threads =
        std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS).min(prepared.len());
    let next = AtomicUsize::new(0);
    let shared = Digests::of_all(project, packer, &[], Remembered::load(project))?;
    let worker = || -> Result<Vec<(usize, CheckedTarget)>> {
        let mut own = Worker { digests: shared.clone(), spare: None };
        let mut done = Vec::new();
        while let Some((at, one)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, prepared.get(at)?)))
        {
            project.go_on()?;
            teller.tell(Event::Started { target: one.target.clone(), expected_ms: None });
            done.push((at, validate_target(project, packer, one, &mut own)?));
            teller.tell(Event::Finished(one.target.clone()));
        }
        Ok(done)
    };
    let mut checked = Vec::new();
    std::thread::scope(|scope| -> Result<()> {
        // This thread is one of them: where there are no more threads, it does all the work.
        let others: Vec<_> = (1..threads)
            .map_while(|_| std::thread::Builder::new().spawn_scoped(scope, worker).ok())
            .collect();
        let own = worker();
        for worker in others {
            checked.extend(worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        checked.extend(own?);
        Ok(())
    })?;
    checked.sort_by_key(|(at, _)| *at);
    Ok(checked.into_iter().map(|(_, one)| one).collect())
}

/// Validates one target and records nothing.
///
/// # Errors
/// When packer cannot be run, or the stage cannot be made.
pub(super) fn validate_target(
    project: &Project,
    packer: &Packer,
    prepared: &Prepared,
    worker: &mut Worker,
) -> Result<CheckedTarget> {
    let place = Place::of(project, prepared);
    let Worker { digests, spare } = worker;
    let mut mirror =
        stage::make(project, packer, prepared, &place, digests, Purpose::Check(spare.take().into()))?;
    // While packer starts.
    let (manifest, checked) = std::thread::scope(|scope| {
        let check = || run_packer(project, packer, prepared, &place);
        let beside = std::thread::Builder::new().spawn_scoped(scope, check);
        let manifest = collect(project, prepared, packer, digests);
        let checked = match beside {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => check(),
        };
        (manifest, checked)
    });
    let (manifest, (outcome, depth, note)) = (manifest?, checked?);
    let outputs = &prepared.closure.outputs;
    let read = mirror.as_ref().map(|mirror| mirror.read(outputs)).unwrap_or_default();
    let manifest = manifest.with(observed::inputs(project, &read, digests)?);
    if let Some(mirror) = mirror.take() {
        *spare = mirror.parked(&place.spare());
    }
    place.remove();
    let code = outcome.code().ok_or_else(|| match project.host.cancel.requests() {
        0 => EngineError::PackerHung {
            timeout: project.settings.packer.timeout,
            command: outcome.command.clone(),
        },
        _ => EngineError::Interrupted,
    })?;
    let valid = code == 0;
    let target = ValidatedTarget {
        builder: prepared.target.builder.to_string(),
        valid,
        depth,
        note,
        inputs_hash: valid.then(|| manifest.combined.to_string()),
        inputs: manifest.count(),
        packer_output: (!valid).then(|| in_project(&outcome.output, &place)),
    };
    Ok(CheckedTarget { said: target, manifest, read })
}

/// Lets packer check in full, or by its syntax alone where it lacks a plugin.
fn run_packer(
    project: &Project,
    packer: &Packer,
    prepared: &Prepared,
    place: &Place,
) -> Result<(Checked, Depth, Option<String>)> {
    let secrets: Vec<(String, SecretString)> = secrets::placeholders(prepared);
    let dirs = Dirs::of(project);
    let key = ssh_key::make(project, prepared, &place.work)?;
    let given = Given { key: key.as_ref(), ..Given::default() };
    // Nothing is written there; a template may look at the path.
    let output_dir = project.at(layout::IMAGES).join("validate");
    let vars = place::injected(project, prepared, place, "validate", &output_dir, &given);
    let redaction = Redaction::new(&project.redactor);
    let call = || {
        let call = place.with(packer.validate(&place.packer_dir), prepared, &vars);
        // What stands for a secret is not one, and must not be hidden as if it were.
        let call = secrets
            .iter()
            .fold(call, |call, (name, value)| call.set(format!("PKR_VAR_{name}"), value.expose()));
        let env = &prepared.target.env;
        packer::around(call, project, env, &place.cwd, &place.work, &dirs).redact(&redaction)
    };
    let full = call().run(&project.host.cancel)?.checked;
    let Some(plugin) = missing_plugin(&full) else { return Ok((full, Depth::Full, None)) };
    let syntax = call().syntax_only().run(&project.host.cancel)?.checked;
    let note = format!("packer {} lacks {plugin}; only the syntax was checked", packer.version);
    Ok((syntax, Depth::SyntaxOnly, Some(note)))
}

/// The plugin that packer lacks, when that is all that is wrong.
fn missing_plugin(checked: &Checked) -> Option<String> {
    if checked.code() == Some(0) {
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
    let stage = format!("{}/", place.stage.display());
    output.replace(&stage, "").trim().to_owned()
}

fn record(
    project: &Project,
    env: &EnvName,
    checked: &[CheckedTarget],
    plugins: BTreeMap<String, PluginRecord>,
) -> Result<()> {
    let sha = git::head(project);
    let names: Vec<Target> = checked.iter().map(|one| one.manifest.target.clone()).collect();
    let all_valid = checked.iter().all(|one| one.said.valid);
    let class = if all_valid { ExitClass::Success } else { ExitClass::Invalid };
    let run = store::ended(project, store::run_record(project, "validate", names), class);
    let valid = || checked.iter().filter(|one| one.said.valid);
    let manifests = || valid().map(|one| &one.manifest);
    let now = project.now();
    let store = store::open(project)?;
    // Before the lock: the first time, there may be many.
    let relied = texts::keep(project, store.read()?.as_ref(), manifests(), sha.as_deref())?;
    store.with_exclusive_within(&project.run_id, store::PATIENCE, |locked| -> Result<()> {
        if !relied.is_there() {
            // Cleaned away in between, when nothing referred to them yet. Nobody cleans under the lock.
            texts::keep(project, None, manifests(), sha.as_deref())?;
        }
        // Before what names them.
        Trees::open(&hc_state::paths::trees_dir(&project.root)).keep(manifests())?;
        for CheckedTarget { manifest, read, .. } in valid() {
            // Before the trust in it.
            let mut observed = observed::known(project, &manifest.target)?;
            if !read.is_subset(&observed.paths) {
                observed.paths.extend(read.iter().cloned());
                locked.write_observed(&manifest.target, &observed.to_json())?;
            }
            let digest = locked.write_trusted_manifest(&manifest.target, &manifest.to_json())?;
            let record = locked.state_mut().builder_mut(&manifest.target);
            record.template_id = Some(manifest.target.builder.to_string());
            record.trusted = Some(Trust {
                at: now,
                git_sha: sha.clone(),
                inputs: manifest.combined,
                manifest: Some(digest),
                run_id: project.run_id.clone(),
            });
        }
        locked.state_mut().plugins.extend(plugins);
        locked.state_mut().record_run(run);
        Ok(())
    })?;
    tracing::info!(env = %env, targets = checked.len(), "validated");
    Ok(())
}
