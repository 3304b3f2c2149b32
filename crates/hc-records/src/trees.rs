//! Directories of input manifests, stored once by content: what differs between two of them can be told down to the file
//! (PKR-7).
//!
//! Files of the store hold many directories each and are never changed: one for each run that saw something new, written
//! whole or not at all. Every directory is proven by its digest when it is read; one that is missing or damaged only makes a
//! difference less exact.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};

use hc_core::Digest;
use hc_core::fs::{create_dirs, read_limited, write_atomic};
use hc_core::tree::{Entry, Node};

use crate::error::RecordError;
use crate::input_manifest::InputManifest;

/// First bytes of a file of the store; the number is the format's.
const MAGIC: &[u8] = b"hybrid trees 1\n";
/// Ending of the files of the store.
const ENDING: &str = "trees";
/// Largest file that is read, in bytes.
const LIMIT: u64 = 1 << 30;

/// The store in a directory.
#[derive(Debug)]
pub struct Trees {
    dir: PathBuf,
    read: OnceCell<Files>,
}

#[derive(Debug, Default)]
struct Files {
    bytes: Vec<(PathBuf, Vec<u8>)>,
    /// Where a directory stands: which file, and where in it.
    known: HashMap<Digest, (usize, Range<usize>)>,
}

impl Trees {
    /// The store in `dir`, which need not exist; nothing is read until something is asked for.
    pub fn open(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), read: OnceCell::new() }
    }

    /// The bytes of a directory, where it was stored.
    pub fn find(&self, digest: &Digest) -> Option<Vec<u8>> {
        let files = self.files();
        let (file, range) = files.known.get(digest)?;
        Some(files.bytes[*file].1[range.clone()].to_vec())
    }

    /// Stores what is new of the manifests' directories.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep<'a>(
        &self,
        manifests: impl IntoIterator<Item = &'a InputManifest>,
    ) -> Result<(), RecordError> {
        let mut new = Vec::new();
        let mut seen = BTreeSet::new();
        for node in
            manifests.into_iter().flat_map(|manifest| &manifest.trees).filter_map(|tree| tree.node.as_ref())
        {
            self.gather(node, &mut seen, &mut new);
        }
        if new.is_empty() { Ok(()) } else { self.write(&new).map(drop) }
    }

    /// Removes what no manifest needs any more. Returns how many bytes that freed.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn prune<'a>(
        &self,
        manifests: impl IntoIterator<Item = &'a InputManifest>,
    ) -> Result<u64, RecordError> {
        let mut needed = BTreeSet::new();
        let mut next: Vec<Digest> =
            manifests.into_iter().flat_map(|manifest| &manifest.trees).map(|tree| tree.blake3).collect();
        while let Some(digest) = next.pop() {
            if let Some(bytes) = self.find(&digest).filter(|_| needed.insert(digest)) {
                next.extend(directories(&bytes));
            }
        }
        let files = self.files();
        let before: u64 = files.bytes.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        if needed.len() == files.known.len() && files.bytes.len() < 2 {
            return Ok(0);
        }
        let kept: Vec<Vec<u8>> = needed.iter().filter_map(|digest| self.find(digest)).collect();
        let (new, size) = if kept.is_empty() {
            (None, 0)
        } else {
            self.write(&kept).map(|(path, size)| (Some(path), size))?
        };
        for (path, _) in files.bytes.iter().filter(|(path, _)| Some(path) != new.as_ref()) {
            let _ = std::fs::remove_file(path);
        }
        Ok(before.saturating_sub(size))
    }

    /// What is damaged in it: files that are not as they were written.
    pub fn damaged(&self) -> Vec<PathBuf> {
        let is_whole = |path: &PathBuf, bytes: &[u8]| {
            path.file_stem().is_some_and(|stem| *stem == *Digest::of(bytes).to_string())
                && parse(bytes).is_some()
        };
        let read = self.files().bytes.iter();
        read.filter(|(path, bytes)| !is_whole(path, bytes)).map(|(path, _)| path.clone()).collect()
    }

    fn gather(&self, node: &Node, seen: &mut BTreeSet<Digest>, new: &mut Vec<Vec<u8>>) {
        // Where a directory is known, so is everything below it.
        if self.files().known.contains_key(&node.digest()) || !seen.insert(node.digest()) {
            return;
        }
        for (_, entry) in node.entries() {
            if let Entry::Dir(node) = entry {
                self.gather(node, seen, new);
            }
        }
        new.push(node.encode());
    }

    fn write(&self, directories: &[Vec<u8>]) -> Result<(PathBuf, u64), RecordError> {
        let mut bytes = MAGIC.to_vec();
        for directory in directories {
            bytes.extend_from_slice(&(directory.len() as u64).to_le_bytes());
            bytes.extend_from_slice(directory);
        }
        create_dirs(&self.dir)?;
        let path = self.dir.join(format!("{}.{ENDING}", Digest::of(&bytes)));
        write_atomic(&path, &bytes, 0o644)?;
        Ok((path, bytes.len() as u64))
    }

    fn files(&self) -> &Files {
        self.read.get_or_init(|| {
            let mut files = Files::default();
            let entries = std::fs::read_dir(&self.dir).into_iter().flatten().flatten();
            let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
            paths.retain(|path| path.extension().is_some_and(|ending| ending == ENDING));
            paths.sort();
            for path in paths {
                let Some(bytes) = read_limited(&path, LIMIT).ok().flatten() else { continue };
                for range in parse(&bytes).unwrap_or_default() {
                    files.known.insert(Digest::of(&bytes[range.clone()]), (files.bytes.len(), range));
                }
                files.bytes.push((path, bytes));
            }
            files
        })
    }
}

