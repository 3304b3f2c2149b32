//! Which builders an operation works on, as a value that travels on instead of its text.

use std::collections::{BTreeMap, BTreeSet};

use hc_config::{Diagnostic, Severity};
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
    /// Selected builders that cannot be used, each with what is wrong with it. They stop nobody else.
    pub broken: BTreeMap<BuilderId, Vec<Diagnostic>>,
    /// Problems that no builder has alone. Errors only where nothing narrows the selection.
    pub diagnostics: Vec<Diagnostic>,
}

impl Selection {
    /// The selected builders.
    pub fn builders(&self) -> impl Iterator<Item = &Builder> {
        self.ids.iter().filter_map(|id| self.inventory.get(id))
    }

    /// Everything that was found on the way.
    pub fn problems(&self) -> Vec<Diagnostic> {
        let mut unique: Vec<Diagnostic> = Vec::new();
        for problem in self.diagnostics.iter().chain(self.broken.values().flatten()) {
            // One of a layer is a problem of every builder that has it.
            if !unique.contains(problem) {
                unique.push(problem.clone());
            }
        }
        unique
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
    #[must_use]
    pub fn narrowed(&self, keep: impl Fn(&BuilderId) -> bool) -> Self {
        let ids: Vec<BuilderId> = self.inventory.ids().into_iter().filter(|id| keep(id)).collect();
        let ids = graph::build_order(&self.inventory.builders, &ids);
        let mut narrowed = Self { ids, ancestors: BTreeSet::new(), ..self.clone() };
        narrowed.broken.retain(|id, _| keep(id));
        narrowed
    }

    /// The selection with everything that it starts from (`--with-parents`).
    #[must_use]
    pub fn with_ancestors(&self) -> Self {
        let mut ancestors: BTreeSet<BuilderId> = BTreeSet::new();
        for builder in self.builders() {
            let mut next = builder.metadata.parent.clone();
            // A builder in a cycle is a broken one.
            while let Some(parent) = next.filter(|parent| !ancestors.contains(parent)) {
                next = self.inventory.get(&parent).and_then(|builder| builder.metadata.parent.clone());
                ancestors.insert(parent);
            }
        }
        ancestors.retain(|id| !self.ids.contains(id));
        let broken = |id: &BuilderId| Some((id.clone(), self.inventory.broken.get(id)?.clone()));
        let broken = self.broken.clone().into_iter().chain(ancestors.iter().filter_map(broken)).collect();
        ancestors.retain(|id| self.inventory.get(id).is_some());
        let ids: Vec<BuilderId> = self.ids.iter().chain(&ancestors).cloned().collect();
        Self { ids: graph::build_order(&self.inventory.builders, &ids), ancestors, broken, ..self.clone() }
    }
}

impl Project {
    /// Loads the inventory and selects.
    ///
    /// # Errors
    /// `NothingSelected`.
    pub fn select(&self, selector: &Selector) -> Result<Selection> {
        let (inventory, mut diagnostics) = Inventory::load(&self.root, &self.settings.builders);
        let all = inventory.all_ids();
        // A template that belongs to no builder is not "nothing": its own error says more.
        let misplaced = diagnostics.iter().any(Diagnostic::is_error);
        let nothing = |term: Option<&str>| EngineError::NothingSelected {
            term: term.map(str::to_owned),
            known: all.clone(),
        };
        if let Some(term) = selector.unmatched(&all).next().filter(|_| !misplaced) {
            return Err(nothing(Some(term)));
        }
        let selected: Vec<BuilderId> = all.iter().filter(|id| selector.matches(id)).cloned().collect();
        if selected.is_empty() && !misplaced {
            return Err(nothing(None));
        }
        if !selector.is_everything() && !selected.is_empty() {
            // Whoever names builders is not stopped by what belongs to none of them.
            diagnostics.iter_mut().for_each(|one| one.severity = Severity::Warning);
        }
        let (broken, sound): (Vec<_>, Vec<_>) =
            selected.into_iter().partition(|id| inventory.broken.contains_key(id));
        let broken = broken.into_iter().map(|id| (id.clone(), inventory.broken[&id].clone())).collect();
        let ids = graph::build_order(&inventory.builders, &sound);
        let declared = declared(&inventory);
        Ok(Selection { inventory, ids, ancestors: BTreeSet::new(), declared, broken, diagnostics })
    }
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
