//! What the commits of the repository that a directory lies in hold of its files. Read only: nothing is written, no
//! program runs, and of the repository's configuration only what says how its own files are to be read has a say.
//!
//! Never the last word on content: what is read from a commit is compared with a digest by those who ask.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;
use gix::index::entry::{Flags, Mode, Stage};
use gix::objs::Kind;
use gix::objs::tree::EntryKind;

use super::around::Around;
use crate::sha::Sha;

/// Deeper trees are not looked into.
const MAX_DEPTH: usize = 128;
/// Fewer files than this are looked at by one thread.
const PER_THREAD: usize = 2_000;
/// Largest file of attributes that is read, in bytes.
const ATTRIBUTES_LIMIT: u64 = 1 << 20;
/// What makes a commit hold something other than the file, and perhaps of the same size. Line endings change the size.
const CONVERTED: [&str; 3] = ["filter", "ident", "working-tree-encoding"];

/// The repository that a directory lies in.
pub struct History {
    inner: gix::Repository,
    root: PathBuf,
    /// The directory within the work tree: empty, or with a slash at its end.
    prefix: String,
}

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("History").field("root", &self.root).finish_non_exhaustive()
    }
}

/// Files of one commit.
#[derive(Debug)]
pub struct Snapshot {
    blobs: HashMap<Vec<u8>, gix::ObjectId>,
}

impl Snapshot {
    /// Whether the commit holds exactly these bytes at a path relative to the directory.
    pub fn holds(&self, path: &str, bytes: &[u8]) -> bool {
        let Some(id) = self.blobs.get(path.as_bytes()) else { return false };
        gix::objs::compute_hash(id.kind(), Kind::Blob, bytes).is_ok_and(|found| found == *id)
    }
}

impl History {
    /// Opens the repository around `root`, which is absolute and has no links in it. `None` where there is none, where it
    /// cannot be read, and where its objects may lie on another machine (a partial clone).
    pub fn around(root: &Path) -> Option<Self> {
        let Around { inner, prefix, .. } = Around::find(root).ok()??;
        let is_partial = inner.config_snapshot().string("extensions.partialClone").is_some();
        (!is_partial).then(|| Self { inner, root: root.to_owned(), prefix })
    }

    /// The commit that is checked out.
    pub fn head(&self) -> Option<Sha> {
        self.inner.head_id().ok()?.to_string().parse().ok()
    }

    /// What a commit holds at a path relative to the directory, if that is a file of at most `limit` bytes.
    pub fn read(&self, sha: &Sha, path: &str, limit: u64) -> Option<Vec<u8>> {
        let entry = self.root_of(sha)?.lookup_entry_by_path(format!("{}{path}", self.prefix)).ok()??;
        is_file(entry.mode().kind()).then_some(())?;
        let header = self.inner.find_header(entry.object_id()).ok()?;
        (header.size() <= limit).then_some(())?;
        Some(self.inner.find_blob(entry.object_id()).ok()?.take_data())
    }

    /// Those of `paths`, relative to the directory, that are files of a commit.
    pub fn snapshot(&self, sha: &Sha, paths: &[&str]) -> Option<Snapshot> {
        let mut tree = self.root_of(sha)?;
        if !self.prefix.is_empty() {
            let entry = tree.lookup_entry_by_path(self.prefix.trim_end_matches('/')).ok()??;
            tree = self.inner.find_tree(entry.object_id()).ok()?;
        }
        let mut wanted: Vec<&[u8]> = paths.iter().map(|path| path.as_bytes()).collect();
        wanted.sort_unstable();
        let mut snapshot = Snapshot { blobs: HashMap::with_capacity(wanted.len()) };
        self.collect(&tree, &mut Vec::new(), 0, &wanted, &mut snapshot)?;
        Some(snapshot)
    }

