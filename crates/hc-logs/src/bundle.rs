//! The archive of `diag bundle` (DIAG-1): tar in zstd, every byte through the redactor.
//!
//! Promises: the archive is a function of its inputs (sorted, no owner, one time stamp); its last two
//! entries are `manifest.json` (what is in it, until when it is kept) and `scrub-manifest.json` (what was
//! replaced, by file and rule, never a value). A file that cannot be read is listed as skipped and fails
//! nothing. Memory is bounded by [`MAX_ENTRY`], whatever the size of a log.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use hc_core::fs::{FsError, io_error, open_regular, regular_metadata};
use hc_core::{Digest, RunId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::error::LogError;
use crate::line::neutralize;
use crate::redact::{Counts, Redactor};
use hc_records::retention::{Policy, Retention};

/// Of larger files only the end is kept, in bytes after redaction.
pub const MAX_ENTRY: usize = 32 << 20;
const MANIFEST: &str = "manifest.json";
const SCRUB: &str = "scrub-manifest.json";

/// What a bundle says about itself.
#[derive(Debug, Clone)]
pub struct BundleOptions {
    /// Name of the directory inside the archive, kebab-case letters, digits, dots.
    pub name: String,
    /// When it is made; also the time stamp of all entries.
    pub created_at: OffsetDateTime,
    /// Name and version of the program.
    pub created_with: String,
    /// The run it is about, if it is about one.
    pub run_id: Option<RunId>,
    /// How long it is kept.
    pub class: Retention,
    /// Days per class.
    pub policy: Policy,
}

/// Which schema a document of the bundle follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BundleSchema {
    /// `diag-bundle` or `diag-scrub`.
    pub name: String,
    /// Version of the format.
    pub version: u32,
}

/// `manifest.json`: what is in the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BundleManifest {
    /// Which schema this document follows.
    pub schema: BundleSchema,
    /// When the bundle was made.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub created_at: OffsetDateTime,
    /// Name and version of the program that made it.
    pub created_with: String,
    /// The run it is about; null when it is about the whole project.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub run_id: Option<RunId>,
    /// Retention class.
    pub retention: Retention,
    /// When it may be removed; null: never.
    #[serde(with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub expires_at: Option<OffsetDateTime>,
    /// The files, sorted by name.
    pub entries: Vec<BundleEntry>,
    /// What could not be taken, sorted by name.
    pub skipped: Vec<SkippedEntry>,
}

/// A file in the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BundleEntry {
    /// Name inside the bundle.
    pub name: String,
    /// Size in bytes, as it is in the bundle.
    pub size: u64,
    /// BLAKE3 of what is in the bundle.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub digest: Digest,
    /// Whether only the end of the file was taken.
    pub truncated: bool,
    /// How many secrets were replaced in it.
    pub replaced: u64,
}

/// A file that is not in the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SkippedEntry {
    /// Name it would have had.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// `scrub-manifest.json`: what was replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ScrubManifest {
    /// Which schema this document follows.
    pub schema: BundleSchema,
    /// When the bundle was made.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub created_at: OffsetDateTime,
    /// When the bundle may be removed; null: never.
    #[serde(with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub expires_at: Option<OffsetDateTime>,
    /// Replacements in all files together.
    pub total: u64,
    /// Files with replacements, sorted by name; for each, how often which rule replaced something.
    pub files: BTreeMap<String, Counts>,
}

/// What a written bundle holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleReport {
    /// Its manifest.
    pub manifest: BundleManifest,
    /// Its scrub manifest.
    pub scrub: ScrubManifest,
}

enum Source {
    File(PathBuf),
    Bytes(Vec<u8>),
}

/// A bundle that is being put together.
pub struct Bundle {
    options: BundleOptions,
    redactor: Redactor,
    sources: BTreeMap<String, Source>,
}

impl Bundle {
    /// Starts an empty bundle.
    ///
    /// # Errors
    /// [`LogError::BadEntryName`] when the name in `options` cannot be a directory name.
    pub fn new(options: BundleOptions, redactor: Redactor) -> Result<Self, LogError> {
        check_name(&options.name)?;
        Ok(Self { options, redactor, sources: BTreeMap::new() })
    }

    /// Adds the file at `path` under `name`; it is read when the bundle is written.
    ///
    /// # Errors
    /// [`LogError::BadEntryName`] and [`LogError::DuplicateEntry`].
    pub fn add_file(&mut self, name: &str, path: &Path) -> Result<(), LogError> {
        self.add(name, Source::File(path.to_owned()))
    }

    /// Adds bytes under `name`.
    ///
    /// # Errors
    /// As [`Bundle::add_file`].
    pub fn add_bytes(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), LogError> {
        self.add(name, Source::Bytes(bytes))
    }

    fn add(&mut self, name: &str, source: Source) -> Result<(), LogError> {
        check_name(name)?;
        // File names can hold secrets, too.
        let name = self.redactor.redact(name).into_owned();
        if name == MANIFEST || name == SCRUB || self.sources.contains_key(&name) {
            return Err(LogError::DuplicateEntry { name });
        }
        self.sources.insert(name, source);
        Ok(())
    }

    /// Writes the bundle to a new or replaced file with mode 0600, whole or not at all.
    ///
    /// # Errors
    /// [`LogError::File`].
    pub fn write_to(self, path: &Path) -> Result<BundleReport, LogError> {
        regular_metadata(path)?;
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        // Left by a kill; a new one is made so that nothing that stands there is followed.
        let _ = std::fs::remove_file(&partial);
        let result = self.write_partial(&partial, path);
        if result.is_err() {
            let _ = std::fs::remove_file(&partial);
        }
        result
    }

