//! Per target: stale or up to date, trusted or not, and why. `build` works on the very values that are shown.

pub mod abandoned;
mod last;
pub mod lineage;
pub mod parent;
mod reason;

use std::collections::BTreeSet;

use hc_config::Diagnostic;
use hc_core::{BuilderId, EnvName, Target};
use hc_packer::Packer;
use hc_records::{InputManifest, RecordError};
use hc_state::{BuildSummary, State};

use crate::error::{EngineError, EvidenceError, RecordFault, Result};
use crate::gate::{Gate, gate};
use crate::inputs;
use crate::inputs::portable::not_portable;
use crate::inputs::{Digests, Remembered, collect};
use crate::outcome::plan::{PlanReport, PlannedTarget};
use crate::prepare::{Prepared, Sound, Values, secrets};
use crate::project::{Project, packer, store};
use crate::select::Selection;

pub use last::{hash_manifest, last_build, last_inputs};
use parent::Parent;
pub use reason::Reason;

/// One target as it stands: its inputs, whether they are trusted, why it would be rebuilt.
pub struct Planned {
    /// The target with its values.
    pub prepared: Prepared,
    /// Its inputs now.
    pub manifest: InputManifest,
    /// What the gate found.
    pub gate: Gate,
    /// Why a rebuild is due; empty when the target is up to date.
    pub reasons: Vec<Reason>,
    /// Inputs that differ from the last build.
    pub changed: Vec<String>,
    /// Published image that a build would start from.
    pub parent: Option<Parent>,
    /// How long the last build took, in milliseconds.
    pub expected_ms: Option<u64>,
    /// Inputs that another machine may count differently, in words.
    pub not_portable: Vec<String>,
}

/// What a build would do: the value that [`Project::build`] takes.
pub struct Plan {
    /// Environment.
    pub env: EnvName,
    /// What was asked for.
    pub selection: Selection,
    /// Values beyond the files.
    pub values: Values,
    /// The targets, in build order.
    pub targets: Vec<Planned>,
    /// Selected builders that cannot be planned; their errors are among the diagnostics.
    pub broken: BTreeSet<BuilderId>,
    /// The packer that would build.
    pub packer: Packer,
    /// Warnings on the way, and the errors of the broken builders.
    pub diagnostics: Vec<Diagnostic>,
}

impl Project {
    /// Plans all selected targets, or none.
    ///
    /// # Errors
    /// The diagnostics of the static checks; when state, records or packer cannot be used.
    pub fn plan(&self, selection: &Selection, env: &EnvName, values: &Values) -> Result<Plan> {
        let plan = self.plan_sound(selection, env, values)?;
        match plan.diagnostics.iter().any(Diagnostic::is_error) {
            true => Err(EngineError::Invalid(plan.diagnostics)),
            false => Ok(plan),
        }
    }

    /// Plans the selected targets that can be planned, whatever is wrong with the others.
    ///
    /// # Errors
    /// The diagnostics, when nothing is left to plan; when state, records or packer cannot be used.
    pub fn plan_sound(&self, selection: &Selection, env: &EnvName, values: &Values) -> Result<Plan> {
        let remembered = Remembered::load(self);
        let packer = packer::find(self)?;
        let Sound { prepared, mut broken, mut diagnostics } = self.prepare_sound(selection, env, values)?;
        let weak = secrets::at_hand(self, &prepared);
        if !weak.is_empty() {
            return Err(EngineError::Invalid(weak));
        }
        let store = store::open(self)?;
        let state = store.read()?;
        diagnostics.extend(abandoned::warnings(self, &store)?);
        let mut digests = Digests::of_all(self, &packer, &prepared, remembered)?;
        let mut targets: Vec<Planned> = Vec::new();
        let is_only_one = prepared.len() == 1;
        for one in prepared {
            let builder = one.target.builder.clone();
            match self.plan_target(one, &targets, state.as_ref(), &packer, &mut digests) {
                Ok(planned) => targets.push(planned),
                Err(error) if is_only_one => return Err(error),
                Err(error) => {
                    diagnostics.extend(error.of_one_target(&builder)?);
                    broken.insert(builder);
                }
            }
        }
        if targets.is_empty() {
            return Err(EngineError::Invalid(diagnostics));
        }
        let (env, selection, values) = (env.clone(), selection.clone(), values.clone());
        Ok(Plan { env, selection, values, targets, broken, packer, diagnostics })
    }

    fn plan_target(
        &self,
        prepared: Prepared,
        before: &[Planned],
        state: Option<&State>,
        packer: &Packer,
        digests: &mut Digests,
    ) -> Result<Planned> {
        let manifest = collect(self, &prepared, packer, digests)?;
        let not_portable = not_portable(self, &prepared, packer, &manifest, &*digests.plugins(self)?);
        let gate = gate(self, state, &manifest)?;
        let parent = parent::published(self, state, &prepared.target.env, &prepared.builder)?;
        let last = last_build(state, &prepared.target);
        let (mut reasons, changed) = stale(self, state, &prepared, &manifest, parent.as_ref())?;
        if let Some(parent) = &prepared.builder.metadata.parent {
            let is_due =
                |other: &Planned| other.prepared.target.builder == *parent && !other.reasons.is_empty();
            if before.iter().any(is_due) {
                reasons.push(Reason::ParentIsRebuilt(parent.clone()));
            }
        }
        let expected_ms = last.filter(|build| build.exit_code == 0).map(|build| build.duration_ms);
        Ok(Planned { prepared, manifest, gate, reasons, changed, parent, expected_ms, not_portable })
    }
}

