//! What files are called, how long they and their functions are, and what only one place may know.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use super::imports::Files;
use super::printing;
use super::source::{close, without_tests};
use super::tokens::{Kind, Token, tokens};

/// Names that say nothing.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "misc", "common", "manager"];

/// Lines after which a module is listed; those below `#[cfg(test)] mod tests` do not count.
const LISTED_MODULE: usize = 400;
/// Lines after which a module holds two things.
const LONG_MODULE: usize = 450;

/// Where functions are kept short, and how many lines of code may stand between their braces.
const SHORT_FUNCTIONS: (&str, usize) = ("crates/hc-engine/src/", 60);

/// Words that only these may write into their strings: the names of files.
const OWN_NAMES: &[(&[&str], &[&str])] = &[
    (
        &["crates/hc-state/src/"],
        &["packer-hybrid.", "state/.lock", "state/backups", "state/locks", "state/audit.log", "state/packer"],
    ),
    // The settings have a default below it, a new project ignores it in git, benchmarks make projects.
    (
        &[
            "crates/hc-records/src/",
            "crates/hc-config/src/settings/",
            "crates/hc-engine/src/setup/",
            "xtask/src/bench/",
        ],
        &[".hybrid/"],
    ),
    (&["crates/hc-records/src/", "xtask/src/bench/"], &["artifacts/images", "logs/tests"]),
];

/// This file names them, too.
const RULES: &str = "xtask/src/tidy/";

/// Words of code, or two in a row, that only these may use, and why.
const RESERVED: &[(&str, &[&str], &str)] = &[
    (
        "disallowed_methods",
        &["crates/hc-cli/src/environment.rs", "xtask/"],
        "only hc-cli reads the environment and the command line (clippy.toml)",
    ),
    ("print_stdout", &["crates/hc-cli/", "xtask/"], "only hc-cli prints"),
    ("print_stderr", &["crates/hc-cli/", "xtask/"], "only hc-cli prints"),
    ("ExitCode", &["crates/hc-cli/", "crates/hc-test-support/", "xtask/"], "only hc-cli picks exit codes"),
    (
        "fn exit_code",
        &["crates/hc-cli/"],
        "how things end is `hc_core::ExitClass`, and a number only in hc-cli",
    ),
];

/// Where programs are started; packer by hc-packer alone.
const SPAWNERS: &[&str] = &[
    "crates/hc-cli/",
    "crates/hc-engine/",
    "crates/hc-packer/",
    "crates/hc-sources/src/git/",
    "crates/hc-test-support/",
    "xtask/",
];

/// Files that compute and do nothing else: no disk, no process, no network, no clock.
const PURE: &[&str] = &["crates/hc-records/src/drift.rs"];

/// Names of modules that reach out of the process.
const OUTSIDE: &[&str] =
    &["fs", "io", "process", "net", "env", "thread", "stat_cache", "lock", "File", "SystemTime", "Instant"];

/// No file is called after nothing.
pub(super) fn check_names(root: &Path, findings: &mut Vec<String>) -> Result<()> {
    for top in ["crates", "xtask"] {
        for entry in walkdir::WalkDir::new(root.join(top)).sort_by_file_name() {
            let entry = entry?;
            let path = entry.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            if EMPTY_NAMES.contains(&stem) {
                let shown = path.strip_prefix(root).unwrap_or(path).display();
                findings.push(format!("{shown}: `{stem}` says nothing; name the module for what it owns"));
            }
        }
    }
    Ok(())
}

