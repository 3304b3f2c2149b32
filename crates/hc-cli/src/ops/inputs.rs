//! The input manifest of a prepared target.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use hc_core::Digest;
use hc_core::fs::{FsError, io_error};
use hc_core::stat_cache::StatCache;
use hc_records::{Input, InputKind, InputManifest};
use hc_templates::builder_toml;

use super::plugins;
use super::prepare::Prepared;
use crate::command_error::Result;
use crate::session::Session;

/// What is remembered about unchanged inputs; may be deleted at any time.
pub const STAT_CACHE: &str = ".hybrid/stat-cache";

/// Digests of project files, each looked at once per run however many builders share it.
#[derive(Debug, Default)]
pub struct Digests {
    /// Sorted by the text of the path: comparing paths part by part takes longer than all the rest.
    known: Vec<(PathBuf, (Digest, u64))>,
    /// Behind the last one that was asked for: inputs are asked for in their order.
    next: usize,
}

/// The stat cache, being read while the inputs are looked for.
#[derive(Debug)]
pub struct Remembered(std::thread::JoinHandle<StatCache>);

impl Remembered {
    /// Begins to read it, if the session allows to remember.
    pub fn load(session: &Session) -> Self {
        let file = session.stat_cache.then(|| session.root.join(STAT_CACHE));
        Self(std::thread::spawn(move || file.map_or_else(StatCache::default, |file| StatCache::load(&file))))
    }
}

impl Digests {
    /// Looks at all files of the targets at once; those that did not change since they were hashed are not read.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn of_all(session: &Session, prepared: &[Prepared], remembered: Remembered) -> Result<Self> {
        // A cache that cannot be read costs time, and that is all.
        let mut cache = remembered.0.join().unwrap_or_default();
        let mut paths: Vec<PathBuf> =
            prepared.iter().flat_map(|one| files(one).into_iter().map(|(path, _)| path)).collect();
        paths.sort_unstable_by(|one, other| text(one).cmp(text(other)));
        paths.dedup_by(|one, other| text(one) == text(other));
        let found = cache.digests(&session.root, &paths);
        let mut known = Vec::with_capacity(paths.len());
        for (path, found) in paths.into_iter().zip(found) {
            let found = found.map_err(|error| io_error("read", &session.root.join(&path))(error))?;
            known.push((path, found));
        }
        // Without it the next run takes longer, and that is all.
        if let Err(error) = cache.save() {
            tracing::debug!(%error, "the stat cache was not written");
        }
        Ok(Self { known, next: 0 })
    }

    /// Takes digests that were computed elsewhere (while a stage was written).
    pub fn adopt(&mut self, digests: BTreeMap<PathBuf, (Digest, u64)>) {
        let mut known: Vec<_> = digests.into_iter().chain(std::mem::take(&mut self.known)).collect();
        known.sort_by(|(one, _), (other, _)| text(one).cmp(text(other)));
        // What was computed last comes first.
        known.dedup_by(|(later, _), (first, _)| text(later) == text(first));
        self.known = known;
    }

    /// Digest and size of a file, relative to `root` or absolute; read when it is not known yet.
    pub(super) fn of(&mut self, root: &Path, path: &Path) -> Result<(Digest, u64), FsError> {
        let is_next = self.known.get(self.next).is_some_and(|(known, _)| text(known) == text(path));
        let at = match is_next {
            true => Ok(self.next),
            false => self.known.binary_search_by(|(known, _)| text(known).cmp(text(path))),
        };
        match at {
            Ok(at) => {
                self.next = at + 1;
                Ok(self.known[at].1)
            }
            Err(at) => {
                let full = root.join(path);
                let found = Digest::of_file(&full).map_err(io_error("read", &full))?;
                self.known.insert(at, (path.to_owned(), found));
                Ok(found)
            }
        }
    }
}

fn text(path: &Path) -> &OsStr {
    path.as_os_str()
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
    inputs.extend(plugins::inputs(session, prepared, digests)?);
    inputs.push(Input::text(InputKind::Packer, "packer", packer_version));
    Ok(InputManifest::new(prepared.target.clone(), inputs))
}
