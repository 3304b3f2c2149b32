//! One image on a platform, and all of them while they are found.

use std::collections::BTreeMap;
use std::fmt;

use super::said::Piece;

/// The provider whose ids packer lists with their region.
pub(super) const AWS: &str = "aws";

/// What an image is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Amazon machine image.
    Ami,
    /// An image without a more telling name.
    Image,
    /// Managed image of Azure.
    ManagedImage,
    /// Version of an image of an Azure gallery.
    GalleryVersion,
    /// Virtual hard disk in a storage account of Azure.
    Vhd,
    /// Managed disk.
    Disk,
    /// Volume of a block store.
    Volume,
    /// Snapshot of a disk, or of a server where the platform makes its images so.
    Snapshot,
    /// Template of virtual machines.
    Template,
    /// Virtual machine.
    Vm,
    /// Item of a vSphere content library.
    LibraryItem,
    /// Container image.
    ContainerImage,
}

impl Kind {
    /// Its name in records: `ami`, `gallery-version`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ami => "ami",
            Self::Image => "image",
            Self::ManagedImage => "managed-image",
            Self::GalleryVersion => "gallery-version",
            Self::Vhd => "vhd",
            Self::Disk => "disk",
            Self::Volume => "volume",
            Self::Snapshot => "snapshot",
            Self::Template => "template",
            Self::Vm => "vm",
            Self::LibraryItem => "library-item",
            Self::ContainerImage => "container-image",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One image on a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlatformImage {
    /// Whose it is: `aws`, `azure`, `gcp`, `vsphere`, `esxi`, `proxmox`, `docker`, `openstack`, `hcloud`, `digitalocean`; of other
    /// plugins, the type of the source.
    pub provider: String,
    /// What it is.
    pub kind: Kind,
    /// Its id as the platform names it, without a region: `ami-0ab1`, `/subscriptions/…`, `9000`, `sha256:…`.
    pub id: String,
    /// Name that people gave it.
    pub name: Option<String>,
    /// Region or location, where the platform has such.
    pub region: Option<String>,
    /// Version, where the platform counts such.
    pub version: Option<String>,
    /// Digest by which others may ask for it.
    pub digest: Option<String>,
    /// Tags; those with a value as `key=value`.
    pub tags: Vec<String>,
    /// What else is needed to find it, by the names of [`PLACES`].
    pub place: BTreeMap<String, String>,
}

impl PlatformImage {
    pub(super) fn new(provider: &str, kind: Kind, id: impl Into<String>) -> Self {
        Self {
            provider: provider.to_owned(),
            kind,
            id: id.into(),
            name: None,
            region: None,
            version: None,
            digest: None,
            tags: Vec::new(),
            place: BTreeMap::new(),
        }
    }

    /// The id as packer lists it: on AWS with its region.
    pub fn listed(&self) -> String {
        match (&self.region, self.provider.as_str()) {
            (Some(region), AWS) => format!("{region}:{}", self.id),
            _ => self.id.clone(),
        }
    }

    /// Sets a coordinate that is known and not empty. Whoever logs in at an address is no part of it.
    pub(super) fn at(&mut self, name: &str, value: Option<&str>) {
        let Some(value) = value.filter(|value| !value.is_empty()) else { return };
        let value = match value.split_once("://") {
            Some((scheme, rest)) => match rest.split_once('/').unwrap_or((rest, "")).0.rsplit_once('@') {
                Some((login, _)) => format!("{scheme}://{}", &rest[login.len() + 1..]),
                None => value.to_owned(),
            },
            None => value.to_owned(),
        };
        self.place.entry(name.to_owned()).or_insert(value);
    }

    /// Takes from another telling of the same image what this one lacks.
    pub(super) fn fill(&mut self, other: Self) {
        self.name = self.name.take().or(other.name);
        self.version = self.version.take().or(other.version);
        self.digest = self.digest.take().or(other.digest);
        for tag in other.tags {
            if !self.tags.contains(&tag) {
                self.tags.push(tag);
            }
        }
        for (name, value) in other.place {
            self.place.entry(name).or_insert(value);
        }
    }
}

/// The coordinates that [`PlatformImage::place`] may hold, each with what it says.
pub const PLACES: &[(&str, &str)] = &[
    ("cluster", "cluster of hosts (vSphere)"),
    ("datacenter", "datacenter (vSphere)"),
    ("datastore", "where its disks lie (vSphere)"),
    ("family", "image family (Google Cloud)"),
    ("folder", "folder of virtual machines (vSphere)"),
    ("gallery", "gallery (Azure)"),
    ("host", "host that it was made on (vSphere, ESXi)"),
    ("inventory_path", "path in vCenter's inventory"),
    ("library", "content library (vSphere)"),
    ("node", "node that it was made on (Proxmox)"),
    ("pool", "pool of resources (vSphere, Proxmox)"),
    ("project", "project (Google Cloud, OpenStack)"),
    ("resource_group", "resource group (Azure)"),
    ("server", "where the platform's API is (vSphere, Proxmox, OpenStack), without credentials"),
    ("storage_account", "storage account (Azure)"),
    ("subscription", "subscription (Azure)"),
    ("zone", "zone that it was made in (Google Cloud)"),
];

/// Ids that name no image, whoever gives them.
pub(super) const NOTHING: &[&str] = &["", "VM", "File", "Null", "null", "Container"];

/// Images while they are found, each with the source that it is of.
#[derive(Default)]
pub(super) struct Found(pub(super) Vec<(String, PlatformImage)>);

impl Found {
    /// Adds an image, or what this telling of it knows beyond an earlier one.
    pub(super) fn add(&mut self, piece: &Piece<'_>, image: PlatformImage) {
        if NOTHING.contains(&image.id.as_str()) {
            return;
        }
        let same = |known: &&mut (String, PlatformImage)| {
            let known = &known.1;
            known.provider == image.provider && known.id == image.id && known.region == image.region
        };
        match self.0.iter_mut().find(same) {
            Some((_, known)) => known.fill(image),
            None => self.0.push((piece.source.to_string(), image)),
        }
    }

    /// The images of a provider that a source has so far.
    pub(super) fn of<'f>(
        &'f mut self,
        source: &'f str,
        provider: &'f str,
    ) -> impl Iterator<Item = &'f mut PlatformImage> {
        let mine = move |(whose, image): &&mut (String, PlatformImage)| {
            whose == source && image.provider == provider
        };
        self.0.iter_mut().filter(mine).map(|(_, image)| image)
    }
}
