//! `hybrid state …` and `hybrid diag state`.

use std::collections::{BTreeMap, BTreeSet};

use hc_core::{BuilderId, Digest, EnvName, Target};
use hc_records::HashManifest;
use hc_state::{CheckContext, MigrateOptions, RestorePoint, Severity, State, Validity};

use super::inputs::{Digests, Remembered, STAT_CACHE, collect};
use super::prepare::{Values, prepare};
use super::select::select;
use super::{packer, record, state};
use crate::command_error::Result;
use crate::report::state::{
    BackupDoc, BackupsReport, FindingDoc, FindingsReport, StateChangeReport, StateReport,
};
use crate::session::Session;

/// The state as it is.
///
/// # Errors
/// When it cannot be trusted.
pub fn show(session: &Session) -> Result<StateReport> {
    Ok(StateReport { state: state::read(session)? })
}

/// What is wrong with the state and with what lies beside it.
///
/// # Errors
/// When the check itself cannot be made.
pub fn check(session: &Session, deep: bool) -> Result<FindingsReport> {
    let store = state::open(session)?;
    let mut own = Vec::new();
    let context = match store.read() {
        Ok(Some(state)) => {
            let mut context = context(session, &state)?;
            if deep {
                (context.current_inputs, own) = anew(session, &state)?;
            }
            context
        }
        _ => CheckContext::default(),
    };
    let mut findings: Vec<FindingDoc> = store
        .check(&context)
        .into_iter()
        .map(|finding| FindingDoc {
            severity: match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Info => "info",
            }
            .into(),
            code: finding.code.as_str().into(),
            subject: finding.subject,
            message: finding.message,
            hint: finding.hint,
            link: finding.doc_anchor,
        })
        .collect();
    findings.extend(own);
    Ok(FindingsReport { findings })
}

/// The inputs of every target of the state, hashed anew, and a finding where the stat cache says something else. Such a
/// cache is removed.
fn anew(session: &Session, state: &State) -> Result<(BTreeMap<Target, Digest>, Vec<FindingDoc>)> {
    let packer = packer::find(session)?;
    let inventory = select(session, "")?;
    let (mut current, mut findings) = (BTreeMap::new(), Vec::new());
    let envs: BTreeSet<&EnvName> = state.builders.keys().map(|target| &target.env).collect();
    for env in envs {
        let here = |id: &&BuilderId| {
            state.builders.contains_key(&Target { builder: (*id).clone(), env: env.clone() })
        };
        let all = inventory.inventory.ids();
        let ids: Vec<String> = all.iter().filter(here).map(ToString::to_string).collect();
        if ids.is_empty() {
            continue;
        }
        let selection = select(session, &ids.join(","))?;
        let (prepared, _) = prepare(session, &selection, env, &Values::default())?;
        let mut remembered = Digests::of_all(session, &prepared, Remembered::load(session))?;
        let mut fresh = Digests::default();
        for one in &prepared {
            let version = packer.version.to_string();
            let (old, new) = (
                collect(session, one, &version, &mut remembered)?,
                collect(session, one, &version, &mut fresh)?,
            );
            for input in new.inputs.iter().filter(|input| !old.inputs.contains(input)) {
                findings.push(FindingDoc {
                    severity: "error".into(),
                    code: "StatCacheWrong".into(),
                    subject: input.name.clone(),
                    message: "the file changed, and the stat cache did not notice".into(),
                    hint: "the cache was removed; validate again, and report how the file was changed".into(),
                    link: "docs/open-issues.md#statcachewrong".into(),
                });
            }
            current.insert(one.target.clone(), new.combined);
        }
    }
    if !findings.is_empty() {
        let _ = std::fs::remove_file(session.root.join(STAT_CACHE));
    }
    Ok((current, findings))
}

fn context(session: &Session, state: &State) -> Result<CheckContext> {
    let mut manifests = BTreeMap::new();
    for target in state.builders.keys() {
        let manifest: Option<HashManifest> = record::read_hash_manifest(session, &target.builder)?;
        let digest = manifest
            .and_then(|manifest| manifest.environments.get(&target.env).map(hc_records::HashEntry::digest));
        manifests.insert(target.clone(), digest);
    }
    Ok(CheckContext { current_inputs: BTreeMap::new(), manifests })
}

/// Backups, newest first.
///
/// # Errors
/// When they cannot be listed.
pub fn backups(session: &Session) -> Result<BackupsReport> {
    let backups = state::open(session)?
        .backups()?
        .into_iter()
        .map(|backup| BackupDoc {
            serial: backup.serial.unwrap_or(0),
            path: session.shown(&backup.path),
            validity: match backup.validity {
                Validity::Good { .. } => "good".into(),
                Validity::OtherVersion { version } => format!("schema version {version}"),
                Validity::Bad { reason } => reason,
            },
        })
        .collect();
    Ok(BackupsReport { backups })
}

/// Brings a backup back.
///
/// # Errors
/// When there is no such good backup, or it cannot be written.
pub fn restore(session: &Session, serial: Option<u64>) -> Result<StateChangeReport> {
    let point = serial.map_or(RestorePoint::NewestGood, RestorePoint::Serial);
    let restored = state::open(session)?.restore(point, &session.run_id)?;
    let mut lines = vec![format!("restored serial {} as serial {}", restored.from.serial, restored.serial)];
    if let Some(kept) = restored.kept {
        lines.push(format!("what stood there is kept as {}", session.shown(&kept)));
    }
    Ok(StateChangeReport { lines, changed: true })
}

/// Migrates, or says what a migration would do.
///
/// # Errors
/// When there is no way between the versions, or it cannot be written.
pub fn migrate(session: &Session, dry_run: bool, to: Option<u32>) -> Result<StateChangeReport> {
    let store = state::open(session)?;
    let options = MigrateOptions { env: session.settings.project.default_env.clone() };
    let (plan, backup) = if dry_run {
        (store.plan_migration(to, &options, &session.run_id)?, None)
    } else {
        let done = store.migrate(to, &options, &session.run_id)?;
        (done.plan, done.backup)
    };
    let mut lines = vec![if plan.steps.is_empty() {
        format!("the state has schema version {} already", plan.to)
    } else {
        format!(
            "schema version {} → {}{}",
            plan.from,
            plan.to,
            if dry_run { " (dry run, nothing was changed)" } else { "" }
        )
    }];
    lines.extend(plan.steps.iter().map(|step| format!("  {} → {}: {}", step.from, step.to, step.summary)));
    lines.extend(plan.lost.iter().map(|loss| format!("  lost: {}: {}", loss.subject, loss.what)));
    lines.extend(backup.as_ref().map(|backup| format!("  backup: {}", session.shown(backup))));
    Ok(StateChangeReport { lines, changed: backup.is_some() })
}

/// Who holds the locks, and what to do about it.
///
/// # Errors
/// When the locks cannot be looked at.
pub fn unlock(session: &Session) -> Result<StateChangeReport> {
    let mut lines = Vec::new();
    for advice in state::open(session)?.unlock_advice()? {
        let holder = advice
            .holder
            .map(|holder| format!(" by `{}` (pid {} on {})", holder.command, holder.pid, holder.host));
        let held = if advice.held { format!("held{}", holder.unwrap_or_default()) } else { "free".into() };
        lines.push(format!("{}: {held}; {}", session.shown(&advice.path), advice.advice));
    }
    Ok(StateChangeReport { lines, changed: false })
}
