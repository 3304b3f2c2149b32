//! The stage of a builder that has no stage of its own: the repository at the same relative places (CLO-1).
//!
//! What is known to decide the image is copied, and hashed while it is copied. Everything else of the repository is there
//! too, because templates that were written without hybrid may use any of it, but its use is noticed: small files as
//! copies, large ones as links. The directories of hybrid are there, and empty.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use hc_core::Digest;
use hc_core::fs::{create_dirs, io_error};
use hc_templates::closure::COMPILED;
use hc_templates::compose;
use walkdir::{DirEntry, WalkDir};

use super::observe::{self, Changed};
use crate::error::Result;
use crate::inputs::Digests;
use crate::inputs::observed::{GIT, is_own};
use crate::prepare::Prepared;
use crate::project::Project;

/// Larger files that are not known to be inputs are linked instead of copied, in bytes.
const LARGEST_COPY: u64 = 1 << 20;
/// Larger files are linked even when they are known to be inputs: media and images, in bytes.
const LARGEST_INPUT: u64 = 64 << 20;
/// More files than these that are not known to be inputs are linked instead of copied.
const MOST_COPIES: usize = 20_000;

/// What may be in a mirror beside the known inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beside {
    /// Everything else of the repository, and its use is noticed.
    Observed,
    /// Nothing: what nobody named is missing.
    Nothing,
}

/// What a path of a mirror is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A copy, and when its original was changed.
    Copy(Changed),
    /// A link of the repository, or one to a large file of it.
    Link,
    /// A directory.
    Dir,
}

#[derive(Debug, Clone, Copy)]
struct Made {
    kind: Kind,
    /// Whether it is known to be an input, or must not be one.
    known: bool,
}

/// A mirror that was made.
#[derive(Debug)]
pub struct Mirror {
    root: PathBuf,
    made: BTreeMap<PathBuf, Made>,
    digests: BTreeMap<PathBuf, (Digest, u64)>,
    is_observed: bool,
}

/// What is to be made.
#[derive(Default)]
struct Wanted {
    copies: Vec<PathBuf>,
    links: Vec<(PathBuf, PathBuf)>,
    made: BTreeMap<PathBuf, Made>,
}

/// Makes the mirror at `root`, which must not exist, and begins to notice what is used of it.
///
/// # Errors
/// When something cannot be read or made.
pub fn make(project: &Project, prepared: &Prepared, root: &Path) -> Result<Mirror> {
    let beside = if prepared.hermetic { Beside::Nothing } else { Beside::Observed };
    let mut wanted = wanted(project, prepared, beside)?;
    create_dirs(root)?;
    // Parents before what lies in them.
    for (path, _) in wanted.made.iter().filter(|(_, made)| made.kind == Kind::Dir) {
        create_dirs(&root.join(path))?;
    }
    let mut digests = BTreeMap::new();
    for path in wanted.copies {
        let at = root.join(&path);
        match compose::copy(&project.at(&path), &at) {
            Ok(copied) => digests.insert(path, copied),
            // What nobody names and nobody can read is packer's to report, if it matters.
            Err(_) if wanted.made.get(&path).is_some_and(|made| !made.known) => {
                wanted.made.remove(&path);
                None
            }
            Err(error) => return Err(error.into()),
        };
    }
    for (path, target) in wanted.links {
        let at = root.join(&path);
        link(&target, &at).map_err(io_error("link", &at))?;
    }
    let mut mirror = Mirror { root: root.into(), made: wanted.made, digests, is_observed: false };
    mirror.watch();
    Ok(mirror)
}

/// What needs no watching: known inputs, what packer lists itself, what is hybrid's own.
struct Known<'a> {
    project: &'a Project,
    inputs: BTreeSet<PathBuf>,
    listed: Vec<&'a Path>,
}

