//! What the gate found, in a form that can be told.

use hc_core::Target;
use hc_records::InputKind;
use hc_records::drift::Change;
use serde::Serialize;

/// One changed input with its lines, for messages and JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ChangeDoc"))]
pub struct InputChange {
    /// What happened to it.
    pub change: ChangeWord,
    /// Path or name of the input.
    pub input: String,
    /// What it is.
    pub kind: InputKind,
    /// Changed lines: `-3 old`, `+3 new`.
    pub lines: Vec<String>,
}

/// What happened to an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ChangeWord {
    /// Its content is another.
    Changed,
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
}

impl ChangeWord {
    /// Of a difference between two manifests.
    pub fn of(change: &Change) -> Self {
        match (&change.old, &change.new) {
            (Some(_), Some(_)) => Self::Changed,
            (None, _) => Self::Added,
            (_, None) => Self::Removed,
        }
    }

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }
}

/// A target that did not pass the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The target.
    pub target: Target,
    /// How many inputs it has now.
    pub inputs: usize,
    /// Why.
    pub verdict: Verdict,
    /// Commands that pin programs among what differs, so that every machine counts them alike.
    pub not_pinned: Vec<&'static str>,
}

/// Whether all that is wrong is that nobody validated the targets yet.
pub fn never_validated(refused: &[Refused]) -> bool {
    refused.iter().all(|one| one.verdict == Verdict::NeverValidated)
}

/// Why a target did not pass the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// `validate` never passed on it.
    NeverValidated,
    /// The record of what was validated is gone or was edited.
    TrustLost,
    /// Its inputs differ from the validated ones.
    Drifted(Vec<InputChange>),
}
