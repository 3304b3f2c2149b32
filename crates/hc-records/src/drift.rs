//! What differs between two input manifests. Does no I/O (PKR-5).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hc_core::Digest;
use hc_core::tree::Node;
use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use crate::input::{Input, InputKind, InputTree, Links};
use crate::input_manifest::InputManifest;

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
    /// Whether it is executable now; null when that did not change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executable: Option<bool>,
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

    fn note(&mut self, old: Option<&Input>, new: Option<&Input>, contents_only: bool) {
        let Some(input) = new.or(old) else { return };
        let change = |executable| Change {
            name: input.name.clone(),
            kind: input.kind,
            old: old.map(|input| input.blake3),
            new: new.map(|input| input.blake3),
            executable,
        };
        match (old, new) {
            (Some(old), Some(new)) => {
                let bit = (old.executable != new.executable && !contents_only).then_some(new.executable);
                if old.blake3 != new.blake3 || bit.is_some() {
                    self.changed.push(change(bit));
                }
            }
            (None, _) => self.added.push(change(None)),
            (_, None) => self.removed.push(change(None)),
        }
    }

    fn sort(&mut self) {
        for changes in [&mut self.changed, &mut self.added, &mut self.removed] {
            changes.sort_by(|one, other| (one.kind, &one.name).cmp(&(other.kind, &other.name)));
            changes.dedup();
        }
    }

    /// All changes: changed, added, removed.
    pub fn all(&self) -> impl Iterator<Item = &Change> {
        self.changed.iter().chain(&self.added).chain(&self.removed)
    }
}

/// Compares two manifests. `find` gives what was stored of directories by digest; of a directory that it does not know only
/// that it differs is told.
pub fn compare(
    old: &InputManifest,
    new: &InputManifest,
    find: &mut dyn FnMut(&Digest) -> Option<Vec<u8>>,
) -> Drift {
    let mut drift = Drift::default();
    // The first format knew neither links nor executable bits.
    let is_first = old.format == 1;
    let links = if is_first { Links::LeftOut } else { Links::Counted };
    let (mut before, mut after) = (single(old), single(new));
    let key = |tree: &InputTree| (tree.kind, tree.name.clone());
    let olds: BTreeMap<_, &InputTree> = old.trees.iter().map(|tree| (key(tree), tree)).collect();
    let news: BTreeMap<_, &InputTree> = new.trees.iter().map(|tree| (key(tree), tree)).collect();
    let mut within = Vec::new();
    for (name, new) in &news {
        match olds.get(name) {
            Some(old) if old.blake3 == new.blake3 => {}
            Some(old) => match node(old, find).zip(node(new, find)) {
                Some((old_node, new_node)) => {
                    within.extend(new_node.differences(&old_node).into_iter().map(|one| {
                        let input = |content| new.input(&one.path, &content);
                        (one.old.map(input), one.new.map(input))
                    }));
                }
                None => drift.changed.push(whole(new, Some(old.blake3), Some(new.blake3))),
            },
            None => {
                let came = |tree: &InputTree| whole(tree, None, Some(tree.blake3));
                spread((new, links), &mut after, find, &mut drift.added, came);
            }
        }
    }
    for (name, old) in &olds {
        if !news.contains_key(name) {
            let gone = |tree: &InputTree| whole(tree, Some(tree.blake3), None);
            spread((old, links), &mut before, find, &mut drift.removed, gone);
        }
    }
    for (key, input) in &after {
        drift.note(before.remove(key).as_ref(), Some(input), is_first);
    }
    for input in before.values() {
        drift.note(Some(input), None, is_first);
    }
    let told: BTreeSet<String> = after.keys().map(|(_, name)| name.clone()).collect();
    for (old, new) in within {
        if !new.as_ref().or(old.as_ref()).is_some_and(|input| told.contains(&input.name)) {
            drift.note(old.as_ref(), new.as_ref(), false);
        }
    }
    drift.sort();
    drift
}

type Single = BTreeMap<(InputKind, String), Input>;

fn single(manifest: &InputManifest) -> Single {
    manifest.inputs.iter().map(|input| ((input.kind, input.name.clone()), input.clone())).collect()
}

fn node(tree: &InputTree, find: &mut dyn FnMut(&Digest) -> Option<Vec<u8>>) -> Option<Arc<Node>> {
    tree.node.clone().or_else(|| Node::decode(&tree.blake3, find).map(Arc::new))
}

/// A directory that only one side has as such: its files are compared one by one.
fn spread(
    (tree, links): (&InputTree, Links),
    single: &mut Single,
    find: &mut dyn FnMut(&Digest) -> Option<Vec<u8>>,
    unknown: &mut Vec<Change>,
    whole: impl Fn(&InputTree) -> Change,
) {
    match node(tree, find) {
        Some(node) => {
            for input in tree.inputs(&node, links) {
                single.entry((input.kind, input.name.clone())).or_insert(input);
            }
        }
        None => unknown.push(whole(tree)),
    }
}

fn whole(tree: &InputTree, old: Option<Digest>, new: Option<Digest>) -> Change {
    Change { name: tree.name.clone(), kind: tree.kind, old, new, executable: None }
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
            executable: byte == 2,
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
            prop_assert!(compare(&a, &a, &mut |_| None).is_empty());
            let (there, back) = (compare(&a, &b, &mut |_| None), compare(&b, &a, &mut |_| None));
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
