//! Amazon, Google Cloud, OpenStack, Hetzner, DigitalOcean, and plugins that are not known.

use super::image::{AWS, Found, Kind, PlatformImage};
use super::said::Piece;

/// `eu-west-1:ami-0ab1,us-east-1:ami-0cd2`; volumes and snapshots likewise.
pub(super) fn aws(piece: &Piece<'_>, found: &mut Found) {
    for part in piece.id.split(',') {
        let (region, id) = match part.split_once(':') {
            Some((region, id)) => (Some(region), id),
            None => (None, part),
        };
        let kind = match id.split_once('-') {
            Some(("snap", _)) => Kind::Snapshot,
            Some(("vol", _)) => Kind::Volume,
            _ => Kind::Ami,
        };
        let mut image = PlatformImage::new(AWS, kind, id);
        image.region = region.map(str::to_owned);
        if kind == Kind::Ami {
            let name = piece.line("Creating AMI ", " from instance").or_else(|| piece.known("ami_name"));
            image.name = name.map(str::to_owned);
            image.tags = piece.entries("tags");
        }
        found.add(piece, image);
    }
}

/// The id is a name; the project stands in the sentence of newer plugins.
pub(super) fn google(piece: &Piece<'_>, found: &mut Found) {
    let mut image = PlatformImage::new("gcp", Kind::Image, piece.id);
    image.name = Some(piece.id.to_owned());
    image.at("project", piece.sentence("in the '", "' project"));
    image.at("project", piece.any(&["image_project_id", "project_id"]));
    image.at("family", piece.known("image_family"));
    image.at("zone", piece.known("zone"));
    image.tags = piece.entries("image_labels");
    found.add(piece, image);
}

pub(super) fn openstack(piece: &Piece<'_>, found: &mut Found) {
    let mut image = PlatformImage::new("openstack", Kind::Image, piece.id);
    let name = piece.line("Creating the image: ", "").or_else(|| piece.known("image_name"));
    image.name = name.map(str::to_owned);
    image.region = piece.known("region").map(str::to_owned);
    image.at("project", piece.any(&["tenant_name", "tenant_id"]));
    image.at("server", piece.known("identity_endpoint"));
    image.tags = piece.entries("image_tags");
    found.add(piece, image);
}

/// `A snapshot was created: 'web' (ID: 4711)`.
pub(super) fn hcloud(piece: &Piece<'_>, found: &mut Found) {
    let mut image = PlatformImage::new("hcloud", Kind::Snapshot, piece.id);
    image.name = piece.sentence("A snapshot was created: '", "' (ID").map(str::to_owned);
    image.tags = piece.entries("snapshot_labels");
    found.add(piece, image);
}

/// `fra1,nyc3:4711`: several regions, and one snapshot in all of them.
pub(super) fn digitalocean(piece: &Piece<'_>, found: &mut Found) {
    let (regions, id) = piece.id.rsplit_once(':').unwrap_or(("", piece.id));
    let name = piece.sentence("A snapshot was created: '", "' (ID").map(str::to_owned);
    let mut regions: Vec<_> = regions.split(',').filter(|region| !region.is_empty()).map(Some).collect();
    if regions.is_empty() {
        regions.push(None);
    }
    for region in regions {
        let mut image = PlatformImage::new("digitalocean", Kind::Snapshot, id);
        image.region = region.map(str::to_owned);
        image.name.clone_from(&name);
        image.tags = piece.entries("snapshot_tags");
        found.add(piece, image);
    }
}

/// A plugin that is not known: its ids, with the region before them where it looks like one (`cn-beijing:m-2ze`).
pub(super) fn unknown(piece: &Piece<'_>, found: &mut Found) {
    let provider = piece.kind().filter(|kind| !kind.is_empty()).unwrap_or("unknown");
    for part in piece.id.split(',') {
        let (region, id) = match part.split_once(':') {
            Some((region, id)) if is_region(region) => (Some(region), id),
            _ => (None, part),
        };
        let mut image = PlatformImage::new(provider, Kind::Image, id);
        image.region = region.map(str::to_owned);
        found.add(piece, image);
    }
}

/// Several words with hyphens between them, the first of letters: `eu-west-1`, but neither `sha256` nor `https`.
fn is_region(text: &str) -> bool {
    let mut words = text.split('-');
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let first =
        words.next().is_some_and(|word| word.len() >= 2 && word.bytes().all(|b| b.is_ascii_lowercase()));
    first && text.contains('-') && words.all(is_word)
}