/// Checks every source by itself; returns a line on each that is nearly too long.
pub(super) fn check(files: &Files, findings: &mut Vec<String>) -> Vec<String> {
    let mut listed = Vec::new();
    for (path, text) in files {
        let lines = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().lines().count();
        if lines > LONG_MODULE {
            findings.push(format!("{path}: {lines} lines; it probably holds two things"));
        } else if lines > LISTED_MODULE {
            listed.push(format!("{path}: {lines} lines of at most {LONG_MODULE}"));
        }
        let opens = text.lines().next().unwrap_or_default();
        if !opens.starts_with("//!") && !path.ends_with("/main.rs") && !path.ends_with("/tests.rs") {
            findings.push(format!("{path}: does not open with what it owns (`//! …`)"));
        }
        let tokens = without_tests(&tokens(text));
        literals(path, &tokens, findings);
        printing::check(path, text, &tokens, findings);
        spawning(path, &tokens, findings);
        reserved(path, &tokens, findings);
        if path.starts_with(SHORT_FUNCTIONS.0) {
            functions(path, &tokens, findings);
        }
        if PURE.contains(&path.as_str()) {
            pure(path, &tokens, findings);
        }
    }
    let gone = PURE.iter().filter(|path| !files.contains_key(**path));
    findings.extend(gone.map(|path| format!("{path}: moved; name its new place in xtask/src/tidy/house.rs")));
    listed
}

