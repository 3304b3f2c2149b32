//! What was found so far: inputs with their kinds, links, problems, and what is still to be looked into.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hc_config::Location;
use hc_records::InputKind;

use super::disk::{Disk, Found, Link, is_never, is_own};
use super::kinds;
use super::places::{Bases, Spot};
use super::problems::{Outside, OutsideKind, Problems, Unknown, UnknownKind};

/// The inputs of one builder while they are found.
pub(super) struct Work<'a> {
    pub(super) disk: &'a Disk,
    pub(super) bases: &'a Bases,
    files: Vec<(PathBuf, InputKind)>,
    links: Vec<Link>,
    pub(super) problems: Problems,
    /// Directories that were added as a whole.
    trees: BTreeSet<PathBuf>,
    /// Where the builder writes: nothing in there is an input.
    pub(super) outputs: Vec<PathBuf>,
    /// Scripts that run on this machine, to be looked into.
    pub(super) scripts: Vec<PathBuf>,
    /// Files and directories that Ansible got.
    pub(super) playbooks: Vec<PathBuf>,
    /// Hiera configurations.
    pub(super) hieras: Vec<PathBuf>,
}

/// What is found in the end.
pub(super) struct Finished {
    pub(super) files: Vec<(PathBuf, InputKind)>,
    pub(super) links: Vec<Link>,
    pub(super) outputs: Vec<PathBuf>,
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
            outputs: Vec::new(),
            scripts: Vec::new(),
            playbooks: Vec::new(),
            hieras: Vec::new(),
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
        self.files.push((path.to_owned(), kinds::stronger(kinds::of(path), kind)));
    }

    /// Adds everything below a directory.
    pub(super) fn tree(&mut self, dir: &Path, kind: InputKind, location: &dyn Fn() -> Location) {
        if is_own(dir) || !self.trees.insert(dir.to_owned()) {
            return;
        }
        let tree = self.disk.tree(dir);
        self.files.extend(tree.files.iter().map(|(path, own)| (path.clone(), kinds::stronger(*own, kind))));
        self.links.extend(tree.links.iter().cloned());
        for link in &tree.outside {
            let what = OutsideKind::Link(link.clone());
            self.problems.outside.push(Outside { path: link.target.clone(), location: location(), what });
        }
    }

    /// Notes something that packer alone knows.
    pub(super) fn unknown(&mut self, attribute: &str, what: UnknownKind, location: Location) {
        self.problems.unknown.push(Unknown { location, attribute: attribute.to_owned(), what });
    }

    /// Whether anything was found below a path or by a name that has it as its beginning.
    pub(super) fn has_below(&self, path: &Path) -> bool {
        self.files.iter().any(|(file, _)| file.starts_with(path))
    }

    /// How much was found, for a look at what is new.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// What was found since.
    pub(super) fn since(&self, before: usize) -> impl Iterator<Item = &(PathBuf, InputKind)> {
        self.files[before..].iter()
    }

    /// As [`Work::finish`], with what was found elsewhere.
    pub(super) fn finish_with(mut self, other: Option<&Finished>) -> Finished {
        if let Some(Finished { files, links, problems, .. }) = other {
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
                *kind = kinds::stronger(*kind, *second);
            }
            same
        });
        self.links.sort_unstable();
        self.links.dedup();
        self.problems.tidy();
        Finished { files: self.files, links: self.links, outputs, problems: self.problems }
    }
}
