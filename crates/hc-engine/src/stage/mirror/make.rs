//! Brings a directory to what is wanted of a mirror: only what differs is made, and what is copied is hashed on the way.

use std::path::Path;

use hc_core::fs::{create_dirs, io_error};
use hc_core::stamp::{MARGIN, Stamp};
use hc_core::tree::Content;
use hc_templates::compose;
use walkdir::WalkDir;

use super::wanted::{Beside, Want, Wanted, What, wanted};
use super::{Copied, Kind, Made, Mirror};
use crate::error::Result;
use crate::inputs::observed::GIT;
use crate::prepare::Prepared;
use crate::project::Project;
use crate::stage::listen::Listener;
use crate::stage::observe;

/// How far above the project a mirror reaches, in directories.
const HIGHEST: usize = 2;

/// Makes the mirror of a target at `root`, which must not exist, out of an earlier one if there is one, and begins to notice
/// what is used of it.
///
/// # Errors
/// When something cannot be read or made.
pub fn make(project: &Project, prepared: &Prepared, root: &Path, earlier: Option<Mirror>) -> Result<Mirror> {
    let beside = if prepared.hermetic { Beside::Nothing } else { Beside::Observed };
    let wanted = wanted(project, prepared, beside)?;
    let mut mirror = earlier.unwrap_or_default();
    if let Some(parent) = root.parent() {
        create_dirs(parent)?;
    }
    if std::fs::rename(&mirror.root, root).is_err() {
        let _ = std::fs::remove_dir_all(&mirror.root);
        mirror.made.clear();
    }
    mirror.root = root.to_owned();
    // `""` is the root. Those of which a command takes what matches a pattern count by what matches.
    let listed = prepared.builder.dir.ancestors().filter(|dir| !prepared.closure.picked_from.contains(*dir));
    mirror.listed = listed.map(Path::to_owned).collect();
    mirror.is_listed_again = false.into();
    create_dirs(root)?;
    above(project, prepared, root)?;
    mirror.keep_only(&wanted);
    mirror.complete(project, wanted)?;
    mirror.watch();
    Ok(mirror)
}

/// What the template names above the project (`../shared`) lies above the mirror as well, as links; its content is an input.
fn above(project: &Project, prepared: &Prepared, root: &Path) -> Result<()> {
    for outside in crate::inputs::outside(project, prepared) {
        for (real, mirrored) in project.root.ancestors().zip(root.ancestors()).skip(1).take(HIGHEST) {
            let Some(name) = outside.strip_prefix(real).ok().and_then(|rest| rest.iter().next()) else {
                continue;
            };
            let at = mirrored.join(name);
            if at.symlink_metadata().is_err() {
                link(&real.join(name), &at).map_err(io_error("link", &at))?;
            }
            break;
        }
    }
    Ok(())
}