impl Plan {
    /// The plan as it is shown.
    pub fn report(&self) -> PlanReport {
        let target = |one: &Planned| PlannedTarget {
            builder: one.prepared.target.builder.to_string(),
            stale: !one.reasons.is_empty(),
            trusted: one.gate == Gate::Trusted,
            reasons: one.reasons.iter().map(ToString::to_string).collect(),
            changed: one.changed.clone(),
            inputs_hash: one.manifest.combined.to_string(),
            parent: one.parent.as_ref().map(|parent| parent.image.build_id.to_string()),
            expected_ms: one.expected_ms,
            not_portable: one.not_portable.clone(),
        };
        PlanReport {
            env: self.env.to_string(),
            targets: self.targets.iter().map(target).collect(),
            broken: self.broken.iter().map(ToString::to_string).collect(),
        }
    }
}

fn stale(
    project: &Project,
    state: Option<&State>,
    prepared: &Prepared,
    now: &InputManifest,
    parent: Option<&Parent>,
) -> Result<(Vec<Reason>, Vec<String>)> {
    let target = &prepared.target;
    let Some(last) = last_build(state, target) else { return Ok((vec![Reason::NeverBuilt], Vec::new())) };
    if last.exit_code != 0 {
        return Ok((vec![Reason::LastFailed], Vec::new()));
    }
    let mut changed = Vec::new();
    let mut reasons = match outdated(project, state, last, parent) {
        // What the record says is not known; a new build has a new one.
        Err(EngineError::Record(error @ RecordError::Damaged { .. })) => {
            vec![Reason::RecordDamaged(error.to_string())]
        }
        known => known?,
    };
    if last.inputs != now.combined {
        let old = last_inputs(project, target)?.filter(|old| old.combined == last.inputs);
        if !old.as_ref().is_some_and(|old| inputs::is_same(project, old, now)) {
            let drift = old.map(|old| inputs::compare(project, &old, now)).unwrap_or_default();
            changed = drift.all().map(|change| change.name.clone()).collect();
            reasons.push(Reason::InputsChanged(changed.len()));
        }
    }
    if let Some(max_age) = prepared.builder.metadata.max_age
        && project.now() - last.at > max_age.get()
    {
        reasons.push(Reason::TooOld(max_age));
    }
    let gone = |path: &&String| !project.at(path).is_file();
    let images = last.artifacts.iter().filter_map(|artifact| artifact.path.as_ref());
    reasons.extend(images.filter(gone).map(|path| Reason::ImageGone(path.clone())));
    if let Some(parent) = &prepared.builder.metadata.parent {
        let parent_target = Target { builder: parent.clone(), env: target.env.clone() };
        match last_build(state, &parent_target) {
            Some(built) if built.exit_code == 0 && is_later(built, last) => {
                reasons.push(Reason::ParentRebuilt(parent.clone()));
            }
            Some(_) => {}
            None => reasons.push(Reason::ParentNeverBuilt(parent.clone())),
        }
    }
    Ok((reasons, changed))
}

/// Why a build is to be made again whatever its inputs are: its record is not what was written, it was revoked, or its
/// parent has a successor.
fn outdated(
    project: &Project,
    state: Option<&State>,
    last: &BuildSummary,
    parent: Option<&Parent>,
) -> Result<Vec<Reason>> {
    let Some(state) = state else { return Ok(Vec::new()) };
    let record = match lineage::sealed(project, &last.build_id, last.record) {
        // One of an older release is no reason to build everything again.
        Err(EngineError::Evidence(EvidenceError::RecordChanged { fault: RecordFault::Unsealed, .. })) => {
            lineage::read(project, &last.build_id)?
        }
        Err(EngineError::Evidence(error)) => return Ok(vec![Reason::RecordDamaged(error.to_string())]),
        record => Some(record?),
    };
    let Some(record) = record else { return Ok(Vec::new()) };
    let mut reasons: Vec<Reason> =
        lineage::revoked(project, state, &record)?.map(Reason::Revoked).into_iter().collect();
    let started_from = record.provenance.parent.as_ref().map(|parent| &parent.build_id);
    if let Some(parent) = parent.filter(|parent| Some(&parent.image.build_id) != started_from) {
        reasons.push(Reason::NewerParent(parent.image.build_id.clone()));
    }
    Ok(reasons)
}

/// Whether one build was recorded after another one; by their times where an older release recorded one of them.
fn is_later(build: &BuildSummary, other: &BuildSummary) -> bool {
    match (build.serial, other.serial) {
        (Some(build), Some(other)) => build > other,
        _ => build.at > other.at,
    }
}
