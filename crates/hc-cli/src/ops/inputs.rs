//! The input manifest of a prepared target.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use hc_core::Digest;
use hc_core::fs::{FsError, io_error};
use hc_core::stat_cache::StatCache;
use hc_templates::{Input, InputKind, InputManifest, builder_toml};

use super::plugins;
use super::prepare::Prepared;
use crate::command_error::Result;
use crate::session::Session;

/// What is remembered about unchanged inputs; may be deleted at any time.
pub const STAT_CACHE: &str = ".hybrid/stat-cache";

/// Digests of project files, each looked at once per run however many builders share it.
#[derive(Debug, Default)]
pub struct Digests {
    /// By the text of the path: comparing paths part by part takes longer than all the rest.
    known: HashMap<OsString, (Digest, u64)>,
}

impl Digests {
    /// Looks at all files of the targets at once; those that did not change since they were hashed are not read, if
    /// the session allows it.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn of_all(session: &Session, prepared: &[Prepared]) -> Result<Self> {
        let file = session.root.join(STAT_CACHE);
        let mut cache = if session.stat_cache { StatCache::load(&file) } else { StatCache::default() };
        let mut paths: Vec<PathBuf> =
            prepared.iter().flat_map(|one| files(one).into_iter().map(|(path, _)| path)).collect();
        paths.sort_unstable_by(|one, other| one.as_os_str().cmp(other.as_os_str()));
        paths.dedup_by(|one, other| one.as_os_str() == other.as_os_str());
        let found = cache.digests(&session.root, &paths);
        let mut known = HashMap::with_capacity(paths.len());
        for (path, found) in paths.into_iter().zip(found) {
            let full = session.root.join(&path);
            known.insert(path.into_os_string(), found.map_err(io_error("read", &full))?);
        }
        // Without it the next run takes longer, and that is all.
        if let Err(error) = cache.save() {
            tracing::debug!(%error, "the stat cache was not written");
        }
        Ok(Self { known })
    }

    /// Takes digests that were computed elsewhere (while a stage was written).
    pub fn adopt(&mut self, digests: BTreeMap<PathBuf, (Digest, u64)>) {
        self.known.extend(digests.into_iter().map(|(path, digest)| (path.into_os_string(), digest)));
    }

    fn of(&mut self, root: &Path, path: &Path) -> Result<(Digest, u64), FsError> {
        if let Some(known) = self.known.get(path.as_os_str()) {
            return Ok(*known);
        }
        let full = root.join(path);
        let found = Digest::of_file(&full).map_err(io_error("read", &full))?;
        self.known.insert(path.as_os_str().to_owned(), found);
        Ok(found)
    }
}

/// The files of a target's inputs.
fn files(prepared: &Prepared) -> Vec<(PathBuf, InputKind)> {
    let builder = &prepared.builder;
    let mut files: Vec<(PathBuf, InputKind)> = Vec::new();
    files.extend(builder.layers.iter().map(|path| (path.clone(), InputKind::Layer)));
    files.extend(builder.files.iter().map(|path| (path.clone(), InputKind::Template)));
    files.extend(prepared.layer_files.iter().cloned());
    files.extend(prepared.user_data.files.iter().map(|path| (path.clone(), InputKind::Cloudinit)));
    files.extend(prepared.assets.iter().cloned());
    if builder.has_metadata {
        files.push((builder.dir.join(builder_toml::FILE_NAME), InputKind::Metadata));
    }
    files
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
    let files = files(prepared);
    let mut inputs = Vec::with_capacity(files.len() + 4);
    // A commit stands for all files of its tree (SRC-1).
    for pin in super::sources::referred(session, files.iter().map(|(path, _)| path.as_path()))? {
        inputs.push(Input::text(InputKind::Source, format!("sources/{}", pin.name), pin.sha.as_str()));
    }
    for (path, kind) in files {
        // As text: taking paths apart takes longer than all the rest.
        if path.as_os_str().as_encoded_bytes().starts_with(b"sources/") {
            continue;
        }
        let (blake3, size) = digests.of(&session.root, &path)?;
        let name = path.into_os_string().into_string();
        let name = name.unwrap_or_else(|name| name.to_string_lossy().into_owned());
        let name = if cfg!(windows) { name.replace('\\', "/") } else { name };
        inputs.push(Input { name, kind, blake3, size });
    }
    // Values without a file of their own: switches, answers, --set. A secret's reference counts, never its value.
    for (name, var) in &prepared.resolution.vars {
        let Some(origin) = var.chain.last().filter(|origin| origin.location.is_none()) else { continue };
        inputs.push(Input::text(InputKind::Value, name, &format!("{} {}", origin.layer, var.value.to_hcl())));
    }
    inputs.extend(plugins::inputs(session, prepared)?);
    inputs.push(Input::text(InputKind::Packer, "packer", packer_version));
    Ok(InputManifest::new(prepared.target.clone(), inputs))
}
