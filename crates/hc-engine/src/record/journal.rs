//! The journal of running builds: written before packer starts, closed when the build is recorded, settled by the next run
//! when this one was killed.

use std::collections::BTreeMap;
use std::path::Path;

use hc_config::Value;
use hc_core::fs::{FsError, confine, io_error};
use hc_core::{BuildId, ExitClass};
use hc_records::{JournalEntry, SchemaTag, artifact, journal, layout};
use hc_state::{RunOutcome, RunRecord, Store};

use crate::error::Result;
use crate::plan::abandoned::Abandoned;
use crate::prepare::{Prepared, coordinates};
use crate::project::store::ended;
use crate::project::{Project, temp};

/// What a build is about to make.
#[derive(Debug)]
pub struct Begun<'a> {
    /// Id of the build.
    pub build_id: &'a BuildId,
    /// Its work directory.
    pub work: &'a Path,
    /// Directory of its image files.
    pub output: &'a Path,
    /// Its raw log.
    pub log: &'a Path,
    /// The build that it starts from.
    pub parent: Option<&'a BuildId>,
    /// Values of the `hybrid_…` variables.
    pub injected: &'a [(String, String)],
}

/// Writes a build down. Called under its build lock.
///
/// # Errors
/// When it cannot be written: a build that nobody could clear away must not start.
pub fn begin(project: &Project, prepared: &Prepared, begun: &Begun<'_>) -> Result<()> {
    let entry = JournalEntry {
        schema: SchemaTag::v1("journal"),
        build_id: begun.build_id.clone(),
        target: prepared.target.clone(),
        run_id: project.run_id.clone(),
        pid: project.host.pid,
        host: project.host.name.clone(),
        started_at: project.now(),
        work: project.shown(begun.work),
        output: project.shown(begun.output),
        log: project.shown(begun.log),
        names: names(prepared),
        sources: coordinates(project, prepared, begun.injected),
        parent: begun.parent.cloned(),
    };
    Ok(entry.write(&project.root)?)
}

/// Values that name things on a platform; secrets are never among them.
fn names(prepared: &Prepared) -> BTreeMap<String, String> {
    let telling = |name: &str| {
        ["name", "vmid", "vm_id", "group", "folder", "datastore", "bucket", "region", "node", "cluster"]
            .iter()
            .any(|ending| name == *ending || name.ends_with(&format!("_{ending}")))
    };
    let resolved =
        prepared.resolution.vars.iter().filter(|(name, var)| telling(name) && var.secret.is_none());
    resolved
        .filter(|(name, _)| !prepared.declared.get(*name).is_some_and(|declared| declared.sensitive))
        .filter_map(|(name, var)| match &var.value {
            Value::String(value) if !value.is_empty() => Some((name.clone(), value.clone())),
            _ => None,
        })
        .collect()
}

/// Records a run that begins, and closes those that were killed before they could say how they ended: nobody builds one of
/// their targets. A run that is only about to take its first lock corrects that when it ends.
///
/// # Errors
/// When the state cannot be written.
pub fn begin_run(project: &Project, store: &Store, run: RunRecord) -> Result<()> {
    let held: Vec<_> = store.build_holders()?.into_iter().map(|holder| holder.target).collect();
    store.with_exclusive(&project.run_id, |locked| -> Result<()> {
        let open = locked.state().runs.iter().filter(|other| other.outcome == RunOutcome::Running);
        let dead = open.filter(|other| !other.targets.iter().any(|target| held.contains(target)));
        for other in dead.cloned().collect::<Vec<_>>() {
            locked.state_mut().record_run(ended(project, other, ExitClass::Interrupted));
        }
        locked.state_mut().record_run(run);
        Ok(())
    })
}

/// Clears away what an abandoned build left on this machine, and closes it when nothing else is left. Its processes
/// must be gone. Returns whether it is closed.
///
/// # Errors
/// When something cannot be removed, or the state cannot be written.
pub fn settle(project: &Project, store: &Store, one: &Abandoned) -> Result<bool> {
    let entry = &one.entry;
    // Both are looked at before one is removed: an edited entry must remove nothing.
    let work = confine(&project.root, Path::new(&entry.work))?;
    let output = confine(&project.root, Path::new(&entry.output))?;
    let of_run = project.at(layout::work_of_run(&entry.run_id));
    let of_build = project.at(layout::images_of(&entry.build_id));
    if !work.starts_with(&of_run) {
        return Err(FsError::Outside { path: of_run, target: work }.into());
    }
    if output != of_build {
        return Err(FsError::Outside { path: of_build, target: output }.into());
    }
    // Killed after the record was written: then the build is one, and its image is not what was left behind.
    let recorded = artifact::recorded(&project.root)?.contains(&entry.build_id);
    temp::remove(project, &project.at(&entry.work));
    for path in [Some(work), (!recorded).then_some(output)].into_iter().flatten() {
        if path.is_dir() {
            std::fs::remove_dir_all(&path).map_err(io_error("remove", &path))?;
        }
    }
    store.with_exclusive(&project.run_id, |locked| -> Result<()> {
        let unfinished = locked.state().run(&entry.run_id).filter(|run| run.outcome == RunOutcome::Running);
        if let Some(run) = unfinished.cloned() {
            locked.state_mut().record_run(ended(project, run, ExitClass::Interrupted));
        }
        Ok(())
    })?;
    if one.made.is_empty() {
        journal::remove(&project.root, &one.entry.build_id)?;
    }
    Ok(one.made.is_empty())
}
