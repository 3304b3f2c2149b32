//! The state of a project: shown, checked, restored, migrated.

use std::collections::{BTreeMap, BTreeSet};

use hc_core::tree::TreeCache;
use hc_core::{BuildId, BuilderId, Digest, EnvName, Selector, Target};
use hc_records::{ArtifactRecord, HashEntry, RecordError, layout};
use hc_state::{
    CheckContext, FindingCode, MigrateOptions, MigrationPlan, RestorePoint, State, StateFinding,
    StateSeverity, UnlockAdvice, Validity,
};
use time::format_description::well_known::Rfc3339;

pub use super::trust::Migration;
use super::{texts, trust};
use crate::error::{EngineError, Result};
use crate::inputs;
use crate::inputs::{Digests, Remembered, collect};
use crate::outcome::state::{
    BackupDoc, BackupsReport, FindingDoc, FindingsReport, ProvenanceDoc, StateChangeReport, StateReport,
};
use crate::plan::hash_manifest;
use crate::prepare::Values;
use crate::project::{Project, packer, store};

/// How much a check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The state and what lies beside it.
    Records,
    /// Also whether the inputs are the trusted ones, as `plan` counts them, and what suites said.
    Drift,
    /// Also every input, hashed anew and compared with what was trusted and with the stat cache; and every kept text.
    Inputs,
}

/// The state as it is.
///
/// # Errors
/// When it cannot be trusted.
pub fn show(project: &Project) -> Result<StateReport> {
    Ok(StateReport { state: store::read(project)? })
}

/// What is wrong with the state and with what lies beside it.
///
/// # Errors
/// When the check itself cannot be made.
pub fn check(project: &Project, depth: Depth) -> Result<FindingsReport> {
    let store = store::open(project)?;
    let (mut own, mut provenance, mut problem) = (Vec::new(), Vec::new(), None);
    let context = match store.read() {
        Ok(Some(state)) => {
            let (manifests, records) = (manifests(project, &state)?, records(project, &state)?);
            let mut context = CheckContext { manifests, records, ..CheckContext::default() };
            match depth {
                Depth::Records => {}
                Depth::Drift => {
                    (context.current_inputs, own) = as_planned(project, &state);
                    provenance = tested(&state);
                }
                Depth::Inputs => (context.current_inputs, own) = hashed_anew(project, &state)?,
            }
            context
        }
        Ok(None) => CheckContext::default(),
        Err(error) => {
            problem = Some(error.into());
            CheckContext::default()
        }
    };
    if depth == Depth::Inputs {
        own.extend(texts::findings(project));
    }
    let findings = store.check(&context).into_iter();
    let findings = findings.map(|finding| {
        let is_unusable = finding.code == FindingCode::StateUnusable;
        FindingDoc { problem: problem.take_if(|_| is_unusable), ..described(finding) }
    });
    let findings: Vec<FindingDoc> = findings.chain(own).collect();
    if depth == Depth::Drift {
        for finding in &findings {
            let (code, subject) = (finding.code, finding.subject.as_str());
            tracing::info!(code, subject, "found: {}", finding.message);
        }
    }
    Ok(FindingsReport { findings, provenance })
}

/// The inputs of every target of the state as `plan` counts them, and a finding for what cannot be looked at.
fn as_planned(project: &Project, state: &State) -> (BTreeMap<Target, Digest>, Vec<FindingDoc>) {
    let (mut current, mut findings) = (BTreeMap::new(), Vec::new());
    let unknown = |subject: String, error: &EngineError| FindingDoc {
        severity: StateSeverity::Warning,
        code: "DriftUnknown",
        subject,
        message: format!("whether its inputs are the trusted ones is not known: {error}"),
        hint: "`hybrid validate` names what is wrong".into(),
        link: "hybrid explain DriftUnknown".into(),
        problem: None,
    };
    let all = match project.select(&Selector::all()) {
        Ok(all) => all,
        Err(error) => return (current, vec![unknown(project.settings.project.name.clone(), &error)]),
    };
    let trusted: BTreeSet<&Target> = state
        .builders
        .iter()
        .filter(|(_, record)| record.trusted.is_some())
        .map(|(target, _)| target)
        .collect();
    let envs: BTreeSet<&EnvName> = trusted.iter().map(|target| &target.env).collect();
    for env in envs {
        let is_wanted = |id: &BuilderId| trusted.iter().any(|one| one.builder == *id && one.env == *env);
        match project.plan_sound(&all.narrowed(is_wanted), env, &Values::default()) {
            Ok(plan) => {
                let planned = plan.targets.iter();
                current.extend(planned.map(|one| (one.prepared.target.clone(), one.manifest.combined)));
            }
            Err(error) => findings.push(unknown(env.to_string(), &error)),
        }
    }
    (current, findings)
}

