//! The documentation keeps what messages promise: every code has its page, every link its anchor.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hc_state::FindingCode;

use crate::project::Project;

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

fn headings(file: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(repository().join(file)).unwrap();
    text.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_matches(['#', ' ']).to_owned())
        .collect()
}

pub(crate) fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Words in quotes that look like codes and are none.
const NO_CODES: [&str; 3] = ["ForcePin", "HumanDuration", "SkuNotAvailable"];

/// Codes as the sources raise them: every word in quotes of several capitalised words, and those of one word that stand
/// where codes stand: `Diagnostic::error("X"`, `CommandError::new("X"`, `=> "X"` of a `code()`.
pub(crate) fn raised() -> BTreeSet<String> {
    // The shortest have more than four letters: GiB is no code.
    let several = regex::Regex::new(r#""([A-Z][a-z]*(?:[A-Z][a-z]*)*[a-z][A-Z][A-Za-z]*)""#).unwrap();
    let pattern =
        regex::Regex::new(r#"(?:Diagnostic::(?:error|warning)|CommandError::new)\(?\s*"([A-Z][A-Za-z]+)""#)
            .unwrap();
    // A `Debug` by hand and a schema's title say the name of a type.
    let names_of_types = regex::Regex::new(r#"debug_struct\("\w+"\)|rename = "\w+""#).unwrap();
    let in_code = regex::Regex::new(r#"=> "([A-Z][A-Za-z]+)""#).unwrap();
    let mut codes = BTreeSet::new();
    for krate in std::fs::read_dir(repository().join("crates")).unwrap().flatten() {
        let mut files = Vec::new();
        sources(&krate.path().join("src"), &mut files);
        // Words of plugins and of platforms' programs.
        files.retain(|file| !file.starts_with(krate.path().join("src/images")));
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap();
            let text = names_of_types.replace_all(text, "");
            let text = text.as_ref();
            for words in [&several, &pattern] {
                codes.extend(words.captures_iter(text).map(|capture| capture[1].to_owned()));
            }
            for function in text.split("fn code(").skip(1) {
                let body = function.split("\n    }\n").next().unwrap();
                codes.extend(in_code.captures_iter(body).map(|capture| capture[1].to_owned()));
            }
        }
    }
    // Findings, and kinds of inputs, have a page of their own.
    let (errors, remedies) = (headings("docs/errors.md"), headings("docs/remedies.md"));
    let is_finding = |code: &String| remedies.contains(code) && !errors.contains(code);
    codes.retain(|code| code.len() > 4 && !NO_CODES.contains(&code.as_str()) && !is_finding(code));
    codes
}

#[test]
fn every_code_that_is_raised_has_its_page() {
    let codes = raised();
    assert!(codes.len() > 40, "the search is broken: {codes:?}");
    for known in ["DriftDetected", "NotAProject", "PackerNotFound", "StateLockHeld", "ProvisionerInvalid"] {
        assert!(codes.contains(known), "the search does not find {known}");
    }
    let pages = headings("docs/errors.md");
    let missing: Vec<&String> = codes.iter().filter(|code| !pages.contains(*code)).collect();
    assert!(missing.is_empty(), "docs/errors.md has no section for {missing:?}");
    let idle: Vec<&String> =
        pages.iter().filter(|page| *page != "Error codes" && !codes.contains(*page)).collect();
    assert!(idle.is_empty(), "docs/errors.md has sections for codes that nothing raises: {idle:?}");
}

#[test]
fn every_finding_is_explained_by_the_program() {
    let pages = headings("docs/remedies.md");
    for code in FindingCode::ALL {
        let explained = Project::bare().ok(&["explain", &format!("{code:?}")]).stdout;
        assert!(explained.contains("What to do.") || explained.contains("Cure."), "{explained}");
        assert_eq!(code.doc_anchor(), format!("hybrid explain {code:?}"));
        assert!(pages.contains(code.as_str()), "docs/remedies.md does not explain {code:?}");
    }
    let gaps = headings("docs/known-gaps.md");
    for krate in [
        "hc-core",
        "hc-config",
        "hc-sources",
        "hc-templates",
        "hc-provisioners",
        "hc-packer",
        "hc-state",
        "hc-logs",
        "hc-cli",
    ] {
        assert!(gaps.contains(krate), "docs/known-gaps.md has no section for {krate}");
    }
}

/// Every page below docs/, relative to it.
fn pages() -> Vec<PathBuf> {
    let docs = repository().join("docs");
    let mut found = Vec::new();
    for dir in [docs.clone(), docs.join("guides")] {
        let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        found.extend(entries.filter(|path| path.extension().is_some_and(|ending| ending == "md")));
    }
    found.iter().map(|path| path.strip_prefix(&docs).unwrap().to_owned()).collect()
}

#[test]
fn every_page_is_in_the_book_and_every_link_leads_somewhere() {
    let docs = repository().join("docs");
    let summary = std::fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let link = regex::Regex::new(r"\]\(([^)#:]+)(?:#[^)]*)?\)").unwrap();
    for page in pages().into_iter().filter(|page| page != Path::new("SUMMARY.md")) {
        assert!(
            summary.contains(&format!("({})", page.display())),
            "{} is not in SUMMARY.md",
            page.display()
        );
    }
    let all = pages().into_iter().map(|page| docs.join(page)).chain([repository().join("README.md")]);
    for page in all {
        let text = std::fs::read_to_string(&page).unwrap();
        for target in link.captures_iter(&text) {
            let path = page.parent().unwrap().join(&target[1]);
            assert!(path.exists(), "{}: {} leads nowhere", page.display(), &target[1]);
        }
    }
}

#[test]
fn every_command_has_a_man_page() {
    let project = Project::bare();
    project.ok(&["man", "."]);
    for page in ["hybrid.1", "hybrid-build.1", "hybrid-packer-plugins-install.1", "hybrid-sources-sync.1"] {
        let text = project.read(page);
        for section in [".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION"] {
            assert!(text.contains(section), "{page} has no {section}");
        }
        assert!(page == "hybrid.1" || text.contains("Example"), "{page}");
    }
    project.run(&["man", "no/such/directory"]).expect(1).says("no/such/directory");
}
