//! Makes packages of one checkout.

use anyhow::{Context, Result};

use super::options::{ALL, Format};
use super::source::Source;
use super::{deb, platform, rpm, stage, sums, tarball};

/// Makes the packages of one checkout, and nothing else is left in its `target/dist`.
pub(super) fn make(source: &Source, formats: &[Format]) -> Result<()> {
    let dist = source.dist();
    if dist.exists() {
        std::fs::remove_dir_all(&dist).with_context(|| format!("cannot remove {}", dist.display()))?;
    }
    let native = [Format::Deb, Format::Rpm];
    if formats.iter().any(|format| native.contains(format)) {
        stage::fill(source, stage::NATIVE, &platform::glibc())?;
    }
    if formats.contains(&Format::Tarball) {
        stage::fill(source, stage::STATIC, &platform::musl())?;
    }
    for format in ALL.iter().filter(|format| formats.contains(format)) {
        match format {
            Format::Deb => deb::make(source)?,
            Format::Rpm => rpm::make(source)?,
            Format::Tarball => tarball::make(source)?,
        }
    }
    sums::write(&dist)
}
