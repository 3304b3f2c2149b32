//! Sources as inputs of builders: whoever reads below `sources/<name>/` depends on the commit.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use hc_config::Diagnostic;
use hc_sources::{LockFile, LockedSource, Sources, survey};

use super::{find, git_options, specs};
use crate::command_error::Result;
use crate::session::Session;

/// Pins of the sources that `paths` lie in, each proven to be checked out and clean.
///
/// # Errors
/// `SourceMissing`, `SourceDirty`, `SourceDiverged`, `SourceLockOutdated`, `SourcePinExpired`, `UnknownSource`.
pub fn referred<'a>(session: &Session, paths: impl Iterator<Item = &'a Path>) -> Result<Vec<LockedSource>> {
    let names: BTreeSet<&str> = paths.filter_map(source_of).collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let specs = specs(&session.settings)?;
    let sources = Sources::of(&session.root);
    let lock = LockFile::load(sources.lock_file())?;
    let git = git_options(session, 1);
    let mut pins = Vec::new();
    for name in names {
        let found = survey::survey(&sources, &lock, find(&specs, name)?, &git, session.now());
        if let Some(problem) = found.problem {
            return Err(problem.into());
        }
        pins.extend(found.pin);
    }
    Ok(pins)
}

/// A file that is missing because its source is: says so, instead of asking for a correction of the path.
pub fn explain_missing(session: &Session, mut problem: Diagnostic) -> Diagnostic {
    let path = problem.message.split('`').nth(1).unwrap_or_default().to_owned();
    let name = source_of(Path::new(&path)).filter(|_| problem.code == "MissingAsset");
    let declared = |name: &str| session.settings.sources.iter().any(|source| source.name == name);
    if let Some(name) =
        name.filter(|name| declared(name) && !session.root.join("sources").join(name).exists())
    {
        problem.code = "SourceMissing";
        problem.message = format!("source `{name}` is not checked out; `{path}` is in it");
        problem.hint = Some("run `hybrid sources sync`".into());
    }
    problem
}

/// The source that a path relative to the project lies in.
fn source_of(path: &Path) -> Option<&str> {
    let mut parts = path.components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(first)), Some(Component::Normal(name))) if first == "sources" => {
            name.to_str()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_below_a_source_belong_to_one() {
        assert_eq!(source_of(Path::new("sources/a/b/c.sh")), Some("a"));
        for other in ["sources", "scripts/sources/a", "/sources/a", "../sources/a/b"] {
            assert_eq!(source_of(Path::new(other)), None, "{other}");
        }
    }
}
