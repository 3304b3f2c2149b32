//! The documentation keeps what messages promise: every code has its page, every link its anchor.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hc_state::FindingCode;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

fn headings(file: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(repository().join(file)).unwrap();
    text.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_matches(['#', ' ']).to_owned())
        .collect()
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Codes as the sources raise them: `Diagnostic::error("X"`, `CommandError::new("X"`, `=> "X"` of a `code()`, and
/// constants called `CODE`.
fn raised() -> BTreeSet<String> {
    let pattern = regex::Regex::new(
        r#"(?:Diagnostic::(?:error|warning)|CommandError::new|CODE: &str =)\(?\s*"([A-Z][A-Za-z]+)""#,
    )
    .unwrap();
    let in_code = regex::Regex::new(r#"=> "([A-Z][A-Za-z]+)""#).unwrap();
    let mut codes = BTreeSet::new();
    for krate in std::fs::read_dir(repository().join("crates")).unwrap().flatten() {
        let mut files = Vec::new();
        sources(&krate.path().join("src"), &mut files);
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap();
            codes.extend(pattern.captures_iter(text).map(|capture| capture[1].to_owned()));
            for function in text.split("fn code(").skip(1) {
                let body = function.split("\n    }\n").next().unwrap();
                codes.extend(in_code.captures_iter(body).map(|capture| capture[1].to_owned()));
            }
        }
    }
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
}

#[test]
fn every_finding_links_to_an_anchor_that_exists() {
    let anchors: BTreeSet<String> =
        headings("docs/open-issues.md").iter().map(|heading| heading.to_lowercase()).collect();
    for code in FindingCode::ALL {
        let link = code.doc_anchor();
        let (file, anchor) = link.split_once('#').unwrap();
        assert_eq!(file, "docs/open-issues.md");
        assert!(anchors.contains(anchor), "{link} leads nowhere");
    }
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
        assert!(anchors.contains(krate), "docs/open-issues.md has no section for {krate}");
    }
}
