//! What every manifest has to say for those who install or publish: part of `cargo xtask tidy`.
//!
//! Metadata is inherited from the workspace, crates of the workspace are named with the version that a registry would
//! know, and `cargo install --path crates/hc-cli` installs `hybrid` and nothing beside it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use toml::Table;

/// What a crate takes from `[workspace.package]`.
const INHERITED: &[&str] =
    &["version", "edition", "rust-version", "license", "authors", "repository", "keywords", "categories"];
/// Crates that only tests use: a dependency on them leaves no trace in a packaged crate.
const UNPUBLISHED: &[&str] = &["hc-test-support"];

/// Adds a finding for everything that a manifest lacks.
pub(crate) fn check(root: &Path, findings: &mut Vec<String>) -> Result<()> {
    let workspace = read(&root.join("Cargo.toml"))?;
    versions(&workspace, findings);
    for path in members(root)? {
        let manifest = read(&path)?;
        let name = manifest["package"]["name"].as_str().unwrap_or_default().to_owned();
        inherited(&name, &manifest, findings);
        if name == "hc-cli" {
            let hidden = path.with_file_name("src").join("bin").exists();
            if hidden || installed(&manifest) != ["hybrid"] {
                findings.push("hc-cli: `cargo install` would install more than `hybrid`".to_owned());
            }
        }
    }
    Ok(())
}

fn members(root: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = vec![root.join("xtask/Cargo.toml")];
    for entry in std::fs::read_dir(root.join("crates"))? {
        paths.push(entry?.path().join("Cargo.toml"));
    }
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<Table> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.parse().with_context(|| format!("cannot parse {}", path.display()))
}

fn versions(workspace: &Table, findings: &mut Vec<String>) {
    let version = &workspace["workspace"]["package"]["version"];
    let dependencies = workspace["workspace"]["dependencies"].as_table().into_iter().flatten();
    for (name, dependency) in dependencies.filter(|(name, _)| name.starts_with("hc-")) {
        let expected = (!UNPUBLISHED.contains(&name.as_str())).then_some(version);
        if dependency.get("version") != expected {
            findings.push(match expected {
                Some(version) => {
                    format!("Cargo.toml: the dependency on {name} has to name version {version}")
                }
                None => {
                    format!("Cargo.toml: {name} is for tests only; a version would ask a registry for it")
                }
            });
        }
    }
}

fn inherited(name: &str, manifest: &Table, findings: &mut Vec<String>) {
    let package = &manifest["package"];
    for key in INHERITED {
        if package.get(key).and_then(|value| value.get("workspace")).is_none() {
            findings.push(format!("{name}: {key} is not inherited from the workspace"));
        }
    }
    if package.get("description").is_none() {
        findings.push(format!("{name}: has no description"));
    }
}

/// The programs that `cargo install` takes from a package.
fn installed(manifest: &Table) -> Vec<&str> {
    let bins = manifest.get("bin").and_then(toml::Value::as_array).into_iter().flatten();
    bins.filter(|bin| bin.get("required-features").is_none())
        .map(|bin| bin["name"].as_str().unwrap_or_default())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_without_metadata_is_found() {
        let mut findings = Vec::new();
        let manifest: Table = "[package]\nname = \"hc-new\"\nversion.workspace = true".parse().unwrap();
        inherited("hc-new", &manifest, &mut findings);
        assert_eq!(findings.len(), INHERITED.len());
        assert!(findings.contains(&"hc-new: license is not inherited from the workspace".to_owned()));
    }

    #[test]
    fn a_crate_of_the_workspace_is_named_with_its_version() {
        let workspace = r#"
            [workspace.package]
            version = "1.2.0"
            [workspace.dependencies]
            hc-core = { path = "crates/hc-core", version = "1.2.0" }
            hc-logs = { path = "crates/hc-logs", version = "1.1.0" }
            hc-test-support = { path = "crates/hc-test-support" }
            serde = "1"
        "#;
        let mut findings = Vec::new();
        versions(&workspace.parse().unwrap(), &mut findings);
        assert_eq!(findings, ["Cargo.toml: the dependency on hc-logs has to name version \"1.2.0\""]);
    }

    #[test]
    fn a_program_behind_a_feature_is_not_installed() {
        let manifest = "[[bin]]\nname = \"hybrid\"\n[[bin]]\nname = \"fake\"\nrequired-features = [\"test\"]";
        assert_eq!(installed(&manifest.parse().unwrap()), ["hybrid"]);
    }
}