fn known<'a>(project: &'a Project, prepared: &'a Prepared) -> Result<Known<'a>> {
    let links = prepared.closure.links.iter().map(|link| link.path.clone());
    let inputs = crate::inputs::paths(project, prepared)?.chain(links).collect();
    Ok(Known { project, inputs, listed: prepared.builder.dir.ancestors().collect() })
}

impl Known<'_> {
    fn has(&self, path: &Path, kind: Kind) -> bool {
        match kind {
            Kind::Dir => self.listed.contains(&path) || is_own(self.project, path),
            Kind::Copy(_) | Kind::Link => self.inputs.contains(path),
        }
    }
}

fn wanted(project: &Project, prepared: &Prepared, beside: Beside) -> Result<Wanted> {
    let known = known(project, prepared)?;
    let mut wanted = Wanted::default();
    let mut copies = 0;
    for entry in WalkDir::new(&project.root).min_depth(1).into_iter().filter_entry(|entry| {
        let path = entry.path().strip_prefix(&project.root).unwrap_or(entry.path());
        !path.parent().is_some_and(|parent| is_own(project, parent))
    }) {
        // What cannot be read cannot be used by packer either, and is packer's to report.
        let Ok(entry) = entry else { continue };
        let Ok(path) = entry.path().strip_prefix(&project.root) else { continue };
        let is_known = known.inputs.contains(path);
        let is_dir = entry.file_type().is_dir();
        if path == Path::new(GIT) {
            if beside == Beside::Observed {
                wanted.link(path, entry.path().to_owned(), false);
            }
        } else if is_dir && (beside == Beside::Observed || is_own(project, path)) {
            let known = known.has(path, Kind::Dir);
            wanted.made.insert(path.to_owned(), Made { kind: Kind::Dir, known });
        } else if !is_dir && !is_own(project, path) && (is_known || beside == Beside::Observed) {
            copies += usize::from(!is_known);
            let most = if is_known { LARGEST_INPUT } else { LARGEST_COPY };
            wanted.add(project, &entry, path, is_known, if copies > MOST_COPIES { 0 } else { most });
        }
    }
    let above: BTreeSet<PathBuf> =
        wanted.made.keys().flat_map(|path| path.ancestors().skip(1)).map(Path::to_owned).collect();
    for dir in above.into_iter().filter(|dir| !dir.as_os_str().is_empty()) {
        wanted.made.entry(dir).or_insert(Made { kind: Kind::Dir, known: true });
    }
    Ok(wanted)
}

impl Wanted {
    fn add(&mut self, project: &Project, entry: &DirEntry, path: &Path, known: bool, most: u64) {
        let kind = entry.file_type();
        if kind.is_symlink() {
            let target = std::fs::read_link(entry.path()).unwrap_or_default();
            self.link(path, retargeted(project, path, target), known);
        } else if kind.is_file() && entry.metadata().is_ok_and(|meta| meta.len() <= most) {
            self.copies.push(path.to_owned());
            let kind = Kind::Copy(Changed::of(entry.path()));
            self.made.insert(path.to_owned(), Made { kind, known });
        } else if kind.is_file() {
            self.link(path, entry.path().to_owned(), known);
        }
    }

    fn link(&mut self, path: &Path, target: PathBuf, known: bool) {
        self.links.push((path.to_owned(), target));
        self.made.insert(path.to_owned(), Made { kind: Kind::Link, known });
    }
}

/// A link that names its target by an absolute path inside the repository leads into the repository, not the stage: it
/// is made relative. All others stay as they are.
fn retargeted(project: &Project, link: &Path, target: PathBuf) -> PathBuf {
    match target.strip_prefix(&project.root) {
        Ok(inside) => link.ancestors().skip(2).map(|_| Path::new("..")).collect::<PathBuf>().join(inside),
        Err(_) => target,
    }
}