    fn write_partial(self, partial: &Path, path: &Path) -> Result<BundleReport, LogError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(partial).map_err(io_error("create", partial))?;
        let (file, report) = self.write(io::BufWriter::new(file)).map_err(io_error("write", partial))?;
        let file = file.into_inner().map_err(|error| io_error("write", partial)(error.into_error()))?;
        file.sync_all().map_err(io_error("write", partial))?;
        std::fs::rename(partial, path).map_err(io_error("write", path))?;
        Ok(report)
    }

    /// Writes the bundle.
    ///
    /// # Errors
    /// Those of `out` only.
    pub fn write<W: Write>(self, out: W) -> io::Result<(W, BundleReport)> {
        let Self { options, redactor, sources } = self;
        let mut encoder = zstd::Encoder::new(out, zstd::DEFAULT_COMPRESSION_LEVEL)?;
        encoder.include_checksum(true)?;
        let mut archive = tar::Builder::new(encoder);
        let expires_at = options.class.expiry(options.created_at, &options.policy);
        let schema = |name: &str| BundleSchema { name: name.into(), version: 1 };
        let mut manifest = BundleManifest {
            schema: schema("diag-bundle"),
            created_at: options.created_at,
            created_with: options.created_with,
            run_id: options.run_id,
            retention: options.class,
            expires_at,
            entries: Vec::new(),
            skipped: Vec::new(),
        };
        let mut files = BTreeMap::new();
        let mut append = |name: &str, bytes: &[u8]| {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            header.set_mtime(u64::try_from(options.created_at.unix_timestamp()).unwrap_or(0));
            archive.append_data(&mut header, format!("{}/{name}", options.name), bytes)
        };
        for (name, source) in sources {
            match scrub(source, &redactor) {
                Ok(scrubbed) => {
                    append(&name, &scrubbed.bytes)?;
                    manifest.entries.push(BundleEntry {
                        size: scrubbed.bytes.len() as u64,
                        digest: Digest::of(&scrubbed.bytes),
                        truncated: scrubbed.truncated,
                        replaced: scrubbed.counts.total(),
                        name: name.clone(),
                    });
                    if !scrubbed.counts.is_empty() {
                        files.insert(name, scrubbed.counts);
                    }
                }
                Err(reason) => {
                    let reason = neutralize(&redactor.redact(&reason)).into_owned();
                    manifest.skipped.push(SkippedEntry { name, reason });
                }
            }
        }
        let total = files.values().map(Counts::total).sum();
        let created_at = options.created_at;
        let scrub = ScrubManifest { schema: schema("diag-scrub"), created_at, expires_at, total, files };
        append(MANIFEST, &document(&manifest)?)?;
        append(SCRUB, &document(&scrub)?)?;
        let out = archive.into_inner()?.finish()?;
        Ok((out, BundleReport { manifest, scrub }))
    }
}

fn document(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn check_name(name: &str) -> Result<(), LogError> {
    let bad = name.is_empty()
        || name.len() > 1024
        || name.contains(['\\', ':'])
        || name.chars().any(char::is_control)
        || name.split('/').any(|part| matches!(part, "" | "." | ".."));
    if bad { Err(LogError::BadEntryName { name: neutralize(name).into_owned() }) } else { Ok(()) }
}

struct Scrubbed {
    bytes: Vec<u8>,
    truncated: bool,
    counts: Counts,
}

fn scrub(source: Source, redactor: &Redactor) -> Result<Scrubbed, String> {
    match source {
        Source::Bytes(bytes) => scrub_reader(bytes.as_slice(), redactor).map_err(unreadable),
        Source::File(path) => {
            let meta = match regular_metadata(&path) {
                Ok(Some(meta)) => meta,
                Ok(None) => return Err("it does not exist".into()),
                Err(FsError::NotRegular { found, .. }) => {
                    return Err(format!("it is {found}, not a regular file"));
                }
                Err(error) => {
                    return Err(error.io_kind().map_or(String::new(), |kind| unreadable(kind.into())));
                }
            };
            let file = open_regular(&path).map_err(unreadable)?;
            // A log that grows meanwhile must not keep us here.
            scrub_reader(file.take(meta.len()), redactor).map_err(unreadable)
        }
    }
}

/// Without the path: it names a machine, and the entry's name says enough.
fn unreadable(error: io::Error) -> String {
    format!("it cannot be read: {error}")
}

/// Redacts from the very beginning, so that a cut never shows half a secret, and keeps the end.
fn scrub_reader(mut reader: impl Read, redactor: &Redactor) -> io::Result<Scrubbed> {
    let (mut stream, mut bytes, mut truncated) = (redactor.stream(), Vec::new(), false);
    let mut chunk = vec![0; 64 << 10];
    loop {
        let count = match reader.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        stream.push(&chunk[..count], &mut bytes);
        if bytes.len() > 2 * MAX_ENTRY {
            bytes.drain(..bytes.len() - MAX_ENTRY);
            truncated = true;
        }
    }
    let counts = stream.finish(&mut bytes);
    if bytes.len() > MAX_ENTRY {
        bytes.drain(..bytes.len() - MAX_ENTRY);
        truncated = true;
    }
    if truncated {
        let line = memchr::memchr(b'\n', &bytes).map_or(0, |end| end + 1);
        bytes.drain(..line);
    }
    Ok(Scrubbed { bytes, truncated, counts })
}
