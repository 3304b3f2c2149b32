//! Installation media of builders: downloaded once, by checksum (PKR-9).

use std::path::PathBuf;
use std::time::{Duration, Instant};

use hc_core::Target;
use hc_packer::iso::{Checksum, Download, IsoError, IsoStore, Patience, Proxy};
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
    let checksum = iso.checksum.parse::<Checksum>().map_err(IsoError::from)?;
    let wanted = Download { url: iso.url.clone(), checksum };
    let proxy = Proxy::of_env(&project.host.vars);
    let patience = Patience::default().cancel(&project.host.cancel).proxy(proxy);
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
