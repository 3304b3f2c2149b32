//! What is left, and what has to be known of a source to remove it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
