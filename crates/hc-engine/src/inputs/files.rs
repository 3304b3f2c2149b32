//! The files among a target's inputs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hc_core::fs::normalize;
use hc_records::{Input, InputKind, InputManifest, InputTree, Observed, layout};
use hc_templates::builder_toml;
use hc_templates::closure::OutsideKind;

use super::naming;
use crate::prepare::Prepared;
use crate::project::Project;

/// Every file that decides the image of a target, relative to the project, but those in directories of many.
pub(super) fn of(prepared: &Prepared) -> Vec<(PathBuf, InputKind)> {
    let builder = &prepared.builder;
    let mut files: Vec<(PathBuf, InputKind)> = Vec::new();
    files.extend(builder.layers.iter().map(|path| (path.clone(), InputKind::Layer)));
    files.extend(builder.files.iter().map(|path| (path.clone(), InputKind::Template)));
    files.extend(prepared.layer_files.iter().cloned());
    files.extend(prepared.user_data.files.iter().map(|path| (path.clone(), InputKind::Cloudinit)));
    files.extend(prepared.closure.files.iter().cloned());
    if builder.has_metadata {
        files.push((builder.dir.join(builder_toml::FILE_NAME), InputKind::Metadata));
    }
    files
}

/// The same without what runs wrote before they read it, if they did: a command that writes a file names it too.
pub(super) fn but_written(prepared: &Prepared, seen: &Observed) -> Vec<(PathBuf, InputKind)> {
    let mut files = of(prepared);
    if !seen.written.is_empty() {
        files.retain(|(path, kind)| {
            !(is_found(*kind) && path.to_str().is_some_and(|path| seen.is_written(path)))
        });
    }
    files
}

/// Directories of many files, without what runs wrote before they read it. A commit stands for those of sources.
pub(super) fn trees(prepared: &Prepared, seen: &Observed) -> Vec<InputTree> {
    let written = written(seen);
    let own = prepared.closure.trees.iter().filter(|tree| layout::source_of(tree.base()).is_none());
    own.cloned().filter_map(|tree| tree.without(&written)).collect()
}

fn written(seen: &Observed) -> Vec<PathBuf> {
    seen.written.iter().map(|path| path.trim_end_matches('/').into()).collect()
}

/// Whether an input is one because something names it.
fn is_found(kind: InputKind) -> bool {
    matches!(kind, InputKind::Script | InputKind::Asset | InputKind::Ansible | InputKind::Puppet)
}

/// The inputs without those that the run wrote before it read them, and whether there were any.
pub fn told_apart(manifest: &InputManifest, seen: &Observed) -> (InputManifest, bool) {
    let is_output = |input: &Input| is_found(input.kind) && seen.is_written(&input.name);
    let left: Vec<Input> = manifest.inputs.iter().filter(|input| !is_output(input)).cloned().collect();
    let written = written(seen);
    let trees = manifest.trees.iter().cloned().filter_map(|tree| tree.without(&written)).collect();
    let left = InputManifest::with_trees(manifest.target.clone(), left, trees);
    let any = left.combined != manifest.combined;
    (left, any)
}

/// Everything outside of the project that the target names, and that is there.
pub fn outside(project: &Project, prepared: &Prepared) -> BTreeSet<PathBuf> {
    outside_as_named(project, prepared).into_keys().collect()
}

/// The same, with how each is called in a manifest.
pub(super) fn outside_as_named(project: &Project, prepared: &Prepared) -> BTreeMap<PathBuf, String> {
    let named = prepared.closure.problems.outside.iter().filter(|one| match one.what {
        OutsideKind::Asset | OutsideKind::Medium | OutsideKind::Read | OutsideKind::Link(_) => true,
        // A command may write what it names; a key decides how a machine is reached; a file of the project is an input
        // as one.
        OutsideKind::Command | OutsideKind::Credential | OutsideKind::Absolute(_) => false,
    });
    let mut found = BTreeMap::new();
    for one in named {
        let Some(path) = located(project, prepared, &one.path).filter(|path| path.exists()) else { continue };
        // Sorted by place: where two name one file, the first does so everywhere.
        let name = naming::name(project, &one.path, &path);
        found.entry(path).or_insert(name);
    }
    found
}

fn located(project: &Project, prepared: &Prepared, path: &Path) -> Option<PathBuf> {
    if let Ok(below) = path.strip_prefix("~") {
        return Some(normalize(&Path::new(project.host.var("HOME")?).join(below)));
    }
    if path.is_absolute() {
        return Some(normalize(path));
    }
    let builder = &prepared.builder;
    let mut bases = [&*builder.dir, &*builder.workdir, Path::new("")].into_iter();
    bases.find_map(|base| Some(normalize(&project.root.join(base).join(path))).filter(|path| path.exists()))
}
