//! Kept texts of inputs: which ones nothing refers to any more, and which are damaged.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hc_core::Digest;
use hc_core::fs::file_names;
use hc_core::tree::Node;
use hc_records::{HashManifest, InputManifest, Trees, kept, layout};
use hc_state::{State, StateSeverity, Store};

use crate::error::Result;
use crate::gate;
use crate::outcome::clean::TextsRemoval;
use crate::outcome::state::FindingDoc;
use crate::project::Project;

/// Takes out the texts that are kept for at least `than` and that no manifest names but those that are `planned` to go.
///
/// # Errors
/// When the state cannot be locked or read, or packs cannot be written.
pub(super) fn prune(
    project: &Project,
    store: &Store,
    planned: &BTreeSet<PathBuf>,
    than: Duration,
    mode: kept::Mode,
    notes: &mut Vec<String>,
) -> Result<TextsRemoval> {
    if !project.at(layout::OBJECTS).is_dir() {
        return Ok(TextsRemoval::default());
    }
    let before = project.now().checked_sub(time::Duration::try_from(than).unwrap_or(time::Duration::MAX));
    let before = before.unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    let mut pruned = |state: Option<&State>| -> Result<TextsRemoval> {
        let (used, manifests) = match used(project, state, planned) {
            Ok(used) => used,
            Err(why) => {
                notes.push(format!("kept texts of inputs stay: {why}"));
                return Ok(TextsRemoval::default());
            }
        };
        if mode == kept::Mode::Remove {
            Trees::open(&hc_state::paths::trees_dir(&project.root)).prune(&manifests)?;
        }
        let pruned = kept::prune(&project.root, &|digest| used.contains(digest), before, mode)?;
        Ok(TextsRemoval { count: pruned.texts, size: pruned.bytes })
    };
    match mode {
        kept::Mode::Plan => pruned(store.read()?.as_ref()),
        // A run that is about to trust texts which it found kept looks again under this lock.
        kept::Mode::Remove => store.with_exclusive(&project.run_id, |locked| {
            let exists = locked.revision().is_some();
            pruned(Some(locked.state()).filter(|_| exists))
        }),
    }
}

/// Digests that a manifest names, and these manifests; or why they cannot be known.
fn used(
    project: &Project,
    state: Option<&State>,
    planned: &BTreeSet<PathBuf>,
) -> std::result::Result<(HashSet<Digest>, Vec<InputManifest>), String> {
    let state = state.ok_or("without a state it is not known what is trusted")?;
    let mut used = HashSet::new();
    let mut manifests = Vec::new();
    for (target, record) in &state.builders {
        if let Some(trust) = &record.trusted {
            let manifest = gate::trusted(project, target, &trust.inputs);
            let manifest = manifest.map_err(|error| format!("what is trusted of {target}: {error}"))?;
            manifests.extend(manifest);
        }
        let built = HashManifest::read(&project.root, &target.builder).map_err(|error| error.to_string())?;
        manifests.extend(built.and_then(|built| built.inputs(&target.env)));
    }
    let names = file_names(&project.at(layout::KEPT_INPUTS)).map_err(|error| error.to_string())?;
    for build in names.iter().filter_map(|name| name.strip_suffix(".json")?.parse().ok()) {
        let path = layout::kept_inputs(&build);
        if !planned.contains(Path::new(&path)) {
            let inputs = kept::inputs(&project.root, &build);
            manifests.push(inputs.ok_or_else(|| format!("{path} cannot be read"))?);
        }
    }
    let trees = Trees::open(&hc_state::paths::trees_dir(&project.root));
    for manifest in &manifests {
        used.extend(manifest.inputs.iter().map(|input| input.blake3));
        for tree in &manifest.trees {
            let node = Node::decode(&tree.blake3, &mut |digest| trees.find(digest));
            let node = node.ok_or_else(|| format!("what is in {} is not known", tree.name))?;
            node.each_file(tree.base(), &mut |_, content| {
                used.insert(content.digest);
            });
        }
    }
    Ok((used, manifests))
}

/// One finding for every file of kept texts that is damaged.
pub(super) fn findings(project: &Project) -> Vec<FindingDoc> {
    let finding = |damaged: kept::Damaged| FindingDoc {
        severity: StateSeverity::Warning,
        code: "KeptTextsDamaged",
        subject: damaged.path,
        message: format!("old texts of inputs cannot be shown: {}", damaged.what),
        hint: "remove the file; the next `hybrid validate` keeps again what is still there".into(),
        link: "hybrid explain KeptTextsDamaged".into(),
        problem: None,
    };
    kept::check(&project.root).into_iter().map(finding).collect()
}
