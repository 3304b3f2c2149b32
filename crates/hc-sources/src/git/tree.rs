//! The files of a commit, proven to stay inside its directory before anything is written.
//!
//! gix validates single names; here the whole tree is judged: names, links that lead out, names that fall together
//! on other file systems, and files that are directories at the same time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gix::objs::tree::EntryKind as GixKind;

use super::cause::local;
use super::repository::Repository;
use super::submodule::{self, Submodule};
use crate::error::{GitCause, SourceError};
use crate::sha::Sha;

/// Deeper trees are no work of people.
const MAX_DEPTH: usize = 128;
/// Links and paths longer than this lead nowhere.
const MAX_PATH: usize = 4096;
/// What such a link is.
const NOWHERE: &str = "is a link to nothing";
/// More files and directories than the largest source has. A few tree objects that name each other can stand for billions.
const MAX_ENTRIES: usize = 500_000;
/// Most bytes of all paths together.
const MAX_PATHS: usize = 64 << 20;
/// Most bytes of all files together: a file that is in many places is sent once.
const MAX_BYTES: u64 = 32 << 30;
/// Largest object that is read into memory: a directory, a commit, `.gitmodules`.
const MAX_OBJECT: u64 = 64 << 20;

/// What a path of a commit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File,
    /// A file with the executable bit.
    Executable,
    /// A symbolic link.
    Link,
    /// The commit of another repository.
    Submodule,
}

/// A path of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeEntry {
    /// What it is.
    pub kind: EntryKind,
    pub(crate) id: gix::ObjectId,
}

/// All paths of a commit, harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The commit.
    pub sha: Sha,
    /// Its paths, separated by `/`.
    pub entries: BTreeMap<String, TreeEntry>,
    /// Repositories that it refers to.
    pub submodules: Vec<Submodule>,
    pub(crate) root: gix::ObjectId,
}

impl Tree {
    /// Whether `dir` is a directory of the commit.
    pub fn has_directory(&self, dir: &str) -> bool {
        let prefix = format!("{dir}/");
        self.entries.range(prefix.clone()..).next().is_some_and(|(path, _)| path.starts_with(&prefix))
    }

    /// Paths that differ from `other` in kind or content, or are in only one of both.
    pub fn differences<'a>(&'a self, other: &'a Self) -> BTreeSet<&'a str> {
        let mine = self.entries.iter().filter(|(path, entry)| other.entries.get(*path) != Some(entry));
        let theirs = other.entries.keys().filter(|path| !self.entries.contains_key(*path));
        mine.map(|(path, _)| path.as_str()).chain(theirs.map(String::as_str)).collect()
    }
}

struct Walk<'a> {
    repository: &'a Repository,
    name: &'a str,
    sha: &'a Sha,
    entries: BTreeMap<String, TreeEntry>,
    /// Folded path of every file and directory, to the path that has it.
    folded: HashMap<String, String>,
    /// Bytes of all paths, and of all files.
    paths: usize,
    bytes: u64,
}

impl Repository {
    /// Lists a commit and refuses one that could write outside its directory. Every tree is read, and every blob
    /// is seen to exist, so a listed commit can be checked out.
    ///
    /// # Errors
    /// [`SourceError::HostileTree`]; [`SourceError::Repository`] when objects are missing.
    pub fn tree(&self, name: &str, sha: &Sha) -> Result<Tree, SourceError> {
        self.moderate(self.id(sha)?, MAX_OBJECT, "read a commit of")?;
        let commit = self.inner.find_commit(self.id(sha)?).map_err(local("read a commit of", &self.dir))?;
        let root = commit.tree_id().map_err(local("read a commit of", &self.dir))?.detach();
        let (entries, folded) = (BTreeMap::new(), HashMap::new());
        let mut walk = Walk { repository: self, name, sha, entries, folded, paths: 0, bytes: 0 };
        walk.directory(root, "", 0)?;
        walk.links()?;
        let entries = walk.entries;
        let submodules = self.submodules_of(&entries)?;
        Ok(Tree { sha: sha.clone(), entries, submodules, root })
    }

    fn submodules_of(&self, entries: &BTreeMap<String, TreeEntry>) -> Result<Vec<Submodule>, SourceError> {
        let links = entries.iter().filter(|(_, entry)| entry.kind == EntryKind::Submodule);
        let links: Vec<_> = links.map(|(path, entry)| (path.clone(), entry.id.to_string())).collect();
        let modules = entries.get(".gitmodules").filter(|entry| entry.kind != EntryKind::Submodule);
        let text = match modules {
            Some(modules) if !links.is_empty() => {
                self.moderate(modules.id, MAX_OBJECT, "read .gitmodules of")?;
                self.blob(modules.id)?
            }
            _ => Vec::new(),
        };
        Ok(submodule::described(links, &String::from_utf8_lossy(&text)))
    }