fn literals(path: &str, tokens: &[Token<'_>], findings: &mut Vec<String>) {
    let owns = |homes: &[&str]| path.starts_with(RULES) || homes.iter().any(|home| path.starts_with(home));
    for (homes, names) in OWN_NAMES.iter().filter(|(homes, _)| !owns(homes)) {
        for token in tokens.iter().filter(|token| token.kind == Kind::Text) {
            if let Some(name) = names.iter().find(|name| token.text.contains(**name)) {
                let line = token.line;
                findings.push(format!("{path}:{line}: names `{name}`, which only {} knows", homes[0]));
            }
        }
    }
}

fn reserved(path: &str, tokens: &[Token<'_>], findings: &mut Vec<String>) {
    for (word, homes, why) in
        RESERVED.iter().filter(|(_, homes, _)| !homes.iter().any(|home| path.starts_with(home)))
    {
        let (before, word) = word.rsplit_once(' ').unwrap_or(("", word));
        for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.is_word(word)) {
            if !before.is_empty() && !at.checked_sub(1).is_some_and(|at| tokens[at].is_word(before)) {
                continue;
            }
            let line = token.line;
            findings.push(format!("{path}:{line}: `{word}` belongs to {}: {why}", homes.join(", ")));
        }
    }
}

fn spawning(path: &str, tokens: &[Token<'_>], findings: &mut Vec<String>) {
    if SPAWNERS.iter().any(|home| path.starts_with(home)) {
        return;
    }
    for words in tokens.windows(3) {
        if words[0].is_word("Command") && words[1].is_sign("::") && words[2].is_word("new") {
            let line = words[0].line;
            findings
                .push(format!("{path}:{line}: starts a program, which belongs to {}", SPAWNERS.join(", ")));
        }
    }
}

fn pure(path: &str, tokens: &[Token<'_>], findings: &mut Vec<String>) {
    for token in tokens.iter().filter(|token| token.kind == Kind::Word && OUTSIDE.contains(&token.text)) {
        let (line, word) = (token.line, token.text);
        findings.push(format!("{path}:{line}: `{word}` in a file that only computes"));
    }
}

/// Functions that nobody reads in one go.
fn functions(path: &str, tokens: &[Token<'_>], findings: &mut Vec<String>) {
    for at in 0..tokens.len() {
        let Some(name) =
            tokens.get(at + 1).filter(|name| tokens[at].is_word("fn") && name.kind == Kind::Word)
        else {
            continue;
        };
        let mut body = at;
        while tokens.get(body).is_some_and(|token| !token.is_sign(";") && !token.is_sign("{")) {
            let opens = tokens[body].is_sign("(") || tokens[body].is_sign("[");
            body = if opens { close(tokens, body) } else { body + 1 };
        }
        if tokens.get(body).is_none_or(|token| token.is_sign(";")) {
            continue;
        }
        let inside = &tokens[body + 1..close(tokens, body).saturating_sub(1).max(body + 1)];
        let lines: BTreeSet<usize> = inside.iter().map(|token| token.line).collect();
        if lines.len() > SHORT_FUNCTIONS.1 {
            let (line, name, length) = (name.line, name.text, lines.len());
            findings.push(format!(
                "{path}:{line}: `{name}` has {length} lines of code; split it where a step ends"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        let mut findings = Vec::new();
        let mut files = Files::from([(path.to_owned(), format!("//! Owns it.\n{text}"))]);
        files.extend(
            PURE.iter()
                .map(|path| ((*path).to_owned(), "//! Pure.\n".to_owned()))
                .filter(|(pure, _)| pure != path),
        );
        check(&files, &mut findings);
        findings
    }

    #[test]
    fn names_of_the_states_files_belong_to_one_crate() {
        let code = "fn f() { g(\"state/backups/x\") }\n#[cfg(test)]\nfn t() { g(\"state/.lock\") }\n// state/.lock\n";
        assert_eq!(findings("crates/hc-state/src/a.rs", code), [""; 0]);
        assert_eq!(
            findings("crates/hc-cli/src/a.rs", code),
            ["crates/hc-cli/src/a.rs:2: names `state/backups`, which only crates/hc-state/src/ knows"]
        );
    }

    #[test]
    fn a_library_neither_prints_nor_looks_around() {
        let code = "#[expect(clippy::disallowed_methods)]\nfn f() { std::env::var(\"HOME\") }\n";
        assert_eq!(findings("crates/hc-logs/src/a.rs", code).len(), 1);
        assert_eq!(findings("crates/hc-cli/src/environment.rs", code), [""; 0]);
        let code = "struct A { exit_code: i32 }\nimpl A { fn exit_code(&self) {} }\n";
        assert_eq!(
            findings("crates/hc-state/src/a.rs", code),
            [
                "crates/hc-state/src/a.rs:3: `exit_code` belongs to crates/hc-cli/: how things end is `hc_core::ExitClass`, \
             and a number only in hc-cli"
            ]
        );
    }

    #[test]
    fn programs_are_started_in_few_places() {
        let code = "fn f() { std::process::Command::new(\"packer\"); }\n";
        assert_eq!(findings("crates/hc-templates/src/a.rs", code).len(), 1);
        assert_eq!(findings("crates/hc-packer/src/a.rs", code), [""; 0]);
    }

    #[test]
    fn what_computes_does_not_read() {
        let code = "use std::fs;\nfn f() -> usize { 1 }\n";
        assert_eq!(findings(PURE[0], code), [format!("{}:2: `fs` in a file that only computes", PURE[0])]);
    }

    #[test]
    fn long_functions_of_the_engine_are_named_and_comments_do_not_count() {
        let body = |line: &str, lines: usize| format!("fn whole(a: [u8; 2]) {{\n{}}}\n", line.repeat(lines));
        let path = "crates/hc-engine/src/run.rs";
        assert_eq!(findings(path, &body("// why\n    f();\n", 60)), [""; 0]);
        assert_eq!(
            findings(path, &body("    f();\n", 61)),
            ["crates/hc-engine/src/run.rs:2: `whole` has 61 lines of code; split it where a step ends"]
        );
        assert_eq!(findings("crates/hc-cli/src/run.rs", &body("    f();\n", 61)), [""; 0]);
    }

    #[test]
    fn a_module_that_grows_is_first_listed_then_refused() {
        let files = |lines: usize| {
            let mut files = Files::from([("xtask/src/a.rs".to_owned(), "//! Owns it.\n".repeat(lines))]);
            files.extend(PURE.iter().map(|path| ((*path).to_owned(), "//! Pure.\n".to_owned())));
            files
        };
        let mut findings = Vec::new();
        assert_eq!(check(&files(401), &mut findings), ["xtask/src/a.rs: 401 lines of at most 450"]);
        assert!(findings.is_empty());
        check(&files(451), &mut findings);
        assert_eq!(findings, ["xtask/src/a.rs: 451 lines; it probably holds two things"]);
    }
}
