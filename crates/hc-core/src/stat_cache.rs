//! Digests of files that did not change, without reading them again.
//!
//! A file counts as unchanged while device, inode, size, mtime and ctime are what they were when it was hashed. A
//! change within the clock tick of the last one would leave no trace, so a file is remembered only when its last
//! change lies well before the hashing began, by the clock of the file system itself. Nothing else is trusted: a
//! cache that is missing, cut short, altered or from elsewhere only costs the time to hash again.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::digest::Digest;
use crate::fs::{is_executable, write_unsynced};
use crate::stamp::{MARGIN, Stamp};
use crate::tree::Content;

/// First bytes of a cache file; the number is the format's.
const MAGIC: &[u8] = b"hybrid stat cache 1\n";
/// Entries of files that nobody asked for in this run are kept up to this number.
const MOST_UNUSED: usize = 500_000;
/// How many files one thread looks at before it takes more.
const CHUNK: usize = 512;
/// Files from this size on are hashed by all cores, one after the other.
const LARGE: u64 = 1 << 20;

/// One remembered file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    path: PathBuf,
    stamp: Stamp,
    digest: Digest,
    /// Whether somebody asked for it in this run.
    used: bool,
}

/// The digests of a project's files.
#[derive(Debug)]
pub struct StatCache {
    /// Where it lies; `None` when nothing is remembered.
    file: Option<PathBuf>,
    /// Sorted by path.
    entries: Vec<Entry>,
    changed: bool,
    margin: i128,
}

impl Default for StatCache {
    /// Remembers nothing: every file is read.
    fn default() -> Self {
        Self { file: None, entries: Vec::new(), changed: false, margin: MARGIN }
    }
}

/// Largest cache that is read, in bytes.
const MOST: u64 = 1 << 30;

impl StatCache {
    /// Reads the cache in `file`; what cannot be trusted is an empty cache.
    pub fn load(file: &Path) -> Self {
        let entries = crate::fs::read_limited(file, MOST)
            .ok()
            .flatten()
            .and_then(|bytes| parse(&bytes))
            .unwrap_or_default();
        Self { file: Some(file.to_owned()), entries, ..Self::default() }
    }

    /// What is known of every path below `root`, in the order of `paths`. Files are looked at by all cores.
    pub fn digests(&mut self, root: &Path, paths: &[PathBuf]) -> Vec<io::Result<Content>> {
        let clock = self.file.as_deref().and_then(Path::parent).and_then(Stamp::now);
        let entries = &self.entries;
        let known = self.known(paths);
        let look = |chunk: (&[PathBuf], &[Option<usize>])| {
            let (mut stats, mut buffer) = (Stats::new(root), Vec::new());
            let look = |(path, at): (&PathBuf, &Option<usize>)| {
                if let Some(at) = *at {
                    let (stamp, executable) = stats.of(path)?;
                    if stamp == entries[at].stamp {
                        return Ok(Found::Known(at, executable));
                    }
                }
                read(&root.join(path), &mut buffer)
            };
            chunk.0.iter().zip(chunk.1).map(look).collect::<Vec<_>>()
        };
        let chunks = paths.par_chunks(CHUNK).zip(known.par_chunks(CHUNK));
        let mut found: Vec<io::Result<Found>> = chunks.flat_map_iter(look).collect();
        // One by one: each of them occupies all cores.
        for (found, path) in found.iter_mut().zip(paths) {
            if matches!(found, Ok(Found::Large)) {
                *found = hash_large(&root.join(path));
            }
        }
        let mut fresh = Vec::new();
        let digests = found
            .into_iter()
            .zip(paths)
            .map(|(found, path)| match found? {
                Found::Known(at, executable) => {
                    let entry = &mut self.entries[at];
                    entry.used = true;
                    Ok(Content { digest: entry.digest, size: entry.stamp.size, executable })
                }
                Found::Hashed { content, stamp } => {
                    let settled =
                        |stamp: &Stamp| clock.is_some_and(|clock| stamp.is_settled(&clock, self.margin));
                    if let Some(stamp) = stamp.filter(settled) {
                        fresh.push(Entry { path: path.clone(), stamp, digest: content.digest, used: true });
                    }
                    Ok(content)
                }
                Found::Large => Err(io::Error::other("a large file was not hashed")),
            })
            .collect();
        self.remember(fresh);
        digests
    }

