//! The licences of the packages that are linked into the program: most ask that their text goes along.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::metadata::{Metadata, Package};

/// How files begin that hold licences and what they ask to hand on.
const NAMES: &[&str] = &["license", "licence", "copying", "copyright", "notice", "unlicense"];
const RULE: &str = "================================================================================";

/// One document: every package with its licence, then every text once, with the packages that it is for.
pub(super) fn third_party(metadata: &Metadata) -> Result<String> {
    let packages = metadata.linked()?;
    let mut document = String::from(
        "hybrid contains these packages of others, under these licences. The Rust standard library is part of it too,\n\
         under MIT OR Apache-2.0.\n\n",
    );
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages {
        let Package { name, version, license, .. } = package;
        document
            .push_str(&format!("{name} {version}: {}\n", license.as_deref().unwrap_or("see its text below")));
        for text in texts_of(package.manifest_path.parent().unwrap_or(Path::new("/")))? {
            texts.entry(text).or_default().push(format!("{name} {version}"));
        }
    }
    let mut texts: Vec<(String, Vec<String>)> = texts.into_iter().collect();
    texts.sort_by(|(_, a), (_, b)| a.cmp(b));
    for (text, packages) in texts {
        document.push_str(&format!("\n{RULE}\n{}\n{RULE}\n\n{text}\n", packages.join(", ")));
    }
    Ok(document)
}

/// The texts of the licences in a package's directory, with lines ended in one way.
fn texts_of(directory: &Path) -> Result<Vec<String>> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in
        std::fs::read_dir(directory).with_context(|| format!("cannot list {}", directory.display()))?
    {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        if path.is_file() && NAMES.iter().any(|start| name.starts_with(start)) {
            paths.push(path);
        }
    }
    paths.sort();
    let read = |path: &PathBuf| {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(String::from_utf8_lossy(&bytes).replace("\r\n", "\n").trim().to_owned())
    };
    paths.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_found_whatever_their_name() {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in [("LICENSE-MIT", "mit\r\n"), ("COPYING", "gpl\n"), ("README.md", "no licence")] {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        std::fs::create_dir(directory.path().join("licenses")).unwrap();
        assert_eq!(texts_of(directory.path()).unwrap(), ["gpl", "mit"]);
    }
}
