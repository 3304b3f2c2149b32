//! What differs between two input manifests. Does no I/O (PKR-5).

use std::collections::BTreeMap;

use hc_core::Digest;
use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use crate::input::{Input, InputKind, InputManifest};

/// Lines of a diff beyond this are counted, not kept.
const MAX_LINES: usize = 40;

/// One input that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Change {
    /// Path or name of the input.
    pub name: String,
    /// What it is.
    pub kind: InputKind,
    /// Digest before; null when added.
    pub old: Option<Digest>,
    /// Digest now; null when removed.
    pub new: Option<Digest>,
}

/// Everything that differs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Drift {
    /// Inputs that are new.
    pub added: Vec<Change>,
    /// Inputs that are gone.
    pub removed: Vec<Change>,
    /// Inputs with other content.
    pub changed: Vec<Change>,
}

impl Drift {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// All changes: changed, added, removed.
    pub fn all(&self) -> impl Iterator<Item = &Change> {
        self.changed.iter().chain(&self.added).chain(&self.removed)
    }
}

/// Compares two manifests.
pub fn compare(old: &InputManifest, new: &InputManifest) -> Drift {
    let key = |input: &Input| (input.kind, input.name.clone());
    let mut before: BTreeMap<_, Digest> = old.inputs.iter().map(|input| (key(input), input.blake3)).collect();
    let mut drift = Drift::default();
    for input in &new.inputs {
        let change =
            |old| Change { name: input.name.clone(), kind: input.kind, old, new: Some(input.blake3) };
        match before.remove(&key(input)) {
            None => drift.added.push(change(None)),
            Some(digest) if digest != input.blake3 => drift.changed.push(change(Some(digest))),
            Some(_) => {}
        }
    }
    drift.removed = before
        .into_iter()
        .map(|((kind, name), digest)| Change { name, kind, old: Some(digest), new: None })
        .collect();
    drift
}

/// Changed lines of a text, as `-12 old` and `+12 new`, at most 40 and a count of the rest.
pub fn changed_lines(old: &str, new: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(old, new);
    let mut lines = Vec::new();
    let mut left_out = 0;
    for change in diff.iter_all_changes() {
        let (sign, at) = match change.tag() {
            ChangeTag::Equal => continue,
            ChangeTag::Delete => ('-', change.old_index()),
            ChangeTag::Insert => ('+', change.new_index()),
        };
        if lines.len() == MAX_LINES {
            left_out += 1;
            continue;
        }
        let text = change.value().trim_end_matches(['\n', '\r']);
        lines.push(format!("{sign}{} {text}", at.map_or(0, |at| at + 1)));
    }
    if left_out > 0 {
        lines.push(format!("… {left_out} more lines"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn manifest(inputs: Vec<(String, u8)>) -> InputManifest {
        let inputs = inputs.into_iter().map(|(name, byte)| Input {
            name,
            kind: InputKind::Script,
            blake3: Digest::of(&[byte]),
            size: 1,
        });
        InputManifest::new("linux.qemu.base@dev".parse().unwrap(), inputs.collect())
    }

    proptest! {
        #[test]
        fn nothing_drifts_from_itself_and_drift_has_two_sides(
            a in proptest::collection::btree_map("[a-d]", 0_u8..3, 0..4),
            b in proptest::collection::btree_map("[a-d]", 0_u8..3, 0..4),
        ) {
            let (a, b) = (manifest(a.into_iter().collect()), manifest(b.into_iter().collect()));
            prop_assert!(compare(&a, &a).is_empty());
            let (there, back) = (compare(&a, &b), compare(&b, &a));
            prop_assert_eq!(there.added.len(), back.removed.len());
            prop_assert_eq!(there.changed.len(), back.changed.len());
            prop_assert_eq!(there.is_empty(), a.combined == b.combined);
        }
    }

    #[test]
    fn changed_lines_carry_their_numbers() {
        assert_eq!(changed_lines("a\nb\nc\n", "a\nx\nc\n"), ["-2 b", "+2 x"]);
    }
}
