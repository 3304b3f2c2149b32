//! What the runs of a target were seen to use beyond its known inputs: `state/packer/observed/<env>/<builder>.json`
//! (CLO-2).
//!
//! hc-state knows the path and writes the bytes; this is the format. Names only: the digests are those of the files now.

use std::collections::BTreeSet;

use hc_core::Target;
use serde::{Deserialize, Serialize};

use crate::schema_tag::{SchemaTag, json};

/// `state/packer/observed/<env>/<builder>.json`: what the runs of a target were seen to use (CLO-2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Observed {
    /// Which schema this document follows.
    pub schema: SchemaTag,
    /// Builder and environment.
    pub target: Target,
    /// Paths relative to the project. The names in a directory end with a slash.
    pub paths: BTreeSet<String>,
    /// Paths that runs wrote without reading them before: outputs, whatever else names them. Whole directories end with a
    /// slash.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub written: BTreeSet<String>,
}

impl Observed {
    /// Nothing was seen of a target yet.
    pub fn nothing(target: Target) -> Self {
        Self { schema: SchemaTag::v1("observed"), target, paths: BTreeSet::new(), written: BTreeSet::new() }
    }

    /// Whether runs wrote what lies at a path, or all of a directory above it, without reading it before.
    pub fn is_written(&self, path: &str) -> bool {
        let above = path.match_indices('/').map(|(at, _)| &path[..=at]);
        !self.written.is_empty() && std::iter::once(path).chain(above).any(|one| self.written.contains(one))
    }

    /// The bytes of the stored document.
    pub fn to_json(&self) -> String {
        json(self)
    }

    /// Reads a stored document; `None` for anything else.
    pub fn from_json(bytes: &[u8]) -> Option<Self> {
        let read: Self = serde_json::from_slice(bytes).ok()?;
        (read.schema == SchemaTag::v1("observed")).then_some(read)
    }
}
