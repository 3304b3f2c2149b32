//! Whether the programs of a project may run: the list on this machine, `--trust`, `HYBRID_TRUST`, or a person's answer.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use hc_engine::project::trusted::Trusted;
use hc_engine::setup::trust;
use hc_engine::setup::wizard::Dialogue;
use hc_engine::{Host, Project, ProjectOptions, Trust};

use crate::args::GlobalArgs;
use crate::dialogue::Lines;
use crate::environment::Terminal;
use crate::report::diagnostics::one_line;

/// Trusts all projects (`1`), or those in a list of directories that is separated as `PATH` is.
const VARIABLE: &str = "HYBRID_TRUST";
/// How many programs of a project the question lists.
const LISTED: usize = 20;

/// How far the project whose canonical root is given is trusted.
pub(crate) fn of(globals: &GlobalArgs, host: &Host, terminal: &Terminal, root: &Path) -> Trust {
    let listed = || Trusted::of(host).is_some_and(|list| list.since(root).is_some());
    if globals.trust || by_variable(host.var(VARIABLE), root) || listed() {
        return Trust::Given;
    }
    if !terminal.asks {
        return Trust::Withheld;
    }
    // Once, whatever asks, and from whatever thread.
    let (answer, host) = (OnceLock::new(), host.clone());
    Trust::Asked(Arc::new(move |root: &Path, what: &str| *answer.get_or_init(|| ask(&host, root, what))))
}

fn by_variable(value: Option<&OsStr>, root: &Path) -> bool {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return false };
    // `0` and other words are relative paths, and name nothing.
    let dirs = || std::env::split_paths(value).filter(|dir| dir.is_absolute());
    value == "1" || dirs().any(|dir| dir.canonicalize().is_ok_and(|dir| root.starts_with(dir)))
}

fn ask(host: &Host, root: &Path, what: &str) -> bool {
    let mut lines = Lines;
    // It was opened before; what is wrong with it now is said where it is used.
    let Ok(project) = Project::open(root, host.clone(), ProjectOptions::default()) else { return false };
    lines.say(&format!("{what} would run, and {} is not trusted on this machine.", root.display()));
    lines.say("Whoever wrote it decides what these do, with your rights:");
    let named = trust::programs(&project);
    for one in named.iter().take(LISTED) {
        lines.say(&one_line(&format!("  {one}")));
    }
    if named.len() > LISTED {
        lines.say(&format!("  and {} more: `hybrid trust --show`", named.len() - LISTED));
    }
    let answer = lines.ask("Trust it from now on? [y/N] ").unwrap_or_default();
    let yes = ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str());
    if yes && let Err(error) = trust::trust(&project) {
        lines.say(&format!("trusted for this run only: {error}"));
    }
    yes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_trusts_all_or_what_lies_in_its_directories() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let inner = root.join("a/b");
        std::fs::create_dir_all(&inner).unwrap();
        let trusts = |value: &str| by_variable(Some(OsStr::new(value)), &inner);
        assert!(trusts("1") && trusts(&format!("/nowhere:{}", root.display())));
        assert!(trusts(&root.join("a/b").display().to_string()));
        assert!(!by_variable(None, &inner));
        for not in ["", "0", "true", ".", "a", "/nowhere", ":", &root.join("a/bc").display().to_string()] {
            assert!(!trusts(not), "{not}");
        }
    }
}
