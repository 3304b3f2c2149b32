//! What was found so far: inputs with their kinds, links, problems, and what is still to be looked into.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hc_config::Location;
use hc_core::tree::Content;
use hc_records::{InputKind, InputTree};

use super::disk::{Disk, Found, Link, Tree, Way, is_never, is_own};
use super::globs;
use super::mentions;
use super::places::{Bases, Spot};
use super::problems::{Outside, OutsideKind, Problems, Unknown, UnknownKind};

/// Directories and patterns with fewer files are a list of inputs, with more of them one input.
const MANY: u64 = 256;

/// The inputs of one builder while they are found.
pub(super) struct Work<'a> {
    pub(super) disk: &'a Disk,
    pub(super) bases: &'a Bases,
    files: Vec<(PathBuf, InputKind)>,
    links: Vec<Link>,
    pub(super) problems: Problems,
    /// Directories that were added as a whole.
    trees: BTreeSet<PathBuf>,
    /// Those of many files.
    large: Vec<InputTree>,
    /// YAML files in them.
    yaml: Vec<(PathBuf, InputKind)>,
    /// What is known of files that were looked at.
    contents: Vec<(PathBuf, Content)>,
    /// What could not be read.
    unread: Vec<PathBuf>,
    /// Where the builder writes: nothing in there is an input.
    pub(super) outputs: Vec<PathBuf>,
    /// Scripts that run on this machine, to be looked into.
    pub(super) scripts: Vec<PathBuf>,
    /// Files and directories that Ansible got.
    pub(super) playbooks: Vec<PathBuf>,
    /// Hiera configurations.
    pub(super) hieras: Vec<PathBuf>,
    /// Names that may be variables of the environment, where a program of this machine is told them, with the first place.
    pub(super) mentions: BTreeMap<String, Location>,
    /// Directories of which a command of this machine takes what matches a pattern.
    pub(super) picked_from: BTreeSet<PathBuf>,
}

/// What is found in the end.
pub(super) struct Finished {
    pub(super) files: Vec<(PathBuf, InputKind)>,
    pub(super) trees: Vec<InputTree>,
    pub(super) contents: Vec<(PathBuf, Content)>,
    pub(super) unread: Vec<PathBuf>,
    pub(super) links: Vec<Link>,
    pub(super) outputs: Vec<PathBuf>,
    pub(super) mentions: BTreeMap<String, Location>,
    pub(super) picked_from: BTreeSet<PathBuf>,
    pub(super) problems: Problems,
}

impl<'a> Work<'a> {
    pub(super) fn new(disk: &'a Disk, bases: &'a Bases) -> Self {
        Self {
            disk,
            bases,
            files: Vec::new(),
            links: Vec::new(),
            problems: Problems::default(),
            trees: BTreeSet::new(),
            large: Vec::new(),
            yaml: Vec::new(),
            contents: Vec::new(),
            unread: Vec::new(),
            outputs: Vec::new(),
            scripts: Vec::new(),
            playbooks: Vec::new(),
            hieras: Vec::new(),
            mentions: BTreeMap::new(),
            picked_from: BTreeSet::new(),
        }
    }

    /// Adds a file or everything below a directory; `None` when the spot is neither.
    pub(super) fn add(
        &mut self,
        spot: &Spot,
        kind: InputKind,
        location: &dyn Fn() -> Location,
    ) -> Option<PathBuf> {
        let path = match &spot.found {
            Found::File(path) => {
                if !is_never(path) {
                    self.file(path, kind);
                }
                path
            }
            Found::Dir(path) => {
                self.tree(path, kind, location);
                path
            }
            _ => return None,
        };
        self.links.extend(spot.links.iter().cloned());
        Some(path.clone())
    }

    /// Adds a file that is known to be one.
    pub(super) fn file(&mut self, path: &Path, kind: InputKind) {
        self.files.push((path.to_owned(), InputKind::of_path(path).stronger(kind)));
    }

    /// Adds everything below a directory.
    pub(super) fn tree(&mut self, dir: &Path, kind: InputKind, location: &dyn Fn() -> Location) {
        if is_own(dir) || !self.trees.insert(dir.to_owned()) {
            return;
        }
        let tree = self.disk.tree(dir);
        self.found(&tree, format!("{}/", dir.display()), kind, location);
    }

    /// Adds the files that a pattern names; whether there are any.
    pub(super) fn pattern(
        &mut self,
        pattern: &str,
        kind: InputKind,
        location: &dyn Fn() -> Location,
    ) -> bool {
        let disk = self.disk;
        let tree = disk.pattern(pattern, || {
            let found = globs::matching(disk, Path::new(""), pattern).into_iter();
            found.map(|(_, spot)| Way { found: spot.found, links: spot.links }).collect()
        });
        self.found(&tree, pattern.to_owned(), kind, location);
        !tree.node.is_empty() || !tree.targets.is_empty()
    }

