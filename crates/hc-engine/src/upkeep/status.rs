//! What the state says of every target, and whether it still holds: the same question that `plan` asks (CLO-6).

use std::collections::{BTreeMap, BTreeSet};

use hc_core::{BuilderId, EnvName, Selector, Target};
use hc_state::{BuildHolder, BuildSummary, BuilderRecord, RunOutcome, RunRecord, State};
use time::format_description::well_known::Rfc3339;

use crate::error::Result as EngineResult;
use crate::gate::Gate;
use crate::outcome::plan::{StatusReport, TargetState, TargetStatus};
use crate::plan::abandoned::{self, Abandoned};
use crate::plan::{Planned, Reason};
use crate::prepare::Values;
use crate::project::{Project, store};

/// Tells how every target of the state stands. Builds nothing, trusts nothing.
///
/// # Errors
/// When the state cannot be read.
pub fn status(project: &Project, selector: &Selector, env: Option<&EnvName>) -> EngineResult<StatusReport> {
    let store = store::open(project)?;
    let Some(state) = store.read()? else {
        return Ok(StatusReport { serial: 0, targets: Vec::new(), interrupted_runs: Vec::new() });
    };
    let is_asked =
        |target: &Target| selector.matches(&target.builder) && env.is_none_or(|env| *env == target.env);
    let records = || state.builders.iter().filter(|(target, _)| is_asked(target));
    let judged = records().filter(|(_, record)| record.last_build.is_some() || record.trusted.is_some());
    let now = Now {
        building: store.build_holders()?,
        abandoned: abandoned::abandoned(project, &store)?,
        plans: plans(project, judged.map(|(target, _)| target)),
    };
    Ok(StatusReport {
        serial: state.serial,
        targets: records().map(|(target, record)| now.of_target(project, target, record)).collect(),
        interrupted_runs: now.interrupted(&state),
    })
}

/// What goes on beside the state.
struct Now {
    building: Vec<BuildHolder>,
    abandoned: Vec<Abandoned>,
    /// What a plan says of targets that were validated or built, or why there is none.
    plans: BTreeMap<Target, Result<Standing, &'static str>>,
}

/// What a plan says of a target.
struct Standing {
    reasons: Vec<String>,
    is_trusted: bool,
}

/// Asks `plan`. Targets whose builder is gone are left out.
fn plans<'a>(
    project: &Project,
    targets: impl Iterator<Item = &'a Target>,
) -> BTreeMap<Target, Result<Standing, &'static str>> {
    let mut by_env: BTreeMap<&EnvName, BTreeSet<&BuilderId>> = BTreeMap::new();
    for target in targets {
        by_env.entry(&target.env).or_default().insert(&target.builder);
    }
    let mut plans = BTreeMap::new();
    if by_env.is_empty() {
        return plans;
    }
    let all = match project.select(&Selector::all()) {
        Ok(all) => all,
        Err(error) => {
            // Without an inventory nothing can be said of any of them.
            for (env, ids) in by_env {
                let target = |id: &BuilderId| Target { builder: id.clone(), env: env.clone() };
                plans.extend(ids.into_iter().map(|id| (target(id), Err(error.code()))));
            }
            return plans;
        }
    };
    // One whose file belongs to no builder now may be meant by it.
    let misplaced = all.diagnostics.iter().find(|one| one.is_error()).map(|one| one.code);
    for (env, ids) in by_env {
        for id in ids.iter().filter(|id| all.inventory.get(id).is_none()) {
            // One that could not be read is not one that is gone.
            let broken = all.inventory.broken.get(*id).and_then(|problems| problems.first());
            if let Some(code) = broken.map(|problem| problem.code).or(misplaced) {
                plans.insert(Target { builder: (*id).clone(), env: env.clone() }, Err(code));
            }
        }
        let planned =
            |keep: &dyn Fn(&BuilderId) -> bool| project.plan(&all.narrowed(keep), env, &Values::default());
        if let Ok(plan) = planned(&|id| ids.contains(id)) {
            plans.extend(plan.targets.iter().map(standing));
            continue;
        }
        // One that cannot be planned must not hide how the others stand.
        for id in ids.into_iter().filter(|id| all.inventory.get(id).is_some()) {
            match planned(&|other| other == id) {
                Ok(plan) => plans.extend(plan.targets.iter().map(standing)),
                Err(error) => {
                    plans.insert(Target { builder: id.clone(), env: env.clone() }, Err(error.code()));
                }
            }
        }
    }
    plans
}

