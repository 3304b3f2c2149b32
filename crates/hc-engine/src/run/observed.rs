//! What a run was seen to use beyond the inputs of its target: told with the place that probably names it (CLO-2).

use std::collections::BTreeSet;
use std::path::Path;

use hc_config::{Diagnostic, Location};
use hc_core::BuilderId;
use hc_records::Observed;

use crate::inputs::observed::GIT;
use crate::prepare::Prepared;
use crate::stage::mirror::Blind;

/// More of them are counted and not named.
const NAMED: usize = 20;
/// A name shorter than this stands in a template by chance, in bytes.
const TELLING: usize = 3;

/// What a run was seen to use.
#[derive(Default)]
pub(super) struct Used {
    /// What no run before it used.
    pub(super) first_seen: BTreeSet<String>,
    /// All of it, where that is not what was known before.
    pub(super) now: Option<Observed>,
    /// Large files that were changed while it ran.
    pub(super) edited: Vec<String>,
    /// Why something that it made could not be moved to the project.
    pub(super) left_behind: Vec<String>,
}

/// One warning for each thing that no run used before.
pub(super) fn warnings(prepared: &Prepared, used: &Used) -> Vec<Diagnostic> {
    let id = &prepared.target.builder;
    let mut warnings: Vec<Diagnostic> =
        used.first_seen.iter().take(NAMED).map(|path| warning(prepared, path)).collect();
    let more = used.first_seen.len().saturating_sub(NAMED);
    if more > 0 {
        warnings.push(
            Diagnostic::warning("InputObserved", format!("{id} used {more} more that nobody validated"))
                .hint("`--format json` and `hybrid artifacts show` name all of them"),
        );
    }
    warnings.extend(used.edited.iter().map(|path| edited(id, path)));
    warnings.extend(used.left_behind.iter().map(|why| left_behind(prepared, why)));
    warnings
}

fn edited(id: &BuilderId, path: &str) -> Diagnostic {
    let message =
        format!("`{path}` was changed while {id} was built: which content the image has is not known");
    Diagnostic::warning("InputEdited", message).hint("it counts as changed: validate, and build again")
}

fn left_behind(prepared: &Prepared, why: &str) -> Diagnostic {
    let message = format!("what packer made of {} is not where it belongs: {why}", prepared.target.builder);
    let hint = "it is in the stage of the work directory, which stays; make room and move it yourself, or build again";
    Diagnostic::warning("ResultLeftBehind", message).hint(hint)
}

/// That something which is used cannot be noticed here.
pub(super) fn not_observed(id: &BuilderId, blind: Blind) -> Diagnostic {
    let (message, instead) = match blind {
        Blind::Files => (
            format!("what {id} uses beyond its known inputs cannot be noticed here"),
            "name every input in builder.toml",
        ),
        Blind::Git => (
            format!("whether {id} asks git cannot be noticed here"),
            "name `git_sha` in its overlay if its image depends on the commit",
        ),
    };
    Diagnostic::warning("NotObserved", message).hint(format!(
        "the file system of the project keeps no access times (`noatime`): mount it with `relatime`, or {instead}"
    ))
}

fn warning(prepared: &Prepared, path: &str) -> Diagnostic {
    let id = &prepared.target.builder;
    let what = match path.strip_suffix('/') {
        _ if path == GIT => "the commit of the repository".to_owned(),
        Some(".") => "the names of the files in the project's root".to_owned(),
        Some(dir) => format!("the names of the files in `{dir}`"),
        None => format!("`{path}`"),
    };
    let message = format!("{id} used {what}, which nobody validated");
    let warning = Diagnostic::warning("InputObserved", message)
        .hint("it is an input from now on: look at it, then run `hybrid validate`");
    match place(prepared, path) {
        Some(place) => warning.at(place).label("probably by this"),
        None => warning,
    }
}

/// The place in the templates that probably refers to `path`: the longest end of it that stands there.
fn place(prepared: &Prepared, path: &str) -> Option<Location> {
    let path = path.trim_end_matches('/');
    let ends =
        Path::new(path).ancestors().take_while(|above| !above.as_os_str().is_empty()).flat_map(|above| {
            // The path itself, what is left of it below each directory, then the directories above it.
            let whole = above.to_string_lossy().into_owned();
            let name = above.file_name().map(|name| name.to_string_lossy().into_owned());
            [Some(whole), name].into_iter().flatten()
        });
    ends.filter(|end| end.len() >= TELLING).find_map(|end| {
        prepared.builder.documents.iter().find_map(|document| {
            let at = document.text().find(&end)?;
            Some(document.location_of(at..at + end.len()))
        })
    })
}
