//! What a killed run may have left behind: processes that still work, and things that its log says it made.
//!
//! What builders print when they make and remove something is data: one file for each family of platforms, taken from the
//! plugins' sources. A log is the word of the build alone. Scripts of an image print between the lines of the builder, so
//! what a builder makes before it provisions is believed only until then, and no name gets into a command that is more
//! than a name. Only [`end`] acts, and only on processes that the caller found holding a build lock.

mod aws;
mod azure;
mod clouds;
mod command;
mod families;
mod google;
mod here;
mod leftover;
mod processes;
mod proxmox;
mod reader;
mod rule;
mod vsphere;

pub use leftover::{COORDINATES, Coordinates, Leftover};
pub use processes::end;

/// What a raw log says was made and not removed again, each once, in the order of the log. `platform` counts for sources
/// whose names do not tell their types.
pub fn made(platform: &str, coordinates: &Coordinates, log: &str) -> Vec<Leftover> {
    let mut reader = reader::Reader::new(platform, coordinates);
    log.lines().for_each(|line| reader.line(line));
    reader.left()
}

#[cfg(test)]
mod tests;
