//! Docker: what was committed or imported has a digest for an id; tagging and pushing it makes artifacts of the same image
//! with a name for an id.

use super::image::{Found, Kind, NOTHING, PlatformImage};
use super::said::{Piece, between};

const DOCKER: &str = "docker";
const STEP: &str = "(docker-push): ";

pub(super) fn read(piece: &Piece<'_>, found: &mut Found) {
    if NOTHING.contains(&piece.id) {
        return;
    }
    let mut tags: Vec<String> = Vec::new();
    if !is_digest(piece.id) {
        tags.push(piece.id.to_owned());
    }
    let told = piece.sentence(" with tags ", "").unwrap_or_default();
    tags.extend(told.split_whitespace().map(str::to_owned));
    let mut image = PlatformImage::new(DOCKER, Kind::ContainerImage, piece.id);
    for tag in tags {
        if !image.tags.contains(&tag) {
            image.tags.push(tag);
        }
    }
    image.name = image.tags.first().map(|tag| repository(tag).to_owned());
    image.digest = pushed(piece, &image.tags);
    // One image, whatever it is called: the digest is its id.
    let mut earlier = found.of(&piece.source, DOCKER).filter(|one| one.id != image.id);
    match earlier.find(|one| is_digest(&one.id) != is_digest(&image.id)) {
        Some(one) => {
            if is_digest(&image.id) {
                one.id.clone_from(&image.id);
            }
            one.fill(image);
        }
        None => {
            drop(earlier);
            found.add(piece, image);
        }
    }
}

fn is_digest(id: &str) -> bool {
    id.strip_prefix("sha256:")
        .is_some_and(|hex| !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// A reference without its tag; a registry may have a port.
fn repository(reference: &str) -> &str {
    match reference.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => reference,
    }
}

/// The digest under which a registry took it: `Pushing: NAME`, and further down `TAG: digest: sha256:… size: N`.
fn pushed(piece: &Piece<'_>, tags: &[String]) -> Option<String> {
    let mut pushing = None;
    for line in piece.lines.iter().filter_map(|line| line.strip_prefix(STEP)) {
        if let Some(name) = line.strip_prefix("Pushing: ") {
            pushing = Some(name.trim());
        } else if let Some(digest) = between(line, "digest: ", " ").filter(|digest| is_digest(digest))
            && pushing.is_some_and(|name| tags.iter().any(|tag| tag == name))
        {
            return Some(digest.to_owned());
        }
    }
    None
}
