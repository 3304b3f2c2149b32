//! Maps a repository that was not made for hybrid: which Packer directories it has, what each of them builds, and
//! with which var files (issue 5). Reads, never writes; what cannot be mapped comes back with its reason.
//!
//! `tree` finds files, `template` reads one directory, `vars` chooses var files, `sources` says what is built, `ids`
//! gives names.

mod found;
mod ids;
mod invocations;
mod legacy;
mod sources;
mod template;
mod tree;
mod vars;

use std::path::{Path, PathBuf};

use hc_core::fs::FsError;

pub use self::found::{Found, Survey, Unmapped};
use self::invocations::Invocations;
use self::legacy::Legacy;
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
    // Scripts are read where they are needed: they say which var files a template in JSON goes with.
    let has_legacy = !(tree.legacy.is_empty() && tree.unfilled.is_empty());
    let invocations = if has_legacy { invocations::read(root) } else { Invocations::default() };
    let mut legacy = Legacy::read(root, &tree, &invocations);
    templates.append(&mut legacy.alone);
    survey.unmapped.append(&mut legacy.unmapped);
    let packer_dirs = tree.packer_dirs.keys().map(PathBuf::as_path);
    let packer_dirs: Vec<&Path> =
        packer_dirs.chain(tree.legacy.iter().filter_map(|path| path.parent())).collect();
    let choices = vars::choose(&templates, &packer_dirs, &tree.var_files, &mut survey.unmapped);
    let mut drafts = Vec::new();
    let memory = Memory::new(root);
    for (template, choice) in templates.iter().zip(&choices) {
        template.builders(choice, &memory, &mut drafts);
        survey.env.extend(template.env());
    }
    legacy.builders(&memory, &mut drafts);
    survey.env.extend(legacy.env());
    survey.builders = ids::name(drafts, &mut survey.naming);
    survey.builders.sort_by(|a, b| a.id.cmp(&b.id));
    survey.unmapped.sort();
    survey.unmapped.dedup();
    Ok(survey)
}
