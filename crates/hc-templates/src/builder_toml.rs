//! `builder.toml`: what a builder's templates cannot say about it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hc_config::settings::HumanDuration;
use hc_core::BuilderId;
use serde::{Deserialize, Serialize};

/// File name of the metadata, in the builder's directory.
pub const FILE_NAME: &str = "builder.toml";

/// Metadata of one builder (`builder.toml`). Every key is optional.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuilderToml {
    /// What the image is for.
    pub description: Option<String>,
    /// Age after which a rebuild is due: `"30d"`.
    pub max_age: Option<HumanDuration>,
    /// Builder whose newest image this one starts from (TPL-5).
    pub parent: Option<BuilderId>,
    /// Packer's working directory, relative to the project: where relative paths of templates start from. The project
    /// itself when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workdir: Option<PathBuf>,
    /// Globs of inputs that analysis cannot see, relative to the project (TPL-4).
    pub inputs: Vec<String>,
    /// cloud-init user data, relative to the project, merged over `[cloudinit]` of hybrid.toml (CONFIG-6). The
    /// template has to declare `cloudinit_user_data`.
    pub cloudinit: Vec<PathBuf>,
    /// Programs that the build needs on this machine, beyond those of hybrid and of the provisioner stacks.
    pub requires: Vec<String>,
    /// Words for people and for `templates list`.
    pub tags: Vec<String>,
    /// Packer plugins by source address with a version constraint, for packers that install plugins:
    /// `"github.com/hashicorp/vsphere" = ">= 1.4.0"`. Staged as a `required_plugins` block.
    pub plugins: BTreeMap<String, String>,
    /// Installation medium: downloaded once, whatever builders want it, and handed to the template as
    /// `hybrid_iso_path` (PKR-9).
    pub iso: Option<Iso>,
    /// Test suites by name (STATE-4).
    pub suites: BTreeMap<String, Suite>,
    /// What a publish needs.
    pub publish: Publish,
}

/// An installation medium.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Iso {
    /// `https://`, `http://`, `file://`, or an absolute path.
    pub url: String,
    /// `sha256:…` or `sha512:…`; changing it is drift.
    pub checksum: String,
}

/// A test suite that runs against the built image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Suite {
    /// Program and arguments, run in the project; `{image}` stands for the image (its largest file, else its first
    /// id), `{artifact}` for its record.
    pub command: Vec<String>,
    /// Longest time that it may take.
    #[serde(default)]
    pub timeout: Option<HumanDuration>,
    /// Programs that it needs on this machine.
    #[serde(default)]
    pub requires: Vec<String>,
}

/// What a publish needs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Publish {
    /// Suites that must have passed on the build.
    pub suites: Vec<String>,
}
