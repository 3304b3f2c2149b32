//! Which builders a command works on.

use std::collections::BTreeSet;

use hc_config::{Diagnostic, suggest};
use hc_core::{BuilderId, EnvName, Selector, Target};
use hc_templates::{Builder, Inventory, graph};

use crate::command_error::{CommandError, Result};
use crate::session::Session;

/// The builders that `--targets` names, in build order, with the whole inventory behind them.
#[derive(Debug)]
pub struct Selection {
    /// Every builder of the project.
    pub inventory: Inventory,
    /// The selected ones, parents first.
    pub ids: Vec<BuilderId>,
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
}

/// Loads the inventory and selects.
///
/// # Errors
/// `BadSelector`, `NothingSelected`, and the diagnostics of parents that make no order.
pub fn select(session: &Session, targets: &str) -> Result<Selection> {
    let selector = Selector::parse(targets)?;
    let (inventory, diagnostics) = Inventory::load(&session.root, &session.settings.builders);
    let all = inventory.ids();
    // A builder that cannot be read is not "nothing": its own error says more.
    let broken = diagnostics.iter().any(Diagnostic::is_error);
    if let Some(term) = selector.unmatched(&all).next().filter(|_| !broken) {
        let mut names: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
        for id in &all {
            names.extend([id.os(), id.platform(), id.variant()].map(str::to_owned));
        }
        let hint = match suggest::nearest(term, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if all.is_empty() => {
                "the project has no builders; see `hybrid init --help`, or begin with templates/<os>/<platform>/<variant>/".into()
            }
            None => {
                format!("builders: {}", all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
            }
        };
        return Err(CommandError::new("NothingSelected", format!("`{term}` selects no builder")).hint(hint));
    }
    let selected: Vec<BuilderId> = all.into_iter().filter(|id| selector.matches(id)).collect();
    if selected.is_empty() && !broken {
        return Err(CommandError::new("NothingSelected", "the project has no builders")
            .hint("begin with templates/<os>/<platform>/<variant>/*.pkr.hcl"));
    }
    let ids = graph::build_order(&inventory, &selected).map_err(CommandError::invalid)?;
    let mut declared = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for builder in &inventory.builders {
        // Hundreds of adopted builders may share their documents.
        if !seen.insert(builder.documents.as_ptr()) {
            continue;
        }
        declared.extend(hc_config::variables::collect(&builder.documents).0.into_keys());
    }
    Ok(Selection { inventory, ids, declared, diagnostics })
}
