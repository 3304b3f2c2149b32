//! Small repositories of the shapes that real ones have, and texts of no shape at all.

mod hostile;
mod makefiles;
mod scripts;

use std::fmt::Write;

use tempfile::TempDir;

use super::invocation::Verb;
use super::{Invocations, read};

/// A repository with these files; two newlines stand where a template is that nobody reads.
fn repository(files: &[(&str, &str)]) -> TempDir {
    let root = TempDir::new().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    root
}

fn told(all: &Invocations) -> String {
    let mut out = String::new();
    let paths = |list: &[std::path::PathBuf]| {
        list.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ")
    };
    for one in &all.found {
        let verb = if one.verb == Verb::Build { "build" } else { "validate" };
        let place = format!("{}:{}", one.location.path.display(), one.location.line);
        write!(out, "{} {verb} {} [{}]", one.name, one.template.display(), paths(&one.var_files)).unwrap();
        let pairs = |list: &[(String, String)]| {
            list.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
        };
        for (label, list) in [
            ("var", pairs(&one.vars)),
            ("preset", pairs(&one.preset)),
            ("only", one.only.join(",")),
            ("except", one.except.join(",")),
            ("in", one.workdir.display().to_string()),
            ("unknown", one.unknown.join("; ")),
        ] {
            if !list.is_empty() {
                write!(out, " {label}({list})").unwrap();
            }
        }
        writeln!(out, " @{place}").unwrap();
    }
    for one in &all.unread {
        writeln!(
            out,
            "? {} @{}:{}: {}",
            one.name,
            one.location.path.display(),
            one.location.line,
            one.reason
        )
        .unwrap();
    }
    out
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &str) {
    let root = repository(files);
    let told = told(&read(root.path()));
    assert_eq!(told.trim(), expected.trim(), "\n{told}");
}

fn makefile(text: &str, expected: &str) {
    check(
        &[("Makefile", text), ("a.json", "{\"builders\": []}"), ("b.json", "{\"builders\": []}")],
        expected,
    );
}
