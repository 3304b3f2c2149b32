//! Unfinished files of writers that were killed, outside of the state, which clears away its own under its lock.
//!
//! No lock guards these directories, so only what is older than any writer takes is removed; a writer that is slower than
//! that fails, and its old file stays.

use std::path::Path;
use std::time::{Duration, SystemTime};

use hc_core::fs::is_temporary;
use hc_records::layout;

use super::Project;

/// How old a leftover is. Writers of whole files take milliseconds.
const AGE: Duration = Duration::from_secs(60);
/// How deep directories of rendered files are.
const DEPTH: usize = 8;

impl Project {
    /// Removes what killed writers left beside configurations, records, logs and caches. What resists stays.
    pub fn sweep(&self) {
        let Some(before) = SystemTime::from(self.now()).checked_sub(AGE) else { return };
        sweep(&self.at(layout::CONFIGS), DEPTH, before);
        for dir in [layout::ARTIFACTS, layout::HYBRID, layout::JOURNAL, layout::LOGS] {
            sweep(&self.at(dir), 0, before);
        }
    }
}

fn sweep(dir: &Path, depth: usize, before: SystemTime) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        // Of a link that is the link itself.
        let Ok(meta) = entry.metadata() else { continue };
        let (path, is_dir) = (entry.path(), meta.is_dir());
        let is_left = entry.file_name().to_str().is_some_and(is_temporary);
        if is_left && meta.modified().is_ok_and(|at| at < before) {
            let gone = if is_dir { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
            tracing::debug!(path = %path.display(), gone = gone.is_ok(), "leftover of a killed run");
        } else if is_dir && !is_left && depth > 0 {
            sweep(&path, depth - 1, before);
        }
    }
}
