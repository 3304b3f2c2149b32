//! `hybrid init`: makes a project where there was none, all of it or nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use hc_core::fs::{create_dirs, io_error};
use hc_provisioners::{Switches, registry, switches};

use super::scaffold::{self, NewFile};
use crate::command_error::{CommandError, Result};
use crate::environment::Environment;
use crate::report::init::{InitReport, SkippedDoc};

/// Scaffolds a project in `dir`.
///
/// # Errors
/// What [`scaffold::plan`] says, `WouldOverwrite` with everything that stands in the way, and what the disk says.
/// Nothing stays behind then.
pub fn init(
    environment: &Environment,
    dir: &Path,
    platforms: &[String],
    systems: &[String],
) -> Result<InitReport> {
    let root = environment.cwd.join(dir);
    let root = hc_core::fs::normalize(&root);
    let mut planned = scaffold::plan(&name_of(&root), platforms, systems)?;
    let mut notes = Vec::new();
    // A packer that bundles the ansible provisioner refuses every template with it where Ansible is missing.
    let ansible = planned.files.keys().any(|path| path.ends_with("build.pkr.hcl"));
    if ansible && !on_path(environment, "ansible-playbook") {
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
    let kept = keep_own(&root, &mut planned.files, &mut notes);
    write_all(&root, &planned.files)?;
    if !planned.secrets.is_empty() {
        notes.push(format!(
            "builds take secrets from the environment: {} (configs/overlays/ names them, nothing stores them)",
            planned.secrets.join(", ")
        ));
    }
    let mut next = Vec::new();
    if !dir.as_os_str().is_empty() && dir != Path::new(".") {
        next.push(format!("cd {}", dir.display()));
    }
    next.extend(["hybrid validate --env dev".to_owned(), "hybrid templates list".to_owned()]);
    let first = planned.builders.iter().find(|id| id.contains(".file.")).unwrap_or(&planned.builders[0]);
    next.push(format!("hybrid build --env dev --targets {first}"));
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

/// A repository that somebody has just made may hold these already; they stay as they are.
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
            let own = std::fs::read_to_string(root.join(path)).unwrap_or_default();
            let wanted = file.text.lines().filter(|line| !line.starts_with('#'));
            let missing: Vec<&str> = wanted.filter(|line| !own.lines().any(|own| own == *line)).collect();
            notes.push(format!("add to .gitignore: {}", missing.join("  ")));
        }
    }
    kept
}

/// A name for people: the directory's.
pub fn name_of(root: &Path) -> String {
    let name = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    if name.is_empty() { "images".into() } else { name }
}

fn on_path(environment: &Environment, tool: &str) -> bool {
    environment
        .var("PATH")
        .is_some_and(|path| std::env::split_paths(path).any(|dir| dir.join(tool).is_file()))
}

/// Writes all files below `root`, or none: everything is checked first, and a failure takes back what was written.
///
/// # Errors
/// `WouldOverwrite`, or what the disk says.
pub fn write_all(root: &Path, files: &BTreeMap<PathBuf, NewFile>) -> Result<()> {
    let in_the_way = in_the_way(root, files);
    if !in_the_way.is_empty() {
        let shown: Vec<String> = in_the_way.iter().map(|path| path.display().to_string()).collect();
        let mut error = CommandError::new(
            "WouldOverwrite",
            format!("{} of {} files exist already, nothing was written", shown.len(), files.len()),
        )
        .hint("choose an empty directory, or `hybrid init --adopt` for a repository that has templates");
        error.causes = shown;
        return Err(error);
    }
    let mut undo = Undo::default();
    for (path, file) in files {
        let full = root.join(path);
        undo.dirs(&full)?;
        new_file(&full, file)?;
        undo.files.push(full);
    }
    undo.keep = true;
    Ok(())
}

/// Files that exist, and directories on the way that are something else: through a link, files would land elsewhere.
fn in_the_way(root: &Path, files: &BTreeMap<PathBuf, NewFile>) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for path in files.keys() {
        if std::fs::symlink_metadata(root.join(path)).is_ok() {
            found.insert(path.clone());
        }
        for parent in path.ancestors().skip(1).filter(|parent| !parent.as_os_str().is_empty()) {
            if std::fs::symlink_metadata(root.join(parent)).is_ok_and(|meta| !meta.is_dir()) {
                found.insert(parent.to_owned());
            }
        }
    }
    found
}

fn new_file(path: &Path, file: &NewFile) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if file.executable { 0o755 } else { 0o644 });
    let mut out = options.open(path).map_err(io_error("create", path))?;
    out.write_all(file.text.as_bytes()).map_err(|source| {
        let _ = std::fs::remove_file(path);
        io_error("write", path)(source)
    })?;
    Ok(())
}

/// Takes back what was made, unless it is kept.
#[derive(Default)]
struct Undo {
    files: Vec<PathBuf>,
    dirs: Vec<PathBuf>,
    keep: bool,
}

impl Undo {
    fn dirs(&mut self, file: &Path) -> Result<()> {
        let Some(parent) = file.parent() else { return Ok(()) };
        let missing: Vec<PathBuf> =
            parent.ancestors().take_while(|dir| !dir.exists()).map(Path::to_owned).collect();
        create_dirs(parent)?;
        self.dirs.extend(missing.into_iter().rev());
        Ok(())
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        for file in self.files.iter().rev() {
            let _ = std::fs::remove_file(file);
        }
        for dir in self.dirs.iter().rev() {
            let _ = std::fs::remove_dir(dir);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(paths: &[&str]) -> BTreeMap<PathBuf, NewFile> {
        let file = |path: &&str| (PathBuf::from(path), NewFile { text: "x\n".into(), executable: false });
        paths.iter().map(file).collect()
    }

    #[test]
    fn a_failure_in_the_middle_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("new");
        // `a/b` is a file, so that `a/b/c` cannot be made once `a/b` was written.
        assert!(write_all(&root, &files(&["a/b", "a/b/c"])).is_err());
        assert!(!root.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_on_the_way_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), dir.path().join("templates")).unwrap();
        let error = write_all(dir.path(), &files(&["templates/a"])).unwrap_err();
        assert_eq!((error.code, error.causes), ("WouldOverwrite", vec!["templates".to_owned()]));
        assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
}
