//! All inputs of one target, and one digest over them (PKR-7).
//!
//! Format 2, as docs/formats.md specifies it: single inputs with their executable bits, and directories of many files as
//! trees. Format 1, a list of files without either, is read: what it trusts stays trusted where contents are the same.

use hc_core::digest::Combiner;
use hc_core::{Digest, Target};
use serde::{Deserialize, Serialize};

use crate::input::{Input, InputKind, InputTree};
use crate::schema_tag::json;

/// The format that is written, and the newest that is read.
pub const FORMAT: u32 = 2;

/// All inputs of one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InputManifest {
    /// Version of the format; absent in the first.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub format: u32,
    /// Builder and environment.
    pub target: Target,
    /// Digest over kind, name and digest of every input.
    pub combined: Digest,
    /// Sorted by kind and name.
    pub inputs: Vec<Input>,
    /// Directories of many files, sorted by kind and name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trees: Vec<InputTree>,
}

/// The number of the first format, which did not say it.
pub(crate) fn first() -> u32 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub(crate) fn is_first(format: &u32) -> bool {
    *format == 1
}

impl InputManifest {
    /// Sorts the inputs and combines their digests; the order in which they were found does not matter.
    pub fn new(target: Target, inputs: Vec<Input>) -> Self {
        Self::with_trees(target, inputs, Vec::new())
    }

    /// The same with directories of many files.
    pub fn with_trees(target: Target, inputs: Vec<Input>, trees: Vec<InputTree>) -> Self {
        Self::of_format(FORMAT, target, inputs, trees)
    }

    /// One that was stored in a format.
    pub(crate) fn of_format(
        format: u32,
        target: Target,
        mut inputs: Vec<Input>,
        mut trees: Vec<InputTree>,
    ) -> Self {
        inputs.sort_unstable_by(|a, b| (a.kind, &a.name, a.blake3).cmp(&(b.kind, &b.name, b.blake3)));
        inputs.dedup();
        trees.sort_unstable_by(|a, b| (a.kind, &a.name, a.blake3).cmp(&(b.kind, &b.name, b.blake3)));
        trees.dedup();
        let combined =
            if format == 1 { combined_1(&target, &inputs) } else { combined(&target, &inputs, &trees) };
        Self { format, target, combined, inputs, trees }
    }

    /// With more inputs.
    #[must_use]
    pub fn with(self, inputs: impl IntoIterator<Item = Input>) -> Self {
        let all = self.inputs.into_iter().chain(inputs).collect();
        Self::of_format(self.format, self.target, all, self.trees)
    }

    /// Without those of a kind.
    #[must_use]
    pub fn without(self, kind: InputKind) -> Self {
        let left = self.inputs.into_iter().filter(|input| input.kind != kind).collect();
        Self::of_format(self.format, self.target, left, self.trees)
    }

    /// With a content of the named files that is nobody's: they were changed while they were used.
    #[must_use]
    pub fn unsure_of(self, names: &[String]) -> Self {
        let mut inputs = self.inputs;
        for name in names {
            match inputs.iter_mut().find(|input| input.name == *name) {
                Some(input) => {
                    let told = [b"changed while it was used: ", &input.blake3.as_bytes()[..]].concat();
                    input.blake3 = Digest::of(&told);
                }
                // One of a directory of many.
                None => inputs.push(Input::text(InputKind::Observed, name, "changed while it was used")),
            }
        }
        Self::of_format(self.format, self.target, inputs, self.trees)
    }

    /// How many inputs there are, each file of a directory counted.
    pub fn count(&self) -> usize {
        let many: u64 = self.trees.iter().map(|tree| tree.files).sum();
        self.inputs.len() + usize::try_from(many).unwrap_or(usize::MAX)
    }

    /// The bytes of a stored manifest.
    pub fn to_json(&self) -> String {
        json(self)
    }

    /// Reads a stored manifest and combines its digests anew: an edited manifest must not decide what counts as
    /// changed. `None` for anything else, unknown kinds included.
    pub fn from_json(bytes: &[u8]) -> Option<Self> {
        let read: Self = serde_json::from_slice(bytes).ok()?;
        let is_known = (1..=FORMAT).contains(&read.format) && (read.format > 1 || read.trees.is_empty());
        is_known.then(|| Self::of_format(read.format, read.target, read.inputs, read.trees))
    }
}

fn combined(target: &Target, inputs: &[Input], trees: &[InputTree]) -> Digest {
    let mut combiner = Combiner::new("hybrid inputs 2");
    combiner.field(target.to_string().as_bytes());
    for input in inputs {
        combiner.field(if input.executable { b"executable" } else { b"input" });
        combiner.field(input.kind.tag().as_bytes());
        combiner.field(input.name.as_bytes());
        combiner.field(input.blake3.as_bytes());
    }
    for tree in trees {
        combiner.field(b"tree");
        combiner.field(tree.kind.tag().as_bytes());
        combiner.field(tree.name.as_bytes());
        combiner.field(tree.blake3.as_bytes());
    }
    combiner.finish()
}

/// The combined digest of the first format.
fn combined_1(target: &Target, inputs: &[Input]) -> Digest {
    let mut combiner = Combiner::new("hybrid inputs 1");
    combiner.field(target.to_string().as_bytes());
    for input in inputs {
        combiner.field(input.kind.tag().as_bytes());
        combiner.field(input.name.as_bytes());
        combiner.field(input.blake3.as_bytes());
    }
    combiner.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_discovery_does_not_matter_and_content_does() {
        let target: Target = "linux.qemu.base@dev".parse().unwrap();
        let a = Input::text(InputKind::Script, "a.sh", "one");
        let b = Input::text(InputKind::Template, "b.pkr.hcl", "two");
        let forth = InputManifest::new(target.clone(), vec![a.clone(), b.clone()]);
        let back = InputManifest::new(target.clone(), vec![b.clone(), a.clone()]);
        assert_eq!(forth, back);
        assert_eq!(forth.combined.to_string().len(), 64);
        let other = Input::text(InputKind::Script, "a.sh", "ONE");
        assert_ne!(InputManifest::new(target.clone(), vec![other, b.clone()]).combined, forth.combined);
        let executable = Input { executable: true, ..a };
        assert_ne!(InputManifest::new(target, vec![executable, b]).combined, forth.combined);
    }
}
