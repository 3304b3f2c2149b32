//! A project where there was none, all of it or nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hc_provisioners::{Switches, registry, switches};

use crate::error::Result;
use crate::outcome::init::{InitReport, SkippedDoc};
use crate::project::host::Host;
use crate::setup::new_files::{NewFile, write_all};
use crate::setup::scaffold::{self, Scaffold};
use crate::setup::trust;

/// Scaffolds a project in `dir`, which is taken relative to the host's working directory.
///
/// # Errors
/// `UnknownPlatform`, `UnknownSystem`, `UnsupportedCombination`, [`WouldOverwrite`](crate::EngineError::WouldOverwrite) with everything that stands in
/// the way, and what the disk says. Nothing stays behind then.
pub fn init(host: &Host, dir: &Path, platforms: &[String], systems: &[String]) -> Result<InitReport> {
    let root = hc_core::fs::normalize(&host.typed(dir));
    let mut planned = scaffold::plan(&name_of(&root), platforms, systems)?;
    let mut notes = Vec::new();
    switch_off_what_cannot_run(host, &mut planned, &mut notes);
    let kept = keep_own(&root, &mut planned.files, &mut notes);
    write_all(&root, &planned.files)?;
    trust::made_here(host, &root);
    if !planned.secrets.is_empty() {
        notes.push(format!(
            "builds take secrets from the environment: {} (configs/overlays/ names them, nothing stores them)",
            planned.secrets.join(", ")
        ));
    }
    let next = next(dir, &planned.builders);
    Ok(InitReport {
        root: root.display().to_string(),
        builders: planned.builders,
        files: planned.files.keys().map(|path| path.display().to_string()).collect(),
        skipped: planned
            .skipped
            .into_iter()
            .map(|(what, reason)| SkippedDoc { what, reason: reason.to_owned() })
            .chain(kept)
            .collect(),
        notes,
        next,
    })
}

/// A packer that bundles the ansible provisioner refuses every template with it where Ansible is missing.
fn switch_off_what_cannot_run(host: &Host, planned: &mut Scaffold, notes: &mut Vec<String>) {
    let ansible = planned.files.keys().any(|path| path.ends_with("build.pkr.hcl"));
    if !ansible || host.find_program("ansible-playbook").is_some() {
        return;
    }
    let mut off = Switches::default();
    if let Some(stack) = registry::find("ansible") {
        off.set(stack, None, None, false);
    }
    if let Ok(text) = off.render() {
        planned.files.insert(switches::FILE.into(), NewFile { text, executable: false });
        notes.push(
            "ansible-playbook is not on this machine, so the Ansible stack is off; with it: hybrid provisioners enable ansible"
                .to_owned(),
        );
    }
}

/// Commands to go on with.
fn next(dir: &Path, builders: &[String]) -> Vec<String> {
    let mut next = Vec::new();
    if !dir.as_os_str().is_empty() && dir != Path::new(".") {
        next.push(format!("cd {}", dir.display()));
    }
    next.extend(["hybrid validate --env dev".to_owned(), "hybrid templates list".to_owned()]);
    // One that builds a file needs nothing that a machine may lack.
    let first = builders.iter().find(|id| id.contains(".file.")).or(builders.first());
    next.extend(first.map(|id| format!("hybrid build --env dev --targets {id}")));
    next
}

/// A repository that has just been made may hold these already; they stay as they are.
fn keep_own(root: &Path, files: &mut BTreeMap<PathBuf, NewFile>, notes: &mut Vec<String>) -> Vec<SkippedDoc> {
    let mut kept = Vec::new();
    // With a hybrid.toml this is no new project, and everything in the way is named.
    if root.join(hc_config::settings::FILE_NAME).exists() {
        return kept;
    }
    for path in ["README.md", ".gitignore", ".github/workflows/images.yml"] {
        if !root.join(path).is_file() {
            continue;
        }
        let Some(file) = files.remove(Path::new(path)) else { continue };
        kept.push(SkippedDoc { what: path.into(), reason: "exists already and stays as it is".into() });
        if path == ".gitignore" {
            let own = hc_core::fs::read_text(&root.join(path), 1 << 20).ok().flatten().unwrap_or_default();
            let wanted = file.text.lines().filter(|line| !line.starts_with('#'));
            let missing: Vec<&str> = wanted.filter(|line| !own.lines().any(|own| own == *line)).collect();
            notes.push(format!("add to .gitignore: {}", missing.join("  ")));
        }
    }
    kept
}

/// A name for people: the directory's.
pub(super) fn name_of(root: &Path) -> String {
    let name = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    if name.is_empty() { "images".into() } else { name }
}
