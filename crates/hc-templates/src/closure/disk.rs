//! The project as analysis sees it: every directory is listed once, links are followed by hand, and nothing outside of
//! the project is ever looked at.
//!
//! What was seen is remembered for as long as the value lives: one command, never longer.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use hc_config::hcl::TextTemplate;
use hc_config::suggest;
use hc_core::fs::{FsError, is_temporary, read_text};
use hc_core::tree::{self, Node, TreeCache, Walked};
use hc_records::layout;

use crate::inventory::TEXT_LIMIT;

/// Directories of the project's root that hold what hybrid makes; never inputs.
pub(crate) const OWN: [&str; 5] = [".git", layout::HYBRID, layout::LOGS, "state", layout::ARTIFACTS];
/// Names that are never inputs, wherever they lie: git's own files, what packer keeps of downloads, what Python compiles.
const NEVER: [&str; 3] = [".git", "packer_cache", COMPILED];
/// What Python compiles for itself.
pub const COMPILED: &str = "__pycache__";
/// More links than any path has on its way.
const MOST_LINKS: usize = 40;

/// What an entry of a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    File,
    Dir,
    Link,
    /// A socket, a pipe, a device.
    Other,
}

type Listing = Vec<(OsString, Entry)>;

/// A symbolic link on the way to an input.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Where it lies, relative to the project; no part of this path is a link itself.
    pub path: PathBuf,
    /// What stands in it.
    pub target: PathBuf,
}

/// What a path leads to. Paths are relative to the project and have no link in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    File(PathBuf),
    Dir(PathBuf),
    /// The path up to where it ends, with the rest as it was written.
    Missing(PathBuf),
    /// It leaves the project; the link that does so, where one does.
    Outside(Option<Link>),
}

/// A look-up with the links that it passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) found: Found,
    pub(crate) links: Vec<Link>,
}

/// Everything below a directory, or everything that a pattern names.
#[derive(Debug)]
pub(crate) struct Tree {
    /// As it was found.
    pub(crate) node: Arc<Node>,
    pub(crate) links: Vec<Link>,
    /// Files and directories outside of it that its links lead to.
    pub(crate) targets: Vec<Found>,
    /// Links that lead out of the project.
    pub(crate) outside: Vec<Link>,
    /// YAML files, which Ansible may start from.
    pub(crate) yaml: Vec<PathBuf>,
    /// What could not be read: its use will tell.
    pub(crate) unread: Option<PathBuf>,
}

/// What is remembered of a project's files while one command looks at many builders.
pub(crate) struct Disk {
    root: PathBuf,
    /// The root without links, for absolute links that lead back into the project.
    real: PathBuf,
    listings: RefCell<HashMap<PathBuf, Option<Rc<Listing>>>>,
    texts: RefCell<HashMap<PathBuf, Option<Rc<str>>>>,
    templates: RefCell<HashMap<PathBuf, Option<Rc<TextTemplate>>>>,
    /// By directory, and by pattern with a word before it.
    trees: RefCell<HashMap<OsString, Rc<Tree>>>,
    cache: TreeCache,
}

impl Disk {
    /// The project at `root`; nothing of it is read yet. `cache` remembers digests between runs.
    pub(crate) fn new(root: &Path, cache: TreeCache) -> Self {
        Self {
            root: root.to_owned(),
            real: std::fs::canonicalize(root).unwrap_or_else(|_| root.to_owned()),
            listings: RefCell::default(),
            texts: RefCell::default(),
            templates: RefCell::default(),
            trees: RefCell::default(),
            cache,
        }
    }

    /// The project's root as it was given, and without links.
    pub(super) fn roots(&self) -> Vec<String> {
        let mut roots = [&self.root, &self.real].map(|root| root.to_string_lossy().into_owned()).to_vec();
        roots.dedup();
        roots
    }

