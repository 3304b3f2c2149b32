//! Rendered variables of many targets are written together: all of them or none, whenever the writer is killed (CFG-4).
//!
//! `.hybrid/rendering.json` holds the new texts before the first file changes. Who finds it there completes the change.

use std::path::{Path, PathBuf};

use hc_core::fs::{FsError, confine, create_dirs, io_error, read_limited, write_atomic};
use serde::{Deserialize, Serialize};

use crate::layout;

/// Most that is read of them together, in bytes.
const LIMIT: u64 = 1 << 30;

/// Texts of rendered variables, by path relative to the project.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rendering(Vec<(PathBuf, String)>);

impl Rendering {
    /// Also writes a file.
    pub fn push(&mut self, path: impl Into<PathBuf>, text: String) {
        self.0.push((path.into(), text));
    }

    /// Writes all files.
    ///
    /// # Errors
    /// When one of them cannot be written; those before it have their old texts again then.
    pub fn write(&self, root: &Path) -> Result<(), FsError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut old = Self::default();
        for (path, _) in &self.0 {
            let to = place(root, path)?;
            let text = hc_core::fs::read_text(&to, LIMIT)?;
            old.0.extend(text.map(|text| (path.clone(), text)));
            create_dirs(to.parent().unwrap_or(root))?;
        }
        let journal = root.join(layout::RENDERING);
        create_dirs(&root.join(layout::HYBRID))?;
        let bytes = serde_json::to_vec(self).map_err(|error| io_error("encode", &journal)(error.into()))?;
        write_atomic(&journal, &bytes, 0o600)?;
        if let Err(error) = self.put(root) {
            for (path, _) in &self.0 {
                let before = old.0.iter().find(|(known, _)| known == path);
                // What cannot be put back stays as it is; the error says that the device is in trouble.
                let _ = match before {
                    Some((path, text)) => write_atomic(&root.join(path), text.as_bytes(), 0o644).is_ok(),
                    None => std::fs::remove_file(root.join(path)).is_ok(),
                };
            }
            forget(&journal)?;
            return Err(error);
        }
        forget(&journal)
    }

    fn put(&self, root: &Path) -> Result<(), FsError> {
        for (path, text) in &self.0 {
            let to = place(root, path)?;
            create_dirs(to.parent().unwrap_or(root))?;
            write_atomic(&to, text.as_bytes(), 0o644)?;
        }
        Ok(())
    }
}

/// Completes what a killed writer began; nothing, where nothing was.
///
/// # Errors
/// When a file cannot be written.
pub fn settle(root: &Path) -> Result<(), FsError> {
    let journal = root.join(layout::RENDERING);
    let Some(bytes) = read_limited(&journal, LIMIT)? else { return Ok(()) };
    let begun: Option<Rendering> = serde_json::from_slice(&bytes).ok();
    begun.map_or(Ok(()), |begun| begun.put(root))?;
    forget(&journal)
}

fn forget(journal: &Path) -> Result<(), FsError> {
    match std::fs::remove_file(journal) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io_error("remove", journal)(error)),
        _ => Ok(()),
    }
}

/// Only rendered variables are ever written: the file could come with the repository.
fn place(root: &Path, path: &Path) -> Result<PathBuf, FsError> {
    let full = confine(root, path)?;
    let rendered =
        path.starts_with(layout::CONFIGS) && path.to_string_lossy().ends_with(layout::RENDERED_ENDING);
    if rendered { Ok(full) } else { Err(FsError::Outside { path: path.to_owned(), target: full }) }
}
