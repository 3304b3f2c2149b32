//! Images of platforms, as their plugins tell of them: which, where, and by which names (PKR-6).
//!
//! A plugin says little, each in its own way: an id, a sentence, what it prints while it works. What it leaves out and the
//! source's own configuration says, such as the datacenter of a vSphere template, is taken from there. A table of
//! [families](FAMILIES) knows who speaks; plugins that are not in it are believed as they are.

mod azure;
mod clouds;
mod docker;
mod hypervisors;
pub mod query;
mod said;

use std::collections::BTreeMap;
use std::fmt;

pub(crate) use said::is_telling;
pub use said::{Configured, Said};

use crate::machine::StreamArtifact;
use crate::manifest::PackerManifest;
use said::Piece;

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
    fn new(provider: &str, kind: Kind, id: impl Into<String>) -> Self {
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
            (Some(region), clouds::AWS) => format!("{region}:{}", self.id),
            _ => self.id.clone(),
        }
    }

    /// Sets a coordinate that is known and not empty. Whoever logs in at an address is no part of it.
    fn at(&mut self, name: &str, value: Option<&str>) {
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
    fn fill(&mut self, other: Self) {
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

/// Who speaks, and who understands it.
struct Family {
    /// How the ids begin that its builders and post-processors give themselves.
    speakers: &'static [&'static str],
    /// How the types of its sources begin.
    types: &'static [&'static str],
    read: fn(&Piece<'_>, &mut Found),
}

const FAMILIES: &[Family] = &[
    Family {
        speakers: &["mitchellh.amazon", "packer.post-processor.amazon-import"],
        types: &["amazon-"],
        read: clouds::aws,
    },
    Family { speakers: &["Azure.ResourceManagement.", "azure."], types: &["azure-"], read: azure::read },
    Family {
        speakers: &["packer.googlecompute", "packer.post-processor.googlecompute-import"],
        types: &["googlecompute"],
        read: clouds::google,
    },
    Family {
        speakers: &["jetbrains.vsphere", "packer.post-processor.vsphere"],
        types: &["vsphere-"],
        read: hypervisors::vsphere,
    },
    Family { speakers: &["mitchellh.vmware-esx"], types: &[], read: hypervisors::esxi },
    Family { speakers: &["proxmox."], types: &["proxmox"], read: hypervisors::proxmox },
    Family {
        speakers: &["packer.post-processor.docker-import", "packer.post-processor.docker-tag"],
        types: &["docker"],
        read: docker::read,
    },
    Family { speakers: &["mitchellh.openstack"], types: &["openstack"], read: clouds::openstack },
    Family { speakers: &["hcloud."], types: &["hcloud"], read: clouds::hcloud },
    Family {
        speakers: &["pearkes.digitalocean", "packer.post-processor.digitalocean-import"],
        types: &["digitalocean"],
        read: clouds::digitalocean,
    },
    // Their images are files; what they call an id is `VM`, a provider or the name of a machine that is gone.
    Family {
        speakers: &[
            "MSOpenTech.hyperv",
            "fnoeding.null",
            "mitchellh.post-processor.vagrant",
            "mitchellh.virtualbox",
            "mitchellh.vmware",
            "packer.docker",
            "packer.file",
            "packer.parallels",
            "packer.post-processor.artifice",
            "packer.post-processor.checksum",
            "packer.post-processor.compress",
            "packer.post-processor.docker-save",
            "packer.post-processor.googlecompute-export",
            "transcend.qemu",
            "vagrant",
        ],
        types: &["file", "hyperv-", "null", "parallels-", "qemu", "vagrant", "virtualbox-", "vmware-"],
        read: |_, _| {},
    },
];

/// Ids that name no image, whoever gives them.
const NOTHING: &[&str] = &["", "VM", "File", "Null", "null", "Container"];

/// Images while they are found, each with the source that it is of.
#[derive(Default)]
struct Found(Vec<(String, PlatformImage)>);

impl Found {
    /// Adds an image, or what this telling of it knows beyond an earlier one.
    fn add(&mut self, piece: &Piece<'_>, image: PlatformImage) {
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
    fn of<'f>(
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

/// The images that a run told of, each once, sorted by provider, region and id.
pub fn read(said: &Said, configured: &Configured) -> Vec<PlatformImage> {
    let mut found = Found::default();
    for piece in said.pieces(configured) {
        match family(&piece) {
            Some(family) => (family.read)(&piece, &mut found),
            None => clouds::unknown(&piece, &mut found),
        }
    }
    let mut images: Vec<PlatformImage> = found.0.into_iter().map(|(_, image)| image).collect();
    let order = |image: &PlatformImage| (image.provider.clone(), image.region.clone(), image.id.clone());
    images.sort_by_cached_key(order);
    images
}

/// The family of the one that speaks: whoever gives himself a name is known by that, a manifest only has types.
fn family(piece: &Piece<'_>) -> Option<&'static Family> {
    let speaks = |family: &&Family| match piece.speaker {
        "" => piece.kind().is_some_and(|kind| family.types.iter().any(|known| kind.starts_with(known))),
        speaker => family.speakers.iter().any(|known| speaker.starts_with(known)),
    };
    FAMILIES.iter().find(speaks)
}

/// What stands for an id that is not known yet, in the shape that sources of a type take: only so can a template be validated
/// that starts from an image which is not built.
pub fn placeholder(kind: &str) -> &'static str {
    const SHAPES: &[(&str, &str)] = &[
        ("amazon-", "ami-00000000000000000"),
        ("azure-", "/subscriptions/none/resourceGroups/none/providers/Microsoft.Compute/images/none"),
        ("proxmox", "100"),
    ];
    SHAPES.iter().find(|(known, _)| kind.starts_with(known)).map_or("parent-image-id", |(_, shape)| shape)
}

/// What one attempt said.
pub(crate) fn said(
    artifacts: &[StreamArtifact],
    manifest: Option<&PackerManifest>,
    lines: &[(String, String)],
) -> Said {
    Said {
        artifacts: artifacts.to_vec(),
        builds: manifest.map(|manifest| manifest.builds.clone()).unwrap_or_default(),
        lines: lines.to_vec(),
    }
}

#[cfg(test)]
mod tests;
