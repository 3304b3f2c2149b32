//! Which builders a project has, found by walking `templates/` and by the mapping of hybrid.toml (TPL-1).

mod blocks;
pub(crate) mod builder;
mod files;
mod legacy;
mod loader;

use std::collections::BTreeMap;
use std::path::Path;

use hc_config::Diagnostic;
use hc_config::settings::AdoptedBuilder;
use hc_core::BuilderId;

pub use self::builder::{Builder, SourceBlock, bare};
use self::files::Ahead;
pub use self::files::TEXT_LIMIT;
pub use self::loader::EXAMPLE_ENDINGS;
use self::loader::Loader;
use crate::graph;

/// All builders, sorted by id.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// The builders that could be read.
    pub builders: Vec<Builder>,
    /// The others, each with what is wrong with it. The problems of one are not those of its neighbours.
    pub broken: BTreeMap<BuilderId, Vec<Diagnostic>>,
}

impl Inventory {
    /// Walks the project. Problems do not stop it; those that belong to one builder are in [`Inventory::broken`] or, where
    /// they leave it usable, among the others.
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
                let problem =
                    Diagnostic::error("BadBuilderName", format!("builder `{}` is defined twice", pair[0].id))
                        .hint(format!("{} and {}", pair[0].dir.display(), pair[1].dir.display()));
                loader.broken.entry(pair[0].id.clone()).or_default().push(problem);
            }
        }
        let mut inventory = Self { builders, broken: loader.broken };
        inventory.builders.retain(|builder| !inventory.broken.contains_key(&builder.id));
        inventory.broken.extend(graph::problems(&inventory.builders, &inventory.broken));
        inventory.builders.retain(|builder| !inventory.broken.contains_key(&builder.id));
        (inventory, loader.diagnostics)
    }

    /// What is wrong with builders that cannot be used.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.broken.values().flatten()
    }

    /// Ids of the builders that could be read, sorted.
    pub fn ids(&self) -> Vec<BuilderId> {
        self.builders.iter().map(|builder| builder.id.clone()).collect()
    }

    /// Ids of all builders, sorted.
    pub fn all_ids(&self) -> Vec<BuilderId> {
        let mut all: Vec<BuilderId> = self.ids().into_iter().chain(self.broken.keys().cloned()).collect();
        all.sort();
        all
    }

    /// The builder of an id.
    pub fn get(&self, id: &BuilderId) -> Option<&Builder> {
        self.builders.binary_search_by(|builder| builder.id.cmp(id)).ok().map(|at| &self.builders[at])
    }
}
