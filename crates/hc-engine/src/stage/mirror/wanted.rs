//! What is to be in a mirror: the known inputs, and in a mirror that is observed everything else of the repository.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use hc_core::fs::{io_error, normalize};
use hc_core::stamp::Stamp;
use walkdir::{DirEntry, WalkDir};

use crate::error::Result;
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
pub(super) enum Beside {
    /// Everything else of the repository, and its use is noticed.
    Observed,
    /// Nothing: what nobody named is missing.
    Nothing,
}

/// What a path of a mirror is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// A copy of a file with this stamp.
    Copy(Stamp),
    /// A link of the repository, or one to a large file of it with this stamp.
    Link(PathBuf, Option<Stamp>),
    /// A directory.
    Dir,
}

/// One path that is to be there.
#[derive(Debug, Clone)]
pub(super) struct Want {
    pub(super) what: What,
    /// Whether it is known to be an input, or must not be one: its use needs no watching.
    pub(super) known: bool,
}

/// Everything that is to be there, by path.
pub(super) type Wanted = BTreeMap<PathBuf, Want>;

/// What needs no watching: known inputs, what packer lists itself, where a command takes what is known, what is hybrid's own.
struct Known<'a> {
    inputs: crate::inputs::Known,
    links: BTreeSet<PathBuf>,
    listed: Vec<&'a Path>,
}

fn known<'a>(project: &Project, prepared: &'a Prepared) -> Result<Known<'a>> {
    let links = prepared.closure.links.iter().map(|link| link.path.clone());
    let inputs = crate::inputs::Known::of(project, prepared)?;
    let picked_from = prepared.closure.picked_from.iter().map(PathBuf::as_path);
    let listed = prepared.builder.dir.ancestors().chain(picked_from).collect();
    Ok(Known { inputs, links: links.collect(), listed })
}

/// Looks at the repository.
///
/// # Errors
/// When the known inputs cannot be listed. What cannot be read cannot be used by packer either, and is packer's to report.
pub(super) fn wanted(project: &Project, prepared: &Prepared, beside: Beside) -> Result<Wanted> {
    let known = known(project, prepared)?;
    let mut wanted = Wanted::new();
    let mut copies = 0;
    for entry in WalkDir::new(&project.root).min_depth(1).into_iter().filter_entry(|entry| {
        let path = entry.path().strip_prefix(&project.root).unwrap_or(entry.path());
        !path.parent().is_some_and(|parent| is_own(project, parent))
    }) {
        let Ok(entry) = entry else { continue };
        let Ok(path) = entry.path().strip_prefix(&project.root) else { continue };
        let is_known = known.inputs.has(path) || known.links.contains(path);
        let is_dir = entry.file_type().is_dir();
        let what = if path == Path::new(GIT) {
            (beside == Beside::Observed).then(|| What::Link(entry.path().to_owned(), None))
        } else if is_dir {
            (beside == Beside::Observed || is_own(project, path)).then_some(What::Dir)
        } else if !is_own(project, path) && (is_known || beside == Beside::Observed) {
            copies += usize::from(!is_known);
            let most = if is_known { LARGEST_INPUT } else { LARGEST_COPY };
            file(project, &entry, path, if copies > MOST_COPIES { 0 } else { most })
        } else {
            None
        };
        let known = match what {
            Some(What::Dir) => known.listed.contains(&path) || is_own(project, path),
            _ => is_known,
        };
        wanted.extend(what.map(|what| (path.to_owned(), Want { what, known })));
    }
    let above: BTreeSet<PathBuf> =
        wanted.keys().flat_map(|path| path.ancestors().skip(1)).map(Path::to_owned).collect();
    for dir in above.into_iter().filter(|dir| !dir.as_os_str().is_empty()) {
        wanted.entry(dir).or_insert(Want { what: What::Dir, known: true });
    }
    complete(project, &known, &wanted)?;
    Ok(wanted)
}

/// An input that was moved away or replaced by a link at just this moment would be missing from the mirror, or another file,
/// while its digest were that of the file that stands there again a moment later.
fn complete(project: &Project, known: &Known<'_>, wanted: &Wanted) -> Result<()> {
    let stands = |path: &Path| {
        let what = wanted.get(path).map(|want| &want.what);
        matches!(what, Some(What::Copy(_) | What::Link(_, Some(_)))) || is_own(project, path)
    };
    match known.inputs.paths().iter().find(|path| !stands(path)) {
        None => Ok(()),
        Some(path) => {
            let moved = io::Error::other("it was moved or replaced while the stage was made");
            Err(io_error("stage", &project.at(path))(moved).into())
        }
    }
}

fn file(project: &Project, entry: &DirEntry, path: &Path, most: u64) -> Option<What> {
    let kind = entry.file_type();
    if kind.is_symlink() {
        let target = std::fs::read_link(entry.path()).unwrap_or_default();
        return Some(What::Link(retargeted(project, path, target), None));
    }
    let stamp = Stamp::of(&entry.metadata().ok().filter(|_| kind.is_file())?);
    Some(match stamp.size <= most {
        true => What::Copy(stamp),
        false => What::Link(entry.path().to_owned(), Some(stamp)),
    })
}

/// A link that names its target by an absolute path inside the repository leads into the repository, not the stage: it
/// is made relative. One that leaves the repository by a relative path would lead elsewhere: it is made absolute. All
/// others stay as they are.
fn retargeted(project: &Project, link: &Path, target: PathBuf) -> PathBuf {
    if let Ok(inside) = target.strip_prefix(&project.root) {
        return link.ancestors().skip(2).map(|_| Path::new("..")).collect::<PathBuf>().join(inside);
    }
    let from = project.at(link.parent().unwrap_or(Path::new("")));
    let leads = normalize(&from.join(&target));
    if target.is_relative() && !leads.starts_with(&project.root) { leads } else { target }
}
