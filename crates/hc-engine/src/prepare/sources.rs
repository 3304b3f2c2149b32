//! A file that is missing because the source that it lies in was not checked out.

use std::path::Path;

use hc_config::Diagnostic;
use hc_records::layout;

use crate::project::Project;

/// A file that is missing because its source is: says so, instead of asking for a correction of the path.
pub(super) fn explain(project: &Project, mut problem: Diagnostic) -> Diagnostic {
    let path = problem.message.split('`').nth(1).unwrap_or_default().to_owned();
    let name = layout::source_of(Path::new(&path)).filter(|_| problem.code == "MissingAsset");
    let declared = |name: &str| project.settings.sources.iter().any(|source| source.name == name);
    if let Some(name) = name.filter(|name| declared(name) && !project.at(layout::source(name)).exists()) {
        problem.code = "SourceMissing";
        problem.message = format!("source `{name}` is not checked out; `{path}` is in it");
        problem.hint = Some("run `hybrid sources sync`".into());
    }
    problem
}
