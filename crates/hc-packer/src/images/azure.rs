//! Azure: managed images, versions of galleries, disks. The id names only one of what was made; the text has the others.

use super::image::{Found, Kind, PlatformImage};
use super::said::Piece;

const AZURE: &str = "azure";

pub(super) fn read(piece: &Piece<'_>, found: &mut Found) {
    let location = piece.field("ManagedImageLocation").or_else(|| piece.known("location"));
    // The `chroot` builder lists several.
    for id in piece.id.split(',') {
        add(piece, found, id, location);
    }
    for field in ["ManagedImageId", "OSDiskUri"] {
        piece.field(field).into_iter().for_each(|id| add(piece, found, id, location));
    }
    if let Some(id) = piece.field("ManagedImageSharedImageGalleryId") {
        add(piece, found, id, location);
    }
    let account = piece.field("StorageAccountLocation");
    for field in piece.text.lines().filter_map(|line| line.split_once(": ")) {
        if field.0 == "VHDOSDiskUri" || field.0.starts_with("AdditionalDiskUri") {
            add(piece, found, field.1.trim(), account);
        }
    }
}

fn add(piece: &Piece<'_>, found: &mut Found, id: &str, location: Option<&str>) {
    if let Some(address) = id.strip_prefix("https://") {
        let mut image = PlatformImage::new(AZURE, Kind::Vhd, id);
        let host = address.split('/').next().unwrap_or_default();
        image.at("storage_account", host.split('.').next());
        image.name = id.rsplit('/').next().map(str::to_owned);
        image.region = piece.field("StorageAccountLocation").or(location).map(str::to_owned);
        found.add(piece, image);
        return;
    }
    let Some(resource) = Resource::parse(id) else { return };
    let (kind, name) = match (&resource.version, &resource.image, &resource.snapshot, &resource.disk) {
        (Some(_), Some(image), ..) => (Kind::GalleryVersion, image),
        (None, Some(image), ..) => (Kind::ManagedImage, image),
        (_, None, Some(snapshot), _) => (Kind::Snapshot, snapshot),
        (_, None, None, Some(disk)) => (Kind::Disk, disk),
        _ => return,
    };
    let mut image = PlatformImage::new(AZURE, kind, id);
    image.name = Some(name.clone());
    image.version.clone_from(&resource.version);
    image.tags = piece.entries("azure_tags");
    image.at("subscription", resource.subscription.as_deref());
    image.at("resource_group", resource.resource_group.as_deref());
    image.at("gallery", resource.gallery.as_deref());
    // A version stands in every region that it was replicated to.
    let replicated =
        piece.field("SharedImageGalleryReplicatedRegions").filter(|_| kind == Kind::GalleryVersion);
    let regions: Vec<&str> = match (replicated, location) {
        (Some(regions), _) => regions.split(',').map(str::trim).filter(|region| !region.is_empty()).collect(),
        (None, location) => location.into_iter().collect(),
    };
    if regions.is_empty() {
        found.add(piece, image);
        return;
    }
    for region in regions {
        found.add(piece, PlatformImage { region: Some(region.to_owned()), ..image.clone() });
    }
}

/// The parts of an id of the resource manager; its words are not case sensitive.
#[derive(Default)]
struct Resource {
    subscription: Option<String>,
    resource_group: Option<String>,
    gallery: Option<String>,
    image: Option<String>,
    version: Option<String>,
    snapshot: Option<String>,
    disk: Option<String>,
}

impl Resource {
    fn parse(id: &str) -> Option<Self> {
        let words: Vec<&str> = id.strip_prefix('/')?.split('/').collect();
        let mut resource = Self::default();
        for pair in words.chunks(2) {
            let [word, value] = pair else { continue };
            let slot = match word.to_ascii_lowercase().as_str() {
                "subscriptions" => &mut resource.subscription,
                "resourcegroups" => &mut resource.resource_group,
                "galleries" => &mut resource.gallery,
                "images" => &mut resource.image,
                "versions" => &mut resource.version,
                "snapshots" => &mut resource.snapshot,
                "disks" => &mut resource.disk,
                _ => continue,
            };
            *slot = Some((*value).to_owned());
        }
        resource.subscription.is_some().then_some(resource)
    }
}
