//! Files of a project that does not exist yet: all of them are written, or none, and nothing is overwritten.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use hc_core::fs::{create_dirs, io_error};

use crate::error::{EngineError, Result};

/// One file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewFile {
    /// Its text.
    pub text: String,
    /// Whether it may be run.
    pub executable: bool,
}

/// Writes all files below `root`, or none: everything is checked first, and a failure takes back what was written.
///
/// # Errors
/// [`EngineError::WouldOverwrite`], or what the disk says.
pub(super) fn write_all(root: &Path, files: &BTreeMap<PathBuf, NewFile>) -> Result<()> {
    let in_the_way = in_the_way(root, files);
    if !in_the_way.is_empty() {
        let existing = in_the_way.iter().map(|path| path.display().to_string()).collect();
        return Err(EngineError::WouldOverwrite { existing, planned: files.len() });
    }
    let mut undo = Undo::default();
    for (path, file) in files {
        let full = root.join(path);
        undo.dirs(&full)?;
        new_file(&full, file)?;
        undo.files.push(full);
    }
    undo.keep = true;
    Ok(())
}

/// Files that exist, and directories on the way that are something else: through a link, files would land elsewhere.
fn in_the_way(root: &Path, files: &BTreeMap<PathBuf, NewFile>) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for path in files.keys() {
        if std::fs::symlink_metadata(root.join(path)).is_ok() {
            found.insert(path.clone());
        }
        for parent in path.ancestors().skip(1).filter(|parent| !parent.as_os_str().is_empty()) {
            if std::fs::symlink_metadata(root.join(parent)).is_ok_and(|meta| !meta.is_dir()) {
                found.insert(parent.to_owned());
            }
        }
    }
    found
}

fn new_file(path: &Path, file: &NewFile) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if file.executable { 0o755 } else { 0o644 });
    let mut out = options.open(path).map_err(io_error("create", path))?;
    out.write_all(file.text.as_bytes()).map_err(|source| {
        let _ = std::fs::remove_file(path);
        io_error("write", path)(source)
    })?;
    Ok(())
}

/// Takes back what was made, unless it is kept.
#[derive(Default)]
struct Undo {
    files: Vec<PathBuf>,
    dirs: Vec<PathBuf>,
    keep: bool,
}

impl Undo {
    fn dirs(&mut self, file: &Path) -> Result<()> {
        let Some(parent) = file.parent() else { return Ok(()) };
        let missing: Vec<PathBuf> =
            parent.ancestors().take_while(|dir| !dir.exists()).map(Path::to_owned).collect();
        create_dirs(parent)?;
        self.dirs.extend(missing.into_iter().rev());
        Ok(())
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        for file in self.files.iter().rev() {
            let _ = std::fs::remove_file(file);
        }
        for dir in self.dirs.iter().rev() {
            let _ = std::fs::remove_dir(dir);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(paths: &[&str]) -> BTreeMap<PathBuf, NewFile> {
        let file = |path: &&str| (PathBuf::from(path), NewFile { text: "x\n".into(), executable: false });
        paths.iter().map(file).collect()
    }

    #[test]
    fn a_failure_in_the_middle_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("new");
        // `a/b` is a file, so that `a/b/c` cannot be made once `a/b` was written.
        assert!(write_all(&root, &files(&["a/b", "a/b/c"])).is_err());
        assert!(!root.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_on_the_way_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), dir.path().join("templates")).unwrap();
        match write_all(dir.path(), &files(&["templates/a"])).unwrap_err() {
            EngineError::WouldOverwrite { existing, planned: 1 } => assert_eq!(existing, ["templates"]),
            other => panic!("{other}"),
        }
        assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
}
