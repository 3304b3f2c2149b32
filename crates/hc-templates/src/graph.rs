//! Builders in the order in which they can be built: parents first (TPL-5).

use std::collections::BTreeMap;

use hc_config::{Diagnostic, Location, suggest};
use hc_core::BuilderId;

use crate::builder_toml;
use crate::inventory::builder::Builder;

/// Builders whose parents make no order, each with its problem: `UnknownParent` with a suggestion, `ParentCycle` naming
/// the cycle.
///
/// `builders` are sorted by id; `broken` are those that cannot be used, with their problems.
pub fn problems(
    builders: &[Builder],
    broken: &BTreeMap<BuilderId, Vec<Diagnostic>>,
) -> BTreeMap<BuilderId, Vec<Diagnostic>> {
    let mut walk = Walk::new(builders);
    for builder in builders {
        let unknown = |parent: &&BuilderId| get(builders, parent).is_none() && !broken.contains_key(parent);
        if let Some(parent) = builder.metadata.parent.as_ref().filter(unknown) {
            let known = builders.iter().map(|builder| &builder.id).chain(broken.keys());
            let names: Vec<String> = known.map(ToString::to_string).collect();
            let mut diagnostic = Diagnostic::error(
                "UnknownParent",
                format!("parent `{parent}` of `{}` does not exist", builder.id),
            )
            .at(place(builder));
            diagnostic.hint = suggest::nearest(&parent.to_string(), names.iter().map(String::as_str))
                .map(|near| format!("did you mean `{near}`?"));
            walk.problems.entry(builder.id.clone()).or_default().push(diagnostic);
        }
        walk.visit(&builder.id, &mut Vec::new());
    }
    walk.problems
}

/// Sorts `selected` so that parents stand before their children; the rest keeps its order by id. `builders` are sorted by id.
pub fn build_order(builders: &[Builder], selected: &[BuilderId]) -> Vec<BuilderId> {
    let mut walk = Walk::new(builders);
    for id in selected {
        walk.visit(id, &mut Vec::new());
    }
    walk.order.retain(|id| selected.contains(id));
    walk.order
}

fn get<'a>(builders: &'a [Builder], id: &BuilderId) -> Option<&'a Builder> {
    builders.binary_search_by(|builder| builder.id.cmp(id)).ok().map(|at| &builders[at])
}

fn place(builder: &Builder) -> Location {
    Location::whole_file(&builder.dir.join(builder_toml::FILE_NAME))
}

struct Walk<'a> {
    builders: &'a [Builder],
    /// `false` while a builder's ancestors are being visited, `true` once it is placed.
    marks: BTreeMap<BuilderId, bool>,
    order: Vec<BuilderId>,
    problems: BTreeMap<BuilderId, Vec<Diagnostic>>,
}

impl<'a> Walk<'a> {
    fn new(builders: &'a [Builder]) -> Self {
        Self { builders, marks: BTreeMap::new(), order: Vec::new(), problems: BTreeMap::new() }
    }

    fn visit(&mut self, id: &BuilderId, path: &mut Vec<BuilderId>) {
        match self.marks.get(id) {
            Some(true) => return,
            Some(false) => {
                let from = path.iter().position(|step| step == id).unwrap_or(0);
                let members = path[from..].iter().chain([id]).map(ToString::to_string);
                let cycle = members.collect::<Vec<_>>().join(" → ");
                let mut diagnostic =
                    Diagnostic::error("ParentCycle", format!("builders are each other's parents: {cycle}"))
                        .hint("remove one `parent` of the cycle");
                diagnostic.location = get(self.builders, id).map(place);
                for member in &path[from..] {
                    self.problems.entry(member.clone()).or_default().push(diagnostic.clone());
                }
                return;
            }
            None => {}
        }
        self.marks.insert(id.clone(), false);
        path.push(id.clone());
        let parent = get(self.builders, id).and_then(|builder| builder.metadata.parent.clone());
        if let Some(parent) = parent {
            self.visit(&parent, path);
        }
        path.pop();
        self.marks.insert(id.clone(), true);
        self.order.push(id.clone());
    }
}