/// What suites said of the last build of every target.
fn tested(state: &State) -> Vec<ProvenanceDoc> {
    let mut tested = Vec::new();
    for (target, record) in &state.builders {
        let Some(last) = &record.last_build else { continue };
        for verdict in record.provenance.iter().filter(|verdict| verdict.build_id == last.build_id) {
            tested.push(ProvenanceDoc {
                target: target.to_string(),
                build_id: verdict.build_id.to_string(),
                suite: verdict.suite.clone(),
                passed: verdict.passed,
                at: verdict.at.format(&Rfc3339).unwrap_or_default(),
                links: verdict.links.clone(),
            });
        }
    }
    tested
}

fn described(finding: StateFinding) -> FindingDoc {
    FindingDoc {
        severity: finding.severity,
        code: finding.code.as_str(),
        subject: finding.subject,
        message: finding.message,
        hint: finding.hint,
        link: finding.doc_anchor,
        problem: None,
    }
}

/// The digest of the hash manifest's entry of every target of the state. A damaged manifest counts as none.
fn manifests(project: &Project, state: &State) -> Result<BTreeMap<Target, Option<Digest>>> {
    let mut manifests = BTreeMap::new();
    for target in state.builders.keys() {
        let manifest = hash_manifest(project, &target.builder)?;
        let entry = manifest.as_ref().and_then(|manifest| manifest.environments.get(&target.env));
        manifests.insert(target.clone(), entry.map(HashEntry::digest));
    }
    Ok(manifests)
}

/// The digest of every record that the state sealed. A damaged record counts as none.
fn records(project: &Project, state: &State) -> Result<BTreeMap<BuildId, Option<Digest>>> {
    let mut records = BTreeMap::new();
    for (build, _, _) in state.seals() {
        let read = match ArtifactRecord::read_with_digest(&project.root, build) {
            Err(RecordError::Damaged { .. }) => None,
            read => read?,
        };
        records.insert(build.clone(), read.map(|(_, digest)| digest));
    }
    Ok(records)
}

/// The inputs of every target of the state, hashed anew, and a finding where the stat cache says something else. Such a
/// cache is removed.
fn hashed_anew(project: &Project, state: &State) -> Result<(BTreeMap<Target, Digest>, Vec<FindingDoc>)> {
    let packer = packer::find(project)?;
    let all = project.select(&Selector::all())?;
    let (mut current, mut findings) = (BTreeMap::new(), Vec::new());
    let envs: BTreeSet<&EnvName> = state.builders.keys().map(|target| &target.env).collect();
    for env in envs {
        let selection =
            all.narrowed(|id| state.builders.contains_key(&Target { builder: id.clone(), env: env.clone() }));
        if selection.ids.is_empty() {
            continue;
        }
        let (prepared, _) = project.prepare(&selection, env, &Values::default())?;
        let mut remembered = Digests::of_all(project, &packer, &prepared, Remembered::load(project))?;
        let (anew, _) = project.prepare_with(&selection, env, &Values::default(), TreeCache::default())?;
        let mut fresh = Digests::default();
        for (one, anew) in prepared.iter().zip(&anew) {
            let old = collect(project, one, &packer, &mut remembered)?;
            let new = collect(project, anew, &packer, &mut fresh)?;
            let missed = inputs::compare(project, &old, &new);
            findings.extend(missed.all().map(|change| stat_cache_wrong(&change.name)));
            current.insert(one.target.clone(), new.combined);
        }
    }
    if !findings.is_empty() {
        for cache in [layout::STAT_CACHE, layout::TREE_CACHE] {
            let _ = std::fs::remove_file(project.at(cache));
        }
    }
    Ok((current, findings))
}

