//! All pins in one file, for hosts without network (SRC-4).
//!
//! A tar archive, compressed with zstd: `manifest.json` first, then the packs that it names. Every byte is hashed
//! before anything is written; indices are made anew on arrival, so that no object can claim a foreign name.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use hc_core::Digest;
use hc_core::digest::Stream;
use hc_core::fs::{create_dirs, io_error};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::error::SourceError;
use crate::git::Repository;
use crate::journal::Pending;
use crate::lock_file::{LockFile, LockedSource};
use crate::place::{Sources, remove};
use crate::sha::Sha;
use crate::spec::SourceSpec;
use crate::sync::{Arrived, Bundled, Objects, SourceResult, SyncOptions, SyncRequest, Visit, Watcher};

const FORMAT: &str = "hybrid-source-bundle";
const VERSION: u32 = 1;
const MANIFEST: &str = "manifest.json";
/// Largest manifest, in bytes.
const MANIFEST_LIMIT: u64 = 16 << 20;

/// What a bundle holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceBundleManifest {
    /// Always `hybrid-source-bundle`.
    pub format: String,
    /// Version of the format.
    pub version: u32,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// Its sources, sorted by name.
    pub sources: Vec<BundledSource>,
}

/// One source of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundledSource {
    /// Its pin, as in sources.lock.
    pub pin: LockedSource,
    /// Files with its objects.
    pub packs: Vec<BundledPack>,
    /// Commits whose parents are left out.
    pub shallow: Vec<Sha>,
}

/// A file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundledPack {
    /// Its place in the archive: `packs/<source>/<number>.pack`.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// BLAKE3.
    pub digest: Digest,
}

/// Writes all pins of `specs` into `file`.
///
/// # Errors
/// [`SourceError::LockOutdated`] and [`SourceError::NotAvailable`] when a source is not pinned or not here,
/// [`SourceError::Repository`], [`SourceError::File`].
pub fn create(
    sources: &Sources,
    specs: &[SourceSpec],
    options: &SyncOptions,
    file: &Path,
    cancel: &AtomicBool,
) -> Result<SourceBundleManifest, SourceError> {
    sources.with_exclusive(options, || {
        let lock = LockFile::load(sources.lock_file())?;
        let scratch = sources.incoming(".bundle");
        remove(&scratch)?;
        let mut found: Vec<(BundledSource, Vec<PathBuf>)> = Vec::new();
        for spec in specs {
            let pin = lock.pin(spec).ok_or_else(|| SourceError::LockOutdated { name: spec.name.clone() })?;
            pin.require_valid(options.now)?;
            found.push(collect(sources, pin, options, &scratch, cancel)?);
        }
        found.sort_by(|left, right| left.0.pin.name.cmp(&right.0.pin.name));
        let manifest = SourceBundleManifest {
            format: FORMAT.to_owned(),
            version: VERSION,
            created_at: options.now,
            sources: found.iter().map(|(source, _)| source.clone()).collect(),
        };
        let partial = partial_name(file);
        let written = write(&partial, &manifest, &found);
        remove(&scratch)?;
        match written.and_then(|()| Ok(std::fs::rename(&partial, file).map_err(io_error("write", file))?)) {
            Ok(()) => Ok(manifest),
            Err(error) => {
                let _ = std::fs::remove_file(&partial);
                Err(error)
            }
        }
    })
}

fn partial_name(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    file.with_file_name(name)
}

fn collect(
    sources: &Sources,
    pin: &LockedSource,
    options: &SyncOptions,
    scratch: &Path,
    cancel: &AtomicBool,
) -> Result<(BundledSource, Vec<PathBuf>), SourceError> {
    let absent = || SourceError::NotAvailable { name: pin.name.clone(), sha: pin.sha.clone() };
    let repository = Repository::open(&sources.tree(&pin.name), &options.git)?.ok_or_else(absent)?;
    if !repository.has_commit(&pin.sha) {
        return Err(absent());
    }
    // Sees every tree and file of the commit.
    repository.tree(&pin.name, &pin.sha)?;
    let path = pack_name(&pin.name, 0);
    let file = scratch.join(&path);
    if let Some(parent) = file.parent() {
        create_dirs(parent)?;
    }
    let shallow = repository.write_pack(&pin.sha, &file, cancel)?;
    let (digest, size) = Digest::of_file(&file).map_err(io_error("read", &file))?;
    Ok((
        BundledSource { pin: pin.clone(), packs: vec![BundledPack { path, size, digest }], shallow },
        vec![file],
    ))
}