    /// An error for an object that is larger than it may be: a few bytes of a pack can stand for gigabytes.
    fn moderate(&self, id: gix::ObjectId, most: u64, action: &'static str) -> Result<(), SourceError> {
        let header = self.inner.find_header(id).map_err(local(action, &self.dir))?;
        if header.size() <= most {
            return Ok(());
        }
        let cause = GitCause(vec![format!("the object {id} has {} bytes, more than {most}", header.size())]);
        Err(SourceError::Repository { action, path: self.dir.clone(), cause })
    }

    pub(crate) fn blob(&self, id: gix::ObjectId) -> Result<Vec<u8>, SourceError> {
        let mut blob = self.inner.find_blob(id).map_err(local("read a file of", &self.dir))?;
        Ok(blob.take_data())
    }
}

impl Walk<'_> {
    fn hostile(&self, path: &str, reason: &'static str) -> SourceError {
        SourceError::HostileTree {
            name: self.name.to_owned(),
            sha: self.sha.clone(),
            path: printable(path),
            reason,
        }
    }

    fn directory(&mut self, id: gix::ObjectId, prefix: &str, depth: usize) -> Result<(), SourceError> {
        if depth > MAX_DEPTH {
            return Err(self.hostile(prefix, "is nested too deeply"));
        }
        self.repository.moderate(id, MAX_OBJECT, "read a tree of")?;
        let tree =
            self.repository.inner.find_tree(id).map_err(local("read a tree of", &self.repository.dir))?;
        for entry in tree.iter() {
            let entry = entry.map_err(local("read a tree of", &self.repository.dir))?;
            let Ok(name) = std::str::from_utf8(entry.filename()) else {
                return Err(self.hostile(&format!("{prefix}{}", entry.filename()), "is not UTF-8"));
            };
            let path = format!("{prefix}{name}");
            if let Some(reason) = hostile_name(name) {
                return Err(self.hostile(&path, reason));
            }
            self.count(&path)?;
            if let Some(other) = self.folded.insert(fold(&path), path.clone()) {
                let reason =
                    if other == path { "is there twice" } else { "differs from another path only in case" };
                return Err(self.hostile(&path, reason));
            }
            let kind = match entry.mode().kind() {
                GixKind::Tree => {
                    self.directory(entry.oid().to_owned(), &format!("{path}/"), depth + 1)?;
                    continue;
                }
                GixKind::Blob => EntryKind::File,
                GixKind::BlobExecutable => EntryKind::Executable,
                GixKind::Link if is_git_file(name) => {
                    return Err(self.hostile(&path, "is a link in the place of a file that git reads"));
                }
                GixKind::Link => EntryKind::Link,
                GixKind::Commit => EntryKind::Submodule,
            };
            let id = entry.oid().to_owned();
            if kind != EntryKind::Submodule {
                let found = self.repository.inner.find_header(id);
                let size = found.map_err(local("find a file of", &self.repository.dir))?.size();
                if kind == EntryKind::Link && size > MAX_PATH as u64 {
                    return Err(self.hostile(&path, NOWHERE));
                }
                self.bytes = self.bytes.saturating_add(size);
                if self.bytes > MAX_BYTES {
                    return Err(self.hostile(&path, "makes the tree larger than 32 GiB"));
                }
            }
            self.entries.insert(path, TreeEntry { kind, id });
        }
        Ok(())
    }

    /// Counts a path, as long as the tree is one that a person could have made.
    fn count(&mut self, path: &str) -> Result<(), SourceError> {
        self.paths += path.len();
        if path.len() > MAX_PATH {
            return Err(
                self.hostile(path.get(..200).unwrap_or_default(), "begins a path of more than 4096 bytes")
            );
        }
        if self.folded.len() >= MAX_ENTRIES || self.paths > MAX_PATHS {
            return Err(self
                .hostile(path, "is one of too many: a tree may have 500,000 entries, and 64 MiB of paths"));
        }
        Ok(())
    }

    fn links(&self) -> Result<(), SourceError> {
        let mut links = BTreeMap::new();
        for (path, entry) in self.entries.iter().filter(|(_, entry)| entry.kind == EntryKind::Link) {
            let Ok(target) = String::from_utf8(self.repository.blob(entry.id)?) else {
                return Err(self.hostile(path, "is a link to a name that is not UTF-8"));
            };
            if let Some(reason) = hostile_link(path, &target) {
                return Err(self.hostile(path, reason));
            }
            links.insert(path.as_str(), target);
        }
        match links.keys().find(|path| leads_out(path, &links)) {
            Some(path) => Err(self.hostile(path, "is a link that leads out through other links")),
            None => Ok(()),
        }
    }
}

/// A path as messages show it: without what moves a terminal's cursor.
pub(super) fn printable(path: &str) -> String {
    path.chars().fold(String::new(), |mut shown, c| {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
        shown
    })
}

fn is_git_file(name: &str) -> bool {
    let name = fold(name);
    matches!(name.as_str(), ".gitmodules" | ".gitattributes" | ".gitignore" | ".mailmap")
}

/// One name is the other one's on some file system.
fn fold(path: &str) -> String {
    path.chars().filter(|c| !is_ignorable(*c)).flat_map(char::to_lowercase).collect()
}

