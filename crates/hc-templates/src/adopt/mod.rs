//! Maps a repository that was not made for hybrid: which Packer directories it has, what each of them builds, and
//! with which var files (issue 5). Reads, never writes; what cannot be mapped comes back with its reason.
//!
//! `tree` finds files, `template` reads one directory, `vars` chooses var files, `sources` says what is built, `ids`
//! gives names.

mod found;
mod ids;
mod invocations;
mod sources;
mod template;
mod tree;
mod vars;

use std::path::{Path, PathBuf};

use hc_core::fs::FsError;

pub use self::found::{Found, Survey, Unmapped};
use self::template::Template;
use self::tree::Tree;
use crate::closure::Memory;

/// Looks at every file below `root` that Packer could read.
///
/// # Errors
/// When a directory cannot be listed.
pub fn survey(root: &Path) -> Result<Survey, FsError> {
    let tree = Tree::read(root)?;
    let mut survey = Survey { unmapped: tree.unmapped.clone(), ..Survey::default() };
    let mut templates = Vec::new();
    for (dir, files) in &tree.packer_dirs {
        if tree.native(dir) {
            continue;
        }
        match Template::read(root, dir, files) {
            Ok(template) if template.is_one() => templates.push(template),
            // Packer refuses such a directory as a whole: each file is built for itself.
            Ok(_) => {
                for file in files {
                    match Template::read(root, file, std::slice::from_ref(file)) {
                        Ok(template) => templates.push(template),
                        Err(problem) => survey.unmapped.push(problem),
                    }
                }
            }
            Err(problem) => survey.unmapped.push(problem),
        }
    }
    let packer_dirs: Vec<&Path> = tree.packer_dirs.keys().map(PathBuf::as_path).collect();
    let choices = vars::choose(&templates, &packer_dirs, &tree.var_files, &mut survey.unmapped);
    let mut drafts = Vec::new();
    let memory = Memory::new(root);
    for (template, choice) in templates.iter().zip(&choices) {
        template.builders(choice, &memory, &mut drafts);
        survey.env.extend(template.env());
    }
    survey.builders = ids::name(drafts, &mut survey.naming);
    survey.builders.sort_by(|a, b| a.id.cmp(&b.id));
    survey.unmapped.sort();
    survey.unmapped.dedup();
    Ok(survey)
}
