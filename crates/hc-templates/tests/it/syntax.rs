//! `packer validate -syntax-only` beside our parser and checks, file by file (issue 5).

use std::path::{Path, PathBuf};
use std::process::Command;

use hc_config::hcl::{Document, blocks};
use hc_config::{Diagnostic, variables};
use hc_core::Version;
use hc_templates::requirements;

const CASES: &str = include_str!("syntax.txt");

/// Known differences from every packer, with the reason.
const DIFFERENT: &[(&str, &str)] =
    &[("legacy index", "packer's scanner takes `.0.0` for a number, we for two indices")];

/// Differences from packer 1.6 alone.
const FROM_OLD: &[(&str, &str)] = &[
    ("locals twice the same", "newer packers refuse it: one of the two values is lost"),
    ("hcp registry", "1.6 refuses it once it builds"),
    ("error-cleanup", "1.6 refuses it once it builds"),
    ("sources computed", "1.6 refuses it once it builds"),
];

fn cases() -> Vec<(String, String)> {
    let mut cases: Vec<(String, String)> = Vec::new();
    for line in CASES.split_inclusive('\n') {
        match (line.strip_prefix("-- "), cases.last_mut()) {
            (Some(name), _) => cases.push((name.trim_end().to_owned(), String::new())),
            (None, Some((_, text))) => text.push_str(line),
            (None, None) => {}
        }
    }
    cases
}

/// Every template of the example project and of `hybrid init`.
fn files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    let mut dirs: Vec<PathBuf> = vec![root.join("templates"), root.join("crates/hc-engine/scaffold")];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.to_string_lossy().ends_with(".pkr.hcl") {
                found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(found.len() > 20, "{found:?}");
    found
}

/// Our errors; empty when we accept the text.
fn ours(text: &str, version: Version) -> Vec<Diagnostic> {
    let documents = match Document::parse(Path::new("a.pkr.hcl"), text) {
        Ok(document) => [document],
        Err(error) => return vec![*error],
    };
    let mut problems = blocks::check(&documents);
    problems.extend(variables::collect(&documents).1);
    problems.extend(requirements::too_new_for(version, &documents));
    problems.into_iter().filter(Diagnostic::is_error).collect()
}

#[test]
fn we_accept_what_packer_accepts_and_refuse_what_it_refuses() {
    let all = [cases(), files()].concat();
    for (packer, version) in super::packers() {
        let dir = tempfile::tempdir().unwrap();
        let judge = |(at, text): (usize, &String)| {
            let dir = dir.path().join(at.to_string());
            std::fs::create_dir(&dir).unwrap();
            std::fs::write(dir.join("a.pkr.hcl"), text).unwrap();
            let mut command = Command::new(&packer);
            let output = command.args(["validate", "-syntax-only"]).arg(&dir).env("CHECKPOINT_DISABLE", "1");
            let output = output.output().unwrap();
            (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let texts: Vec<(usize, &String)> = all.iter().map(|(_, text)| text).enumerate().collect();
        let verdicts: Vec<(bool, String)> = std::thread::scope(|scope| {
            let judge = &judge;
            let halves = texts
                .chunks(texts.len().div_ceil(3))
                .map(|part| scope.spawn(move || part.iter().map(|one| judge(*one)).collect::<Vec<_>>()));
            let halves: Vec<_> = halves.collect();
            halves.into_iter().flat_map(|half| half.join().unwrap()).collect()
        });
        let mut wrong = Vec::new();
        for ((name, text), (accepts, said)) in all.iter().zip(verdicts) {
            let ours = ours(text, version);
            let same = accepts == ours.is_empty();
            let old = FROM_OLD.iter().filter(|_| version.minor < 7);
            let listed = DIFFERENT.iter().chain(old).any(|(known, _)| known == name);
            if same == listed {
                wrong.push(format!("{name}: packer {accepts}: {}\nwe: {ours:#?}", said.trim()));
            }
        }
        assert!(wrong.is_empty(), "{} {version}:\n{}", packer.display(), wrong.join("\n\n"));
    }
}
