//! The order of the engine's stages: each imports only earlier ones, so that no step reaches back.

use super::imports::Edge;

/// The crate whose top modules are stages.
pub(super) const HOME: &str = "crates/hc-engine";

/// What every stage speaks of, and what speaks of no stage.
const SHARED: &[&str] = &["error", "outcome"];

/// The stages in the order in which a target passes them.
const ORDER: &[&str] = &[
    "project", "event", "select", "prepare", "inputs", "gate", "plan", "stage", "record", "run", "upkeep",
    "setup",
];

/// Names every import of a later stage, and every file that belongs to no stage.
pub(super) fn check<'a>(files: impl Iterator<Item = &'a str>, edges: &[Edge], findings: &mut Vec<String>) {
    for file in files {
        if stage(file).is_some() && place(file).is_none() {
            findings.push(format!("{file}: not a stage of hc-engine; they are {}", ORDER.join(", ")));
        }
    }
    for edge in edges {
        let (Some(from), Some(to)) = (place(&edge.from), stage(&edge.to)) else { continue };
        let name = stage(&edge.from).unwrap_or_default();
        let why = match place(&edge.to) {
            Some(place) if place > from => "a later stage",
            Some(_) => continue,
            None => "which is not a stage",
        };
        let Edge { from: file, line, .. } = edge;
        findings.push(format!("{file}:{line}: `{name}` must not import `{to}`, {why}"));
    }
}

/// The top module that a file belongs to; the crate's root belongs to none.
fn stage(file: &str) -> Option<&str> {
    let inside = file.strip_prefix(HOME)?.strip_prefix("/src/")?;
    let top = inside.split('/').next()?.trim_end_matches(".rs");
    (top != "lib").then_some(top)
}

/// 0 for what is shared, then the stages from 1.
fn place(file: &str) -> Option<usize> {
    let stage = stage(file)?;
    if SHARED.contains(&stage) {
        return Some(0);
    }
    ORDER.iter().position(|name| *name == stage).map(|place| place + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::imports::{Files, of_crate};

    fn findings(files: &[(&str, &str)]) -> Vec<String> {
        let files: Files =
            files.iter().map(|(path, text)| (format!("{HOME}/src/{path}"), (*text).to_owned())).collect();
        let mut findings = Vec::new();
        check(files.keys().map(String::as_str), &of_crate(&files, HOME).edges, &mut findings);
        findings
    }

    #[test]
    fn a_stage_imports_itself_earlier_ones_and_errors() {
        let lib = ("lib.rs", "mod error;\nmod gate;\nmod plan;\npub use plan::Plan;\n");
        let gate = ("gate/mod.rs", "pub mod drift;\nuse crate::error::E;\npub struct Gate(E, drift::D);\n");
        let rest = [("gate/drift.rs", "pub struct D;\n"), ("error.rs", "pub struct E;\n")];
        let plan = ("plan.rs", "use crate::gate::Gate;\npub struct Plan(Gate);\n");
        assert_eq!(findings(&[lib, gate, rest[0], rest[1], plan]), [""; 0]);
        let back = ("gate/drift.rs", "//! Compares.\npub struct D(crate::Plan);\n");
        assert_eq!(
            findings(&[lib, gate, back, rest[1], plan]),
            ["crates/hc-engine/src/gate/drift.rs:2: `gate` must not import `plan`, a later stage"]
        );
    }

    #[test]
    fn errors_and_outcomes_speak_of_each_other_and_of_no_stage() {
        let lib = ("lib.rs", "mod error;\nmod outcome;\nmod project;\n");
        let error = ("error.rs", "pub struct E(Box<crate::outcome::O>);\n");
        let outcome = ("outcome.rs", "pub struct O(crate::error::E);\n");
        let project = ("project.rs", "pub struct P(crate::error::E, crate::outcome::O);\n");
        assert_eq!(findings(&[lib, error, outcome, project]), [""; 0]);
        let back = ("outcome.rs", "pub struct O(crate::project::P);\n");
        assert_eq!(
            findings(&[lib, error, back, project]),
            ["crates/hc-engine/src/outcome.rs:1: `outcome` must not import `project`, a later stage"]
        );
    }

    #[test]
    fn a_module_that_is_not_a_stage_is_named() {
        let found = findings(&[
            ("lib.rs", "mod shared;\nmod run;\n"),
            ("shared.rs", "pub fn f() {}\n"),
            ("run.rs", "use crate::shared::f;\n"),
        ]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("crates/hc-engine/src/shared.rs: not a stage of hc-engine"));
        assert_eq!(
            found[1],
            "crates/hc-engine/src/run.rs:1: `run` must not import `shared`, which is not a stage"
        );
    }
}
