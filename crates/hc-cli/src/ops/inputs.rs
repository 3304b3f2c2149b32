//! The input manifest of a prepared target.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hc_core::Digest;
use hc_core::fs::{FsError, io_error};
use hc_templates::{Input, InputKind, InputManifest, builder_toml};

use super::prepare::Prepared;
use crate::command_error::Result;
use crate::session::Session;

/// Digests of project files, each read once per run however many builders share it.
#[derive(Debug, Default)]
pub struct Digests {
    known: BTreeMap<PathBuf, (Digest, u64)>,
}

impl Digests {
    /// Takes digests that were computed elsewhere (while a stage was written).
    pub fn adopt(&mut self, digests: BTreeMap<PathBuf, (Digest, u64)>) {
        self.known.extend(digests);
    }

    fn of(&mut self, root: &Path, path: &Path) -> Result<(Digest, u64), FsError> {
        if let Some(known) = self.known.get(path) {
            return Ok(*known);
        }
        let full = root.join(path);
        let found = Digest::of_file(&full).map_err(io_error("read", &full))?;
        self.known.insert(path.to_owned(), found);
        Ok(found)
    }
}

/// Everything that decides the image of a target (PKR-7).
///
/// `packer_version` is an input: another packer can make another image.
///
/// # Errors
/// When a file cannot be read.
pub fn collect(
    session: &Session,
    prepared: &Prepared,
    packer_version: &str,
    digests: &mut Digests,
) -> Result<InputManifest> {
    let builder = &prepared.builder;
    let mut files: Vec<(PathBuf, InputKind)> = Vec::new();
    files.extend(builder.layers.iter().map(|path| (path.clone(), InputKind::Layer)));
    files.extend(builder.files.iter().map(|path| (path.clone(), InputKind::Template)));
    files.extend(prepared.layer_files.iter().cloned());
    files.extend(prepared.user_data.files.iter().map(|path| (path.clone(), InputKind::Cloudinit)));
    files.extend(prepared.assets.iter().map(|(path, kind)| (path.clone(), *kind)));
    if builder.has_metadata {
        files.push((builder.dir.join(builder_toml::FILE_NAME), InputKind::Metadata));
    }
    let mut inputs = Vec::with_capacity(files.len() + 4);
    for (path, kind) in files {
        let (blake3, size) = digests.of(&session.root, &path)?;
        inputs.push(Input { name: path.to_string_lossy().replace('\\', "/"), kind, blake3, size });
    }
    // Values without a file of their own: switches, answers, --set. A secret's reference counts, never its value.
    for (name, var) in &prepared.resolution.vars {
        let Some(origin) = var.chain.last().filter(|origin| origin.location.is_none()) else { continue };
        inputs.push(Input::text(InputKind::Value, name, &format!("{} {}", origin.layer, var.value.to_hcl())));
    }
    inputs.push(Input::text(InputKind::Packer, "packer", packer_version));
    Ok(InputManifest::new(prepared.target.clone(), inputs))
}
