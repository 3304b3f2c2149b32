//! vSphere, ESXi and Proxmox: the id is a name or a number, and where it stands is known from the configuration.

use super::image::{Found, Kind, PlatformImage};
use super::said::{Piece, between};

const VSPHERE: &str = "vsphere";

/// A bare name; `datastore::folder::name` of the post-processor that uploads.
pub(super) fn vsphere(piece: &Piece<'_>, found: &mut Found) {
    let library = library_item(piece);
    // What was imported may be all that is left.
    let is_gone = library.is_some() && piece.known("content_library_destination.destroy") == Some("true");
    if !is_gone {
        found.add(piece, machine(piece));
    }
    if let Some(item) = library {
        found.add(piece, item);
    }
}

fn machine(piece: &Piece<'_>) -> PlatformImage {
    let uploaded: Vec<&str> = piece.id.splitn(3, "::").collect();
    let (datastore, folder, name) = match uploaded.as_slice() {
        [datastore, folder, name] => (Some(*datastore), Some(*folder), *name),
        _ => (piece.known("datastore"), piece.known("folder"), piece.id),
    };
    let converted = ["Converting virtual machine to template", "Convert VM into template"];
    let is_template = piece.lines.iter().any(|line| converted.iter().any(|text| line.contains(text)))
        || piece.known("convert_to_template") == Some("true");
    let mut image = PlatformImage::new(VSPHERE, if is_template { Kind::Template } else { Kind::Vm }, name);
    image.name = Some(name.to_owned()).filter(|name| !name.is_empty());
    coordinates(piece, &mut image);
    let folder = folder.map(|folder| folder.trim_matches('/')).filter(|folder| *folder != ".");
    image.at("datastore", datastore);
    image.at("folder", folder);
    // A folder that only packer knows is part of the path all the same.
    if let Some(datacenter) = piece.known("datacenter").filter(|_| !piece.is_open("folder")) {
        let folder = folder.filter(|folder| !folder.is_empty());
        let below = folder.map_or_else(|| name.to_owned(), |folder| format!("{folder}/{name}"));
        let path = format!("/{}/vm/{below}", datacenter.trim_matches('/'));
        image.at("inventory_path", Some(path.as_str()));
    }
    image
}

fn coordinates(piece: &Piece<'_>, image: &mut PlatformImage) {
    image.at("server", piece.known("vcenter_server"));
    image.at("datacenter", piece.known("datacenter"));
    image.at("cluster", piece.known("cluster"));
    image.at("host", piece.known("host"));
    image.at("pool", piece.known("resource_pool"));
}

/// `Importing VM template web to Content Library 'images' as the item 'web' with the description …`.
fn library_item(piece: &Piece<'_>) -> Option<PlatformImage> {
    let told = piece.lines.iter().find_map(|line| {
        let library = between(line, " to Content Library '", "' as the item '")?;
        Some((library, between(line, "' as the item '", "' with")?))
    });
    let (library, item) = told?;
    let mut image = PlatformImage::new(VSPHERE, Kind::LibraryItem, format!("/{library}/{item}"));
    image.name = Some(item.to_owned());
    coordinates(piece, &mut image);
    image.at("library", Some(library));
    Some(image)
}

/// The name of a machine that stays on the host.
pub(super) fn esxi(piece: &Piece<'_>, found: &mut Found) {
    if piece.known("keep_registered") != Some("true") {
        return;
    }
    let mut image = PlatformImage::new("esxi", Kind::Vm, piece.id);
    image.name = Some(piece.id.to_owned());
    image.at("host", piece.known("remote_host"));
    image.at("datastore", piece.known("remote_datastore"));
    found.add(piece, image);
}

/// `A template was created: 9000`, `A VM was created: 9000`.
pub(super) fn proxmox(piece: &Piece<'_>, found: &mut Found) {
    let is_vm = piece.text.starts_with("A VM ") || piece.known("skip_convert_to_template") == Some("true");
    let kind = if is_vm { Kind::Vm } else { Kind::Template };
    let mut image = PlatformImage::new("proxmox", kind, piece.id);
    image.name = piece.any(&["template_name", "vm_name"]).map(str::to_owned);
    image.at("node", piece.known("node"));
    image.at("pool", piece.known("pool"));
    image.at("server", piece.known("proxmox_url"));
    let tags = piece.known("tags").unwrap_or_default().split([';', ',']).map(str::trim);
    image.tags = tags.filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
    found.add(piece, image);
}
