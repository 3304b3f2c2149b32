//! One builder with everything that its files say.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use hc_config::hcl::Document;
use hc_config::json::plain_name;
use hc_config::{Dialect, Location};
use hc_core::BuilderId;

use crate::builder_toml::BuilderToml;

/// One builder with everything that its files say.
#[derive(Debug, Clone)]
pub struct Builder {
    /// Id.
    pub id: BuilderId,
    /// Packer directory, relative to the project.
    pub dir: PathBuf,
    /// The one file of that directory that packer gets, of an adopted template that stands alone.
    pub file: Option<PathBuf>,
    /// Whether packer runs on a mirror of the repository instead of a composed stage (mapped by hybrid.toml, or no shared
    /// layers).
    pub in_place: bool,
    /// Whether the mapping of hybrid.toml brought it.
    pub adopted: bool,
    /// Packer's working directory, relative to the project; empty for the project itself.
    pub workdir: PathBuf,
    /// The one source to build (`-only`), of an adopted directory; `type.name` in every language.
    pub only: Option<String>,
    /// Builds and post-processors that packer leaves out (`-except`).
    pub except: Vec<String>,
    /// Values of the mapping, over those of the var files.
    pub vars: BTreeMap<String, String>,
    /// Shared layers, lowest first, relative to the project.
    pub layers: Vec<PathBuf>,
    /// Own template files, sorted, relative to the project.
    pub files: Vec<PathBuf>,
    /// Var files that exist, lowest precedence first, relative to the project.
    pub var_files: Vec<PathBuf>,
    /// Metadata.
    pub metadata: BuilderToml,
    /// Whether a `builder.toml` exists.
    pub has_metadata: bool,
    /// Documents of layers and files, in that order; shared by the builders of one adopted directory.
    pub documents: Arc<[Document]>,
    /// Sources in the templates.
    pub sources: Vec<SourceBlock>,
    /// Provisioner types, sorted, without repetition.
    pub provisioners: Vec<String>,
    /// Post-processor types, sorted, without repetition.
    pub post_processors: Vec<String>,
    /// Types of data sources, sorted, without repetition.
    pub data_sources: Vec<String>,
}

impl Builder {
    /// The language of its templates.
    pub fn dialect(&self) -> Dialect {
        self.documents.first().map_or(Dialect::Hcl, Document::dialect)
    }

    /// What packer calls a variable that is known here by this name.
    pub fn packer_name(&self, variable: &str) -> String {
        if self.dialect() == Dialect::Legacy { plain_name(variable) } else { variable.to_owned() }
    }

    /// What packer gets by `-only` for the source of this address.
    pub fn only_of(&self, address: &str) -> String {
        let name = address.split_once('.').map_or(address, |(_, name)| name);
        if self.dialect() == Dialect::Legacy { name.to_owned() } else { address.to_owned() }
    }

    /// The types of its sources, provisioners and post-processors.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        let sources = self.sources.iter().map(|source| source.kind.as_str());
        sources.chain(self.provisioners.iter().chain(&self.post_processors).map(String::as_str))
    }
}

/// A `source "<type>" "<name>"` block.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceBlock {
    /// Source type.
    pub kind: String,
    /// Source name.
    pub name: String,
    /// The type label.
    pub kind_location: Location,
    /// The name label.
    pub name_location: Location,
}

impl SourceBlock {
    /// `type.name`, as `-only` takes it.
    pub fn address(&self) -> String {
        format!("{}.{}", self.kind, self.name)
    }
}

/// The address in what a build names: packer takes the word `source` or `sources` before it.
pub fn bare(reference: &str) -> &str {
    reference.strip_prefix("source.").or(reference.strip_prefix("sources.")).unwrap_or(reference)
}
