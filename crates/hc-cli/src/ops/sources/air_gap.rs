//! All pins in one file (SRC-4).

use std::path::Path;

use hc_core::Cancel;
use hc_sources::Sources;
use hc_sources::bundle::{create, restore};

use super::{SourceOptions, progress, record, specs, sync_options, typed};
use crate::command_error::Result;
use crate::report::sources::{BundleDoc, BundledDoc, SyncDoc, SyncedDoc};
use crate::session::Session;

/// Writes all pins into `file`.
///
/// # Errors
/// When a source is not pinned or not here, or the file cannot be written.
pub fn bundle(session: &Session, file: &Path, cancel: &Cancel) -> Result<BundleDoc> {
    let specs = specs(&session.settings)?;
    let path = typed(session, file);
    let options = sync_options(session, &SourceOptions::default());
    let manifest = create(&Sources::of(&session.root), &specs, &options, &path, cancel.flag())?;
    let size = std::fs::metadata(&path).map_err(hc_core::fs::io_error("inspect", &path))?.len();
    let sources = manifest.sources.into_iter().map(|source| BundledDoc {
        name: source.pin.name,
        reference: source.pin.reference,
        sha: source.pin.sha.to_string(),
        bytes: source.packs.iter().map(|pack| pack.size).sum(),
    });
    Ok(BundleDoc { path: session.shown(&path), bytes: size, sources: sources.collect() })
}

/// Brings sources to their pins with what is in `file`.
///
/// # Errors
/// When the bundle is damaged or pins something else than sources.lock.
pub fn unbundle(session: &Session, file: &Path, cancel: &Cancel) -> Result<SyncDoc> {
    let specs = specs(&session.settings)?;
    let options = sync_options(session, &SourceOptions { offline: true, ..SourceOptions::default() });
    let console = progress::Transfers::new(session, &specs);
    let sources = Sources::of(&session.root);
    let file = typed(session, file);
    let results = restore(&sources, &specs, &file, &options, cancel.flag(), &|event| console.event(&event))?;
    record(session, &results, &[])?;
    let sources = results.iter().map(SyncedDoc::of).collect();
    Ok(SyncDoc { action: "unbundle".into(), sources, dropped: Vec::new(), resumed: None })
}
