//! `hybrid templates list`.

use serde::Serialize;

/// What can be built.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TemplatesReport {
    /// Builders, sorted by id.
    pub builders: Vec<BuilderDoc>,
}

/// One builder.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuilderDoc {
    /// Builder id.
    pub id: String,
    /// What it is for.
    pub description: Option<String>,
    /// Packer directory, relative to the project.
    pub dir: String,
    /// Whether packer runs in that directory instead of a stage.
    pub in_place: bool,
    /// Shared layers, lowest first.
    pub layers: Vec<String>,
    /// Template files of the builder itself.
    pub files: Vec<String>,
    /// Var files that apply, lowest precedence first.
    pub var_files: Vec<String>,
    /// Sources as `type.name`.
    pub sources: Vec<String>,
    /// Provisioner types in the templates.
    pub provisioners: Vec<String>,
    /// Post-processor types in the templates.
    pub post_processors: Vec<String>,
    /// The builder that this one starts from.
    pub parent: Option<String>,
    /// Age after which a rebuild is due.
    pub max_age: Option<String>,
    /// Programs that the build needs on this machine.
    pub requires: Vec<String>,
    /// Test suites.
    pub suites: Vec<String>,
}

/// `hybrid templates compose`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ComposeReport {
    /// Builder id.
    pub builder: String,
    /// The stage.
    pub stage: String,
    /// Packer's directory argument.
    pub packer_dir: String,
    /// Files of the project that were copied.
    pub copied: usize,
    /// Files that hybrid made.
    pub generated: usize,
}
