//! One directory of a tree: its sorted entries, and one digest over them.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::digest::Digest;

/// What keeps digests of directories apart from all others.
const DOMAIN: &[u8] = b"hybrid directory 1";

/// What is known of a file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// Digest of its bytes.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
    /// Whether its owner may execute it.
    pub executable: bool,
}

/// What a directory holds by one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A file.
    File(Content),
    /// A symbolic link, by what stands in it.
    Link(PathBuf),
    /// A directory that is not empty.
    Dir(Arc<Node>),
}

/// A directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    digest: Digest,
    /// Sorted by the bytes of their names.
    entries: Vec<(Box<OsStr>, Entry)>,
    files: u64,
    size: u64,
}

/// How a file differs between two trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Path below the directory.
    pub path: PathBuf,
    /// What was there; a link counts by the digest of its text.
    pub old: Option<Content>,
    /// What is there.
    pub new: Option<Content>,
}

impl Node {
    /// A directory with these entries, in any order. Empty directories among them are left out.
    pub fn new(entries: Vec<(Box<OsStr>, Entry)>) -> Self {
        let mut entries = entries;
        entries.retain(|(_, entry)| !matches!(entry, Entry::Dir(node) if node.entries.is_empty()));
        entries.sort_unstable_by(|(one, _), (other, _)| bytes(one).cmp(bytes(other)));
        let (mut files, mut size) = (0, 0);
        for (_, entry) in &entries {
            match entry {
                Entry::File(content) => {
                    files += 1;
                    size += content.size;
                }
                Entry::Link(_) => files += 1,
                Entry::Dir(node) => {
                    files += node.files;
                    size += node.size;
                }
            }
        }
        let digest = Digest::of(&encoded(&entries));
        Self { digest, entries, files, size }
    }

    /// A tree of files by their paths, which hold no `.` and no `..`.
    pub fn of_files(files: impl IntoIterator<Item = (PathBuf, Content)>) -> Self {
        #[derive(Default)]
        struct Dir {
            files: Vec<(Box<OsStr>, Entry)>,
            dirs: BTreeMap<OsString, Dir>,
        }
        impl Dir {
            fn node(self) -> Node {
                let dirs =
                    self.dirs.into_iter().map(|(name, dir)| (name.into(), Entry::Dir(dir.node().into())));
                Node::new(self.files.into_iter().chain(dirs).collect())
            }
        }
        let mut root = Dir::default();
        for (path, content) in files {
            let Some(name) = path.file_name() else { continue };
            let above = path.parent().into_iter().flatten();
            let dir = above.fold(&mut root, |dir, part| dir.dirs.entry(part.to_owned()).or_default());
            dir.files.push((name.into(), Entry::File(content)));
        }
        root.node()
    }

    /// The digest over everything in it.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// How many files and links it holds, those of its directories among them.
    pub fn files(&self) -> u64 {
        self.files
    }

    /// The bytes of its files.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Its entries, sorted by name.
    pub fn entries(&self) -> impl Iterator<Item = (&OsStr, &Entry)> {
        self.entries.iter().map(|(name, entry)| (&**name, entry))
    }

    /// What lies at a path below it.
    pub fn get(&self, path: &Path) -> Option<&Entry> {
        let mut parts = path.iter();
        let last = parts.next_back()?;
        let mut dir = self;
        for part in parts {
            match dir.entry(part)? {
                Entry::Dir(node) => dir = node,
                Entry::File(_) | Entry::Link(_) => return None,
            }
        }
        dir.entry(last)
    }

    fn entry(&self, name: &OsStr) -> Option<&Entry> {
        let at = self.entries.binary_search_by(|(known, _)| bytes(known).cmp(bytes(name))).ok()?;
        Some(&self.entries[at].1)
    }

    /// Tells every file below it, by its path with `at` before it, sorted by directory.
    pub fn each_file(&self, at: &Path, tell: &mut dyn FnMut(PathBuf, &Content)) {
        for (name, entry) in &self.entries {
            match entry {
                Entry::File(content) => tell(at.join(&**name), content),
                Entry::Link(_) => {}
                Entry::Dir(node) => node.each_file(&at.join(&**name), tell),
            }
        }
    }

