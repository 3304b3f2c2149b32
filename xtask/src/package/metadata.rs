//! What cargo knows of the workspace: versions, and the packages that end up in the program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::platform::{self, CRATE};

/// The answer of `cargo metadata`, as far as packaging needs it.
#[derive(Deserialize)]
pub(super) struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
pub(super) struct Package {
    id: String,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) license: Option<String>,
    pub(super) manifest_path: PathBuf,
    /// Where it comes from; nothing for the workspace's own.
    source: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    /// Nothing for a dependency of the program itself; else `dev` or `build`.
    kind: Option<String>,
}

/// Asks cargo about the workspace at `root`.
pub(super) fn read(root: &Path) -> Result<Metadata> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--format-version", "1"])
        .args(["--filter-platform", &platform::glibc().target])
        .current_dir(root)
        .output()
        .context("cannot run cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("cannot read what cargo metadata says")
}

impl Metadata {
    /// The version of what is packaged.
    pub(super) fn version(&self) -> Result<&str> {
        Ok(&self.program()?.version)
    }

    fn program(&self) -> Result<&Package> {
        self.packages
            .iter()
            .find(|package| package.name == CRATE && package.source.is_none())
            .with_context(|| format!("the workspace has no crate {CRATE}"))
    }

    /// The directories below which cargo keeps the sources of others.
    pub(super) fn source_roots(&self) -> BTreeSet<PathBuf> {
        let foreign = self.packages.iter().filter(|package| package.source.is_some());
        foreign.filter_map(|package| package.manifest_path.ancestors().nth(2)).map(Path::to_owned).collect()
    }

    /// The packages of others that are linked into the program, by name and version.
    pub(super) fn linked(&self) -> Result<Vec<&Package>> {
        let nodes: BTreeMap<&str, &Node> = self.resolve.nodes.iter().map(|node| (&*node.id, node)).collect();
        let mut reached = BTreeSet::new();
        let mut open = vec![self.program()?.id.as_str()];
        while let Some(id) = open.pop() {
            if !reached.insert(id) {
                continue;
            }
            let edges = nodes.get(id).into_iter().flat_map(|node| &node.deps);
            let linked = edges.filter(|edge| edge.dep_kinds.iter().any(|kind| kind.kind.is_none()));
            open.extend(linked.map(|edge| edge.pkg.as_str()));
        }
        let mut found: Vec<&Package> = self
            .packages
            .iter()
            .filter(|package| package.source.is_some() && reached.contains(package.id.as_str()))
            .collect();
        found.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_linked_counts() {
        let package = |name: &str, source: Option<&str>| {
            serde_json::json!({ "id": name, "name": name, "version": "1.0.0", "license": "MIT", "source": source,
                "manifest_path": format!("/cargo/src/index/{name}-1.0.0/Cargo.toml") })
        };
        let edge =
            |to: &str, kind: Option<&str>| serde_json::json!({ "pkg": to, "dep_kinds": [{ "kind": kind }] });
        let metadata: Metadata = serde_json::from_value(serde_json::json!({
            "packages": [package("hc-cli", None), package("hc-core", None), package("serde", Some("registry")),
                package("cc", Some("registry")), package("proptest", Some("registry"))],
            "resolve": { "nodes": [
                { "id": "hc-cli", "deps": [edge("hc-core", None), edge("proptest", Some("dev"))] },
                { "id": "hc-core", "deps": [edge("serde", None), edge("cc", Some("build"))] },
                { "id": "serde", "deps": [] },
            ] },
        }))
        .unwrap();
        let names: Vec<&str> =
            metadata.linked().unwrap().iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["serde"]);
        assert_eq!(metadata.source_roots(), [PathBuf::from("/cargo/src/index")].into());
        assert_eq!(metadata.version().unwrap(), "1.0.0");
    }
}
