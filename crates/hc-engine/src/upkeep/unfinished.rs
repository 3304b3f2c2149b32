//! Packages whose installation has begun and not ended: their commands may be there already when what those need is not.

use hc_core::fs::{create_dirs, io_error, read_text, write_atomic};
use hc_records::layout;

use crate::error::Result;
use crate::project::Project;

/// Largest list that is read, in bytes.
const LIMIT: u64 = 1 << 20;

/// Notes what is about to be installed.
///
/// # Errors
/// When it cannot be written.
pub(super) fn begin(project: &Project, packages: &[String]) -> Result<()> {
    create_dirs(&project.at(layout::CACHES))?;
    let text = format!("{}\n", packages.join("\n"));
    Ok(write_atomic(&project.at(layout::PACKAGES_BEGUN), text.as_bytes(), 0o644)?)
}

/// The packages of an installation that broke off.
///
/// # Errors
/// When the file of them cannot be read.
pub(super) fn packages(project: &Project) -> Result<Vec<String>> {
    let text = read_text(&project.at(layout::PACKAGES_BEGUN), LIMIT)?.unwrap_or_default();
    Ok(text.lines().map(str::to_owned).collect())
}

/// Notes that the installation has ended.
///
/// # Errors
/// When the note cannot be removed.
pub(super) fn end(project: &Project) -> Result<()> {
    let path = project.at(layout::PACKAGES_BEGUN);
    Ok(std::fs::remove_file(&path).map_err(io_error("remove", &path))?)
}