    /// Tells the path of every file below it whose name is `wanted`, with `at` before it.
    pub fn each_named(&self, at: &Path, wanted: &dyn Fn(&OsStr) -> bool, tell: &mut dyn FnMut(PathBuf)) {
        for (name, entry) in &self.entries {
            match entry {
                Entry::File(_) if wanted(name) => tell(at.join(&**name)),
                Entry::File(_) | Entry::Link(_) => {}
                Entry::Dir(node) => node.each_named(&at.join(&**name), wanted, tell),
            }
        }
    }

    /// Tells every directory of it, innermost first, itself last.
    pub fn each_dir(&self, tell: &mut dyn FnMut(&Self)) {
        for (_, entry) in &self.entries {
            if let Entry::Dir(node) = entry {
                node.each_dir(tell);
            }
        }
        tell(self);
    }

    /// The same directory with contents that another look gave; `at` is put before each path.
    ///
    /// # Errors
    /// Whatever the look gives.
    pub fn with_contents<E>(
        &self,
        at: &Path,
        look: &mut dyn FnMut(&Path, &Content) -> Result<Content, E>,
    ) -> Result<Self, E> {
        let mut entries = Vec::with_capacity(self.entries.len());
        for (name, entry) in &self.entries {
            let path = at.join(&**name);
            let entry = match entry {
                Entry::File(content) => Entry::File(look(&path, content)?),
                Entry::Link(target) => Entry::Link(target.clone()),
                Entry::Dir(node) => Entry::Dir(Arc::new(node.with_contents(&path, look)?)),
            };
            entries.push((name.clone(), entry));
        }
        Ok(Self::new(entries))
    }

    /// The same directory without what lies at these paths and below them. Only the directories on the way are made anew.
    #[must_use]
    pub fn without(&self, paths: &[PathBuf]) -> Self {
        paths.iter().fold(self.clone(), |node, path| {
            let parts: Vec<&OsStr> = path.iter().collect();
            node.without_one(&parts).unwrap_or(node)
        })
    }

    /// `None` when nothing lies there.
    fn without_one(&self, parts: &[&OsStr]) -> Option<Self> {
        let (first, rest) = parts.split_first()?;
        let entry = self.entry(first)?;
        let left = match entry {
            _ if rest.is_empty() => None,
            Entry::Dir(node) => Some(Entry::Dir(Arc::new(node.without_one(rest)?))),
            Entry::File(_) | Entry::Link(_) => return None,
        };
        let others = self.entries.iter().filter(|(name, _)| **name != **first).cloned();
        Some(Self::new(others.chain(left.map(|left| ((*first).into(), left))).collect()))
    }

    /// What differs from an earlier state of the directory: only directories that differ are looked into.
    pub fn differences(&self, old: &Self) -> Vec<Difference> {
        let mut found = Vec::new();
        differences(Some(old), Some(self), Path::new(""), &mut found);
        found
    }

    /// The bytes of which [`Node::digest`] is the BLAKE3 digest.
    pub fn encode(&self) -> Vec<u8> {
        encoded(&self.entries)
    }

    /// A directory from its bytes and those of all directories below it, which `find` gives by digest. `None` when anything is
    /// missing or not as it was written.
    pub fn decode(digest: &Digest, find: &mut dyn FnMut(&Digest) -> Option<Vec<u8>>) -> Option<Self> {
        Self::decode_at(digest, find, 0)
    }

    /// The digests of the directories that a directory's bytes name; `None` when they are not those of one.
    pub fn children(bytes: &[u8]) -> Option<Vec<Digest>> {
        let (mut rest, mut found) = (bytes, Vec::new());
        (field(&mut rest)? == DOMAIN).then_some(())?;
        while !rest.is_empty() {
            let (kind, _, what) = (field(&mut rest)?, field(&mut rest)?, field(&mut rest)?);
            if kind == b"d" {
                found.push(Digest::from_bytes(what.try_into().ok()?));
            }
        }
        Some(found)
    }

