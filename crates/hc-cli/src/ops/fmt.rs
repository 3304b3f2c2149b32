//! `hybrid fmt`: packer's own formatter over the templates of the selected builders.

use std::collections::BTreeSet;
use std::path::PathBuf;

use hc_core::Cancel;
use hc_core::EnvName;
use hc_packer::args::{Subject, Verb};
use hc_packer::event::NoSecrets;
use hc_packer::run::{Context, check as run_check};

use super::packer;
use super::select::select;
use crate::command_error::{CommandError, Result};
use crate::report::validate::FmtReport;
use crate::session::Session;

/// Formats templates, var files and overlays, or says which are not formatted.
///
/// # Errors
/// When a file has a syntax error; packer's message is the cause.
pub fn fmt(session: &Session, targets: &str, check: bool, cancel: &Cancel) -> Result<FmtReport> {
    let packer = packer::find(session)?;
    let selection = select(session, targets)?;
    if selection.diagnostics.iter().any(hc_config::Diagnostic::is_error) {
        return Err(CommandError::invalid(selection.diagnostics));
    }
    let mut files: BTreeSet<PathBuf> = BTreeSet::new();
    for builder in selection.builders() {
        files.extend(builder.layers.iter().chain(&builder.files).chain(&builder.var_files).cloned());
    }
    files.extend(overlays(session));
    // Packer formats nothing that is not called .hcl: examples of adopted repositories are left alone.
    files.retain(|file| file.extension().is_some_and(|ending| ending == "hcl"));
    let env: EnvName = session.settings.project.default_env.clone();
    let work = session.root.join(".hybrid/work").join(session.run_id.as_str()).join("fmt");
    let mut unformatted = Vec::new();
    for file in files {
        let context = Context {
            packer: &packer,
            env: &env,
            cwd: &session.root,
            work: &work,
            caller_env: &session.environment.vars,
            pass_env: &[],
            secrets: &[],
            cache_dir: None,
            plugin_path: None,
            timeout: session.settings.packer.timeout.get(),
            grace: session.settings.packer.grace.get(),
            cancel,
        };
        let subject = Subject { path: session.root.join(&file), ..Subject::default() };
        let done = run_check(&context, Verb::Fmt { check }, &subject, &NoSecrets)?;
        match done.code {
            Some(0) if check || done.output.trim().is_empty() => {}
            // `fmt` names the files that it changed; `fmt -check` ends with 3 for a file that it would change.
            Some(0 | 3) => unformatted.push(file.display().to_string()),
            _ => {
                let mut error =
                    CommandError::new("HclSyntax", format!("packer cannot format {}", file.display()));
                error.causes.push(done.output.trim().to_owned());
                return Err(error);
            }
        }
    }
    let _ = std::fs::remove_dir_all(session.root.join(".hybrid/work").join(session.run_id.as_str()));
    Ok(FmtReport { check, files: unformatted })
}

fn overlays(session: &Session) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut dirs = vec![PathBuf::from("configs/overlays")];
    while let Some(dir) = dirs.pop() {
        let Ok(entries) = std::fs::read_dir(session.root.join(&dir)) else { continue };
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