fn pack_name(source: &str, number: usize) -> String {
    format!("packs/{source}/{number}.pack")
}

fn write(
    file: &Path,
    manifest: &SourceBundleManifest,
    sources: &[(BundledSource, Vec<PathBuf>)],
) -> Result<(), SourceError> {
    let failed = || io_error("write", file);
    let out = File::create(file).map_err(failed())?;
    let encoder = zstd::Encoder::new(BufWriter::new(out), 3).map_err(failed())?;
    let mut archive = tar::Builder::new(encoder);
    let text = format!("{}\n", serde_json::to_string_pretty(manifest).unwrap_or_default());
    append(&mut archive, MANIFEST, text.len() as u64, text.as_bytes()).map_err(failed())?;
    for (source, files) in sources {
        for (pack, path) in source.packs.iter().zip(files) {
            let input = File::open(path).map_err(io_error("read", path))?;
            append(&mut archive, &pack.path, pack.size, input.take(pack.size)).map_err(failed())?;
        }
    }
    let encoder = archive.into_inner().map_err(failed())?;
    let mut out = encoder.finish().map_err(failed())?;
    out.flush().map_err(failed())?;
    Ok(out.get_ref().sync_all().map_err(failed())?)
}

fn append(
    archive: &mut tar::Builder<impl Write>,
    path: &str,
    size: u64,
    content: impl Read,
) -> std::io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    archive.append_data(&mut header, path, content)
}

/// Reads a bundle from end to end and checks all of it; writes nothing.
///
/// # Errors
/// [`SourceError::BundleInvalid`], [`SourceError::File`].
pub fn inspect(file: &Path) -> Result<SourceBundleManifest, SourceError> {
    read(file, None)
}

/// Brings the sources of `specs` to their pins with what is in `file`, without any network.
///
/// # Errors
/// [`SourceError::BundleInvalid`] before anything is written; [`SourceError::LockOutdated`] when the bundle pins
/// something else than sources.lock.
pub fn restore(
    sources: &Sources,
    specs: &[SourceSpec],
    file: &Path,
    options: &SyncOptions,
    cancel: &AtomicBool,
    watcher: Watcher<'_>,
) -> Result<Vec<SourceResult>, SourceError> {
    let manifest = inspect(file)?;
    sources.with_exclusive(options, || {
        let mut lock = LockFile::load(sources.lock_file())?;
        let chosen = chosen(specs, &manifest, &mut lock, options)?;
        let scratch = sources.incoming(".bundle");
        remove(&scratch)?;
        read(file, Some(&scratch))?;
        let arrived = manifest.sources.iter().map(|source| {
            let packs =
                (0..source.packs.len()).map(|number| scratch.join(pack_name(&source.pin.name, number)));
            (source.pin.name.clone(), Arrived { packs: packs.collect(), shallow: source.shallow.clone() })
        });
        let bundled = Bundled { sources: arrived.collect() };
        let former = sources.interrupted()?;
        let only = chosen.iter().map(|spec| spec.name.clone()).collect();
        let entry = options.entry(&SyncRequest { only, update: false });
        let journal = Pending::new(sources.journal(), entry, former.as_ref());
        let visit = Visit {
            sources,
            lock: Mutex::new(lock),
            objects: Objects::Bundle(&bundled),
            update: false,
            journal: &journal,
            interrupted: former.is_some(),
            options,
            cancel,
            watcher,
        };
        let results = visit.all(&chosen);
        if results.iter().any(|result| result.outcome.is_ok()) && !options.locked {
            let lock = visit.lock.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
            lock.save(sources.lock_file())?;
        }
        remove(&scratch)?;
        journal.end(false)?;
        Ok(results)
    })
}

