//! The crate graph points one way, packages have one home, and every dependency has its reason on record.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};

/// What each crate may depend on inside the workspace (STYLE: the house).
const GRAPH: &[(&str, &[&str])] = &[
    ("hc-core", &[]),
    ("hc-records", &["hc-core"]),
    ("hc-logs", &["hc-core", "hc-records"]),
    ("hc-state", &["hc-core"]),
    ("hc-config", &["hc-core"]),
    ("hc-sources", &["hc-core"]),
    ("hc-packer", &["hc-core"]),
    ("hc-templates", &["hc-core", "hc-config", "hc-records", "hc-provisioners"]),
    ("hc-provisioners", &["hc-core", "hc-config", "hc-records"]),
    ("hc-test-support", &["hc-core"]),
    (
        "hc-engine",
        &[
            "hc-core",
            "hc-records",
            "hc-logs",
            "hc-state",
            "hc-config",
            "hc-sources",
            "hc-templates",
            "hc-provisioners",
            "hc-packer",
        ],
    ),
    (
        "hc-cli",
        &[
            "hc-engine",
            "hc-core",
            "hc-records",
            "hc-logs",
            "hc-state",
            "hc-config",
            "hc-sources",
            "hc-provisioners",
            "hc-packer",
        ],
    ),
    (
        "xtask",
        &[
            "hc-cli",
            "hc-engine",
            "hc-config",
            "hc-records",
            "hc-packer",
            "hc-provisioners",
            "hc-state",
            "hc-templates",
            "hc-sources",
            "hc-logs",
            "hc-core",
        ],
    ),
];

/// External packages with one home.
const HOMES: &[(&str, &[&str])] = &[
    ("gix", &["hc-sources"]),
    ("clap", &["hc-cli"]),
    ("anyhow", &["hc-cli", "xtask"]),
    ("command-fds", &["hc-packer", "hc-provisioners", "hc-state"]),
    ("tracing-subscriber", &["hc-logs"]),
];

/// Checks every manifest of the workspace.
pub(super) fn check(root: &Path, findings: &mut Vec<String>) -> Result<()> {
    for (name, dependencies, dev) in manifests(root)? {
        graph(&name, &dependencies, &dev, findings);
    }
    documented_dependencies(root, findings)?;
    crate::manifests::check(root, findings)
}

type Manifest = (String, BTreeSet<String>, BTreeSet<String>);

fn manifests(root: &Path) -> Result<Vec<Manifest>> {
    let mut found = Vec::new();
    let mut paths = vec![root.join("xtask/Cargo.toml")];
    for entry in std::fs::read_dir(root.join("crates"))? {
        paths.push(entry?.path().join("Cargo.toml"));
    }
    paths.sort();
    for path in paths {
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let table: toml::Table = text.parse().with_context(|| format!("cannot parse {}", path.display()))?;
        let name = table["package"]["name"].as_str().unwrap_or_default().to_owned();
        let keys = |section: &str| {
            let section = table.get(section).and_then(toml::Value::as_table);
            section.into_iter().flat_map(|deps| deps.keys().cloned()).collect()
        };
        found.push((name, keys("dependencies"), keys("dev-dependencies")));
    }
    Ok(found)
}

fn graph(name: &str, dependencies: &BTreeSet<String>, dev: &BTreeSet<String>, findings: &mut Vec<String>) {
    let allowed: BTreeMap<&str, &[&str]> = GRAPH.iter().copied().collect();
    let Some(allowed) = allowed.get(name) else {
        findings.push(format!("crate {name} is not in the crate graph of xtask/src/tidy/crates.rs"));
        return;
    };
    for dependency in dependencies.iter().filter(|dependency| dependency.starts_with("hc-")) {
        if !allowed.contains(&dependency.as_str()) {
            findings.push(format!("{name} must not depend on {dependency}"));
        }
    }
    if dependencies.contains("hc-test-support") || (dev.contains("hc-cli") && name != "xtask") {
        findings.push(format!("{name} depends on test support in its library, or on hc-cli in its tests"));
    }
    for (package, homes) in HOMES {
        if dependencies.contains(*package) && !homes.contains(&name) {
            findings.push(format!("{name} uses {package}, which belongs to {}", homes.join(", ")));
        }
    }
}

fn documented_dependencies(root: &Path, findings: &mut Vec<String>) -> Result<()> {
    let text = std::fs::read_to_string(root.join("Cargo.toml"))?;
    let table: toml::Table = text.parse()?;
    let reasons = std::fs::read_to_string(root.join("docs/dependencies.md")).unwrap_or_default();
    let Some(dependencies) = table["workspace"]["dependencies"].as_table() else { return Ok(()) };
    let used: BTreeSet<String> = manifests(root)?
        .into_iter()
        .flat_map(|(_, dependencies, dev)| dependencies.into_iter().chain(dev))
        .collect();
    for name in dependencies.keys() {
        if !used.contains(name) {
            findings.push(format!("Cargo.toml: workspace dependency {name} is used by nobody"));
        }
        if !name.starts_with("hc-") && !reasons.contains(&format!("`{name}`")) {
            findings.push(format!("docs/dependencies.md: no reason given for `{name}`"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_graph_refuses_a_step_back() {
        let mut findings = Vec::new();
        graph("hc-state", &set(&["hc-core", "hc-logs"]), &set(&[]), &mut findings);
        assert_eq!(findings, ["hc-state must not depend on hc-logs"]);
        findings.clear();
        graph("hc-config", &set(&["hc-core", "gix"]), &set(&[]), &mut findings);
        assert_eq!(findings.len(), 1);
        findings.clear();
        graph("hc-cli", &set(&["hc-core", "clap", "hc-packer"]), &set(&["hc-test-support"]), &mut findings);
        assert!(findings.is_empty(), "{findings:?}");
    }
}
