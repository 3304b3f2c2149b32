//! Builders in the order in which they can be built: parents first (TPL-5).

use std::collections::BTreeMap;

use hc_config::{Diagnostic, Location, suggest};
use hc_core::BuilderId;

use crate::builder_toml;
use crate::inventory::{Builder, Inventory};

/// Sorts `selected` so that parents stand before their children; the rest keeps its order by id.
///
/// # Errors
/// `UnknownParent` with a suggestion, `ParentCycle` naming the cycle.
pub fn build_order(inventory: &Inventory, selected: &[BuilderId]) -> Result<Vec<BuilderId>, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    for builder in &inventory.builders {
        if let Some(parent) =
            builder.metadata.parent.as_ref().filter(|parent| inventory.get(parent).is_none())
        {
            let names: Vec<String> = inventory.ids().iter().map(ToString::to_string).collect();
            let mut diagnostic = Diagnostic::error(
                "UnknownParent",
                format!("parent `{parent}` of `{}` does not exist", builder.id),
            )
            .at(place(builder));
            diagnostic.hint = suggest::nearest(&parent.to_string(), names.iter().map(String::as_str))
                .map(|near| format!("did you mean `{near}`?"));
            diagnostics.push(diagnostic);
        }
    }
    let mut walk = Walk { inventory, marks: BTreeMap::new(), order: Vec::new(), diagnostics };
    for id in selected {
        walk.visit(id, &mut Vec::new());
    }
    if !walk.diagnostics.is_empty() {
        return Err(walk.diagnostics);
    }
    walk.order.retain(|id| selected.contains(id));
    Ok(walk.order)
}

fn place(builder: &Builder) -> Location {
    Location::whole_file(&builder.dir.join(builder_toml::FILE_NAME))
}

struct Walk<'a> {
    inventory: &'a Inventory,
    /// `false` while a builder's ancestors are being visited, `true` once it is placed.
    marks: BTreeMap<BuilderId, bool>,
    order: Vec<BuilderId>,
    diagnostics: Vec<Diagnostic>,
}

impl Walk<'_> {
    fn visit(&mut self, id: &BuilderId, path: &mut Vec<String>) {
        match self.marks.get(id) {
            Some(true) => return,
            Some(false) => {
                path.push(id.to_string());
                let from = path.iter().position(|step| *step == id.to_string()).unwrap_or(0);
                let cycle = path[from..].join(" → ");
                let at = self.inventory.get(id).map(place);
                let mut diagnostic =
                    Diagnostic::error("ParentCycle", format!("builders are each other's parents: {cycle}"))
                        .hint("remove one `parent` of the cycle");
                diagnostic.location = at;
                self.diagnostics.push(diagnostic);
                return;
            }
            None => {}
        }
        self.marks.insert(id.clone(), false);
        path.push(id.to_string());
        let parent = self.inventory.get(id).and_then(|builder| builder.metadata.parent.clone());
        if let Some(parent) = parent {
            self.visit(&parent, path);
        }
        path.pop();
        self.marks.insert(id.clone(), true);
        self.order.push(id.clone());
    }
}