/// The sources that the bundle has, each with its pin in the lock.
fn chosen<'a>(
    specs: &'a [SourceSpec],
    manifest: &SourceBundleManifest,
    lock: &mut LockFile,
    options: &SyncOptions,
) -> Result<Vec<&'a SourceSpec>, SourceError> {
    let mut chosen = Vec::new();
    for spec in specs {
        let Some(bundled) = manifest.sources.iter().find(|source| source.pin.name == spec.name) else {
            continue;
        };
        match lock.pin(spec) {
            // The lock of the project decides; a bundle only brings what it names.
            Some(pin) if pin.sha != bundled.pin.sha => {
                return Err(SourceError::NotAvailable { name: spec.name.clone(), sha: pin.sha.clone() });
            }
            Some(_) => {}
            None if bundled.pin.answers(spec) && !options.locked => {
                lock.sources.insert(spec.name.clone(), bundled.pin.clone());
            }
            None => return Err(SourceError::LockOutdated { name: spec.name.clone() }),
        }
        chosen.push(spec);
    }
    Ok(chosen)
}

/// Reads a bundle once, checks it, and writes its packs below `dest`, if there is one.
fn read(file: &Path, dest: Option<&Path>) -> Result<SourceBundleManifest, SourceError> {
    let invalid = |reason: String| SourceError::BundleInvalid { path: file.to_owned(), reason };
    let broken = |error: std::io::Error| invalid(format!("it cannot be unpacked: {error}"));
    hc_core::fs::regular_metadata(file)?;
    let input = File::open(file).map_err(io_error("read", file))?;
    let decoder = zstd::Decoder::new(BufReader::new(input)).map_err(broken)?;
    let mut archive = tar::Archive::new(decoder);
    let mut entries = archive.entries().map_err(broken)?;
    let mut first = entries.next().ok_or_else(|| invalid("it is empty".into()))?.map_err(broken)?;
    if first.path_bytes().as_ref() != MANIFEST.as_bytes() || first.size() > MANIFEST_LIMIT {
        return Err(invalid("it does not begin with its manifest".into()));
    }
    let mut text = String::new();
    first.by_ref().take(MANIFEST_LIMIT).read_to_string(&mut text).map_err(broken)?;
    let manifest: SourceBundleManifest = serde_json::from_str(&text)
        .map_err(|error| invalid(format!("its manifest cannot be read: {error}")))?;
    let mut expected = check(&manifest).map_err(invalid)?;
    for entry in entries {
        let mut entry = entry.map_err(broken)?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let is_file = entry.header().entry_type() == tar::EntryType::Regular;
        let pack = expected.remove(&path).filter(|pack| is_file && pack.size == entry.size());
        let Some(pack) = pack else { return Err(invalid(format!("`{path}` is not in its manifest"))) };
        // The name is one of `pack_name`, see `check`.
        let mut hashing = Hashing { hasher: Stream::new(), size: 0, out: output(dest, &path)? };
        std::io::copy(&mut entry.by_ref().take(pack.size), &mut hashing).map_err(broken)?;
        hashing.out.flush().map_err(broken)?;
        if hashing.size != pack.size || hashing.hasher.finish() != pack.digest {
            return Err(invalid(format!("`{path}` was changed")));
        }
    }
    match expected.into_keys().next() {
        Some(path) => Err(invalid(format!("`{path}` is missing"))),
        None => Ok(manifest),
    }
}

/// The files that a manifest promises, by path.
fn check(manifest: &SourceBundleManifest) -> Result<BTreeMap<String, BundledPack>, String> {
    if manifest.format != FORMAT {
        return Err("it is not a bundle of sources".into());
    }
    if manifest.version > VERSION {
        return Err(format!("it has version {}; this hybrid knows up to {VERSION}", manifest.version));
    }
    let mut expected = BTreeMap::new();
    let mut names: Vec<&str> = Vec::new();
    for source in &manifest.sources {
        let name = source.pin.name.as_str();
        if !hc_core::id::is_kebab(name) || names.contains(&name) {
            return Err(format!("the source `{name}` is named badly or there twice"));
        }
        names.push(name);
        for (number, pack) in source.packs.iter().enumerate() {
            if pack.path != pack_name(name, number) {
                return Err(format!("`{}` is not where the packs of `{name}` are", pack.path));
            }
            expected.insert(pack.path.clone(), pack.clone());
        }
    }
    Ok(expected)
}

fn output(dest: Option<&Path>, path: &str) -> Result<Box<dyn Write>, SourceError> {
    let Some(dest) = dest else { return Ok(Box::new(std::io::sink())) };
    let path = dest.join(path);
    if let Some(parent) = path.parent() {
        create_dirs(parent)?;
    }
    Ok(Box::new(BufWriter::new(File::create(&path).map_err(io_error("write", &path))?)))
}

struct Hashing<W> {
    hasher: Stream,
    size: u64,
    out: W,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}
