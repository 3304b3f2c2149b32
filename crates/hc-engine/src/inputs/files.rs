//! The files among a target's inputs.

use std::path::PathBuf;

use hc_records::InputKind;
use hc_templates::builder_toml;

use crate::prepare::Prepared;

/// Every file that decides the image of a target, relative to the project.
pub(super) fn of(prepared: &Prepared) -> Vec<(PathBuf, InputKind)> {
    let builder = &prepared.builder;
    let mut files: Vec<(PathBuf, InputKind)> = Vec::new();
    files.extend(builder.layers.iter().map(|path| (path.clone(), InputKind::Layer)));
    files.extend(builder.files.iter().map(|path| (path.clone(), InputKind::Template)));
    files.extend(prepared.layer_files.iter().cloned());
    files.extend(prepared.user_data.files.iter().map(|path| (path.clone(), InputKind::Cloudinit)));
    files.extend(prepared.closure.iter().cloned());
    if builder.has_metadata {
        files.push((builder.dir.join(builder_toml::FILE_NAME), InputKind::Metadata));
    }
    files
}
