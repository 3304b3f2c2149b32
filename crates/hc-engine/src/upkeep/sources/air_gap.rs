//! All pins in one file (SRC-4).

use std::path::Path;

use hc_core::fs::io_error;
use hc_sources::Sources;
use hc_sources::bundle::{create, restore};
use hc_sources::sync::SyncReport;

use super::options::{Network, SourceOptions};
use super::record;
use crate::error::Result;
use crate::event::{Event, Listener, Teller};
use crate::outcome::sources::Bundled;
use crate::project::Project;
use crate::project::sources::specs;

/// Writes all pins into `file`, a path as a person typed it.
///
/// # Errors
/// When a source is not pinned or not here, or the file cannot be written.
pub fn bundle(project: &Project, file: &Path) -> Result<Bundled> {
    let specs = specs(&project.settings)?;
    let path = project.host.typed(file);
    // Nothing is fetched for it.
    let options = SourceOptions { network: Network::Offline, ..SourceOptions::default() }.of(project)?;
    let sources = Sources::of(&project.root);
    let manifest = create(&sources, &specs, &options, &path, project.host.cancel.flag())?;
    let bytes = std::fs::metadata(&path).map_err(io_error("inspect", &path))?.len();
    Ok(Bundled { path: project.shown(&path), bytes, manifest })
}

/// Brings sources to their pins with what is in `file`, a path as a person typed it.
///
/// # Errors
/// When the bundle is damaged or pins something else than sources.lock.
pub fn unbundle(project: &Project, file: &Path, listener: Listener<'_>) -> Result<SyncReport> {
    let specs = specs(&project.settings)?;
    let options = SourceOptions { network: Network::Offline, ..SourceOptions::default() }.of(project)?;
    let teller = Teller::new(listener);
    let results = restore(
        &Sources::of(&project.root),
        &specs,
        &project.host.typed(file),
        &options,
        project.host.cancel.flag(),
        &|event| teller.tell(Event::Source(event)),
    )?;
    record::synced(project, &results, &[])?;
    Ok(SyncReport { results, resumed: None, dropped: Vec::new() })
}
