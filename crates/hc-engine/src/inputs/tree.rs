//! Digests of what may be a file or a directory outside of the project, whose files are not inputs one by one.

use std::path::{Path, PathBuf};

use hc_core::Digest;
use hc_core::digest::Combiner;
use hc_core::fs::{FsError, io_error};
use hc_core::tree::Content;
use walkdir::WalkDir;

use super::Digests;

/// With more files than these, names, sizes and times stand for contents.
const MOST_FILES: usize = 10_000;
/// More of them are not looked at.
const LAST_FILE: usize = 200_000;

/// Digest and size of what lies at `path`, relative to the project or absolute; `None` for what is neither a file nor a
/// directory.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn of(root: &Path, path: &Path, digests: &mut Digests) -> Result<Option<Content>, FsError> {
    let at = root.join(path);
    if at.is_dir() {
        return Ok(Some(Content { digest: digest(&at)?, size: 0, executable: false }));
    }
    if at.is_file() { digests.of(root, path).map(Some) } else { Ok(None) }
}

/// Names and contents of everything below a directory.
fn digest(dir: &Path) -> Result<Digest, FsError> {
    // Sorted, so that the first ones are the same everywhere.
    let mut files: Vec<PathBuf> = WalkDir::new(dir)
        .sort_by_file_name()
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_file())
        .take(LAST_FILE)
        .map(walkdir::DirEntry::into_path)
        .collect();
    files.sort();
    let few = files.len() <= MOST_FILES;
    let mut combiner = Combiner::new("hybrid tree 1");
    for file in files {
        combiner.field(file.strip_prefix(dir).unwrap_or(&file).as_os_str().as_encoded_bytes());
        if few {
            combiner.field(Digest::of_file(&file).map_err(io_error("read", &file))?.0.as_bytes());
        } else {
            let meta = file.symlink_metadata().map_err(io_error("read", &file))?;
            combiner.field(format!("{} {:?}", meta.len(), meta.modified().ok()).as_bytes());
        }
    }
    Ok(combiner.finish())
}
