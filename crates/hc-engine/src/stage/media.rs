//! Installation media of builders: downloaded once, by checksum (PKR-9).

use std::path::PathBuf;
use std::time::{Duration, Instant};

use hc_core::Target;
use hc_packer::iso::{Checksum, IsoStore, Patience, Wanted};
use hc_records::layout;
use hc_templates::Builder;

use crate::error::Result;
use crate::event::{Event, Teller};
use crate::project::Project;

/// How often a download says how far it is.
const EVERY: Duration = Duration::from_secs(10);

/// The store of a project.
pub fn store(project: &Project) -> IsoStore {
    IsoStore::new(project.at(layout::ISO_STORE))
}

/// The file behind `[iso]` of builder.toml, downloaded unless the store has it.
///
/// # Errors
/// Those of the store: a wrong checksum or a missing file is invalid, a busy network infrastructure, a request to stop
/// an interrupt.
pub fn fetched(
    project: &Project,
    target: &Target,
    builder: &Builder,
    teller: &Teller<'_>,
) -> Result<Option<PathBuf>> {
    let Some(iso) = &builder.metadata.iso else { return Ok(None) };
    let wanted = Wanted { url: iso.url.clone(), checksum: iso.checksum.parse::<Checksum>()? };
    let patience = Patience { cancel: project.host.cancel.clone(), ..Patience::default() };
    let mut told = Instant::now();
    let holder = project.host.holder(project.now());
    let path = store(project).get(&wanted, &holder, &patience, &mut |done, total| {
        if told.elapsed() >= EVERY {
            told = Instant::now();
            teller.tell(Event::Fetching { target: target.clone(), url: iso.url.clone(), done, total });
        }
    })?;
    Ok(Some(path))
}