    /// Which entry each path has. One walk over both where the paths are sorted as the entries are.
    fn known(&self, paths: &[PathBuf]) -> Vec<Option<usize>> {
        let order = |entry: &Entry, path: &PathBuf| entry.path.as_os_str().cmp(path.as_os_str());
        if !paths.is_sorted_by(|one, other| one.as_os_str() <= other.as_os_str()) {
            let search = |path| self.entries.binary_search_by(|entry| order(entry, path)).ok();
            return paths.iter().map(search).collect();
        }
        let mut at = 0;
        let mut walk = |path| {
            while self.entries.get(at).is_some_and(|entry| order(entry, path).is_lt()) {
                at += 1;
            }
            self.entries.get(at).is_some_and(|entry| order(entry, path).is_eq()).then_some(at)
        };
        paths.iter().map(&mut walk).collect()
    }

    fn remember(&mut self, fresh: Vec<Entry>) {
        if fresh.is_empty() {
            return;
        }
        self.changed = true;
        // The last of equal paths is the newest: sort is stable.
        self.entries.extend(fresh);
        self.entries.sort_by(|one, other| one.path.as_os_str().cmp(other.path.as_os_str()));
        self.entries.reverse();
        self.entries.dedup_by(|one, other| one.path == other.path);
        self.entries.reverse();
    }

    /// Writes what is new, for the next run. Several runs at once lose entries, never truth.
    ///
    /// # Errors
    /// When the file cannot be written; the digests are right all the same.
    pub fn save(&mut self) -> Result<(), crate::fs::FsError> {
        let Some(file) = self.file.as_deref().filter(|_| self.changed) else { return Ok(()) };
        if self.entries.len() > MOST_UNUSED {
            self.entries.retain(|entry| entry.used);
        }
        write_unsynced(file, &format(&self.entries))?;
        self.changed = false;
        Ok(())
    }
}

/// Looks at files one after the other. Neighbours are looked at from their directory, which spares the system the way
/// from the root to it.
struct Stats<'a> {
    root: &'a Path,
    /// The last file's directory, relative to the root.
    #[cfg(target_os = "linux")]
    near: Option<(PathBuf, std::os::fd::OwnedFd)>,
}

impl<'a> Stats<'a> {
    #[cfg(target_os = "linux")]
    fn new(root: &'a Path) -> Self {
        Self { root, near: None }
    }

    #[cfg(target_os = "linux")]
    fn of(&mut self, path: &Path) -> io::Result<(Stamp, bool)> {
        use rustix::fs::{AtFlags, CWD, Mode, OFlags, openat, statat};
        let text = path.as_os_str().as_encoded_bytes();
        let Some(slash) = text.iter().rposition(|byte| *byte == b'/').filter(|at| *at > 0) else {
            return Ok(seen(&std::fs::metadata(self.root.join(path))?));
        };
        let (dir, name) = (&text[..slash], &text[slash + 1..]);
        if self.near.as_ref().is_none_or(|(near, _)| near.as_os_str().as_encoded_bytes() != dir) {
            let dir = PathBuf::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(dir));
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let opened = openat(CWD, self.root.join(&dir), flags, Mode::empty())?;
            self.near = Some((dir, opened));
        }
        let (_, near) = self.near.as_ref().expect("it was opened just now");
        let stat = statat(near, name, AtFlags::empty())?;
        Ok((Stamp::of_stat(&stat), stat.st_mode & 0o100 != 0))
    }

    #[cfg(not(target_os = "linux"))]
    fn new(root: &'a Path) -> Self {
        Self { root }
    }

    #[cfg(not(target_os = "linux"))]
    fn of(&mut self, path: &Path) -> io::Result<(Stamp, bool)> {
        Ok(seen(&std::fs::metadata(self.root.join(path))?))
    }
}

fn seen(metadata: &std::fs::Metadata) -> (Stamp, bool) {
    (Stamp::of(metadata), is_executable(metadata))
}

/// What one look at a file gave.
enum Found {
    /// Unchanged: the entry's index, and whether it is executable.
    Known(usize, bool),
    /// Read.
    Hashed { content: Content, stamp: Option<Stamp> },
    /// To be read by all cores.
    Large,
}

fn read(path: &Path, buffer: &mut Vec<u8>) -> io::Result<Found> {
    let mut file = crate::fs::open_regular(path)?;
    let before = file.metadata()?;
    if before.len() >= LARGE {
        return Ok(Found::Large);
    }
    buffer.clear();
    file.read_to_end(buffer)?;
    let size = buffer.len() as u64;
    let content = Content { digest: Digest::of(buffer), size, executable: is_executable(&before) };
    Ok(Found::Hashed { content, stamp: unmoved(&before, &file, size) })
}

