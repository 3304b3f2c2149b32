//! The gate: what a build would start from, beside what `validate` accepted (PKR-5).
//!
//! `plan` prints from [`gate`] and `build` stops at it, so the two cannot disagree.

pub mod hidden;
pub mod scan;
mod scanned;
mod texts;

use std::collections::BTreeSet;

use hc_core::{Digest, Target};
use hc_records::drift::{Change, Drift};
use hc_records::{InputKind, InputManifest};
use hc_state::State;

use crate::error::{EngineError, Result};
use crate::inputs::installed::Plugins;
use crate::inputs::{self, portable};
use crate::outcome::gate::{ChangeWord, InputChange, Refused, Verdict};
use crate::project::Project;
use hidden::Hidden;
use texts::Texts;

/// Largest trusted manifest that is read, in bytes.
const MANIFEST_LIMIT: u64 = 64 << 20;
/// Largest text that is compared line by line, in bytes.
const TEXT_LIMIT: u64 = 1 << 20;

/// What the gate found for one target.
#[derive(Debug, Clone, PartialEq)]
pub enum Gate {
    /// The inputs are the ones that `validate` accepted.
    Trusted,
    /// `validate` never passed on this target.
    NeverValidated,
    /// The inputs differ.
    Drifted {
        /// How.
        drift: Drift,
        /// The commit that was checked out when the old ones were trusted.
        commit: Option<String>,
    },
    /// The trusted manifest beside the state is missing or is not the one that the state knows.
    TrustLost,
}

/// Compares the inputs now with what the state trusts.
///
/// # Errors
/// When the trusted manifest cannot be read.
pub fn gate(project: &Project, state: Option<&State>, now: &InputManifest) -> Result<Gate> {
    let trust =
        state.and_then(|state| state.builders.get(&now.target)).and_then(|record| record.trusted.as_ref());
    let Some(trust) = trust else { return Ok(Gate::NeverValidated) };
    if trust.inputs == now.combined {
        return Ok(Gate::Trusted);
    }
    Ok(match trusted(project, &now.target, &trust.inputs)? {
        Some(old) if inputs::is_same(project, &old, now) => Gate::Trusted,
        Some(old) => {
            Gate::Drifted { drift: inputs::compare(project, &old, now), commit: trust.git_sha.clone() }
        }
        None => Gate::TrustLost,
    })
}

/// The manifest of a target that was trusted, if it is whole and the one that the state knows, which has `combined`.
///
/// # Errors
/// When it cannot be read.
pub fn trusted(project: &Project, target: &Target, combined: &Digest) -> Result<Option<InputManifest>> {
    let path = hc_state::paths::trusted_manifest(&project.root, target);
    let Some(bytes) = hc_core::fs::read_limited(&path, MANIFEST_LIMIT)? else { return Ok(None) };
    // An edited manifest must not decide what counts as changed: its digests are combined anew.
    let whole = InputManifest::from_json(&bytes);
    Ok(whole.filter(|whole| whole.combined == *combined && whole.target == *target))
}

/// Every change with its lines, between what was trusted when `commit` was checked out and what the project has now.
fn changes(project: &Project, drift: &Drift, commit: Option<&str>) -> Vec<InputChange> {
    let (texts, hidden) = (Texts::open(project), Hidden::new(project));
    let text_now =
        |name: &str| hc_core::fs::read_text(&project.at(name), TEXT_LIMIT).ok().flatten().unwrap_or_default();
    let lines = |change: &Change| {
        let old = texts.of(&change.name, &change.old?, commit)?;
        change.new.map(|_| hidden.changed_lines(&old, &text_now(&change.name)))
    };
    drift.all().map(|change| told(change, lines(change))).collect()
}

fn told(change: &Change, lines: Option<Vec<String>>) -> InputChange {
    let mut lines = lines.unwrap_or_default();
    lines.extend(
        change
            .executable
            .map(|now| if now { "it is executable now" } else { "it is not executable any more" }.to_owned()),
    );
    InputChange { change: ChangeWord::of(change), input: change.name.clone(), kind: change.kind, lines }
}

/// Every change between two recorded manifests, with its lines; each side was recorded when a commit was checked out.
pub fn changes_between(
    project: &Project,
    drift: &Drift,
    (before, after): (Option<&str>, Option<&str>),
) -> Vec<InputChange> {
    let (texts, hidden) = (Texts::open(project), Hidden::new(project));
    let lines = |change: &Change| {
        let old = texts.of(&change.name, &change.old?, before)?;
        Some(hidden.changed_lines(&old, &texts.of(&change.name, &change.new?, after)?))
    };
    drift.all().map(|change| told(change, lines(change))).collect()
}

/// Commands that would pin the programs among what differs. Where another machine has others, that alone is drift.
fn not_pinned(project: &Project, manifest: &InputManifest, gate: &Gate) -> Vec<&'static str> {
    let Gate::Drifted { drift, .. } = gate else { return Vec::new() };
    let of_program = |kind| matches!(kind, InputKind::Packer | InputKind::Plugin);
    let changed: BTreeSet<&str> =
        drift.all().filter(|one| of_program(one.kind)).map(|one| one.name.as_str()).collect();
    if changed.is_empty() {
        return Vec::new();
    }
    // A lock that cannot be read is told by what needs it.
    let Ok(plugins) = Plugins::of(project) else { return Vec::new() };
    let programs = portable::programs(project, manifest, &plugins).filter(|(name, _)| changed.contains(name));
    let commands: BTreeSet<_> = programs.map(|(_, command)| command).collect();
    commands.into_iter().collect()
}

/// Notes in the run log why a target was refused, with every changed line (PKR-5).
fn log(target: &Target, manifest: &InputManifest, verdict: &Verdict) {
    let (hash, target) = (manifest.combined.to_string(), target.to_string());
    let reason = match verdict {
        Verdict::NeverValidated => "never validated",
        Verdict::TrustLost => "the record of what was validated is lost",
        Verdict::Drifted(_) => "the inputs differ from the validated ones",
    };
    tracing::info!(target, hash, reason, "refused");
    let Verdict::Drifted(changes) = verdict else { return };
    for change in changes {
        let word = change.change.word();
        tracing::info!(target, input = change.input, "{word}");
        for line in &change.lines {
            tracing::info!(target, input = change.input, "{line}");
        }
    }
}

/// The refusal of targets that did not pass the gate.
pub fn refuse(project: &Project, refused: &[(&InputManifest, &Gate)]) -> EngineError {
    let told = |(manifest, gate): &(&InputManifest, &Gate)| -> Option<Refused> {
        let verdict = match gate {
            Gate::Trusted => return None,
            Gate::NeverValidated => Verdict::NeverValidated,
            Gate::TrustLost => Verdict::TrustLost,
            Gate::Drifted { drift, commit } => Verdict::Drifted(changes(project, drift, commit.as_deref())),
        };
        log(&manifest.target, manifest, &verdict);
        let (target, inputs) = (manifest.target.clone(), manifest.count());
        Some(Refused { target, inputs, verdict, not_pinned: not_pinned(project, manifest, gate) })
    };
    EngineError::Refused { targets: refused.iter().filter_map(told).collect(), warnings: Vec::new() }
}
