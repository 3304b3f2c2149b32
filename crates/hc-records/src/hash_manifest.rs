//! What went into the newest build of every environment: `artifacts/<builder>.hash.json` (PKR-7).

use std::collections::BTreeMap;
use std::path::Path;

use hc_core::fs::read_limited;
use hc_core::{BuildId, BuilderId, Digest, EnvName, Target};
use serde::{Deserialize, Serialize};

use crate::artifact::ParentImage;
use crate::error::RecordError;
use crate::input::{Input, InputKind, InputTree, is_false};
use crate::input_manifest::{InputManifest, first, is_first};
use crate::layout;
use crate::schema_tag::{SchemaTag, json};

/// Largest hash manifest that is read, in bytes.
const LIMIT: u64 = 64 << 20;

/// `artifacts/<builder>.hash.json`: what went into the newest build of every environment (PKR-7).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HashManifest {
    /// Which schema this document follows.
    pub schema: SchemaTag,
    /// The builder.
    pub builder: BuilderId,
    /// One entry per environment.
    pub environments: BTreeMap<EnvName, HashEntry>,
}

/// What went into one build.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HashEntry {
    /// The build.
    pub build_id: BuildId,
    /// Image ids, or paths of image files.
    pub artifacts: Vec<String>,
    /// Combined digest of the inputs.
    pub combined: Digest,
    /// The image that the build started from, for a chained builder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ParentImage>,
    /// Combined digest of the build before this one.
    pub previous: Option<Digest>,
    /// Version of the format of the inputs; absent in the first.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub format: u32,
    /// Every input, sorted by kind and name.
    pub inputs: Vec<HashedInput>,
    /// Directories of many files, sorted by kind and name; what is in them is stored by digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trees: Vec<InputTree>,
}

/// One input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HashedInput {
    /// What it is.
    pub kind: InputKind,
    /// Path relative to the project, or a name for what is not a file.
    pub name: String,
    /// Digest of its content.
    pub blake3: Digest,
    /// Size in bytes.
    pub size: u64,
    /// Whether it is a file that its owner may execute.
    #[serde(default, skip_serializing_if = "is_false")]
    pub executable: bool,
}

impl HashManifest {
    /// One without an entry.
    pub fn new(builder: &BuilderId) -> Self {
        Self {
            schema: SchemaTag { name: "hash-manifest".into(), version: 2 },
            builder: builder.clone(),
            environments: BTreeMap::new(),
        }
    }

    /// Reads the hash manifest of a builder; `None` when it has none.
    ///
    /// # Errors
    /// [`RecordError::Damaged`], also for a kind of input that this program does not know.
    pub fn read(root: &Path, builder: &BuilderId) -> Result<Option<Self>, RecordError> {
        let path = layout::hash_manifest(builder);
        let Some(bytes) = read_limited(&root.join(&path), LIMIT)? else { return Ok(None) };
        let damaged = |why| RecordError::Damaged { path: path.clone(), what: "a hash manifest", why };
        let manifest: Self = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if manifest.builder != *builder {
            return Err(damaged(format!("it is the one of {}", manifest.builder)));
        }
        Ok(Some(manifest))
    }

    /// The document as it is stored in [`layout::hash_manifest`]. It changes under the state lock, together with the state.
    pub fn to_json(&self) -> String {
        json(self)
    }

    /// The inputs of the newest build in an environment.
    pub fn inputs(&self, env: &EnvName) -> Option<InputManifest> {
        let entry = self.environments.get(env)?;
        let target = Target { builder: self.builder.clone(), env: env.clone() };
        let input = |input: &HashedInput| Input {
            name: input.name.clone(),
            kind: input.kind,
            blake3: input.blake3,
            size: input.size,
            executable: input.executable,
        };
        let inputs = entry.inputs.iter().map(input).collect();
        Some(InputManifest::of_format(entry.format, target, inputs, entry.trees.clone()))
    }
}

impl HashEntry {
    /// Digest by which the state knows the entry.
    pub fn digest(&self) -> Digest {
        Digest::of(json(self).as_bytes())
    }
}

impl From<&Input> for HashedInput {
    fn from(input: &Input) -> Self {
        Self {
            kind: input.kind,
            name: input.name.clone(),
            blake3: input.blake3,
            size: input.size,
            executable: input.executable,
        }
    }
}
