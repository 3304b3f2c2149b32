//! What is remembered of directories between runs: the files of each with their stamps and digests.
//!
//! A cache that is missing, cut short, altered or from elsewhere only costs the time to hash again.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::digest::Digest;
use crate::fs::{FsError, write_unsynced};
use crate::stamp::{MARGIN, Stamp};

/// First bytes of a cache file; the number is the format's.
const MAGIC: &[u8] = b"hybrid tree cache 1\n";
/// Bytes of an entry beside its name.
const FIXED: usize = 2 + 3 * 8 + 2 * 16 + 32;
/// Directories that no run asked for are forgotten beyond this size, in bytes.
const MOST: usize = 512 << 20;
/// Largest cache that is read, in bytes.
const LARGEST: u64 = 4 << 30;

/// A file as it is remembered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recorded<'a> {
    pub(super) name: &'a [u8],
    pub(super) stamp: Stamp,
    pub(super) digest: Digest,
}

/// How much of a directory was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// Everything: what else was remembered is gone.
    All,
    /// Some files of it: the others stay remembered.
    Some,
}

/// What is remembered of a project's directories.
#[derive(Debug, Default)]
pub struct TreeCache {
    /// Where it lies; `None` when nothing is remembered.
    file: Option<PathBuf>,
    bytes: Vec<u8>,
    /// Where the files of a directory stand in the bytes, by its path.
    known: HashMap<Vec<u8>, Range<usize>>,
    /// The present before anything was read.
    now: Option<Stamp>,
    margin: i128,
    fresh: Mutex<BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl TreeCache {
    /// Reads the cache in `file`; what cannot be trusted is an empty cache.
    pub fn load(file: &Path) -> Self {
        let bytes = crate::fs::read_limited(file, LARGEST).ok().flatten().unwrap_or_default();
        let known = parse(&bytes).unwrap_or_default();
        let now = file.parent().and_then(Stamp::now);
        Self { file: Some(file.to_owned()), bytes, known, now, margin: MARGIN, fresh: Mutex::default() }
    }

    /// One that trusts what changed a moment ago as well.
    #[cfg(test)]
    pub(super) fn eager(file: &Path) -> Self {
        Self { margin: 0, ..Self::load(file) }
    }

    /// The files of a directory, sorted by name.
    pub(super) fn dir(&self, dir: &Path) -> Vec<Recorded<'_>> {
        let range = self.known.get(dir.as_os_str().as_encoded_bytes());
        range.and_then(|range| entries(&self.bytes[range.clone()])).unwrap_or_default()
    }

    /// Remembers the files of a directory whose later changes must show, sorted by name.
    pub(super) fn record<'n>(
        &'n self,
        dir: &Path,
        files: impl Iterator<Item = (&'n OsStr, Stamp, Digest)>,
        seen: Seen,
    ) {
        let Some(now) = self.now.as_ref().filter(|_| self.file.is_some()) else { return };
        let mut all: BTreeMap<&[u8], (Stamp, Digest)> = BTreeMap::new();
        if seen == Seen::Some {
            all.extend(self.dir(dir).into_iter().map(|one| (one.name, (one.stamp, one.digest))));
        }
        for (name, stamp, digest) in files {
            match stamp.is_settled(now, self.margin) {
                true => all.insert(name.as_encoded_bytes(), (stamp, digest)),
                false => all.remove(name.as_encoded_bytes()),
            };
        }
        let mut body = Vec::new();
        for (name, (stamp, digest)) in all {
            let Ok(length) = u16::try_from(name.len()) else { continue };
            body.extend_from_slice(&length.to_le_bytes());
            body.extend_from_slice(name);
            for number in [stamp.device, stamp.inode, stamp.size] {
                body.extend_from_slice(&number.to_le_bytes());
            }
            for time in [stamp.mtime, stamp.ctime] {
                body.extend_from_slice(&time.to_le_bytes());
            }
            body.extend_from_slice(digest.as_bytes());
        }
        let dir = dir.as_os_str().as_encoded_bytes().to_vec();
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner).insert(dir, body);
    }

    /// Writes what is new, for the next run. Several runs at once lose entries, never truth.
    ///
    /// # Errors
    /// When the file cannot be written; the digests are right all the same.
    pub fn save(&self) -> Result<(), FsError> {
        let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = std::mem::take(&mut *fresh);
        let Some(file) = self.file.as_deref().filter(|_| !fresh.is_empty()) else { return Ok(()) };
        let keep_old = self.bytes.len() < MOST;
        let old = self.known.iter().filter(|(dir, _)| keep_old && !fresh.contains_key(*dir));
        let old = old.map(|(dir, range)| (dir.as_slice(), &self.bytes[range.clone()]));
        let all = fresh.iter().map(|(dir, body)| (dir.as_slice(), body.as_slice())).chain(old);
        write_unsynced(file, &format(all))
    }
}

/// Magic, digest of the rest, then for every directory: length of its path, path, length of its files, files; little endian.
fn format<'a>(dirs: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Vec<u8> {
    let mut body = Vec::new();
    for (dir, files) in dirs {
        let (Ok(length), Ok(size)) = (u32::try_from(dir.len()), u32::try_from(files.len())) else { continue };
        body.extend_from_slice(&length.to_le_bytes());
        body.extend_from_slice(dir);
        body.extend_from_slice(&size.to_le_bytes());
        body.extend_from_slice(files);
    }
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(Digest::of(&body).as_bytes());
    bytes.append(&mut body);
    bytes
}

/// Where each directory's files stand; `None` when anything is not as [`format`] writes it.
fn parse(bytes: &[u8]) -> Option<HashMap<Vec<u8>, Range<usize>>> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (digest, body) = rest.split_at_checked(32)?;
    if Digest::of(body).as_bytes() != digest {
        return None;
    }
    let (mut known, mut at) = (HashMap::new(), bytes.len() - body.len());
    let take = |at: &mut usize, length: usize| -> Option<Range<usize>> {
        let range = *at..at.checked_add(length).filter(|end| *end <= bytes.len())?;
        *at = range.end;
        Some(range)
    };
    let number = |range: Range<usize>| -> Option<usize> {
        usize::try_from(u32::from_le_bytes(bytes[range].try_into().ok()?)).ok()
    };
    while at < bytes.len() {
        let length = number(take(&mut at, 4)?)?;
        let dir = take(&mut at, length)?;
        let length = number(take(&mut at, 4)?)?;
        known.insert(bytes[dir].to_vec(), take(&mut at, length)?);
    }
    Some(known)
}

fn entries(mut body: &[u8]) -> Option<Vec<Recorded<'_>>> {
    let mut entries = Vec::with_capacity(body.len() / (FIXED + 12));
    while !body.is_empty() {
        let length = u16::from_le_bytes(take(&mut body)?);
        let (name, behind) = body.split_at_checked(length.into())?;
        body = behind;
        let [device, inode, size] =
            [take(&mut body)?, take(&mut body)?, take(&mut body)?].map(u64::from_le_bytes);
        let [mtime, ctime] = [take(&mut body)?, take(&mut body)?].map(i128::from_le_bytes);
        let digest = Digest::from_bytes(take(&mut body)?);
        entries.push(Recorded { name, stamp: Stamp { device, inode, size, mtime, ctime }, digest });
    }
    Some(entries)
}

fn take<const N: usize>(body: &mut &[u8]) -> Option<[u8; N]> {
    let (found, behind) = body.split_first_chunk::<N>()?;
    *body = behind;
    Some(*found)
}