impl Mirror {
    /// Removes everything that is not as it is wanted, and knows what is left.
    fn keep_only(&mut self, wanted: &Wanted) {
        let mut made = std::mem::take(&mut self.made);
        let mut walk = WalkDir::new(&self.root).min_depth(1).into_iter();
        while let Some(entry) = walk.next() {
            let Ok(entry) = entry else { continue };
            let Ok(path) = entry.path().strip_prefix(&self.root) else { continue };
            let found = made.remove_entry(path).zip(entry.metadata().ok()).zip(wanted.get(path));
            let kept = found.filter(|(((_, made), meta), want)| fits(&made.kind, meta, want));
            if let Some((((path, mut made), _), want)) = kept {
                made.known = want.known;
                self.made.insert(path, made);
            } else if entry.file_type().is_dir() {
                let _ = std::fs::remove_dir_all(entry.path());
                walk.skip_current_dir();
            } else {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    /// Makes what is missing.
    fn complete(&mut self, project: &Project, wanted: Wanted) -> Result<()> {
        let now = Stamp::now(&self.root);
        // Parents come before what lies in them.
        for (path, Want { what, known }) in wanted {
            if self.made.contains_key(&path) {
                continue;
            }
            let at = self.root.join(&path);
            let kind = match what {
                What::Dir => {
                    create_dirs(&at)?;
                    Kind::Dir
                }
                What::Link(target, stamp) => {
                    link(&target, &at).map_err(io_error("link", &at))?;
                    Kind::Link(target, stamp)
                }
                What::Copy(stamp) => match copied(&project.at(&path), &at, stamp, now.as_ref()) {
                    Ok(copied) => Kind::Copy(copied),
                    // What nobody names and nobody can read is packer's to report, if it matters.
                    Err(_) if !known => continue,
                    Err(error) => return Err(error.into()),
                },
            };
            self.made.insert(path, Made { kind, known, is_new: true });
        }
        Ok(())
    }

    /// Gives new copies the times of their originals, and begins to notice what is read.
    fn watch(&mut self) {
        self.keeps_times = observe::works(&self.root);
        // Innermost first: the times of a directory come after those of what it holds.
        for (path, made) in self.made.iter_mut().rev() {
            let at = self.root.join(path);
            match &mut made.kind {
                Kind::Copy(copied) if made.is_new => {
                    observe::forget_and_age(&at, copied.copy.mtime);
                    copied.copy = stamp(&at);
                }
                Kind::Copy(copied) => {
                    if observe::was_read(&at) {
                        observe::forget(&at);
                        copied.copy = stamp(&at);
                    }
                }
                Kind::Link(..) | Kind::Dir => {
                    if observe::was_read(&at) {
                        observe::forget(&at);
                    }
                }
            }
            made.is_new = false;
        }
    }

    /// Begins to hear what access times do not tell.
    pub fn listen(&mut self) {
        let root = (Path::new(""), self.root.clone());
        let places = self.made.iter().filter_map(|(path, made)| match &made.kind {
            Kind::Dir => Some((path.as_path(), self.root.join(path))),
            // What lies in the mirror is heard itself, and git's own directory is read by many.
            Kind::Link(..) if !self.keeps_times && !made.known && path != Path::new(GIT) => {
                let end = self.root.join(path).canonicalize().ok().filter(|end| !end.starts_with(&self.root));
                end.map(|end| (path.as_path(), end))
            }
            Kind::Link(..) | Kind::Copy(_) => None,
        });
        self.listener = Listener::to(std::iter::once(root).chain(places));
    }
}

/// Whether what lies there is what is wanted.
fn fits(made: &Kind, meta: &std::fs::Metadata, want: &Want) -> bool {
    match (made, &want.what) {
        (Kind::Copy(copied), What::Copy(now)) => {
            copied.original.as_ref() == Some(now) && Stamp::of(meta) == copied.copy
        }
        (Kind::Link(made, _), What::Link(wanted, None)) => meta.is_symlink() && made == wanted,
        (Kind::Dir, What::Dir) => meta.is_dir(),
        _ => false,
    }
}

/// Copies a file; `now` is the present before that.
fn copied(
    from: &Path,
    to: &Path,
    original: Stamp,
    now: Option<&Stamp>,
) -> Result<Copied, hc_core::fs::FsError> {
    let Content { digest, size, executable } = compose::copy(from, to)?;
    let after = from.symlink_metadata().map(|meta| Stamp::of(&meta));
    let is_settled =
        after.is_ok_and(|after| after == original) && now.is_some_and(|now| original.is_settled(now, MARGIN));
    // Its times are those of the original until they are set.
    Ok(Copied { original: is_settled.then_some(original), copy: original, digest, size, executable })
}

fn stamp(at: &Path) -> Stamp {
    at.symlink_metadata().map(|meta| Stamp::of(&meta)).unwrap_or_default()
}

#[cfg(unix)]
fn link(target: &Path, at: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

#[cfg(not(unix))]
fn link(target: &Path, at: &Path) -> std::io::Result<()> {
    std::fs::copy(target, at).map(|_| ())
}
