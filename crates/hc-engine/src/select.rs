//! Which builders an operation works on, as a value that travels on instead of its text.

use std::collections::BTreeSet;

use hc_config::Diagnostic;
use hc_core::{BuilderId, EnvName, Selector, Target};
use hc_templates::{Builder, Inventory, graph};

use crate::error::{EngineError, Result};
use crate::project::Project;

/// Selected builders, in build order, with the whole inventory behind them.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Every builder of the project.
    pub inventory: Inventory,
    /// The selected ones, parents first.
    pub ids: Vec<BuilderId>,
    /// Those of `ids` that were not asked for: others start from them, so they are built only where stale.
    pub ancestors: BTreeSet<BuilderId>,
    /// Names of all variables that any builder declares.
    pub declared: BTreeSet<String>,
    /// Problems found on the way; errors belong to builders that could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

impl Selection {
    /// The selected builders.
    pub fn builders(&self) -> impl Iterator<Item = &Builder> {
        self.ids.iter().filter_map(|id| self.inventory.get(id))
    }

    /// The targets in an environment.
    pub fn targets(&self, env: &EnvName) -> Vec<Target> {
        self.ids.iter().map(|builder| Target { builder: builder.clone(), env: env.clone() }).collect()
    }

    /// Whether another selected builder starts from `id`.
    pub fn is_parent(&self, id: &BuilderId) -> bool {
        self.builders().any(|builder| builder.metadata.parent.as_ref() == Some(id))
    }

    /// The same inventory with other builders selected.
    ///
    /// # Errors
    /// The diagnostics of parents that make no order.
    pub fn narrowed(&self, keep: impl Fn(&BuilderId) -> bool) -> Result<Self> {
        let ids: Vec<BuilderId> = self.inventory.ids().into_iter().filter(|id| keep(id)).collect();
        Ok(Self { ids: ordered(&self.inventory, &ids)?, ancestors: BTreeSet::new(), ..self.clone() })
    }

    /// The selection with everything that it starts from (`--with-parents`).
    ///
    /// # Errors
    /// The diagnostics of parents that make no order.
    pub fn with_ancestors(&self) -> Result<Self> {
        let mut ancestors: BTreeSet<BuilderId> = BTreeSet::new();
        for builder in self.builders() {
            let mut next = builder.metadata.parent.clone();
            // Cycles were refused when the selection was ordered.
            while let Some(parent) = next.filter(|parent| !ancestors.contains(parent)) {
                next = self.inventory.get(&parent).and_then(|builder| builder.metadata.parent.clone());
                ancestors.insert(parent);
            }
        }
        ancestors.retain(|id| !self.ids.contains(id));
        let ids: Vec<BuilderId> = self.ids.iter().chain(&ancestors).cloned().collect();
        Ok(Self { ids: ordered(&self.inventory, &ids)?, ancestors, ..self.clone() })
    }
}

impl Project {
    /// Loads the inventory and selects.
    ///
    /// # Errors
    /// `NothingSelected`, and the diagnostics of parents that make no order.
    pub fn select(&self, selector: &Selector) -> Result<Selection> {
        let (inventory, diagnostics) = Inventory::load(&self.root, &self.settings.builders);
        let all = inventory.ids();
        // A builder that cannot be read is not "nothing": its own error says more.
        let broken = diagnostics.iter().any(Diagnostic::is_error);
        let nothing = |term: Option<&str>| EngineError::NothingSelected {
            term: term.map(str::to_owned),
            known: all.clone(),
        };
        if let Some(term) = selector.unmatched(&all).next().filter(|_| !broken) {
            return Err(nothing(Some(term)));
        }
        let selected: Vec<BuilderId> = all.iter().filter(|id| selector.matches(id)).cloned().collect();
        if selected.is_empty() && !broken {
            return Err(nothing(None));
        }
        let ids = ordered(&inventory, &selected)?;
        let declared = declared(&inventory);
        Ok(Selection { inventory, ids, ancestors: BTreeSet::new(), declared, diagnostics })
    }
}

fn ordered(inventory: &Inventory, ids: &[BuilderId]) -> Result<Vec<BuilderId>> {
    graph::build_order(inventory, ids).map_err(EngineError::Invalid)
}

fn declared(inventory: &Inventory) -> BTreeSet<String> {
    let (mut declared, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for builder in &inventory.builders {
        // Hundreds of adopted builders may share their documents.
        if seen.insert(builder.documents.as_ptr()) {
            declared.extend(hc_config::variables::collect(&builder.documents).0.into_keys());
        }
    }
    declared
}
