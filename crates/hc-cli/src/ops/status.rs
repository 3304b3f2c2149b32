//! `hybrid status`: what the state says, and whether it still holds.

use hc_core::{EnvName, Selector};
use hc_state::{RunOutcome, RunRecord};

use super::{journal, state};
use crate::command_error::Result;
use crate::report::plan::{StatusReport, TargetStatus};
use crate::session::Session;

/// Reads only fields of the state's schema; starts no packer, hashes nothing (STATE-5).
///
/// # Errors
/// When the state cannot be read.
pub fn status(session: &Session, targets: &str, env: Option<&EnvName>) -> Result<StatusReport> {
    let selector = Selector::parse(targets)?;
    let store = state::open(session)?;
    let Some(state) = store.read()? else {
        return Ok(StatusReport { serial: 0, targets: Vec::new(), interrupted_runs: Vec::new() });
    };
    let building = store.build_holders()?;
    let abandoned = journal::abandoned(session, &store)?;
    let mut rows = Vec::new();
    for (target, record) in &state.builders {
        if !selector.matches(&target.builder) || env.is_some_and(|env| *env != target.env) {
            continue;
        }
        let last = record.last_build.as_ref();
        let mut reasons = Vec::new();
        if let (Some(last), Some(trusted)) = (last, &record.trusted)
            && last.inputs != trusted.inputs
        {
            reasons.push("validated inputs differ from the built ones".to_owned());
        }
        for artifact in last.into_iter().flat_map(|last| &last.artifacts) {
            if let Some(path) = artifact.path.as_ref().filter(|path| !session.root.join(path).is_file()) {
                reasons.push(format!("image {path} is gone"));
            }
        }
        let left = abandoned.iter().find(|one| one.entry.target == *target);
        if let Some(left) = left {
            reasons.push(format!("run {} was killed; see `hybrid orphans`", left.entry.run_id));
        }
        let state_word = if left.is_some() {
            "interrupted"
        } else if building.iter().any(|holder| holder.target == *target) {
            "building"
        } else {
            match last {
                None => "never built",
                Some(last) if last.exit_code == 130 => "interrupted",
                Some(last) if last.exit_code != 0 => "failed",
                Some(_) if !reasons.is_empty() => "stale",
                Some(_) => "fresh",
            }
        };
        if let Some(last) = last.filter(|last| last.exit_code != 0) {
            reasons.insert(0, last.classification.clone());
        }
        rows.push(TargetStatus {
            builder: target.builder.to_string(),
            env: target.env.to_string(),
            state: state_word.into(),
            reasons,
            trusted: record.trusted.is_some(),
            build_id: last.map(|last| last.build_id.to_string()),
            built_at: last
                .and_then(|last| last.at.format(&time::format_description::well_known::Rfc3339).ok()),
            duration_ms: last.map(|last| last.duration_ms),
            artifacts: last
                .into_iter()
                .flat_map(|last| &last.artifacts)
                .map(|artifact| artifact.id.clone())
                .collect(),
        });
    }
    // A running run whose builds were all given up, or that has nothing in the journal and no lock.
    let lives = |run: &RunRecord| {
        let given_up = abandoned.iter().any(|one| one.entry.run_id == run.run_id);
        !given_up && building.iter().any(|holder| !holder.orphaned && run.targets.contains(&holder.target))
    };
    let interrupted_runs = state
        .runs
        .iter()
        .filter(|run| run.outcome == RunOutcome::Running && !lives(run))
        .map(|run| run.run_id.to_string())
        .collect();
    Ok(StatusReport { serial: state.serial, targets: rows, interrupted_runs })
}
