//! `hybrid fmt`: packer's own formatter over the templates of the selected builders.

use std::collections::BTreeSet;
use std::path::PathBuf;

use hc_core::EnvName;
use hc_records::layout;

use crate::error::{EngineError, Result};
use crate::outcome::validate::FmtReport;
use crate::project::Project;
use crate::project::packer::{self, Dirs};
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
    let packer = packer::find(project)?;
    if selection.diagnostics.iter().any(hc_config::Diagnostic::is_error) {
        return Err(EngineError::Invalid(selection.diagnostics.clone()));
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
    let mut unformatted = Vec::new();
    for file in files {
        let path = project.at(&file);
        let call = if check { packer.fmt_check(path) } else { packer.fmt(path) };
        let call = packer::around(call, project, &env, &project.root, &work, &dirs);
        let done = call.run(&project.host.cancel)?;
        match done.code() {
            Some(0) if check || done.output.trim().is_empty() => {}
            // `fmt` names the files that it changed; `fmt -check` ends with 3 for a file that it would change.
            Some(0 | 3) => unformatted.push(file.display().to_string()),
            None if project.host.cancel.is_requested() => return Err(EngineError::Interrupted),
            None => {
                let (timeout, command) = (project.settings.packer.timeout, done.command);
                return Err(EngineError::PackerHung { timeout, command });
            }
            _ => {
                let (file, said) = (file.display().to_string(), done.output.trim().to_owned());
                return Err(EngineError::NotFormatted { file, said });
            }
        }
    }
    let _ = std::fs::remove_dir_all(project.at(layout::work_of_run(&project.run_id)));
    Ok(FmtReport { check, files: unformatted })
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
