//! Images of platforms, as their plugins tell of them: which, where, and by which names (PKR-6).
//!
//! A plugin says little, each in its own way: an id, a sentence, what it prints while it works. What it leaves out and the
//! source's own configuration says, such as the datacenter of a vSphere template, is taken from there. A table
//! of families knows who speaks; plugins that are not in it are believed as they are.

mod azure;
mod clouds;
mod docker;
mod hypervisors;
mod image;
pub mod query;
mod said;

pub use image::{Kind, PLACES, PlatformImage};
pub use said::{Configured, Said, is_telling};

use image::Found;
use said::Piece;

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
        // The others have an id that is known to be none.
        types: &["vagrant", "vmware-"],
        read: |_, _| {},
    },
];

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

#[cfg(test)]
mod tests;