fn hash_large(path: &Path) -> io::Result<Found> {
    let file = crate::fs::open_regular(path)?;
    let before = file.metadata()?;
    let (digest, size) = Digest::of_file(path)?;
    // By path again: the digest was taken of what is there now.
    let stamp = Some(Stamp::of(&std::fs::metadata(path)?));
    let stamp = stamp.filter(|stamp| Some(*stamp) == unmoved(&before, &file, size));
    let content = Content { digest, size, executable: is_executable(&before) };
    Ok(Found::Hashed { content, stamp })
}

/// The stamp of a file that did not change while it was read.
fn unmoved(before: &std::fs::Metadata, file: &std::fs::File, read: u64) -> Option<Stamp> {
    let (before, after) = (Stamp::of(before), Stamp::of(&file.metadata().ok()?));
    (before == after && before.size == read).then_some(after)
}

/// Magic, digest of the rest, then for every entry: length of the path, path, stamp, digest; little endian.
fn format(entries: &[Entry]) -> Vec<u8> {
    let mut body = Vec::with_capacity(entries.len() * 160);
    for entry in entries {
        let Some(path) = entry.path.to_str() else { continue };
        let Ok(length) = u32::try_from(path.len()) else { continue };
        body.extend_from_slice(&length.to_le_bytes());
        body.extend_from_slice(path.as_bytes());
        for number in [entry.stamp.device, entry.stamp.inode, entry.stamp.size] {
            body.extend_from_slice(&number.to_le_bytes());
        }
        for time in [entry.stamp.mtime, entry.stamp.ctime] {
            body.extend_from_slice(&time.to_le_bytes());
        }
        body.extend_from_slice(entry.digest.as_bytes());
    }
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(Digest::of(&body).as_bytes());
    bytes.append(&mut body);
    bytes
}

/// The entries; `None` when anything is not as [`format`] writes it.
fn parse(bytes: &[u8]) -> Option<Vec<Entry>> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (digest, mut body) = rest.split_at_checked(32)?;
    if Digest::of(body).as_bytes() != digest {
        return None;
    }
    let mut entries: Vec<Entry> = Vec::new();
    while !body.is_empty() {
        let length = u32::from_le_bytes(take(&mut body)?);
        let (path, behind) = body.split_at_checked(usize::try_from(length).ok()?)?;
        body = behind;
        let path = PathBuf::from(std::str::from_utf8(path).ok()?);
        let [device, inode, size] =
            [take(&mut body)?, take(&mut body)?, take(&mut body)?].map(u64::from_le_bytes);
        let [mtime, ctime] = [take(&mut body)?, take(&mut body)?].map(i128::from_le_bytes);
        let digest = Digest::from_bytes(take(&mut body)?);
        let stamp = Stamp { device, inode, size, mtime, ctime };
        entries.push(Entry { path, stamp, digest, used: false });
    }
    let sorted = entries.windows(2).all(|pair| pair[0].path.as_os_str() < pair[1].path.as_os_str());
    sorted.then_some(entries)
}