fn standing(planned: &Planned) -> (Target, Result<Standing, &'static str>) {
    let reasons = planned.reasons.iter().map(ToString::to_string).collect();
    (planned.prepared.target.clone(), Ok(Standing { reasons, is_trusted: planned.gate == Gate::Trusted }))
}

impl Now {
    fn of_target(&self, project: &Project, target: &Target, record: &BuilderRecord) -> TargetStatus {
        let last = record.last_build.as_ref();
        let (mut reasons, is_trusted) = match self.plans.get(target) {
            // That it was never built is its state.
            Some(Ok(standing)) if last.is_none() => (doubts(project, record), standing.is_trusted),
            Some(Ok(standing)) => (standing.reasons.clone(), standing.is_trusted),
            Some(Err(code)) => (vec![format!("its inputs cannot be looked at ({code})")], false),
            None => (doubts(project, record), record.trusted.is_some()),
        };
        let failed = last.is_some_and(|last| last.exit_code != 0);
        if failed {
            // Its class says more than that it failed.
            reasons.retain(|reason| *reason != Reason::LastFailed.to_string());
        }
        let left = self.left_of(target);
        if let Some(left) = left {
            reasons.push(format!("run {} was killed; see `hybrid orphans`", left.entry.run_id));
        }
        let is_built = self.building.iter().any(|holder| holder.target == *target);
        let state = match last {
            _ if left.is_some() => TargetState::Interrupted,
            _ if is_built => TargetState::Building,
            None => TargetState::NeverBuilt,
            Some(last) if last.exit_code == 130 => TargetState::Interrupted,
            Some(last) if last.exit_code != 0 => TargetState::Failed,
            Some(_) if !reasons.is_empty() => TargetState::Stale,
            Some(_) => TargetState::Fresh,
        };
        if let Some(last) = last.filter(|last| last.exit_code != 0) {
            reasons.insert(0, last.classification.clone());
        }
        let images = last.into_iter().flat_map(|last| &last.artifacts);
        TargetStatus {
            builder: target.builder.to_string(),
            env: target.env.to_string(),
            state,
            reasons,
            trusted: is_trusted,
            build_id: last.map(|last| last.build_id.to_string()),
            built_at: last.and_then(|last| last.at.format(&Rfc3339).ok()),
            duration_ms: last.map(|last| last.duration_ms),
            artifacts: images.map(|image| image.id.clone()).collect(),
        }
    }

    /// What a killed run left of a target.
    fn left_of(&self, target: &Target) -> Option<&Abandoned> {
        self.abandoned.iter().find(|one| one.entry.target == *target)
    }

    /// Running runs whose builds were all given up, or that have nothing in the journal and no lock.
    fn interrupted(&self, state: &State) -> Vec<String> {
        let lives = |run: &RunRecord| {
            let given_up = self.abandoned.iter().any(|one| one.entry.run_id == run.run_id);
            let holds = |holder: &BuildHolder| !holder.orphaned && run.targets.contains(&holder.target);
            !given_up && self.building.iter().any(holds)
        };
        let dead = state.runs.iter().filter(|run| run.outcome == RunOutcome::Running && !lives(run));
        dead.map(|run| run.run_id.to_string()).collect()
    }
}

/// Why the last build of a target may not hold any more, by the state alone.
fn doubts(project: &Project, record: &BuilderRecord) -> Vec<String> {
    let mut reasons = Vec::new();
    let last: Option<&BuildSummary> = record.last_build.as_ref();
    if let (Some(last), Some(trusted)) = (last, &record.trusted)
        && last.inputs != trusted.inputs
    {
        reasons.push("validated inputs differ from the built ones".to_owned());
    }
    let images = last.into_iter().flat_map(|last| &last.artifacts).filter_map(|image| image.path.as_ref());
    let gone = images.filter(|path| !project.at(path).is_file());
    reasons.extend(gone.map(|path| format!("image {path} is gone")));
    reasons
}
