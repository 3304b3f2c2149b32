//! Which builders a project has, found by walking `templates/` and by the mapping of hybrid.toml (TPL-1).

mod blocks;
mod builder;
mod files;
mod loader;

use std::collections::BTreeMap;
use std::path::Path;

use hc_config::Diagnostic;
use hc_config::settings::AdoptedBuilder;
use hc_core::BuilderId;

pub use self::builder::{Builder, SourceBlock};
use self::files::Ahead;
pub use self::files::TEXT_LIMIT;
pub use self::loader::EXAMPLE_ENDINGS;
use self::loader::Loader;

/// All builders, sorted by id.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// The builders.
    pub builders: Vec<Builder>,
}

impl Inventory {
    /// Walks the project. Problems do not stop it; a builder with unreadable files is left out and reported.
    pub fn load(root: &Path, adopted: &BTreeMap<BuilderId, AdoptedBuilder>) -> (Self, Vec<Diagnostic>) {
        let mut loader = Loader::new(root, adopted);
        let mut builders = loader.walk();
        loader.ahead = Ahead::of_adopted(root, adopted.values());
        for (id, mapping) in adopted {
            builders.extend(loader.adopted(id, mapping));
        }
        loader.report_examples();
        builders.sort_by(|a, b| a.id.cmp(&b.id));
        for pair in builders.windows(2) {
            if pair[0].id == pair[1].id {
                loader.diagnostics.push(
                    Diagnostic::error("BadBuilderName", format!("builder `{}` is defined twice", pair[0].id))
                        .hint(format!("{} and {}", pair[0].dir.display(), pair[1].dir.display())),
                );
            }
        }
        (Self { builders }, loader.diagnostics)
    }

    /// Ids, sorted.
    pub fn ids(&self) -> Vec<BuilderId> {
        self.builders.iter().map(|builder| builder.id.clone()).collect()
    }

    /// The builder of an id.
    pub fn get(&self, id: &BuilderId) -> Option<&Builder> {
        self.builders.binary_search_by(|builder| builder.id.cmp(id)).ok().map(|at| &self.builders[at])
    }
}
