//! Checks everything, lets packer check, records trust (PKR-5).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use hc_config::Diagnostic;
use hc_core::fs::{create_dirs, write_atomic};
use hc_core::{BuilderId, EnvName, ExitClass, Target};
use hc_packer::checksum::Sums;
use hc_packer::{Packer, Rules};
use hc_records::{InputManifest, Trees};
use hc_state::{PluginRecord, Trust};
use hc_templates::place::splits_in_shell;
use hc_templates::requirements;

use crate::error::{EngineError, Result};
use crate::event::{Event, Listener, Teller};
use crate::gate::scan;
use crate::inputs::{Digests, Remembered, collect, observed, plugins};
use crate::outcome::validate::{ValidateReport, ValidatedTarget};
use crate::prepare::{Prepared, Sound, Values, secrets};
use crate::project::{Project, git, packer, store, temp};
use crate::record::texts;
use crate::select::Selection;
use crate::stage::mirror::Mirror;
use crate::stage::place::Place;
use crate::stage::{self, Purpose};

use super::check::{self, Looked, Looker};

/// Most targets that are validated at once.
const MOST_THREADS: usize = 8;
/// What packer said of a target that it refused, in the target's work directory.
const LOG: &str = "validate.log";

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
    /// Validates all selected builders and trusts the inputs of those that pass, whatever is wrong with the others.
    ///
    /// # Errors
    /// `ProjectNotTrusted`; the diagnostics of the static checks when no builder is left for packer, and when one of them is a plaintext
    /// secret, which stops everything.
    pub fn validate(
        &self,
        selection: &Selection,
        env: &EnvName,
        values: &Values,
        listener: Listener<'_>,
    ) -> Result<(ValidateReport, Vec<Diagnostic>)> {
        let teller = Teller::new(listener);
        self.demand_trust(packer::RUNS)?;
        let packer = packer::find(self)?;
        temp::sweep(self);
        let Sound { mut prepared, mut broken, mut diagnostics } =
            self.prepare_sound(selection, env, values)?;
        prepared.retain(|one| {
            let mut problems = requirements::too_new_for(packer.version, &one.builder.documents);
            problems.extend(splits_in_shell(&self.root, &one.builder.documents));
            let is_sound = !problems.iter().any(Diagnostic::is_error);
            diagnostics.extend(problems);
            if !is_sound {
                broken.insert(one.target.builder.clone());
            }
            is_sound
        });
        let mut shared = secrets::at_hand(self, &prepared);
        shared.extend(scan::plaintext_secrets(self, &prepared)?);
        let all_stop = prepared.is_empty() || shared.iter().any(Diagnostic::is_error);
        diagnostics.extend(shared);
        if all_stop {
            return Err(EngineError::Invalid(diagnostics));
        }
        let plugins = plugins::enforce(self, &packer, &prepared, &mut Sums::default())?;
        let (checked, unchecked) = validate_all(self, &packer, &prepared, &teller)?;
        diagnostics.extend(unchecked.values().flatten().cloned());
        broken.extend(unchecked.into_keys());
        let env_name = env.to_string();
        let broken = broken.iter().map(|builder| ValidatedTarget::broken(builder.to_string()));
        record(self, env, &checked, broken.len() > 0, plugins)?;
        let targets = checked.into_iter().map(|one| one.said).chain(broken).collect();
        let packer_version = packer.version.to_string();
        Ok((ValidateReport { env: env_name, packer_version, targets }, diagnostics))
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

/// Targets that packer looked at, and those that it never came to see.
type AllChecked = (Vec<CheckedTarget>, BTreeMap<BuilderId, Vec<Diagnostic>>);

/// Validates side by side: packer spends most of its time starting. The order of the answer is that of the question.
fn validate_all(
    project: &Project,
    packer: &Packer,
    prepared: &[Prepared],
    teller: &Teller<'_>,
) -> Result<AllChecked> {
    let sets = check::sets(prepared);
    let threads =
        std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS).min(sets.len());
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let shared = Digests::of_all(project, packer, &[], Remembered::load(project))?;
    let rules = packer::rules(project)?;
    let worker = || -> Result<Vec<(usize, Result<CheckedTarget>)>> {
        let mut own = Worker { digests: shared.clone(), spare: None };
        let mut found = Vec::new();
        while let Some(set) = sets.get(next.fetch_add(1, Ordering::Relaxed)) {
            project.go_on()?;
            let members: Vec<&Prepared> = set.iter().map(|at| &prepared[*at]).collect();
            let first = &members[0].target;
            teller.tell(Event::Started { target: first.clone(), expected_ms: None });
            let checked = validate_set(project, packer, &rules, &members, &mut own);
            teller.tell(Event::Finished(first.clone()));
            found
                .extend(set.iter().copied().zip(each(project, packer, &rules, &members, checked, &mut own)?));
            let done = done.fetch_add(set.len(), Ordering::Relaxed) + set.len();
            teller.tell(Event::Validated { done, of: prepared.len() });
        }
        Ok(found)
    };
    let mut found = Vec::new();
    std::thread::scope(|scope| -> Result<()> {
        // This thread is one of them: where there are no more threads, it does all the work.
        let others: Vec<_> = (1..threads)
            .map_while(|_| std::thread::Builder::new().spawn_scoped(scope, worker).ok())
            .collect();
        let own = worker();
        for worker in others {
            found.extend(worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        found.extend(own?);
        Ok(())
    })?;
    found.sort_by_key(|(at, _)| *at);
    let (mut checked, mut unchecked) = (Vec::new(), BTreeMap::new());
    for (at, one) in found {
        match one {
            Ok(one) => checked.push(one),
            Err(error) if prepared.len() == 1 => return Err(error),
            Err(error) => {
                let builder = &prepared[at].target.builder;
                unchecked.insert(builder.clone(), error.of_one_target(builder)?);
            }
        }
    }
    match checked.is_empty() {
        true => Err(EngineError::Invalid(unchecked.into_values().flatten().collect())),
        false => Ok((checked, unchecked)),
    }
}

/// What became of each member of a set. Where the set could not be looked at, its members are looked at one by one.
fn each(
    project: &Project,
    packer: &Packer,
    rules: &Rules,
    members: &[&Prepared],
    checked: Result<Vec<CheckedTarget>>,
    worker: &mut Worker,
) -> Result<Vec<Result<CheckedTarget>>> {
    match (checked, members) {
        (Ok(checked), _) => Ok(checked.into_iter().map(Ok).collect()),
        (Err(error), [_]) => Ok(vec![Err(error)]),
        (Err(_), members) => members
            .iter()
            .map(|one| {
                project.go_on()?;
                Ok(validate_set(project, packer, rules, &[one], worker).map(|mut checked| checked.remove(0)))
            })
            .collect(),
    }
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
    let mut checked = validate_set(project, packer, &packer::rules(project)?, &[prepared], worker)?;
    Ok(checked.remove(0))
}

/// Validates targets of one set in one stage, and records nothing.
fn validate_set(
    project: &Project,
    packer: &Packer,
    rules: &Rules,
    members: &[&Prepared],
    worker: &mut Worker,
) -> Result<Vec<CheckedTarget>> {
    let joined;
    let whole = match members {
        [one] => *one,
        _ => {
            joined = check::together(members);
            &joined
        }
    };
    let place = Place::of(project, whole);
    let Worker { digests, spare } = worker;
    let mut mirror =
        stage::make(project, packer, whole, &place, digests, Purpose::Check(spare.take().into()))?;
    // While packer starts.
    let (manifests, looked) = std::thread::scope(|scope| {
        let look = || Looker::new(project, packer, rules, whole, &place)?.look(members);
        let beside = std::thread::Builder::new().spawn_scoped(scope, look);
        let manifests: Result<Vec<InputManifest>> =
            members.iter().map(|one| collect(project, one, packer, digests)).collect();
        let looked = match beside {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => look(),
        };
        (manifests, looked)
    });
    let read = mirror.as_ref().map(|mirror| mirror.read(&whole.closure.outputs)).unwrap_or_default();
    if let Some(mirror) = mirror.take() {
        *spare = mirror.parked(&place.spare());
    }
    place.remove();
    let (manifests, looked) = (manifests?, looked?);
    let observed = observed::inputs(project, &read, digests)?;
    let mut checked = Vec::with_capacity(members.len());
    for ((one, manifest), looked) in members.iter().zip(manifests).zip(looked) {
        let manifest = manifest.with(observed.clone());
        let said = said(project, one, &manifest, looked, &place)?;
        checked.push(CheckedTarget { said, manifest, read: read.clone() });
    }
    Ok(checked)
}

/// What packer said of a target. What it refused stays in a log.
fn said(
    project: &Project,
    prepared: &Prepared,
    manifest: &InputManifest,
    looked: Looked,
    place: &Place,
) -> Result<ValidatedTarget> {
    let Looked { mut validation, depth, note } = looked;
    let valid = validation.is_valid();
    validation.checked.output = in_project(&validation.checked.output, place);
    let output = &validation.checked.output;
    let log = match valid {
        true => None,
        false => {
            let work = Place::of(project, prepared).work;
            create_dirs(&work)?;
            let log = work.join(LOG);
            write_atomic(&log, format!("{output}\n").as_bytes(), 0o600)?;
            Some(project.shown(&log))
        }
    };
    Ok(ValidatedTarget {
        builder: prepared.target.builder.to_string(),
        valid,
        depth,
        note,
        inputs_hash: valid.then(|| manifest.combined.to_string()),
        inputs: manifest.count(),
        packer_output: (!valid).then(|| output.clone()),
        result: Some(validation.checked.result(&validation.verdict, log)),
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
    is_any_broken: bool,
    plugins: BTreeMap<String, PluginRecord>,
) -> Result<()> {
    let sha = git::head(project);
    let names: Vec<Target> = checked.iter().map(|one| one.manifest.target.clone()).collect();
    let broken = if is_any_broken { ExitClass::Invalid } else { ExitClass::Success };
    let class = checked.iter().map(|one| one.said.class()).max().unwrap_or(broken).max(broken);
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
                locked.write_observed(&manifest.target, observed.to_json());
            }
            let digest = locked.write_trusted_manifest(&manifest.target, manifest.to_json());
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
    for CheckedTarget { said, manifest, .. } in checked {
        let (target, hash) = (manifest.target.to_string(), manifest.combined.to_string());
        match (said.valid, said.note.as_deref()) {
            (true, reason) => tracing::info!(target, hash, reason, "trusted"),
            (false, _) => {
                let result = said.result.as_ref();
                let reason = result.and_then(|result| result.evidence.as_deref());
                let log = result.and_then(|result| result.log_path.as_deref());
                tracing::info!(target, hash, reason, log, "not trusted");
            }
        }
    }
    tracing::info!(env = %env, targets = checked.len(), "validated");
    Ok(())
}
