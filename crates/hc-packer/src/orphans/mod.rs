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
mod google;
mod here;
mod processes;
mod proxmox;
mod reader;
mod rule;
mod vsphere;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use processes::end;

/// Attributes of sources, by their addresses (`type.name`): where a thing is made, and what it is called.
pub type Coordinates = BTreeMap<String, BTreeMap<String, String>>;

/// The attributes of sources that the commands need.
pub const COORDINATES: &[&str] = &[
    "cloud",
    "custom_endpoint_ec2",
    "datacenter",
    "disk_name",
    "droplet_name",
    "folder",
    "image_name",
    "image_project_id",
    "insecure_connection",
    "instance_name",
    "name",
    "node",
    "profile",
    "project_id",
    "region",
    "server_name",
    "snapshot_name",
    "subscription_id",
    "template_name",
    "vcenter_server",
    "vm_id",
    "vm_name",
    "zone",
];

/// Something that a build made and that may still be there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Leftover {
    /// What it is: `resource group`, `instance`, …
    pub what: String,
    /// Its name or id on the platform; empty where neither log nor template tells it.
    pub name: String,
    /// The command that removes it; of a thing without a name, the one that shows what may be it.
    pub remove: String,
    /// Whether it lies on this machine.
    #[serde(default)]
    pub here: bool,
}

/// What a raw log says was made and not removed again, each once, in the order of the log. `platform` counts for sources
/// whose names do not tell their types.
pub fn made(platform: &str, coordinates: &Coordinates, log: &str) -> Vec<Leftover> {
    let mut reader = reader::Reader::new(platform, coordinates);
    log.lines().for_each(|line| reader.line(line));
    reader.left()
}

#[cfg(test)]
mod tests;
