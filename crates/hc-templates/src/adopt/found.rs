//! What a survey of a repository says: builders, what could not be mapped, and why.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use hc_config::settings::AdoptedBuilder;
use hc_core::BuilderId;

/// What a repository holds.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// Builders, sorted by id.
    pub builders: Vec<Found>,
    /// Files and directories that belong to no builder, sorted by path.
    pub unmapped: Vec<Unmapped>,
    /// Source types that no platform knows, for `[naming]` of hybrid.toml.
    pub naming: BTreeMap<String, Vec<String>>,
    /// Variables of the environment that templates read.
    pub env: BTreeSet<String>,
}

/// One builder that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its new id.
    pub id: BuilderId,
    /// Its place in `[builders]` of hybrid.toml.
    pub mapping: AdoptedBuilder,
    /// Its source, `type.name`.
    pub source: String,
    /// Var files of the mapping that exist only as an example.
    pub examples: Vec<PathBuf>,
    /// Variables without a default that no var file of the mapping sets.
    pub missing: Vec<String>,
}

/// Something that belongs to no builder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unmapped {
    /// Path, relative to the repository.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
    /// What can be done about it.
    pub cure: Option<String>,
}
