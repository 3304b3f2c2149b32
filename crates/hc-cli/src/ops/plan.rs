//! `hybrid plan`: per target stale or up to date, and why. `build` decides by the same values.

use hc_core::{BuildId, EnvName, Target};
use hc_packer::Packer;
use hc_records::{InputManifest, drift};
use hc_state::State;

use super::inputs::{Digests, Remembered, collect};
use super::parent::{self, Parent};
use super::prepare::{Prepared, Values, prepare};
use super::select::select;
use super::trust::{Gate, gate};
use super::{artifacts, journal, packer, record, secrets, state};
use crate::command_error::Result;
use crate::report::plan::{PlanReport, PlannedTarget};
use crate::session::Session;

/// One target as it stands: its inputs, whether they are trusted, why it would be rebuilt.
#[derive(Debug)]
pub struct Planned {
    /// The target with its values.
    pub prepared: Prepared,
    /// Its inputs now.
    pub manifest: InputManifest,
    /// What the gate found.
    pub gate: Gate,
    /// Why a rebuild is due; empty when the target is up to date.
    pub reasons: Vec<String>,
    /// Inputs that differ from the last build.
    pub changed: Vec<String>,
    /// Published image that a build would start from.
    pub parent: Option<Parent>,
    /// How long the last build took, in milliseconds.
    pub expected_ms: Option<u64>,
}

/// Plans all selected targets, in build order.
///
/// # Errors
/// The diagnostics of the static checks.
pub fn plan(
    session: &Session,
    targets: &str,
    env: &EnvName,
    values: &Values,
) -> Result<(Vec<Planned>, Packer, Vec<hc_config::Diagnostic>)> {
    let remembered = Remembered::load(session);
    let packer = packer::find(session)?;
    let selection = select(session, targets)?;
    let (prepared, mut diagnostics) = prepare(session, &selection, env, values)?;
    secrets::at_hand(session, &prepared);
    let store = state::open(session)?;
    let state = store.read()?;
    diagnostics.extend(journal::warnings(session, &store)?);
    let mut digests = Digests::of_all(session, &prepared, remembered)?;
    let mut planned: Vec<Planned> = Vec::new();
    for one in prepared {
        let manifest = collect(session, &one, &packer.version.to_string(), &mut digests)?;
        let gate = gate(session, state.as_ref(), &manifest)?;
        let parent = parent::published(session, state.as_ref(), env, &one.builder)?;
        let (mut reasons, changed) = stale(session, state.as_ref(), &one, &manifest, parent.as_ref())?;
        if let Some(parent) = &one.builder.metadata.parent {
            let rebuilt = planned
                .iter()
                .any(|other| other.prepared.target.builder == *parent && !other.reasons.is_empty());
            if rebuilt {
                reasons.push(format!("parent {parent} is rebuilt"));
            }
        }
        let last = state
            .as_ref()
            .and_then(|state| state.builders.get(&one.target))
            .and_then(|record| record.last_build.as_ref());
        let expected_ms = last.filter(|build| build.exit_code == 0).map(|build| build.duration_ms);
        planned.push(Planned { prepared: one, manifest, gate, reasons, changed, parent, expected_ms });
    }
    Ok((planned, packer, diagnostics))
}

/// The report of a plan.
pub fn report(env: &EnvName, planned: &[Planned]) -> PlanReport {
    PlanReport {
        env: env.to_string(),
        targets: planned
            .iter()
            .map(|one| PlannedTarget {
                builder: one.prepared.target.builder.to_string(),
                stale: !one.reasons.is_empty(),
                trusted: one.gate == Gate::Trusted,
                reasons: one.reasons.clone(),
                changed: one.changed.clone(),
                inputs_hash: one.manifest.combined.to_string(),
                parent: one.parent.as_ref().map(|parent| parent.image.build_id.to_string()),
                expected_ms: one.expected_ms,
            })
            .collect(),
    }
}

/// Why a build is to be made again whatever its inputs are: it was revoked, or its parent has a successor.
fn outdated(
    session: &Session,
    state: Option<&State>,
    build: &BuildId,
    parent: Option<&Parent>,
) -> Result<Vec<String>> {
    let mut reasons = Vec::new();
    if let (Some(state), Some(record)) = (state, artifacts::read(session, build)?) {
        reasons.extend(artifacts::revoked(session, state, &record)?);
        let started_from = record.provenance.parent.as_ref().map(|parent| &parent.build_id);
        if let Some(parent) = parent.filter(|parent| Some(&parent.image.build_id) != started_from) {
            reasons.push(format!("a newer parent is published: {}", parent.image.build_id));
        }
    }
    Ok(reasons)
}

fn stale(
    session: &Session,
    state: Option<&State>,
    prepared: &Prepared,
    now: &InputManifest,
    parent: Option<&Parent>,
) -> Result<(Vec<String>, Vec<String>)> {
    let target: &Target = &prepared.target;
    let last =
        state.and_then(|state| state.builders.get(target)).and_then(|record| record.last_build.as_ref());
    let Some(last) = last else { return Ok((vec!["never built".into()], Vec::new())) };
    if last.exit_code != 0 {
        return Ok((vec!["the last build failed".into()], Vec::new()));
    }
    let mut changed = Vec::new();
    let mut reasons = match outdated(session, state, &last.build_id, parent) {
        // What the record says is not known; a new build has a new one.
        Err(error) if error.code == artifacts::DAMAGED => vec![error.message],
        known => known?,
    };
    if last.inputs != now.combined {
        if let Some(old) = record::last_inputs(session, target)?.filter(|old| old.combined == last.inputs) {
            let drift = drift::compare(&old, now);
            changed = drift.all().map(|change| change.name.clone()).collect();
        }
        reasons.push(match changed.len() {
            0 => "inputs changed".into(),
            1 => "1 input changed".into(),
            count => format!("{count} inputs changed"),
        });
    }
    if let Some(max_age) = prepared.builder.metadata.max_age {
        let age = session.now() - last.at;
        if age > max_age.get() {
            reasons.push(format!("older than {max_age}"));
        }
    }
    for artifact in &last.artifacts {
        if let Some(path) = artifact.path.as_ref().filter(|path| !session.root.join(path).is_file()) {
            reasons.push(format!("image {path} is gone"));
        }
    }
    if let Some(parent) = &prepared.builder.metadata.parent {
        let parent_target = Target { builder: parent.clone(), env: target.env.clone() };
        let built = state
            .and_then(|state| state.builders.get(&parent_target))
            .and_then(|record| record.last_build.as_ref());
        match built {
            Some(built) if built.exit_code == 0 && built.at > last.at => {
                reasons.push(format!("parent {parent} was rebuilt"))
            }
            Some(_) => {}
            None => reasons.push(format!("parent {parent} was never built")),
        }
    }
    Ok((reasons, changed))
}
