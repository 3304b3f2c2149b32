//! `cargo xtask tidy`: the rules of the house that no compiler checks.
//!
//! [`crates`]: which crate may use which. [`circles`]: no file imports itself by way of others. [`stages`]: no step of
//! the engine reaches back. [`house`]: what files are called, how long they are, what only one place may know.
//! [`printing`]: what holds values prints none of them.

mod circles;
mod crates;
mod house;
mod imports;
mod printing;
mod source;
mod stages;
mod tokens;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, bail};

/// Checks everything and lists every finding.
pub fn check(root: &Path) -> Result<()> {
    let files = sources(root)?;
    let mut findings = Vec::new();
    crates::check(root, &mut findings)?;
    house::check_names(root, &mut findings)?;
    let long = house::check(&files, &mut findings);
    for home in homes(&files) {
        let uses = imports::of_crate(&files, &home);
        circles::check(&home, &uses.edges, &mut findings);
        if home == stages::HOME {
            stages::check(files.keys().map(String::as_str), &uses.edges, &mut findings);
        }
        findings.extend(uses.lost);
    }
    for file in long {
        println!("tidy: {file}");
    }
    if findings.is_empty() {
        println!("tidy: ok");
        return Ok(());
    }
    for finding in &findings {
        eprintln!("tidy: {finding}");
    }
    bail!("{} findings", findings.len())
}

/// Every Rust source below a `src/` of the workspace.
fn sources(root: &Path) -> Result<imports::Files> {
    let mut files = imports::Files::new();
    for top in ["crates", "xtask"] {
        for entry in walkdir::WalkDir::new(root.join(top)) {
            let entry = entry?;
            let shown = entry.path().strip_prefix(root)?.display().to_string();
            if shown.contains("/src/") && shown.ends_with(".rs") {
                files.insert(shown, std::fs::read_to_string(entry.path())?);
            }
        }
    }
    Ok(files)
}

/// The directories of the crates that the sources are in.
fn homes(files: &imports::Files) -> BTreeSet<String> {
    files.keys().filter_map(|path| Some(path.split_once("/src/")?.0.to_owned())).collect()
}
