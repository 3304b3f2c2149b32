//! `hybrid fmt`: packer's own formatter over the templates of the selected builders.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hc_core::EnvName;
use hc_packer::{Checked, Class};
use hc_records::layout;
use walkdir::WalkDir;

use crate::error::{EngineError, Result};
use crate::outcome::validate::FmtReport;
use crate::project::Project;
use crate::project::packer::{self, Dirs, Scene};
use crate::project::reach::Reach;
use crate::select::Selection;

/// What happens to files that are not formatted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FmtMode {
    /// They are written anew.
    Write,
    /// They are named.
    Check,
}

/// Formats templates, var files and overlays, or says which are not formatted.
///
/// # Errors
/// When a file has a syntax error; packer's message is the cause.
pub fn fmt(project: &Project, selection: &Selection, mode: FmtMode) -> Result<FmtReport> {
    project.demand_trust(packer::RUNS)?;
    let packer = packer::find(project)?;
    if selection.ids.is_empty() {
        return Err(EngineError::Invalid(selection.problems()));
    }
    let mut files: BTreeSet<PathBuf> = BTreeSet::new();
    for builder in selection.builders() {
        files.extend(builder.layers.iter().chain(&builder.files).chain(&builder.var_files).cloned());
    }
    files.extend(overlays(project));
    // Packer formats nothing that is not called .hcl: examples of adopted repositories are left alone.
    files.retain(|file| file.extension().is_some_and(|ending| ending == "hcl"));
    let env: EnvName = project.settings.project.default_env.clone();
    let work = project.at(layout::work_of_run(&project.run_id)).join("fmt");
    let check = mode == FmtMode::Check;
    let dirs = Dirs { cache: None, plugins: None };
    let (mut named, mut results) = (BTreeSet::new(), Vec::new());
    for unit in units(project, &files, packer.has_init()) {
        project.go_on()?;
        let path = project.at(&unit.path);
        let call = if check { packer.fmt_check(path) } else { packer.fmt(path) };
        let call = if unit.is_tree { call.arg("-recursive") } else { call };
        let reach = Reach::common();
        let scene = Scene { env: &env, cwd: &project.root, work: &work, dirs: &dirs, reach };
        let call = packer::around(call, project, &scene)?;
        let done = call.run(&project.host.cancel)?;
        match done.code() {
            Some(0 | 3) => {
                results.push(done.settled(Class::Success));
                named.extend(unit.named(project, &done));
            }
            Some(_) => {
                let said = done.output.trim().to_owned();
                let is_meant = |file: &&&PathBuf| said.contains(&*file.to_string_lossy());
                let file = unit.files.iter().find(is_meant).copied().unwrap_or(&unit.path);
                return Err(EngineError::NotFormatted { file: file.display().to_string(), said });
            }
            None if project.host.cancel.is_requested() => return Err(EngineError::Interrupted),
            None => {
                let timeout = project.settings.packer.timeout;
                return Err(EngineError::PackerHung { timeout, command: done.command });
            }
        }
    }
    let _ = std::fs::remove_dir_all(project.at(layout::work_of_run(&project.run_id)));
    let files: Vec<String> = named.into_iter().map(|file| file.display().to_string()).collect();
    if !check {
        files.iter().for_each(|file| tracing::info!(file, "formatted"));
    }
    Ok(FmtReport { check, files, results })
}

/// What one packer formats: a file, the files of a directory, or those of a whole tree.
struct Unit<'a> {
    path: PathBuf,
    files: Vec<&'a PathBuf>,
    is_tree: bool,
}

impl Unit<'_> {
    /// The files that packer changed, or would change.
    fn named(&self, project: &Project, done: &Checked) -> Vec<PathBuf> {
        // `fmt` names what it changed; `fmt -check` ends with 3 when it would change something, and names it.
        if let [only] = self.files.as_slice() {
            let is_named = done.code() == Some(3) || !done.output.trim().is_empty();
            return is_named.then(|| (*only).clone()).into_iter().collect();
        }
        let lines = done.output.lines().map(|line| Path::new(line.trim()));
        let files = lines.filter_map(|line| line.strip_prefix(&project.root).ok());
        files.filter(|file| self.files.iter().any(|known| known == file)).map(Path::to_owned).collect()
    }
}

/// As few processes as format these files and no others.
fn units<'a>(project: &Project, files: &'a BTreeSet<PathBuf>, knows_trees: bool) -> Vec<Unit<'a>> {
    let mut by_top: BTreeMap<PathBuf, Vec<&PathBuf>> = BTreeMap::new();
    for file in files {
        let top = file.components().next().filter(|_| file.components().nth(1).is_some());
        by_top
            .entry(top.map_or_else(PathBuf::new, |top| PathBuf::from(top.as_os_str())))
            .or_default()
            .push(file);
    }
    let mut units = Vec::new();
    for (top, files) in by_top {
        if knows_trees && !top.as_os_str().is_empty() && is_all(project, &top, usize::MAX, &files) {
            units.push(Unit { path: top, files, is_tree: true });
            continue;
        }
        let mut by_dir: BTreeMap<&Path, Vec<&PathBuf>> = BTreeMap::new();
        for file in files {
            by_dir.entry(file.parent().unwrap_or(Path::new(""))).or_default().push(file);
        }
        for (dir, files) in by_dir {
            if files.len() > 1 && is_all(project, dir, 1, &files) {
                units.push(Unit { path: dir.to_owned(), files, is_tree: false });
            } else {
                units.extend(files.into_iter().map(|file| Unit {
                    path: file.clone(),
                    files: vec![file],
                    is_tree: false,
                }));
            }
        }
    }
    units
}

/// Whether packer would format just these files of a directory, down to a depth.
fn is_all(project: &Project, dir: &Path, depth: usize, files: &[&PathBuf]) -> bool {
    let formatted = |name: &str| name.ends_with(".pkr.hcl") || name.ends_with(".pkrvars.hcl");
    let there: Option<BTreeSet<PathBuf>> = WalkDir::new(project.at(dir))
        .max_depth(depth)
        .into_iter()
        .filter_entry(|entry| entry.file_name() != ".git")
        .filter(|entry| entry.as_ref().is_ok_and(|entry| formatted(&entry.file_name().to_string_lossy())))
        // What cannot be looked at may be anything.
        .map(|entry| entry.ok()?.path().strip_prefix(&project.root).ok().map(Path::to_owned))
        .collect();
    there.is_some_and(|there| there.len() == files.len() && files.iter().all(|file| there.contains(*file)))
}

fn overlays(project: &Project) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut dirs = vec![PathBuf::from(layout::OVERLAYS)];
    while let Some(dir) = dirs.pop() {
        let Ok(entries) = std::fs::read_dir(project.at(&dir)) else { continue };
        for entry in entries.flatten() {
            let path = dir.join(entry.file_name());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => dirs.push(path),
                Ok(kind) if kind.is_file() && path.to_string_lossy().ends_with(".pkrvars.hcl") => {
                    found.push(path)
                }
                _ => {}
            }
        }
    }
    found
}