/// HFS+ does not see these.
fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

/// Why a single name cannot be written.
fn hostile_name(name: &str) -> Option<&'static str> {
    let seen = fold(name);
    // NTFS: streams, trailing dots and spaces, and the short name of `.git`.
    let stem = seen.split(':').next().unwrap_or_default().trim_end_matches(['.', ' ']);
    if name.is_empty() {
        Some("is empty")
    } else if matches!(name, "." | "..") {
        Some("climbs out of its directory")
    } else if stem == ".git" || stem == "git~1" {
        Some("would be taken for git's own directory")
    } else if name.contains(['/', '\\']) {
        Some("hides a directory separator")
    } else if name.chars().any(char::is_control) {
        Some("has a control character")
    } else if stem.is_empty() {
        Some("is only dots and blanks")
    } else if name.len() > 255 {
        Some("is longer than file systems allow")
    } else {
        None
    }
}

/// Why a link cannot be written.
fn hostile_link(path: &str, target: &str) -> Option<&'static str> {
    if target.is_empty() || target.len() > MAX_PATH || target.contains('\0') {
        return Some(NOWHERE);
    }
    if target.starts_with(['/', '\\']) || target.as_bytes().get(1) == Some(&b':') {
        return Some("is a link to an absolute path");
    }
    let mut depth = path.matches('/').count();
    for part in target.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => match depth.checked_sub(1) {
                Some(above) => depth = above,
                None => return Some("is a link out of the repository"),
            },
            part if hostile_name(part).is_some() => return Some("is a link into git's own directory"),
            _ => depth += 1,
        }
    }
    None
}

/// Whether following a link, and the links on its way, climbs out: `a -> b`, `b -> c/d`, `c/d/../../..`.
fn leads_out(path: &str, links: &BTreeMap<&str, String>) -> bool {
    let mut done: Vec<&str> = Vec::new();
    let mut ahead: Vec<&str> = path.split('/').rev().collect();
    let mut followed = 0;
    while let Some(part) = ahead.pop() {
        match part {
            "" | "." => {}
            ".." if done.pop().is_none() => return true,
            ".." => {}
            part => {
                done.push(part);
                if let Some(target) = links.get(done.join("/").as_str()) {
                    followed += 1;
                    // As the kernel: a loop leads nowhere.
                    if followed > 40 {
                        return false;
                    }
                    done.pop();
                    ahead.extend(target.split('/').rev());
                }
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_write_elsewhere_are_seen() {
        for name in [
            "",
            ".",
            "..",
            ".git",
            ".GIT",
            ".git ",
            ".git.",
            ".git::$INDEX_ALLOCATION",
            "GIT~1",
            "a/b",
            "a\\b",
            ".g\u{200c}it",
            "a\nb",
            "...",
            " ",
        ] {
            assert!(hostile_name(name).is_some(), "{name:?}");
        }
        for name in [".gitignore", ".github", "a", "ä ö", "git", "a:b", "..a"] {
            assert!(hostile_name(name).is_none(), "{name:?}");
        }
    }

    #[test]
    fn links_stay_inside() {
        for (path, target) in [
            ("a", "/etc/passwd"),
            ("a", "../b"),
            ("a/b", "../../c"),
            ("a", "b/../../c"),
            ("a", ".git/hooks"),
            ("a", "C:\\x"),
            ("a", ""),
            ("a", "..\\b"),
        ] {
            assert!(hostile_link(path, target).is_some(), "{path} -> {target}");
        }
        for (path, target) in [("a", "b"), ("a/b", "../c"), ("a/b/c", "../../x/./y"), ("a", "b/../c")] {
            assert!(hostile_link(path, target).is_none(), "{path} -> {target}");
        }
    }

    #[test]
    fn chains_of_links_are_followed() {
        let links = |pairs: &[(&'static str, &str)]| -> BTreeMap<&'static str, String> {
            pairs.iter().map(|(path, target)| (*path, (*target).to_owned())).collect()
        };
        let out = links(&[("a/b", "."), ("x", "a/b/../..")]);
        assert!(!leads_out("a/b", &out) && leads_out("x", &links(&[("a", "."), ("x", "a/..")])));
        assert!(!leads_out("x", &links(&[("x", "y"), ("y", "x")])));
        assert!(leads_out("x", &links(&[("d/e", ".."), ("x", "d/e/..")])));
    }

    proptest! {
        #[test]
        fn an_accepted_link_never_climbs_out(
            path in "[ab](/[ab]){0,3}",
            target in proptest::collection::vec("\\.\\.|\\.|[abc]|", 1..8),
        ) {
            let target = target.join("/");
            if hostile_link(&path, &target).is_none() {
                let mut joined = std::path::PathBuf::from("/root");
                joined.push(&path);
                joined.pop();
                joined.push(&target);
                prop_assert!(hc_core::fs::normalize(&joined).starts_with("/root"));
            }
        }
    }
}