fn take<const N: usize>(body: &mut &[u8]) -> Option<[u8; N]> {
    let (found, behind) = body.split_first_chunk::<N>()?;
    *body = behind;
    Some(*found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::{Duration, SystemTime};

    /// What may happen to a file between two looks.
    #[derive(Debug, Clone)]
    enum Change {
        Write(usize, u8),
        /// New content of the old length, with the old mtime set again.
        Disguise(usize, u8),
        RenameOver(usize, u8),
        Remove(usize),
        Cut(usize),
        Flip(usize),
        Wait,
        Look,
    }

    fn change() -> impl Strategy<Value = Change> {
        let (file, byte) = (0..3_usize, any::<u8>());
        prop_oneof![
            (file.clone(), byte).prop_map(|(file, byte)| Change::Write(file, byte)),
            (file.clone(), byte).prop_map(|(file, byte)| Change::Disguise(file, byte)),
            (file.clone(), byte).prop_map(|(file, byte)| Change::RenameOver(file, byte)),
            file.prop_map(Change::Remove),
            any::<usize>().prop_map(Change::Cut),
            any::<usize>().prop_map(Change::Flip),
            Just(Change::Wait),
            Just(Change::Look),
            Just(Change::Look),
        ]
    }

    fn apply(dir: &Path, cache: &Path, change: &Change) {
        let path = |file: usize| dir.join(format!("f{file}"));
        match change {
            Change::Write(file, byte) => std::fs::write(path(*file), [*byte; 64]).unwrap(),
            Change::Disguise(file, byte) => {
                let before = std::fs::metadata(path(*file)).and_then(|meta| meta.modified());
                std::fs::write(path(*file), [*byte; 64]).unwrap();
                let handle = std::fs::File::options().write(true).open(path(*file)).unwrap();
                handle.set_modified(before.unwrap_or(SystemTime::UNIX_EPOCH)).unwrap();
            }
            Change::RenameOver(file, byte) => {
                std::fs::write(dir.join("new"), [*byte; 64]).unwrap();
                std::fs::rename(dir.join("new"), path(*file)).unwrap();
            }
            Change::Remove(file) => drop(std::fs::remove_file(path(*file))),
            Change::Cut(at) => {
                if let Ok(bytes) = std::fs::read(cache) {
                    std::fs::write(cache, &bytes[..at % (bytes.len() + 1)]).unwrap();
                }
            }
            Change::Flip(at) => {
                if let Ok(mut bytes) = std::fs::read(cache) {
                    if let Some(byte) = at.checked_rem(bytes.len()).and_then(|at| bytes.get_mut(at)) {
                        *byte ^= 1;
                    }
                    std::fs::write(cache, bytes).unwrap();
                }
            }
            Change::Wait => std::thread::sleep(Duration::from_millis(9)),
            Change::Look => {}
        }
    }

    fn eager(file: &Path) -> StatCache {
        StatCache { margin: 0, ..StatCache::load(file) }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(150))]
        #[test]
        fn a_digest_is_that_of_the_content_whatever_happened(changes in prop::collection::vec(change(), 1..25)) {
            let dir = tempfile::tempdir().unwrap();
            let cache = dir.path().join("cache/stat");
            let paths: Vec<PathBuf> = (0..3).map(|file| PathBuf::from(format!("f{file}"))).collect();
            for change in &changes {
                apply(dir.path(), &cache, change);
                let mut ours = eager(&cache);
                let found = ours.digests(dir.path(), &paths);
                for (found, path) in found.into_iter().zip(&paths) {
                    match std::fs::read(dir.path().join(path)) {
                        Ok(bytes) => {
                            let found = found.unwrap();
                            prop_assert_eq!((found.digest, found.size), (Digest::of(&bytes), bytes.len() as u64));
                        }
                        Err(error) => prop_assert_eq!(found.unwrap_err().kind(), error.kind()),
                    }
                }
                ours.save().unwrap();
            }
        }
    }

    #[test]
    fn what_did_not_change_is_not_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let cache = dir.path().join("cache/stat");
        let paths = [PathBuf::from("a"), PathBuf::from("large")];
        std::fs::write(dir.path().join("a"), "text").unwrap();
        std::fs::write(dir.path().join("large"), vec![7; 3 << 20]).unwrap();
        std::thread::sleep(Duration::from_millis(150));
        let mut first = StatCache::load(&cache);
        let digests: Vec<_> = first.digests(dir.path(), &paths).into_iter().map(Result::unwrap).collect();
        assert_eq!(first.entries.len(), 2);
        first.save().unwrap();
        let mut second = StatCache::load(&cache);
        assert!(second.entries.iter().all(|entry| !entry.used));
        let again: Vec<_> = second.digests(dir.path(), &paths).into_iter().map(Result::unwrap).collect();
        assert_eq!(again, digests);
        assert!(second.entries.iter().all(|entry| entry.used) && !second.changed);
    }

    #[test]
    fn a_fresh_file_is_not_trusted_and_a_broken_cache_is_empty() {
        let dir = tempfile::tempdir().unwrap();
        let cache = dir.path().join("stat");
        std::fs::write(dir.path().join("a"), "text").unwrap();
        let mut first = StatCache::load(&cache);
        first.digests(dir.path(), &[PathBuf::from("a")]);
        assert!(first.entries.is_empty(), "changed a moment ago");
        let stamp = Stamp::of(&std::fs::metadata(dir.path().join("a")).unwrap());
        let entry = |path: &str| Entry { path: path.into(), stamp, digest: Digest::of(b"text"), used: false };
        let good = format(&[entry("a"), entry("b")]);
        assert_eq!(parse(&good).unwrap().len(), 2);
        for length in 0..good.len() {
            assert!(parse(&good[..length]).is_none(), "{length}");
        }
        assert!(parse(&format(&[entry("b"), entry("a")])).is_none());
    }
}
