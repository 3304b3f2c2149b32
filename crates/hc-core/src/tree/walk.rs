//! Makes the tree of a directory: lists it, looks at every file from the directory it lies in, reads what changed.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::cache::{Recorded, Seen, TreeCache};
use super::node::{Content, Entry, Node};
use crate::digest::Digest;
use crate::stamp::Stamp;

/// Files from this size on are hashed from a memory map by all cores.
const LARGE: u64 = 1 << 20;
/// Directories with fewer entries are looked at by the thread that found them.
const MANY: usize = 256;

/// A directory as it was found.
#[derive(Debug)]
pub struct Walked {
    /// Its tree.
    pub node: Arc<Node>,
    /// Links in it: their paths relative to the root, and what stands in them.
    pub links: Vec<(PathBuf, PathBuf)>,
}

/// What could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}", path.display())]
pub struct TreeError {
    /// Relative to the root.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// Walks `dir` below `root`, leaving out what `skip` says by its path relative to `root`. Sockets, pipes and devices are never
/// part of a tree.
///
/// # Errors
/// The first file or directory that cannot be read.
pub fn walk(
    root: &Path,
    dir: &Path,
    cache: &TreeCache,
    skip: &(dyn Fn(&Path, &OsStr) -> bool + Sync),
) -> Result<Walked, TreeError> {
    let walk = Walk { root, cache, skip, links: Mutex::default() };
    let node = walk.dir(dir)?;
    let mut links = walk.links.into_inner().unwrap_or_else(PoisonError::into_inner);
    links.sort_unstable();
    Ok(Walked { node: Arc::new(node), links })
}

struct Walk<'a> {
    root: &'a Path,
    cache: &'a TreeCache,
    skip: &'a (dyn Fn(&Path, &OsStr) -> bool + Sync),
    links: Mutex<Vec<(PathBuf, PathBuf)>>,
}

/// What a listing says of a name.
enum Kind {
    File,
    Link,
    Dir,
}

impl Walk<'_> {
    fn dir(&self, dir: &Path) -> Result<Node, TreeError> {
        let failed = |source| TreeError { path: dir.to_owned(), source };
        let place = Place::open(&self.root.join(dir)).map_err(failed)?;
        let mut names = place.names().map_err(failed)?;
        let all = names.len();
        names.retain(|(name, _)| !(self.skip)(dir, name));
        let seen = if names.len() == all { Seen::All } else { Seen::Some };
        names.sort_unstable_by(|(one, _), (other, _)| one.as_encoded_bytes().cmp(other.as_encoded_bytes()));
        let known = self.cache.dir(dir);
        let (mut files, mut dirs, mut entries) = (Vec::new(), Vec::new(), Vec::with_capacity(names.len()));
        for (name, kind) in names {
            match kind {
                Kind::File => files.push(name),
                Kind::Dir => dirs.push(name),
                Kind::Link => {
                    let path = dir.join(&name);
                    let target = std::fs::read_link(self.root.join(&path))
                        .map_err(|source| TreeError { path: path.clone(), source })?;
                    self.links.lock().unwrap_or_else(PoisonError::into_inner).push((path, target.clone()));
                    entries.push((name.into_boxed_os_str(), Entry::Link(target)));
                }
            }
        }
        entries.extend(self.files(dir, &place, (files, seen), known)?);
        drop(place);
        let node = |name: OsString| {
            let node = self.dir(&dir.join(&name))?;
            Ok((name.into_boxed_os_str(), Entry::Dir(Arc::new(node))))
        };
        let dirs: Vec<_> = dirs.into_par_iter().map(node).collect::<Result<_, TreeError>>()?;
        entries.extend(dirs);
        Ok(Node::new(entries))
    }

    /// The files of one directory.
    fn files(
        &self,
        dir: &Path,
        place: &Place,
        (names, seen): (Vec<OsString>, Seen),
        known: Vec<Recorded<'_>>,
    ) -> Result<Vec<(Box<OsStr>, Entry)>, TreeError> {
        // Both are sorted by name.
        let mut at = 0;
        let names: Vec<(OsString, Option<Recorded<'_>>)> = names
            .into_iter()
            .map(|name| {
                let bytes = name.as_encoded_bytes();
                while known.get(at).is_some_and(|one| one.name < bytes) {
                    at += 1;
                }
                let one = known.get(at).filter(|one| one.name == bytes).copied();
                (name, one)
            })
            .collect();
        let complete = names.iter().all(|(_, known)| known.is_some());
        let look = |(name, known): (OsString, Option<Recorded<'_>>)| {
            let failed = |source| TreeError { path: dir.join(&name), source };
            let (stamp, executable) = place.look(&name).map_err(failed)?;
            if let Some(known) = known.filter(|known| known.stamp == stamp) {
                let content = Content { digest: known.digest, size: stamp.size, executable };
                return Ok(Looked { name, content, stamp: Some(stamp), fresh: false });
            }
            let (digest, size, stamp) = place.read(&name, stamp).map_err(failed)?;
            Ok(Looked { name, content: Content { digest, size, executable }, stamp, fresh: true })
        };
        let looked: Vec<Looked> = match names.len() {
            0..MANY => names.into_iter().map(look).collect::<Result<_, TreeError>>()?,
            _ => names.into_par_iter().with_min_len(MANY / 2).map(look).collect::<Result<_, TreeError>>()?,
        };
        if !complete || looked.iter().any(|one| one.fresh) {
            let settled =
                looked.iter().filter_map(|one| Some((one.name.as_os_str(), one.stamp?, one.content.digest)));
            self.cache.record(dir, settled, seen);
        }
        Ok(looked.into_iter().map(|one| (one.name.into_boxed_os_str(), Entry::File(one.content))).collect())
    }
}