    fn found(&mut self, tree: &Tree, name: String, kind: InputKind, location: &dyn Fn() -> Location) {
        let found = InputTree::new(kind, name, tree.node.clone());
        // Few files are inputs one by one: their list says more.
        if found.files < MANY {
            let base = found.base().to_owned();
            tree.node.each_file(&base, &mut |path, content| {
                self.file(&path, kind);
                self.contents.push((path, *content));
            });
        } else {
            self.yaml
                .extend(tree.yaml.iter().map(|path| (path.clone(), InputKind::of_path(path).stronger(kind))));
            self.large.push(found);
        }
        self.unread.extend(tree.unread.iter().cloned());
        self.links.extend(tree.links.iter().cloned());
        for target in &tree.targets {
            match target {
                Found::File(path) => self.file(path, kind),
                Found::Dir(path) => self.tree(path, kind, location),
                _ => {}
            }
        }
        for link in &tree.outside {
            let what = OutsideKind::Link(link.clone());
            self.problems.outside.push(Outside { path: link.target.clone(), location: location(), what });
        }
    }

    /// Notes something that packer alone knows.
    pub(super) fn unknown(&mut self, attribute: &str, what: UnknownKind, location: Location) {
        self.unknown_because(attribute, what, None, location);
    }

    /// The same, with what in it packer alone knows.
    pub(super) fn unknown_because(
        &mut self,
        attribute: &str,
        what: UnknownKind,
        reason: Option<String>,
        location: Location,
    ) {
        self.problems.unknown.push(Unknown { location, attribute: attribute.to_owned(), what, reason });
    }

    /// Notes the variables of the environment that a text of this machine names.
    pub(super) fn mention(&mut self, text: &str, location: &dyn Fn() -> Location) {
        for name in mentions::of(text) {
            if !self.mentions.contains_key(name) {
                self.mentions.insert(name.to_owned(), location());
            }
        }
    }

    /// Whether anything was found below a path or by a name that has it as its beginning.
    pub(super) fn has_below(&self, path: &Path) -> bool {
        self.files.iter().any(|(file, _)| file.starts_with(path))
            || self.large.iter().any(|tree| tree.base().starts_with(path) || tree.get(path).is_some())
    }

    /// How much was found, for a look at what is new.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// YAML files in directories of many files.
    pub(super) fn yaml(&self) -> impl Iterator<Item = &(PathBuf, InputKind)> {
        self.yaml.iter()
    }

    /// What was found since.
    pub(super) fn since(&self, before: usize) -> impl Iterator<Item = &(PathBuf, InputKind)> {
        self.files[before..].iter()
    }

    /// As [`Work::finish`], with what was found elsewhere.
    pub(super) fn finish_with(mut self, other: Option<&Finished>) -> Finished {
        if let Some(Finished { files, trees, contents, unread, links, mentions, problems, .. }) = other {
            self.large.extend(trees.iter().cloned());
            self.contents.extend(contents.iter().cloned());
            self.unread.extend(unread.iter().cloned());
            for (name, place) in mentions {
                self.mentions.entry(name.clone()).or_insert_with(|| place.clone());
            }
            self.files.extend(files.iter().cloned());
            self.links.extend(links.iter().cloned());
            self.problems.missing.extend(problems.missing.iter().cloned());
            self.problems.unknown.extend(problems.unknown.iter().cloned());
            self.problems.outside.extend(problems.outside.iter().cloned());
        }
        self.finish()
    }

    /// All of it, sorted by the text of its paths, each once.
    pub(super) fn finish(mut self) -> Finished {
        let outputs = std::mem::take(&mut self.outputs);
        self.files.retain(|(path, _)| !outputs.iter().any(|output| path.starts_with(output)));
        self.files.sort_unstable_by(|(one, _), (other, _)| one.as_os_str().cmp(other.as_os_str()));
        self.files.dedup_by(|(later, second), (first, kind)| {
            let same = later.as_os_str() == first.as_os_str();
            if same {
                *kind = kind.stronger(*second);
            }
            same
        });
        self.links.sort_unstable();
        self.links.dedup();
        self.problems.tidy();
        self.unread.retain(|path| !outputs.iter().any(|output| path.starts_with(output)));
        Finished {
            files: self.files,
            trees: self.large.into_iter().filter_map(|tree| tree.without(&outputs)).collect(),
            contents: self.contents,
            unread: self.unread,
            links: self.links,
            outputs,
            mentions: self.mentions,
            picked_from: self.picked_from,
            problems: self.problems,
        }
    }
}