    fn decode_at(
        digest: &Digest,
        find: &mut dyn FnMut(&Digest) -> Option<Vec<u8>>,
        depth: usize,
    ) -> Option<Self> {
        /// Deeper than any path of a file system.
        const DEEPEST: usize = 2_100;
        let bytes = find(digest).filter(|bytes| Digest::of(bytes) == *digest && depth < DEEPEST)?;
        let mut rest = &*bytes;
        (field(&mut rest)? == DOMAIN).then_some(())?;
        let mut entries = Vec::new();
        while !rest.is_empty() {
            let (kind, name, what) = (field(&mut rest)?, name(field(&mut rest)?)?, field(&mut rest)?);
            let entry = match kind {
                b"f" | b"x" => {
                    let (digest, size) = what.split_at_checked(32)?;
                    let digest = Digest::from_bytes(digest.try_into().ok()?);
                    let size = u64::from_le_bytes(size.try_into().ok()?);
                    Entry::File(Content { digest, size, executable: kind == b"x" })
                }
                b"l" => Entry::Link(self::name(what)?.into()),
                b"d" => {
                    let digest = Digest::from_bytes(what.try_into().ok()?);
                    Entry::Dir(Arc::new(Self::decode_at(&digest, find, depth + 1)?))
                }
                _ => return None,
            };
            entries.push((name.into(), entry));
        }
        let node = Self::new(entries);
        (node.digest == *digest).then_some(node)
    }
}

/// The domain, then for each entry its kind (`f` file, `x` executable file, `l` link, `d` directory), its name, and what it
/// is: digest and size of a file, text of a link, digest of a directory. Each of these with its length before it.
fn encoded(entries: &[(Box<OsStr>, Entry)]) -> Vec<u8> {
    let mut text = Vec::with_capacity(64 + entries.len() * 96);
    let mut add = |field: &[&[u8]]| {
        let length: usize = field.iter().map(|part| part.len()).sum();
        text.extend_from_slice(&(length as u64).to_le_bytes());
        field.iter().for_each(|part| text.extend_from_slice(part));
    };
    add(&[DOMAIN]);
    for (name, entry) in entries {
        match entry {
            Entry::File(content) => {
                add(&[if content.executable { b"x" } else { b"f" }]);
                add(&[bytes(name)]);
                add(&[content.digest.as_bytes(), &content.size.to_le_bytes()]);
            }
            Entry::Link(target) => {
                add(&[b"l"]);
                add(&[bytes(name)]);
                add(&[bytes(target.as_os_str())]);
            }
            Entry::Dir(node) => {
                add(&[b"d"]);
                add(&[bytes(name)]);
                add(&[node.digest.as_bytes()]);
            }
        }
    }
    text
}

fn field<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (length, behind) = rest.split_first_chunk::<8>()?;
    let (field, behind) = behind.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    *rest = behind;
    Some(field)
}

fn bytes(name: &OsStr) -> &[u8] {
    name.as_encoded_bytes()
}

#[cfg(unix)]
fn name(bytes: &[u8]) -> Option<OsString> {
    Some(std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec()))
}

#[cfg(not(unix))]
fn name(bytes: &[u8]) -> Option<OsString> {
    Some(std::str::from_utf8(bytes).ok()?.into())
}

fn differences(old: Option<&Node>, new: Option<&Node>, at: &Path, found: &mut Vec<Difference>) {
    if old.map(|node| node.digest) == new.map(|node| node.digest) {
        return;
    }
    let (mut olds, mut news) = (
        old.map_or(&[][..], |node| &node.entries).iter().peekable(),
        new.map_or(&[][..], |node| &node.entries).iter().peekable(),
    );
    loop {
        let order = match (olds.peek(), news.peek()) {
            (None, None) => return,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some((old, _)), Some((new, _))) => bytes(old).cmp(bytes(new)),
        };
        let old = if order.is_le() { olds.next() } else { None };
        let new = if order.is_ge() { news.next() } else { None };
        let Some(name) = old.or(new).map(|(name, _)| name) else { return };
        let path = at.join(&**name);
        let (old, new) = (old.map(|(_, entry)| entry), new.map(|(_, entry)| entry));
        let dir = |entry: Option<&Entry>| match entry {
            Some(Entry::Dir(node)) => Some(node.clone()),
            _ => None,
        };
        let content = |entry: Option<&Entry>| match entry {
            Some(Entry::File(content)) => Some(*content),
            Some(Entry::Link(target)) => {
                let text = bytes(target.as_os_str());
                Some(Content { digest: Digest::of(text), size: text.len() as u64, executable: false })
            }
            _ => None,
        };
        differences(dir(old).as_deref(), dir(new).as_deref(), &path, found);
        if old != new && (content(old).is_some() || content(new).is_some()) {
            found.push(Difference { path, old: content(old), new: content(new) });
        }
    }
}
