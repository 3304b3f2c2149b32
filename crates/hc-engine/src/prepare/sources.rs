//! A file that is missing because the source that it lies in was not checked out.

use hc_config::{Diagnostic, Severity};
use hc_records::layout;
use hc_templates::closure::Missing;

use crate::project::Project;

/// Files that are missing because their source is: taken out of `missing`, and said so instead of asking for a
/// correction of the path.
pub(super) fn explain(project: &Project, missing: &mut Vec<Missing>, adopted: bool) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    missing.retain(|one| {
        let name = layout::source_of(&one.path);
        let declared = |name: &str| project.settings.sources.iter().any(|source| source.name == name);
        let Some(name) = name.filter(|name| declared(name) && !project.at(layout::source(name)).exists())
        else {
            return true;
        };
        let message = format!("source `{name}` is not checked out; `{}` is in it", one.path.display());
        let mut problem = Diagnostic::error("SourceMissing", message);
        if adopted {
            problem.severity = Severity::Warning;
        }
        let problem = problem.at(one.location.clone()).label("referred to here");
        found.push(problem.hint("run `hybrid sources sync`"));
        false
    });
    found
}