    fn root_of(&self, sha: &Sha) -> Option<gix::Tree<'_>> {
        let id = gix::ObjectId::from_hex(sha.as_str().as_bytes()).ok()?;
        self.inner.find_commit(id).ok()?.tree().ok()
    }

    /// Goes only where something is wanted; `wanted` is sorted.
    fn collect(
        &self,
        tree: &gix::Tree<'_>,
        path: &mut Vec<u8>,
        depth: usize,
        wanted: &[&[u8]],
        found: &mut Snapshot,
    ) -> Option<()> {
        let here = path.len();
        for entry in tree.iter() {
            let entry = entry.ok()?;
            path.truncate(here);
            path.extend_from_slice(entry.filename());
            match entry.mode().kind() {
                EntryKind::Tree if depth < MAX_DEPTH => {
                    path.push(b'/');
                    let wanted = starting_with(wanted, path);
                    if !wanted.is_empty() {
                        let below = self.inner.find_tree(entry.oid()).ok()?;
                        self.collect(&below, path, depth + 1, wanted, found)?;
                    }
                }
                kind if is_file(kind) && wanted.binary_search(&path.as_slice()).is_ok() => {
                    found.blobs.insert(path.clone(), entry.oid().to_owned());
                }
                _ => {}
            }
        }
        path.truncate(here);
        Some(())
    }

    /// For each file, by its path relative to the directory and its size in bytes, whether it is certainly what the commit
    /// holds, without reading it: the index says that it did not change since it was committed, and the commit holds as
    /// many bytes. `false` for every doubt.
    pub fn unchanged(&self, snapshot: &Snapshot, files: &[(&str, u64)]) -> Vec<bool> {
        let Some(index) = self.inner.open_index().ok().filter(|index| !self.converts(index)) else {
            return vec![false; files.len()];
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let portion = files.len().div_ceil(threads).max(PER_THREAD);
        let look = Look { root: &self.root, prefix: &self.prefix, index: &index, snapshot };
        let shared = self.inner.clone().into_sync();
        let look = |files: &[(&str, u64)]| -> Vec<bool> {
            let repository = shared.to_thread_local();
            let look = |(path, size): &(&str, u64)| look.is_unchanged(&repository, path, *size);
            files.iter().map(look).map(|found| found.unwrap_or(false)).collect()
        };
        std::thread::scope(|scope| {
            let look = &look;
            let start = |files| (files, std::thread::Builder::new().spawn_scoped(scope, move || look(files)));
            let portions: Vec<_> = files.chunks(portion).map(start).collect();
            let found = portions.into_iter().map(|(files, thread)| match thread {
                Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                // Where there are no more threads.
                Err(_) => look(files),
            });
            found.flatten().collect()
        })
    }

    /// Whether attributes of the repository may make a commit hold something else than the file, of the same size.
    fn converts(&self, index: &gix::index::File) -> bool {
        let Some(workdir) = self.inner.workdir() else { return true };
        let named = index.entries().iter().map(|entry| entry.path(index));
        let named = named.filter(|path| path.rsplit(|byte| *byte == b'/').next() == Some(b".gitattributes"));
        let files = named.map(|path| Some(workdir.join(gix::path::from_bstr(path).ok()?)));
        let own = self.inner.common_dir().join("info/attributes");
        let text = |path: Option<PathBuf>| hc_core::fs::read_limited(&path?, ATTRIBUTES_LIMIT).ok();
        files.chain([Some(own)]).any(|path| match text(path) {
            Some(text) => text.is_some_and(|text| CONVERTED.iter().any(|word| text.contains_str(word))),
            None => true,
        })
    }
}

/// What is known when files are looked at.
struct Look<'a> {
    root: &'a Path,
    prefix: &'a str,
    index: &'a gix::index::File,
    snapshot: &'a Snapshot,
}

impl Look<'_> {
    fn is_unchanged(&self, repository: &gix::Repository, path: &str, size: u64) -> Option<bool> {
        let committed = self.snapshot.blobs.get(path.as_bytes())?;
        let entry = self.index.entry_by_path(format!("{}{path}", self.prefix).as_bytes().as_bstr())?;
        // What a person told git not to look at says nothing.
        let told = Flags::ASSUME_VALID | Flags::SKIP_WORKTREE | Flags::INTENT_TO_ADD;
        if entry.id != *committed
            || !matches!(entry.mode, Mode::FILE | Mode::FILE_EXECUTABLE)
            || entry.stage() != Stage::Unconflicted
            || entry.flags.intersects(told)
        {
            return Some(false);
        }
        let found = gix::index::fs::Metadata::from_path_no_follow(&self.root.join(path)).ok()?;
        let stat = gix::index::entry::Stat::from_fs(&found).ok()?;
        // Stricter than git is by default: a file that only seems changed is read, and that is all.
        let strict = gix::index::entry::stat::Options {
            trust_ctime: true,
            check_stat: true,
            use_nsec: true,
            use_stdev: false,
        };
        if !found.is_file()
            || found.len() != size
            || !entry.stat.matches(&stat, strict)
            || entry.stat.is_racy(self.index.timestamp(), strict)
        {
            return Some(false);
        }
        let header = repository.find_header(*committed).ok()?;
        Some(header.kind() == Kind::Blob && header.size() == size)
    }
}

/// Those of some sorted paths that start with a prefix.
fn starting_with<'s, 'a>(sorted: &'s [&'a [u8]], prefix: &[u8]) -> &'s [&'a [u8]] {
    let from = &sorted[sorted.partition_point(|path| *path < prefix)..];
    &from[..from.partition_point(|path| path.starts_with(prefix))]
}

fn is_file(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::Blob | EntryKind::BlobExecutable)
}
