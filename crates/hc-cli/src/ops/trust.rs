//! The gate: what a build would start from, beside what `validate` accepted (PKR-5).
//!
//! `plan` prints from [`gate`] and `build` stops at it, so the two cannot disagree.

use std::fmt::Write as _;

use hc_core::Digest;
use hc_records::drift::{self, Drift};
use hc_records::kept;
use hc_records::{InputKind, InputManifest};
use hc_state::State;
use serde::Serialize;

use crate::command_error::{CommandError, Result};
use crate::session::Session;

/// How many changed inputs an error spells out with their lines.
const SPELLED_OUT: usize = 20;

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

/// One changed input with its lines, for messages and JSON.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChangeDoc {
    /// `changed`, `added` or `removed`.
    pub change: String,
    /// Path or name of the input.
    pub input: String,
    /// What it is.
    pub kind: InputKind,
    /// Changed lines: `-3 old`, `+3 new`.
    pub lines: Vec<String>,
}

/// Compares the inputs now with what the state trusts.
///
/// # Errors
/// When the trusted manifest cannot be read.
pub fn gate(session: &Session, state: Option<&State>, now: &InputManifest) -> Result<Gate> {
    let trust =
        state.and_then(|state| state.builders.get(&now.target)).and_then(|record| record.trusted.as_ref());
    let Some(trust) = trust else { return Ok(Gate::NeverValidated) };
    if trust.inputs == now.combined {
        return Ok(Gate::Trusted);
    }
    match trusted(session, now, &trust.inputs)? {
        Some(old) => Ok(Gate::Drifted(drift::compare(&old, now))),
        None => Ok(Gate::TrustLost),
    }
}

/// The manifest that was trusted, if it is whole and the one that the state knows.
fn trusted(session: &Session, now: &InputManifest, combined: &Digest) -> Result<Option<InputManifest>> {
    let path = hc_state::paths::trusted_manifest(&session.root, &now.target);
    let Some(bytes) = hc_core::fs::read_limited(&path, 64 << 20)? else { return Ok(None) };
    // An edited manifest must not decide what counts as changed: its digests are combined anew.
    let whole = InputManifest::from_json(&bytes);
    Ok(whole.filter(|whole| whole.combined == *combined && whole.target == now.target))
}

/// Every change with its lines.
pub fn changes(session: &Session, drift: &Drift) -> Vec<ChangeDoc> {
    let text_now = |name: &str| {
        hc_core::fs::read_text(&session.root.join(name), 1 << 20).ok().flatten().unwrap_or_default()
    };
    drift
        .all()
        .map(|change| {
            let old = change.old.and_then(|digest| kept::text(&session.root, &digest));
            let (word, lines) = match (&change.old, &change.new) {
                (Some(_), Some(_)) => (
                    "changed",
                    old.map(|old| lines(session, &old, &text_now(&change.name))).unwrap_or_default(),
                ),
                (None, _) => ("added", Vec::new()),
                (_, None) => ("removed", Vec::new()),
            };
            ChangeDoc { change: word.into(), input: change.name.clone(), kind: change.kind, lines }
        })
        .collect()
}

/// Lines that differ, without what is known to be secret.
fn lines(session: &Session, old: &str, new: &str) -> Vec<String> {
    let lines = drift::changed_lines(old, new);
    lines.iter().map(|line| session.redactor.redact(line).into_owned()).collect()
}

/// Every change between two recorded manifests, both sides from the kept texts.
pub fn changes_between(session: &Session, drift: &Drift) -> Vec<ChangeDoc> {
    let mut docs = changes(session, drift);
    for (doc, change) in docs.iter_mut().zip(drift.all()) {
        if let (Some(old), Some(new)) = (change.old, change.new) {
            doc.lines = match (kept::text(&session.root, &old), kept::text(&session.root, &new)) {
                (Some(old), Some(new)) => lines(session, &old, &new),
                _ => Vec::new(),
            };
        }
    }
    docs
}

/// The refusal of targets that did not pass the gate.
pub fn refuse(session: &Session, refused: &[(InputManifest, Gate)]) -> CommandError {
    let mut causes = Vec::new();
    for (manifest, gate) in refused {
        let target = &manifest.target;
        match gate {
            Gate::Trusted => {}
            Gate::NeverValidated => causes.push(format!("{target}: was never validated")),
            Gate::TrustLost => {
                causes.push(format!("{target}: the record of what was validated is gone or was edited"))
            }
            Gate::Drifted(drift) => {
                let changes = changes(session, drift);
                let mut text =
                    format!("{target}: {} of {} inputs differ", changes.len(), manifest.inputs.len());
                for change in changes.iter().take(SPELLED_OUT) {
                    let _ = write!(text, "\n  {} {}", change.change, change.input);
                    for line in &change.lines {
                        let _ = write!(text, "\n      {line}");
                    }
                }
                if changes.len() > SPELLED_OUT {
                    let _ = write!(text, "\n  and {} more", changes.len() - SPELLED_OUT);
                }
                causes.push(text);
            }
        }
    }
    let names: Vec<String> =
        refused.iter().map(|(manifest, _)| manifest.target.builder.to_string()).collect();
    let env = refused.first().map_or(String::new(), |(manifest, _)| manifest.target.env.to_string());
    let noun = if refused.len() == 1 { "1 target has" } else { &format!("{} targets have", refused.len()) };
    let mut error = CommandError::new("DriftDetected", format!("{noun} inputs that nobody validated; nothing was run")).hint(format!(
        "look at the changes, then run `hybrid validate --env {env} --targets {}`; reverting them restores trust. \
         See docs/open-issues.md#hc-packer",
        names.join(",")
    ));
    error.causes = causes;
    error
}