fn stat_cache_wrong(input: &str) -> FindingDoc {
    FindingDoc {
        severity: StateSeverity::Error,
        code: "StatCacheWrong",
        subject: input.to_owned(),
        message: "the file changed, and the stat cache did not notice".into(),
        hint: "the cache was removed; validate again, and report how the file was changed".into(),
        link: "hybrid explain StatCacheWrong".into(),
        problem: None,
    }
}

/// Backups, newest first.
///
/// # Errors
/// When they cannot be listed.
pub fn backups(project: &Project) -> Result<BackupsReport> {
    let described = |backup: hc_state::Backup| BackupDoc {
        serial: backup.serial.unwrap_or(0),
        path: project.shown(&backup.path),
        validity: match backup.validity {
            Validity::Good { .. } => "good".into(),
            Validity::OtherVersion { version } => format!("schema version {version}"),
            Validity::Bad { reason } => reason,
        },
    };
    Ok(BackupsReport { backups: store::open(project)?.backups()?.into_iter().map(described).collect() })
}

/// Brings a backup back.
///
/// # Errors
/// When there is no such good backup, or it cannot be written.
pub fn restore(project: &Project, point: RestorePoint) -> Result<StateChangeReport> {
    let restored = store::open(project)?.restore(point, &project.run_id)?;
    let mut lines = vec![format!("restored serial {} as serial {}", restored.from.serial, restored.serial)];
    if let Some(kept) = restored.kept {
        lines.push(format!("what stood there is kept as {}", project.shown(&kept)));
    }
    Ok(StateChangeReport { lines, changed: true })
}

/// Migrates to a schema version, the newest unless another is named, or says what a migration would do.
///
/// # Errors
/// When there is no way between the versions, or it cannot be written.
pub fn migrate(project: &Project, migration: Migration, to: Option<u32>) -> Result<StateChangeReport> {
    let store = store::open(project)?;
    let options = MigrateOptions { env: project.settings.project.default_env.clone() };
    let (plan, backup) = match migration {
        Migration::Planned => (store.plan_migration(to, &options, &project.run_id)?, None),
        Migration::Made => {
            let done = store.migrate(to, &options, &project.run_id)?;
            (done.plan, done.backup)
        }
    };
    let mut lines = told(&plan, migration);
    if to.is_none() {
        lines.extend(trust::migrate(project, migration)?);
    }
    lines.extend(backup.as_ref().map(|backup| format!("  backup: {}", project.shown(backup))));
    Ok(StateChangeReport { lines, changed: backup.is_some() })
}

fn told(plan: &MigrationPlan, migration: Migration) -> Vec<String> {
    let dry = match migration {
        Migration::Planned => " (dry run, nothing was changed)",
        Migration::Made => "",
    };
    let mut lines = vec![match plan.steps.is_empty() {
        true => format!("the state has schema version {} already", plan.to),
        false => format!("schema version {} → {}{dry}", plan.from, plan.to),
    }];
    lines.extend(plan.steps.iter().map(|step| format!("  {} → {}: {}", step.from, step.to, step.summary)));
    lines.extend(plan.lost.iter().map(|loss| format!("  lost: {}: {}", loss.subject, loss.what)));
    lines
}

/// Who holds the locks, and what to do about it.
///
/// # Errors
/// When the locks cannot be looked at.
pub fn unlock(project: &Project) -> Result<StateChangeReport> {
    let line = |advice: UnlockAdvice| {
        let holder = advice
            .holder
            .map(|holder| format!(" by `{}` (pid {} on {})", holder.command, holder.pid, holder.host));
        let held = if advice.held { format!("held{}", holder.unwrap_or_default()) } else { "free".into() };
        let processes: Vec<String> = advice.processes.iter().map(ToString::to_string).collect();
        let by = match processes.is_empty() {
            true => String::new(),
            false => format!("; open in {}", processes.join(", ")),
        };
        format!("{}: {held}{by}; {}", project.shown(&advice.path), advice.advice)
    };
    let advice = store::open(project)?.unlock_advice()?;
    let held = advice.iter().filter(|advice| advice.held).count();
    let mut lines: Vec<String> = advice.into_iter().map(line).collect();
    lines.push(match held {
        0 => "nothing is locked: the kernel frees the locks of processes that have ended".into(),
        held => format!("{held} held by processes that live; no lock is taken from one, end it instead"),
    });
    Ok(StateChangeReport { lines, changed: false })
}
