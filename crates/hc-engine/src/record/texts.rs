//! Keeping the texts of inputs, so that a later difference can be shown down to its lines.
//!
//! What the commit that is checked out holds is not kept again: manifests are recorded together with that commit. A run
//! keeps all the rest in one file, whatever the number of its targets.

use std::collections::HashSet;
use std::path::Path;

use hc_core::tree::Entry;
use hc_records::input::Links;
use hc_records::kept::{self, Relied, TEXT_LIMIT};
use hc_records::{Input, InputManifest, InputTree};
use hc_sources::Sha;
use hc_sources::git::{History, Snapshot};
use hc_state::State;

use crate::error::Result;
use crate::gate;
use crate::inputs;
use crate::project::Project;

/// So few files are read sooner than an index of git's is.
const FEW: usize = 100;

/// Keeps the texts of some manifests that are recorded together with the commit `commit`, except for those that the
/// state's trust in the same commit shows to be dealt with.
///
/// # Errors
/// When they cannot be written.
pub fn keep<'a>(
    project: &Project,
    state: Option<&State>,
    manifests: impl IntoIterator<Item = &'a InputManifest>,
    commit: Option<&str>,
) -> Result<Relied> {
    let is_complete = kept::is_complete(&project.root);
    let (mut inputs, mut trees): (Vec<Input>, HashSet<_>) = (Vec::new(), HashSet::new());
    for manifest in manifests {
        match is_complete.then(|| unseen(project, state, manifest, commit)).flatten() {
            Some(unseen) => inputs.extend(unseen),
            None => {
                inputs.extend(manifest.inputs.iter().cloned());
                let new = manifest.trees.iter().filter(|tree| trees.insert((tree.name.clone(), tree.blake3)));
                inputs.extend(new.flat_map(files_of));
            }
        }
    }
    let mut inputs: Vec<&Input> = inputs.iter().filter(|input| input.size <= TEXT_LIMIT).collect();
    inputs.sort_unstable_by(|one, other| (&one.name, one.blake3).cmp(&(&other.name, other.blake3)));
    inputs.dedup_by(|one, other| one.name == other.name && one.blake3 == other.blake3);
    let committed = Committed::of(project, commit, &mut inputs);
    // What hybrid knows to be secret is not kept, whatever else holds it.
    let may_keep = |input: &Input, bytes: &[u8]| {
        !committed.as_ref().is_some_and(|committed| committed.holds(&input.name, bytes))
            && project.redactor.is_clean(bytes)
    };
    Ok(kept::keep_texts(&project.root, project.now(), inputs, &may_keep)?)
}

/// The inputs of a manifest whose texts were not dealt with when `commit` was checked out; `None` where that is not known.
fn unseen(
    project: &Project,
    state: Option<&State>,
    manifest: &InputManifest,
    commit: Option<&str>,
) -> Option<Vec<Input>> {
    let trust = state?.builders.get(&manifest.target)?.trusted.as_ref()?;
    if trust.git_sha.as_deref() != commit {
        return None;
    }
    if trust.inputs == manifest.combined {
        return Some(Vec::new());
    }
    let before = gate::trusted(project, &manifest.target, &trust.inputs).ok()??;
    let drift = inputs::compare(project, &before, manifest);
    let new: HashSet<&str> =
        drift.changed.iter().chain(&drift.added).map(|change| change.name.as_str()).collect();
    let single = manifest.inputs.iter().filter(|input| new.contains(input.name.as_str())).cloned();
    let within = manifest.trees.iter().flat_map(|tree| {
        new.iter().filter_map(|name| match tree.get(Path::new(name))? {
            Entry::File(content) => Some(Input::file(tree.kind, *name, content)),
            Entry::Link(_) | Entry::Dir(_) => None,
        })
    });
    Some(single.chain(within).collect())
}

/// The files of a directory of many.
fn files_of(tree: &InputTree) -> Vec<Input> {
    tree.node.as_ref().map(|node| tree.inputs(node, Links::LeftOut)).unwrap_or_default()
}

/// What the commit that is checked out holds of some inputs.
struct Committed(Snapshot);

impl Committed {
    /// Looks into the commit, and takes those out of `inputs` that it certainly holds.
    fn of(project: &Project, commit: Option<&str>, inputs: &mut Vec<&Input>) -> Option<Self> {
        let commit: Sha = commit.filter(|_| !inputs.is_empty())?.parse().ok()?;
        let history = History::around(&project.root)?;
        let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
        let snapshot = history.snapshot(&commit, &names)?;
        if inputs.len() > FEW {
            let files: Vec<_> = inputs.iter().map(|input| (input.name.as_str(), input.size)).collect();
            let mut unchanged = history.unchanged(&snapshot, &files).into_iter();
            inputs.retain(|_| !unchanged.next().unwrap_or(false));
        }
        Some(Self(snapshot))
    }

    fn holds(&self, name: &str, bytes: &[u8]) -> bool {
        self.0.holds(name, bytes)
    }
}
