//! Brings what is trusted to the newest format of input manifests: trust stays where contents are the same.

use std::collections::{BTreeMap, BTreeSet};

use hc_core::{EnvName, Selector, Target};
use hc_records::{InputManifest, Trees, input_manifest};
use hc_state::State;

use crate::error::Result;
use crate::gate;
use crate::inputs::{self, Digests, Remembered, collect};
use crate::prepare::Values;
use crate::project::{Project, packer, store};

/// Whether a migration is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migration {
    /// Only planned.
    Planned,
    /// Made.
    Made,
}

/// Converts the trusted manifests of older formats, or says what that would do.
///
/// # Errors
/// When the state or the inputs cannot be read, or the state cannot be written.
pub(super) fn migrate(project: &Project, migration: Migration) -> Result<Vec<String>> {
    let store = store::open(project)?;
    let Some(state) = store.read()? else { return Ok(Vec::new()) };
    let older = older(project, &state)?;
    if older.is_empty() {
        return Ok(Vec::new());
    }
    let now = now(project, &older)?;
    let is_same = |target: &Target, old: &InputManifest| {
        now.get(target).filter(|now| inputs::is_same(project, old, now))
    };
    let mut lines = Vec::new();
    for (target, old) in &older {
        lines.push(match is_same(target, old) {
            Some(now) => format!("  trust of {target}: inputs in format {} → {}", old.format, now.format),
            None => {
                format!("  trust of {target}: its inputs changed, `hybrid validate` writes the new format")
            }
        });
    }
    if migration == Migration::Made {
        let new: Vec<_> =
            older.iter().filter_map(|(target, old)| Some((old, is_same(target, old)?))).collect();
        store.with_exclusive(&project.run_id, |locked| -> Result<()> {
            Trees::open(&hc_state::paths::trees_dir(&project.root)).keep(new.iter().map(|(_, now)| *now))?;
            for (old, now) in new {
                let trusted =
                    |state: &State| state.builders.get(&now.target).and_then(|one| one.trusted.clone());
                // Another run may have validated meanwhile.
                let Some(mut trust) = trusted(locked.state()).filter(|trust| trust.inputs == old.combined)
                else {
                    continue;
                };
                trust.manifest = Some(locked.write_trusted_manifest(&now.target, now.to_json()));
                trust.inputs = now.combined;
                locked.state_mut().builder_mut(&now.target).trusted = Some(trust);
            }
            Ok(())
        })?;
    }
    Ok(lines)
}

/// The trusted manifests of older formats.
fn older(project: &Project, state: &State) -> Result<BTreeMap<Target, InputManifest>> {
    let mut older = BTreeMap::new();
    for (target, record) in &state.builders {
        let Some(trust) = &record.trusted else { continue };
        let manifest = gate::trusted(project, target, &trust.inputs)?;
        older.extend(
            manifest.filter(|one| one.format < input_manifest::FORMAT).map(|one| (target.clone(), one)),
        );
    }
    Ok(older)
}

/// The inputs of these targets now, as far as their builders are still there.
fn now(
    project: &Project,
    targets: &BTreeMap<Target, InputManifest>,
) -> Result<BTreeMap<Target, InputManifest>> {
    let packer = packer::find(project)?;
    let all = project.select(&Selector::all())?;
    let envs: BTreeSet<&EnvName> = targets.keys().map(|target| &target.env).collect();
    let mut now = BTreeMap::new();
    for env in envs {
        let wanted = |id: &_| targets.keys().any(|target| target.builder == *id && target.env == *env);
        let selection = all.narrowed(wanted);
        if selection.ids.is_empty() {
            continue;
        }
        let (prepared, _) = project.prepare(&selection, env, &Values::default())?;
        let mut digests = Digests::of_all(project, &packer, &prepared, Remembered::load(project))?;
        for one in &prepared {
            now.insert(one.target.clone(), collect(project, one, &packer, &mut digests)?);
        }
    }
    Ok(now)
}
