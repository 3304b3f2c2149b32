//! Git repositories at their pins (SRC-1 … SRC-5): synced, looked at, verified, pinned, scanned, carried over an air gap.
//!
//! The work is done by hc-sources; here it gets the settings and the lock of the project, and what came of it goes into
//! the state.

mod air_gap;
mod force;
mod options;
mod record;
mod scan;
mod standing;

use hc_sources::Sources;
use hc_sources::sync::{self as transfer, SyncReport, SyncRequest};

use crate::error::Result;
use crate::event::{Event, Listener, Teller};
use crate::project::Project;
use crate::project::sources::specs;

pub use air_gap::{bundle, unbundle};
pub use force::{PinOptions, log, pin};
pub use options::{Network, Pins, SourceOptions};
pub use scan::scan;
pub use standing::{status, verify};

/// Brings the named sources to their pins; all of them without a name.
///
/// # Errors
/// What concerns all sources; what concerns one is in the report.
pub fn sync(
    project: &Project,
    names: &[String],
    options: &SourceOptions,
    listener: Listener<'_>,
) -> Result<SyncReport> {
    let request = SyncRequest { only: names.iter().cloned().collect(), update: options.pins == Pins::Move };
    let teller = Teller::new(listener);
    let report = transfer::sync(
        &Sources::of(&project.root),
        &specs(&project.settings)?,
        &request,
        &options.of(project)?,
        project.host.cancel.flag(),
        &|event| teller.tell(Event::Source(event)),
    )?;
    record::synced(project, &report.results, &report.dropped)?;
    Ok(report)
}

/// Finishes what an interrupted sync left.
///
/// # Errors
/// As [`sync`].
pub fn resume(project: &Project, options: &SourceOptions, listener: Listener<'_>) -> Result<SyncReport> {
    let teller = Teller::new(listener);
    let report = transfer::resume(
        &Sources::of(&project.root),
        &specs(&project.settings)?,
        &options.of(project)?,
        project.host.cancel.flag(),
        &|event| teller.tell(Event::Source(event)),
    )?;
    record::synced(project, &report.results, &report.dropped)?;
    Ok(report)
}
