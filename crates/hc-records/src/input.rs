//! Everything that decides an image, with kind, digest and size, and one digest over all (PKR-7).

use hc_core::digest::Combiner;
use hc_core::{Digest, Target};
use serde::{Deserialize, Serialize};

use crate::schema_tag::json;

/// What an input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum InputKind {
    /// The builder's own template file.
    Template,
    /// A shared layer.
    Layer,
    /// A var file below `templates/vars/`, or of an adopted builder.
    Vars,
    /// An overlay of the environment.
    Overlay,
    /// `builder.toml`.
    Metadata,
    /// A script.
    Script,
    /// A file that a template refers to, or that a glob of `builder.toml` names.
    Asset,
    /// Part of an Ansible tree.
    Ansible,
    /// Part of a Puppet tree.
    Puppet,
    /// cloud-init user data.
    Cloudinit,
    /// A value from `--set`, an answers file or a provisioner switch.
    Value,
    /// A pinned source repository.
    Source,
    /// The packer binary's version.
    Packer,
    /// A packer plugin.
    Plugin,
    /// An ISO checksum.
    Iso,
    /// The parent image.
    Parent,
    /// What a run was seen to use, and nothing names.
    Observed,
    /// A variable of the environment.
    Environment,
}

impl InputKind {
    /// Name of the kind inside digests. Pinned: it never follows a name in the code, for with it all trust would go.
    const fn tag(self) -> &'static str {
        match self {
            Self::Template => "Template",
            Self::Layer => "Layer",
            Self::Vars => "Vars",
            Self::Overlay => "Overlay",
            Self::Metadata => "Metadata",
            Self::Script => "Script",
            Self::Asset => "Asset",
            Self::Ansible => "Ansible",
            Self::Puppet => "Puppet",
            Self::Cloudinit => "Cloudinit",
            Self::Value => "Value",
            Self::Source => "Source",
            Self::Packer => "Packer",
            Self::Plugin => "Plugin",
            Self::Iso => "Iso",
            Self::Parent => "Parent",
            Self::Observed => "Observed",
            Self::Environment => "Environment",
        }
    }
}

/// One input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Input {
    /// Path relative to the project, or a name for what is not a file.
    pub name: String,
    /// What it is.
    pub kind: InputKind,
    /// Digest of its content.
    pub blake3: Digest,
    /// Size in bytes.
    pub size: u64,
}

impl Input {
    /// An input that is a text and no file: a version, a value.
    pub fn text(kind: InputKind, name: impl Into<String>, content: &str) -> Self {
        Self { name: name.into(), kind, blake3: Digest::of(content.as_bytes()), size: content.len() as u64 }
    }
}

/// All inputs of one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InputManifest {
    /// Builder and environment.
    pub target: Target,
    /// Digest over kind, name and digest of every input.
    pub combined: Digest,
    /// Sorted by kind and name.
    pub inputs: Vec<Input>,
}

impl InputManifest {
    /// Sorts the inputs and combines their digests; the order in which they were found does not matter.
    pub fn new(target: Target, mut inputs: Vec<Input>) -> Self {
        inputs.sort_unstable_by(|a, b| (a.kind, &a.name, a.blake3).cmp(&(b.kind, &b.name, b.blake3)));
        inputs.dedup();
        let mut combiner = Combiner::new("hybrid inputs 1");
        combiner.field(target.to_string().as_bytes());
        for input in &inputs {
            combiner.field(input.kind.tag().as_bytes());
            combiner.field(input.name.as_bytes());
            combiner.field(input.blake3.as_bytes());
        }
        Self { target, combined: combiner.finish(), inputs }
    }

    /// With more inputs.
    #[must_use]
    pub fn with(self, inputs: impl IntoIterator<Item = Input>) -> Self {
        Self::new(self.target, self.inputs.into_iter().chain(inputs).collect())
    }

    /// Without those of a kind.
    #[must_use]
    pub fn without(self, kind: InputKind) -> Self {
        Self::new(self.target, self.inputs.into_iter().filter(|input| input.kind != kind).collect())
    }

    /// With a content of the named files that is nobody's: they were changed while they were used.
    #[must_use]
    pub fn unsure_of(mut self, names: &[String]) -> Self {
        for input in self.inputs.iter_mut().filter(|input| names.contains(&input.name)) {
            input.blake3 =
                Digest::of(&[b"changed while it was used: ", &input.blake3.as_bytes()[..]].concat());
        }
        Self::new(self.target, self.inputs)
    }

    /// The bytes of a stored manifest.
    pub fn to_json(&self) -> Vec<u8> {
        json(self)
    }

    /// Reads a stored manifest and combines its digests anew: an edited manifest must not decide what counts as
    /// changed. `None` for anything else, unknown kinds included.
    pub fn from_json(bytes: &[u8]) -> Option<Self> {
        let read: Self = serde_json::from_slice(bytes).ok()?;
        Some(Self::new(read.target, read.inputs))
    }
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
        assert_ne!(InputManifest::new(target, vec![other, b]).combined, forth.combined);
    }
}