/// A file that was looked at.
struct Looked {
    name: OsString,
    content: Content,
    /// `None` when it changed while it was read.
    stamp: Option<Stamp>,
    fresh: bool,
}

/// A directory that is open: its files are looked at from it, which spares the system the way from the root.
#[cfg(target_os = "linux")]
struct Place {
    dir: std::os::fd::OwnedFd,
    path: PathBuf,
}

#[cfg(target_os = "linux")]
impl Place {
    fn open(path: &Path) -> io::Result<Self> {
        use rustix::fs::{CWD, Mode, OFlags, openat};
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        Ok(Self { dir: openat(CWD, path, flags, Mode::empty())?, path: path.to_owned() })
    }

    fn names(&self) -> io::Result<Vec<(OsString, Kind)>> {
        use rustix::fs::{FileType, RawDir};
        use std::mem::MaybeUninit;
        use std::os::unix::ffi::OsStrExt as _;
        let mut buffer = [MaybeUninit::uninit(); 32 << 10];
        let (mut listing, mut names) = (RawDir::new(&self.dir, &mut buffer), Vec::new());
        while let Some(entry) = listing.next() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::RegularFile => Some(Kind::File),
                FileType::Symlink => Some(Kind::Link),
                FileType::Directory => Some(Kind::Dir),
                FileType::Unknown => self.kind(OsStr::from_bytes(name))?,
                _ => None,
            };
            names.extend(kind.map(|kind| (OsStr::from_bytes(name).to_owned(), kind)));
        }
        Ok(names)
    }

    /// For file systems whose listings do not say it.
    fn kind(&self, name: &OsStr) -> io::Result<Option<Kind>> {
        let kind = self.path.join(name).symlink_metadata()?.file_type();
        Ok(match () {
            () if kind.is_file() => Some(Kind::File),
            () if kind.is_symlink() => Some(Kind::Link),
            () if kind.is_dir() => Some(Kind::Dir),
            () => None,
        })
    }

    fn look(&self, name: &OsStr) -> io::Result<(Stamp, bool)> {
        use rustix::fs::{AtFlags, statat};
        let stat = statat(&self.dir, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok((Stamp::of_stat(&stat), stat.st_mode & 0o100 != 0))
    }

    fn file(&self, name: &OsStr) -> io::Result<File> {
        use rustix::fs::{Mode, OFlags, openat};
        // A pipe or a link that took its place must neither block nor lead elsewhere.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        Ok(openat(&self.dir, name, flags, Mode::empty())?.into())
    }
}

#[cfg(not(target_os = "linux"))]
struct Place {
    path: PathBuf,
}

#[cfg(not(target_os = "linux"))]
impl Place {
    fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned() })
    }

    fn names(&self) -> io::Result<Vec<(OsString, Kind)>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let kind = match () {
                () if kind.is_file() => Kind::File,
                () if kind.is_symlink() => Kind::Link,
                () if kind.is_dir() => Kind::Dir,
                () => continue,
            };
            names.push((entry.file_name(), kind));
        }
        Ok(names)
    }

    fn look(&self, name: &OsStr) -> io::Result<(Stamp, bool)> {
        let meta = self.path.join(name).symlink_metadata()?;
        Ok((Stamp::of(&meta), crate::fs::is_executable(&meta)))
    }

    fn file(&self, name: &OsStr) -> io::Result<File> {
        File::open(self.path.join(name))
    }
}

impl Place {
    /// Digest and size of a file; its stamp, unless it changed while it was read.
    fn read(&self, name: &OsStr, before: Stamp) -> io::Result<(Digest, u64, Option<Stamp>)> {
        let mut file = self.file(name)?;
        if before.size >= LARGE {
            let (digest, size) = Digest::of_file(&self.path.join(name))?;
            // By path again: the digest was taken of what is there now.
            let stamp = Stamp::of(&self.path.join(name).symlink_metadata()?);
            return Ok((digest, size, (stamp == before && stamp.size == size).then_some(stamp)));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(before.size).unwrap_or_default() + 1);
        file.read_to_end(&mut bytes)?;
        let after = Stamp::of(&file.metadata()?);
        let stamp = (after == before && after.size == bytes.len() as u64).then_some(after);
        Ok((Digest::of(&bytes), bytes.len() as u64, stamp))
    }
}
