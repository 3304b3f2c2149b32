//! Takes to the project what a run made in its mirror, as if it had run there.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use hc_core::fs::{create_dirs, io_error};
use hc_templates::closure::COMPILED;
use walkdir::WalkDir;

use super::{Kind, Mirror};
use crate::error::Result;
use crate::project::Project;

impl Mirror {
    /// Moves what a run made or rewrote in the mirror to the same places of the project. What cannot be moved stays, and the
    /// rest is moved all the same.
    pub fn hand_over(&self, project: &Project) -> Vec<crate::error::EngineError> {
        let mut failed = Vec::new();
        let mut walk = WalkDir::new(&self.root).min_depth(1).into_iter();
        while let Some(entry) = walk.next() {
            let Ok(entry) = entry else { continue };
            let Ok(path) = entry.path().strip_prefix(&self.root) else { continue };
            let is_dir = entry.file_type().is_dir();
            if is_dir && entry.file_name() == COMPILED {
                walk.skip_current_dir();
                continue;
            }
            if self.is_as_made(path, &entry) || (is_dir && project.at(path).is_dir()) {
                // What lies in it goes one by one.
                continue;
            }
            match moved(project, &entry, path) {
                Ok(Moved::Whole) if is_dir => walk.skip_current_dir(),
                Ok(_) => {}
                Err(error) => {
                    failed.push(error);
                    if is_dir {
                        walk.skip_current_dir();
                    }
                }
            }
        }
        failed
    }

    /// What a run replaced in the mirror when it was allowed to (`--force`) is removed from the project as well.
    pub fn remove_replaced(&self, project: &Project) {
        let gone = |path: &Path| self.root.join(path).symlink_metadata().is_err();
        for (path, made) in self.made.iter().rev().filter(|(path, _)| gone(path)) {
            let at = project.at(path);
            // A directory that still holds something stays.
            let is_dir = matches!(made.kind, Kind::Dir);
            let _ = if is_dir { std::fs::remove_dir(at) } else { std::fs::remove_file(at) };
        }
    }

    /// A path of the mirror as the project has it.
    pub fn in_project(&self, project: &Project, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).map_or_else(|_| path.to_owned(), |inside| project.at(inside))
    }
}

enum Moved {
    /// With everything in it.
    Whole,
    /// What lies in it goes one by one.
    Itself,
}

fn moved(project: &Project, entry: &walkdir::DirEntry, path: &Path) -> Result<Moved> {
    let to = project.at(path);
    let is_dir = entry.file_type().is_dir();
    if let Some(parent) = path.parent() {
        hc_core::fs::confine(&project.root, parent)?;
        create_dirs(&project.at(parent))?;
    }
    match std::fs::rename(entry.path(), &to) {
        Ok(()) => return Ok(Moved::Whole),
        // Another file system: one by one.
        Err(error) if error.kind() == ErrorKind::CrossesDevices && is_dir => create_dirs(&to)?,
        Err(error) if error.kind() == ErrorKind::CrossesDevices && !entry.path_is_symlink() => {
            std::fs::copy(entry.path(), &to).map_err(io_error("copy", &to))?;
        }
        Err(error) => return Err(io_error("move", &to)(error).into()),
    }
    Ok(Moved::Itself)
}