    /// The part of an absolute path below the project.
    pub(crate) fn inside<'p>(&self, absolute: &'p Path) -> Option<&'p Path> {
        absolute.strip_prefix(&self.root).or_else(|_| absolute.strip_prefix(&self.real)).ok()
    }

    fn listing(&self, dir: &Path) -> Option<Rc<Listing>> {
        if let Some(known) = self.listings.borrow().get(dir) {
            return known.clone();
        }
        let listing = std::fs::read_dir(self.root.join(dir)).ok().map(|entries| {
            let mut listing: Listing = entries
                .flatten()
                .filter_map(|entry| {
                    let kind = entry.file_type().ok()?;
                    let kind = match kind {
                        _ if kind.is_symlink() => Entry::Link,
                        _ if kind.is_dir() => Entry::Dir,
                        _ if kind.is_file() => Entry::File,
                        _ => Entry::Other,
                    };
                    Some((entry.file_name(), kind))
                })
                .collect();
            listing.sort_unstable_by(|one, other| one.0.cmp(&other.0));
            Rc::new(listing)
        });
        self.listings.borrow_mut().insert(dir.to_owned(), listing.clone());
        listing
    }

    fn entry(&self, dir: &Path, name: &OsStr) -> Option<Entry> {
        let listing = self.listing(dir)?;
        let at = listing.binary_search_by(|(known, _)| known.as_os_str().cmp(name)).ok()?;
        Some(listing[at].1)
    }

    /// Names in a directory, sorted; none where there is none.
    pub(crate) fn names(&self, dir: &Path) -> Vec<OsString> {
        self.listing(dir)
            .map(|listing| listing.iter().map(|(name, _)| name.clone()).collect())
            .unwrap_or_default()
    }

    /// Whether the first part of a relative path is in a directory: `false` spares a look-up.
    pub(crate) fn may_have(&self, dir: &Path, path: &str) -> bool {
        let first = path.split('/').next().unwrap_or(path);
        matches!(first, "" | "." | "..") || self.entry(dir, OsStr::new(first)).is_some()
    }

    /// Follows `path` from `base`, as the kernel does: link by link. `base` is a directory of the project whose path has
    /// no link in it.
    pub(crate) fn follow(&self, base: &Path, path: &Path) -> Way {
        let mut way = Way { found: Found::Dir(PathBuf::new()), links: Vec::new() };
        let parts =
            |path: &Path| path.components().map(|part| part.as_os_str().to_owned()).collect::<Vec<_>>();
        let mut ahead: VecDeque<OsString> = parts(path).into();
        let mut at = base.to_owned();
        while let Some(name) = ahead.pop_front() {
            match Path::new(&name).components().next() {
                None | Some(Component::CurDir) => continue,
                Some(Component::ParentDir) => {
                    if !at.pop() {
                        way.found = Found::Outside(way.links.last().cloned());
                        return way;
                    }
                    continue;
                }
                Some(Component::Normal(_)) => {}
                Some(_) => {
                    way.found = Found::Outside(way.links.last().cloned());
                    return way;
                }
            }
            match self.entry(&at, &name) {
                Some(Entry::Dir) => at.push(name),
                Some(Entry::File) if ahead.iter().all(|rest| rest == ".") => {
                    at.push(name);
                    way.found = Found::File(at);
                    return way;
                }
                Some(Entry::Link) => {
                    let Some(link) = self.link(at.join(&name)).filter(|_| way.links.len() < MOST_LINKS)
                    else {
                        way.found = Found::Missing(at.join(name));
                        return way;
                    };
                    let rest = match link.target.has_root() {
                        false => Some(link.target.clone()),
                        true => {
                            at = PathBuf::new();
                            self.inside(&link.target).map(Path::to_owned)
                        }
                    };
                    way.links.push(link.clone());
                    let Some(rest) = rest else {
                        way.found = Found::Outside(Some(link));
                        return way;
                    };
                    for part in parts(&rest).into_iter().rev() {
                        ahead.push_front(part);
                    }
                }
                Some(Entry::File | Entry::Other) | None => {
                    at.push(name);
                    at.extend(ahead);
                    way.found = Found::Missing(at);
                    return way;
                }
            }
        }
        way.found = Found::Dir(at);
        way
    }

    fn link(&self, path: PathBuf) -> Option<Link> {
        let target = std::fs::read_link(self.root.join(&path)).ok()?;
        Some(Link { path, target })
    }

    /// Whether an entry is a directory itself, and no link to one.
    pub(crate) fn has_dir(&self, dir: &Path, name: &OsStr) -> bool {
        self.entry(dir, name) == Some(Entry::Dir)
    }

    /// The directory at `path`, without links; `None` where there is none in the project.
    pub(crate) fn dir(&self, path: &Path) -> Option<PathBuf> {
        match self.follow(Path::new(""), path).found {
            Found::Dir(path) => Some(path),
            _ => None,
        }
    }

    /// Whether `path` leads to a directory of the project.
    pub(crate) fn is_dir(&self, path: &Path) -> bool {
        self.dir(path).is_some()
    }

    /// Whether `path` leads to a file of the project.
    pub(crate) fn is_file(&self, path: &Path) -> bool {
        matches!(self.follow(Path::new(""), path).found, Found::File(_))
    }

    /// The text of a file of the project; `None` for what is no text.
    pub(crate) fn text(&self, path: &Path) -> Option<Rc<str>> {
        if let Some(known) = self.texts.borrow().get(path) {
            return known.clone();
        }
        let text = read_text(&self.root.join(path), TEXT_LIMIT).ok().flatten().map(Rc::from);
        self.texts.borrow_mut().insert(path.to_owned(), text.clone());
        text
    }

    /// The bytes of a file of the project; `None` when there are more than `most`.
    pub(crate) fn bytes(&self, path: &Path, most: usize) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let limit = u64::try_from(most).ok()?.checked_add(1)?;
        let file = hc_core::fs::open_regular(&self.root.join(path)).ok()?;
        file.take(limit).read_to_end(&mut bytes).ok()?;
        (bytes.len() <= most).then_some(bytes)
    }

    /// A file of the project as a text template; `None` for what is none.
    pub(crate) fn template(&self, path: &Path) -> Option<Rc<TextTemplate>> {
        if let Some(known) = self.templates.borrow().get(path) {
            return known.clone();
        }
        let text = self.text(path);
        let template = text.and_then(|text| TextTemplate::parse(path, &*text).ok()).map(Rc::new);
        self.templates.borrow_mut().insert(path.to_owned(), template.clone());
        template
    }

    /// An entry of the same directory whose name is much like that of `path`.
    pub(crate) fn nearest(&self, path: &Path) -> Option<PathBuf> {
        let parent = self.dir(path.parent()?)?;
        let wanted = path.file_name()?.to_string_lossy();
        let listing = self.listing(&parent)?;
        let names = listing.iter().filter_map(|(name, _)| name.to_str());
        suggest::nearest(&wanted, names).map(|near| parent.join(near))
    }

    /// Everything below a directory, with what its links lead to.
    pub(crate) fn tree(&self, dir: &Path) -> Rc<Tree> {
        let name = dir.as_os_str().to_owned();
        if let Some(known) = self.trees.borrow().get(&name) {
            return known.clone();
        }
        // What lies above a name was asked about before the name.
        let is_within_never = is_never(dir);
        let skip = |at: &Path, name: &OsStr| match at.as_os_str().is_empty() {
            true => is_never(Path::new(name)),
            false => is_within_never || is_never_called(name),
        };
        let tree = Rc::new(self.walked(dir, dir, &skip));
        self.trees.borrow_mut().insert(name, tree.clone());
        tree
    }

    /// The files that a pattern names, which `list` lists.
    pub(crate) fn pattern(&self, pattern: &str, list: impl FnOnce() -> Vec<Way>) -> Rc<Tree> {
        let key = OsString::from(format!("pattern {pattern}"));
        if let Some(known) = self.trees.borrow().get(&key) {
            return known.clone();
        }
        let (direct, linked): (Vec<Way>, Vec<Way>) = list().into_iter().partition(|way| way.links.is_empty());
        let files = direct.iter().filter_map(|way| match &way.found {
            Found::File(path) => Some(&**path),
            _ => None,
        });
        let wanted: BTreeSet<&Path> = files.flat_map(Path::ancestors).collect();
        let root = Path::new("");
        let mut tree = self.walked(root, root, &|at, name| !wanted.contains(&*at.join(name)));
        for way in linked {
            tree.links.extend(way.links);
            tree.targets.push(way.found);
        }
        let tree = Rc::new(tree);
        self.trees.borrow_mut().insert(key, tree.clone());
        tree
    }

    /// Remembers what was looked at, for the next run.
    pub(crate) fn remember(&self) -> Result<(), FsError> {
        self.cache.save()
    }

    fn walked(&self, dir: &Path, inside: &Path, skip: &(dyn Fn(&Path, &OsStr) -> bool + Sync)) -> Tree {
        let nothing = || Walked { node: Arc::new(Node::new(Vec::new())), links: Vec::new() };
        let (walked, unread) = match tree::walk(&self.root, dir, &self.cache, skip) {
            Ok(walked) => (walked, None),
            Err(error) => (nothing(), Some(error.path)),
        };
        let mut tree = Tree {
            node: walked.node,
            links: Vec::new(),
            targets: Vec::new(),
            outside: Vec::new(),
            yaml: Vec::new(),
            unread,
        };
        for (path, _) in walked.links {
            let way = self.follow(Path::new(""), &path);
            match &way.found {
                Found::File(target) | Found::Dir(target) if !target.starts_with(inside) => {
                    tree.targets.extend((!is_never(target)).then(|| way.found.clone()));
                }
                Found::Outside(_) => tree.outside.extend(self.link(path)),
                _ => {}
            }
            tree.links.extend(way.links);
        }
        let is_yaml =
            |name: &OsStr| Path::new(name).extension().is_some_and(|end| end == "yml" || end == "yaml");
        tree.node.each_named(inside, &is_yaml, &mut |path| tree.yaml.push(path));
        tree
    }
}

/// Whether a path of the project can never be an input.
pub(crate) fn is_never(path: &Path) -> bool {
    is_own(path)
        || path.iter().any(|part| NEVER.iter().any(|never| part == *never))
        || path.file_name().is_some_and(is_never_called)
}

fn is_never_called(name: &OsStr) -> bool {
    NEVER.iter().any(|never| name == *never) || is_temporary(&name.to_string_lossy())
}

/// Whether a path lies in a directory that hybrid fills.
pub fn is_own(path: &Path) -> bool {
    path.iter().next().is_some_and(|first| OWN.iter().any(|own| first == *own))
}