#[cfg(unix)]
fn link(target: &Path, at: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

#[cfg(not(unix))]
fn link(target: &Path, at: &Path) -> std::io::Result<()> {
    std::fs::copy(target, at).map(|_| ())
}

impl Mirror {
    /// Whether what a run reads is noticed.
    pub fn is_observed(&self) -> bool {
        self.is_observed
    }

    /// Gives copies the times of their originals, and begins to notice what is read.
    fn watch(&mut self) {
        self.is_observed = observe::works(&self.root);
        // Innermost first: the times of a directory come after those of what it holds.
        for (path, made) in self.made.iter_mut().rev() {
            let at = self.root.join(path);
            match &mut made.kind {
                Kind::Copy(changed) => {
                    observe::forget_and_age(&at, *changed);
                    *changed = Changed::of(&at);
                }
                Kind::Link | Kind::Dir => {
                    observe::forget(&at);
                }
            }
        }
    }

    /// The same mirror for another target, at another place: what it holds is as it was when it was made. Made anew when a
    /// run changed something in it.
    ///
    /// # Errors
    /// Those of [`make`].
    pub fn renew(mut self, project: &Project, prepared: &Prepared, root: &Path) -> Result<Self> {
        if prepared.hermetic || self.is_changed() || std::fs::rename(&self.root, root).is_err() {
            let _ = std::fs::remove_dir_all(&self.root);
            return make(project, prepared, root);
        }
        self.root = root.into();
        let known = known(project, prepared)?;
        for (path, made) in self.made.iter_mut().rev() {
            made.known = known.has(path, made.kind);
            let at = self.root.join(path);
            if observe::was_read(&at) {
                observe::forget(&at);
            }
        }
        Ok(self)
    }

    /// The mirror out of a place that is about to be removed; `None` when it cannot be moved.
    pub fn parked(self, to: &Path) -> Option<Self> {
        std::fs::rename(&self.root, to).ok().map(|()| Self { root: to.into(), ..self })
    }

    /// Removes the mirror, and the directory of the run when nothing else is in it.
    pub fn remove(self) {
        let _ = std::fs::remove_dir_all(&self.root);
        if let Some(run) = self.root.parent() {
            let _ = std::fs::remove_dir(run);
        }
    }

    /// Whether an entry stands as it was made.
    fn is_as_made(&self, path: &Path, entry: &DirEntry) -> bool {
        self.made.get(path).is_some_and(|made| match made.kind {
            Kind::Copy(changed) => entry.file_type().is_file() && Changed::of(entry.path()) == changed,
            Kind::Link => entry.path_is_symlink(),
            Kind::Dir => entry.file_type().is_dir(),
        })
    }

    /// Whether something was made, rewritten or removed in it.
    fn is_changed(&self) -> bool {
        let mut left = self.made.len();
        for entry in WalkDir::new(&self.root).min_depth(1) {
            let Ok(entry) = entry else { return true };
            let path = entry.path().strip_prefix(&self.root).unwrap_or(entry.path());
            if !self.is_as_made(path, &entry) {
                return true;
            }
            left -= 1;
        }
        left > 0
    }

    /// Gives the digests of what was copied to those who ask for them.
    pub fn lend(&self, digests: &mut Digests) {
        digests.adopt(self.digests.clone());
    }

    /// What was read of the mirror and is not known: paths relative to the project, as in
    /// [`Observed`](hc_records::Observed). What the template says that it writes is its output, even if it was read.
    pub fn read(&self, outputs: &[PathBuf]) -> BTreeSet<String> {
        if !self.is_observed {
            return BTreeSet::new();
        }
        let used = |path: &Path, made: &Made| {
            let at = self.root.join(path);
            !made.known
                && observe::was_read(&at)
                && match made.kind {
                    Kind::Copy(changed) => {
                        let now = Changed::of(&at);
                        let is_output = || outputs.iter().any(|output| path.starts_with(output));
                        now == changed || (now.is_same_file(changed) && !is_output())
                    }
                    Kind::Link | Kind::Dir => true,
                }
        };
        let read: Vec<(&PathBuf, Kind)> = self
            .made
            .iter()
            .filter(|(path, made)| used(path, made))
            .map(|(path, made)| (path, made.kind))
            .collect();
        // Git looks at every directory: its commit stands for them.
        let by_git = read.iter().any(|(path, _)| *path == Path::new(GIT));
        read.into_iter()
            .filter_map(|(path, kind)| match kind {
                Kind::Dir if by_git => None,
                Kind::Dir => Some(text(path) + "/"),
                Kind::Copy(_) | Kind::Link => Some(text(path)),
            })
            .collect()
    }

    /// What the run wrote without reading before what stood there: paths relative to the project, those of directories that
    /// it made with a slash at the end.
    pub fn written(&self) -> BTreeSet<String> {
        let mut written = BTreeSet::new();
        let mut walk = WalkDir::new(&self.root).min_depth(1).into_iter();
        while let Some(entry) = walk.next() {
            let Ok(entry) = entry else { continue };
            let Ok(path) = entry.path().strip_prefix(&self.root) else { continue };
            let is_dir = entry.file_type().is_dir();
            match self.made.get(path).map(|made| made.kind) {
                None if is_dir => {
                    written.insert(text(path) + "/");
                    walk.skip_current_dir();
                }
                None => {
                    written.insert(text(path));
                }
                Some(Kind::Copy(changed)) => {
                    let now = Changed::of(entry.path());
                    let was_read = now.is_same_file(changed) && observe::was_read(entry.path());
                    if now != changed && self.is_observed && !was_read {
                        written.insert(text(path));
                    }
                }
                Some(Kind::Link | Kind::Dir) => {}
            }
        }
        written
    }

    /// Moves what a run made or rewrote in the mirror to the same places of the project, as if it had run there.
    ///
    /// # Errors
    /// When something cannot be moved.
    pub fn hand_over(&self, project: &Project) -> Result<()> {
        let mut walk = WalkDir::new(&self.root).min_depth(1).into_iter();
        while let Some(entry) = walk.next() {
            let Ok(entry) = entry else { continue };
            let Ok(path) = entry.path().strip_prefix(&self.root) else { continue };
            let is_dir = entry.file_type().is_dir();
            if is_dir && entry.file_name() == COMPILED {
                walk.skip_current_dir();
                continue;
            }
            let to = project.at(path);
            if self.is_as_made(path, &entry) || (is_dir && to.is_dir()) {
                // What lies in it goes one by one.
                continue;
            }
            if let Some(parent) = path.parent() {
                hc_core::fs::confine(&project.root, parent)?;
                create_dirs(&project.at(parent))?;
            }
            match std::fs::rename(entry.path(), &to) {
                Ok(()) if is_dir => walk.skip_current_dir(),
                Ok(()) => {}
                // Another file system: one by one.
                Err(error) if error.kind() == ErrorKind::CrossesDevices && is_dir => create_dirs(&to)?,
                Err(error) if error.kind() == ErrorKind::CrossesDevices && !entry.path_is_symlink() => {
                    std::fs::copy(entry.path(), &to).map_err(io_error("copy", &to))?;
                }
                Err(error) => return Err(io_error("move", &to)(error).into()),
            }
        }
        Ok(())
    }

    /// What a run replaced in the mirror when it was allowed to (`--force`) is removed from the project as well.
    pub fn remove_replaced(&self, project: &Project) {
        let gone = |path: &Path| self.root.join(path).symlink_metadata().is_err();
        for (path, made) in self.made.iter().rev().filter(|(path, _)| gone(path)) {
            let at = project.at(path);
            // A directory that still holds something stays.
            let _ = if made.kind == Kind::Dir { std::fs::remove_dir(at) } else { std::fs::remove_file(at) };
        }
    }

    /// A path of the mirror as the project has it.
    pub fn in_project(&self, project: &Project, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).map_or_else(|_| path.to_owned(), |inside| project.at(inside))
    }
}

/// A path as records have it.
fn text(path: &Path) -> String {
    let text = path.to_string_lossy();
    if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() }
}
