//! What decides an image: kinds of inputs, single inputs, and directories of many files as one input (PKR-7).

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hc_core::Digest;
use hc_core::tree::{Content, Entry, Node};
use serde::{Deserialize, Serialize};

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
    /// The kind that the path of a file says.
    pub fn of_path(path: &Path) -> Self {
        let text = path.to_string_lossy();
        let part = |name: &str| text.split('/').any(|part| part == name);
        let script = |ending: &str| matches!(ending, "sh" | "ps1" | "bat" | "cmd" | "py");
        if part("ansible") {
            Self::Ansible
        } else if part("puppet") {
            Self::Puppet
        } else if text.starts_with("templates/cloudinit/") {
            Self::Cloudinit
        } else if text.starts_with("templates/scripts/")
            || text.rsplit_once('.').is_some_and(|(_, end)| script(end))
        {
            Self::Script
        } else {
            Self::Asset
        }
    }

    /// The kind of a file that says one thing by its path and another by its use. The same whichever came first.
    #[must_use]
    pub fn stronger(self, other: Self) -> Self {
        let rank = |kind: Self| match kind {
            Self::Ansible => 4,
            Self::Puppet => 3,
            Self::Cloudinit => 2,
            Self::Script => 1,
            _ => 0,
        };
        if rank(other) > rank(self) { other } else { self }
    }

    /// Name of the kind inside digests. Pinned: it never follows a name in the code, for with it all trust would go.
    pub(crate) const fn tag(self) -> &'static str {
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
    /// Whether it is a file that its owner may execute.
    #[serde(default, skip_serializing_if = "is_false")]
    pub executable: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub(crate) fn is_false(value: &bool) -> bool {
    !value
}

impl Input {
    /// An input that is a text and no file: a version, a value.
    pub fn text(kind: InputKind, name: impl Into<String>, content: &str) -> Self {
        let (blake3, size) = (Digest::of(content.as_bytes()), content.len() as u64);
        Self { name: name.into(), kind, blake3, size, executable: false }
    }

    /// A file.
    pub fn file(kind: InputKind, name: impl Into<String>, content: &Content) -> Self {
        let Content { digest, size, executable } = *content;
        Self { name: name.into(), kind, blake3: digest, size, executable }
    }
}

/// A directory of many files, or the many files that a pattern names, as one input. Stored once by content, however many
/// builders share it.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InputTree {
    /// A directory relative to the project, with a slash at the end; or a pattern.
    pub name: String,
    /// What it is. Files in it whose paths say more are that.
    pub kind: InputKind,
    /// Digest of the tree, as docs/formats.md says.
    pub blake3: Digest,
    /// How many files and links it holds.
    pub files: u64,
    /// Their size in bytes.
    pub size: u64,
    /// The tree itself, where it was looked at in this run.
    #[serde(skip)]
    pub node: Option<Arc<Node>>,
}

impl InputTree {
    /// A tree that was looked at.
    pub fn new(kind: InputKind, name: String, node: Arc<Node>) -> Self {
        Self { name, kind, blake3: node.digest(), files: node.files(), size: node.size(), node: Some(node) }
    }

    /// What its paths are relative to, from the project's root: itself for a directory, nothing for a pattern.
    pub fn base(&self) -> &Path {
        Path::new(self.name.strip_suffix('/').unwrap_or(""))
    }

    /// What lies at a path of the project in it.
    pub fn get(&self, path: &Path) -> Option<&Entry> {
        self.node.as_ref()?.get(path.strip_prefix(self.base()).ok()?)
    }

    /// Whether a path of the project is that of a file in it.
    pub fn has(&self, path: &Path) -> bool {
        matches!(self.get(path), Some(Entry::File(_)))
    }

    /// Without what lies at or below some paths of the project; `None` when nothing is left.
    pub fn without(self, paths: &[PathBuf]) -> Option<Self> {
        let base = self.base();
        if !base.as_os_str().is_empty() && paths.iter().any(|path| base.starts_with(path)) {
            return None;
        }
        let below: Vec<PathBuf> = paths
            .iter()
            .filter(|path| self.get(path).is_some())
            .filter_map(|path| path.strip_prefix(base).ok())
            .map(Path::to_owned)
            .collect();
        let Some(node) = self.node.as_ref().filter(|_| !below.is_empty()) else { return Some(self) };
        let left = node.without(&below);
        (!left.is_empty()).then(|| Self::new(self.kind, self.name, left.into()))
    }

    /// What a file in it is, as an input of its own; `path` is below [`InputTree::base`].
    pub fn input(&self, path: &Path, content: &Content) -> Input {
        let path = self.base().join(path);
        Input::file(InputKind::of_path(&path).stronger(self.kind), text(&path), content)
    }

    /// Every file of it as an input of its own, and every link by its text if `links` count.
    pub fn inputs(&self, node: &Node, links: Links) -> Vec<Input> {
        fn each(tree: &InputTree, node: &Node, links: Links, at: &Path, inputs: &mut Vec<Input>) {
            for (name, entry) in node.entries() {
                let path = at.join(name);
                match entry {
                    Entry::File(content) => inputs.push(tree.input(&path, content)),
                    Entry::Link(_) if links == Links::LeftOut => {}
                    Entry::Link(target) => inputs.push(tree.input(&path, &of_link(target))),
                    Entry::Dir(node) => each(tree, node, links, &path, inputs),
                }
            }
        }
        let mut inputs = Vec::new();
        each(self, node, links, Path::new(""), &mut inputs);
        inputs
    }
}

/// Whether links in a directory count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// By their text.
    Counted,
    /// Not, as in the first format.
    LeftOut,
}

/// A link counts by its text.
fn of_link(target: &Path) -> Content {
    let text = target.as_os_str().as_encoded_bytes();
    Content { digest: Digest::of(text), size: text.len() as u64, executable: false }
}

/// A path as manifests have it.
fn text(path: &Path) -> String {
    let text = path.to_string_lossy();
    if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() }
}

/// Without the tree.
impl fmt::Debug for InputTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} {} ({} files)", self.kind, self.name, self.blake3, self.files)
    }
}

/// By name, kind and content.
impl PartialEq for InputTree {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.kind, self.blake3) == (&other.name, other.kind, other.blake3)
    }
}

impl Eq for InputTree {}
