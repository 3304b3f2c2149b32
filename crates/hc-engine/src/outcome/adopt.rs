//! `hybrid init --adopt`.

use serde::Serialize;

/// A repository that was mapped.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdoptReport {
    /// The repository.
    pub root: String,
    /// The one file that was written, relative to it.
    pub file: String,
    /// What was mapped, sorted by id.
    pub builders: Vec<AdoptedDoc>,
    /// What was not, sorted by path.
    pub unmapped: Vec<UnmappedDoc>,
    /// Var files that exist only as examples, so that their values are examples too.
    pub examples: Vec<String>,
    /// Lines for .gitignore, which is left alone too.
    pub ignore: Vec<String>,
    /// Plaintext secrets in the templates and their files; null where there are none.
    pub secrets: Option<AdoptedSecrets>,
    /// Commands to go on with.
    pub next: Vec<String>,
}

/// Plaintext secrets of a repository that is older than hybrid. `validate` refuses each that no baseline accepts.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdoptedSecrets {
    /// How many.
    pub findings: usize,
    /// In how many files.
    pub files: usize,
    /// The baseline, relative to the repository.
    pub baseline: String,
    /// Whether it was written, and accepts them until their lines change.
    pub accepted: bool,
}

/// One builder.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdoptedDoc {
    /// Builder id.
    pub id: String,
    /// Packer directory.
    pub path: String,
    /// Source, `type.name`.
    pub source: String,
    /// What `-only` gets, where the directory has several sources.
    pub only: Option<String>,
    /// Var files, lowest precedence first.
    pub var_files: Vec<String>,
    /// Variables without a default that none of them sets: overlays have to.
    pub missing: Vec<String>,
}

/// Something that belongs to no builder.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnmappedDoc {
    /// Path.
    pub path: String,
    /// Why.
    pub reason: String,
    /// What can be done about it.
    pub cure: Option<String>,
}