/// Where the directories of a file stand; `None` when it is not as [`Trees::write`] writes it.
fn parse(bytes: &[u8]) -> Option<Vec<Range<usize>>> {
    let mut at = MAGIC.len();
    let mut found = Vec::new();
    bytes.strip_prefix(MAGIC)?;
    while at < bytes.len() {
        let (length, _) = bytes[at..].split_first_chunk::<8>()?;
        let start = at + 8;
        at = start.checked_add(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        (at <= bytes.len()).then_some(())?;
        found.push(start..at);
    }
    Some(found)
}

/// The directories that a directory's bytes name.
fn directories(bytes: &[u8]) -> Vec<Digest> {
    Node::children(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{InputKind, InputTree};
    use hc_core::tree::Content;

    fn manifest(files: &[(&str, &str)]) -> InputManifest {
        let content =
            |text: &str| Content { digest: Digest::of(text.as_bytes()), size: 1, executable: false };
        let node = Node::of_files(files.iter().map(|(path, text)| ((*path).into(), content(text))));
        let tree = InputTree::new(InputKind::Asset, "data/".into(), node.into());
        InputManifest::with_trees("linux.qemu.base@dev".parse().unwrap(), Vec::new(), vec![tree])
    }

    fn read(trees: &Trees, manifest: &InputManifest) -> Option<Node> {
        Node::decode(&manifest.trees[0].blake3, &mut |digest| trees.find(digest))
    }

    #[test]
    fn what_was_stored_is_found_and_stored_once() {
        let dir = tempfile::tempdir().unwrap();
        let old = manifest(&[("a/one", "1"), ("b/two", "2"), ("b/c/three", "3")]);
        let new = manifest(&[("a/one", "1"), ("b/two", "2"), ("b/c/three", "changed")]);
        Trees::open(dir.path()).keep([&old, &old]).unwrap();
        Trees::open(dir.path()).keep([&old]).unwrap();
        let sizes = || -> Vec<u64> {
            let mut sizes: Vec<_> = std::fs::read_dir(dir.path())
                .unwrap()
                .map(|one| one.unwrap().metadata().unwrap().len())
                .collect();
            sizes.sort_unstable();
            sizes
        };
        assert_eq!(sizes().len(), 1);
        Trees::open(dir.path()).keep([&new]).unwrap();
        // `a` did not change.
        assert!(sizes().len() == 2 && sizes()[0] < sizes()[1]);
        let trees = Trees::open(dir.path());
        assert_eq!(read(&trees, &old).as_ref(), old.trees[0].node.as_deref());
        assert_eq!(read(&trees, &new).as_ref(), new.trees[0].node.as_deref());
        assert!(trees.prune([&new]).unwrap() > 0);
        let trees = Trees::open(dir.path());
        assert!(sizes().len() == 1 && read(&trees, &old).is_none() && read(&trees, &new).is_some());
        assert!(trees.damaged().is_empty());
    }

    #[test]
    fn damage_loses_directories_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let manifest = manifest(&[("a/one", "1"), ("b/two", "2")]);
        Trees::open(dir.path()).keep([&manifest]).unwrap();
        let file = std::fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
        let good = std::fs::read(&file).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&file, &bad).unwrap();
            let trees = Trees::open(dir.path());
            assert!(read(&trees, &manifest).is_none() && !trees.damaged().is_empty(), "{at}");
            std::fs::write(&file, &good[..at]).unwrap();
            let trees = Trees::open(dir.path());
            assert!(
                read(&trees, &manifest).is_none_or(|node| Some(&node) == manifest.trees[0].node.as_deref()),
                "{at}"
            );
        }
        std::fs::write(&file, &good).unwrap();
        assert!(read(&Trees::open(dir.path()), &manifest).is_some());
    }
}
