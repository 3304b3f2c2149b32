//! The gate: what a build would start from, beside what `validate` accepted (PKR-5).
//!
//! `plan` prints from [`gate`] and `build` stops at it, so the two cannot disagree.

pub mod scan;

use hc_core::Digest;
use hc_records::drift::{self, Drift};
use hc_records::{InputManifest, kept};
use hc_state::State;

use crate::error::{EngineError, Result};
use crate::outcome::gate::{ChangeWord, InputChange, Refused, Verdict};
use crate::project::Project;

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
    Drifted(Drift),
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
    match trusted(project, now, &trust.inputs)? {
        Some(old) => Ok(Gate::Drifted(drift::compare(&old, now))),
        None => Ok(Gate::TrustLost),
    }
}

/// The manifest that was trusted, if it is whole and the one that the state knows.
fn trusted(project: &Project, now: &InputManifest, combined: &Digest) -> Result<Option<InputManifest>> {
    let path = hc_state::paths::trusted_manifest(&project.root, &now.target);
    let Some(bytes) = hc_core::fs::read_limited(&path, MANIFEST_LIMIT)? else { return Ok(None) };
    // An edited manifest must not decide what counts as changed: its digests are combined anew.
    let whole = InputManifest::from_json(&bytes);
    Ok(whole.filter(|whole| whole.combined == *combined && whole.target == now.target))
}

/// Every change with its lines.
pub fn changes(project: &Project, drift: &Drift) -> Vec<InputChange> {
    let text_now =
        |name: &str| hc_core::fs::read_text(&project.at(name), TEXT_LIMIT).ok().flatten().unwrap_or_default();
    drift
        .all()
        .map(|change| {
            let old = change.old.and_then(|digest| kept::text(&project.root, &digest));
            let lines = match (&change.old, &change.new) {
                (Some(_), Some(_)) => {
                    old.map(|old| lines(project, &old, &text_now(&change.name))).unwrap_or_default()
                }
                _ => Vec::new(),
            };
            InputChange {
                change: ChangeWord::of(change),
                input: change.name.clone(),
                kind: change.kind,
                lines,
            }
        })
        .collect()
}

/// Lines that differ, without what is known to be secret.
fn lines(project: &Project, old: &str, new: &str) -> Vec<String> {
    let lines = drift::changed_lines(old, new);
    lines.iter().map(|line| project.redactor.redact(line).into_owned()).collect()
}

/// Every change between two recorded manifests, both sides from the kept texts.
pub fn changes_between(project: &Project, drift: &Drift) -> Vec<InputChange> {
    let mut docs = changes(project, drift);
    for (doc, change) in docs.iter_mut().zip(drift.all()) {
        if let (Some(old), Some(new)) = (change.old, change.new) {
            doc.lines = match (kept::text(&project.root, &old), kept::text(&project.root, &new)) {
                (Some(old), Some(new)) => lines(project, &old, &new),
                _ => Vec::new(),
            };
        }
    }
    docs
}

/// The refusal of targets that did not pass the gate.
pub fn refuse(project: &Project, refused: &[(&InputManifest, &Gate)]) -> EngineError {
    let told = |(manifest, gate): &(&InputManifest, &Gate)| {
        let verdict = match gate {
            Gate::Trusted => return None,
            Gate::NeverValidated => Verdict::NeverValidated,
            Gate::TrustLost => Verdict::TrustLost,
            Gate::Drifted(drift) => Verdict::Drifted(changes(project, drift)),
        };
        Some(Refused { target: manifest.target.clone(), inputs: manifest.inputs.len(), verdict })
    };
    EngineError::Refused { targets: refused.iter().filter_map(told).collect(), warnings: Vec::new() }
}
