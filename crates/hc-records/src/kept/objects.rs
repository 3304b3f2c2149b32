//! The directory of kept texts: which packs are there, and the note of what a run left complete.

use std::path::{Path, PathBuf};

use hc_core::fs::{confine, create_dirs, file_names, read_text, write_unsynced};

use super::pack::{self, Pack};
use crate::error::RecordError;
use crate::layout;

/// Names the packs that were there when a run had kept all it could.
const NOTE: &str = "complete";
/// Largest note that is read, in bytes.
const NOTE_LIMIT: u64 = 1 << 20;

/// The directory of kept texts.
#[derive(Debug)]
pub(super) struct Objects {
    pub(super) dir: PathBuf,
}

impl Objects {
    pub(super) fn of(root: &Path) -> Self {
        Self { dir: root.join(layout::OBJECTS) }
    }

    /// The same, there to be written to.
    pub(super) fn create(root: &Path) -> Result<Self, RecordError> {
        let dir = confine(root, Path::new(layout::OBJECTS))?;
        create_dirs(&dir)?;
        Ok(Self { dir })
    }

    /// Every file that is a pack by its name, sorted.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        let mut names = file_names(&self.dir).unwrap_or_default();
        names.retain(|name| pack::is_pack(name));
        names.sort();
        names.into_iter().map(|name| self.dir.join(name)).collect()
    }

    /// Every pack that can be read.
    pub(super) fn packs(&self) -> Vec<Pack> {
        self.paths().iter().filter_map(|path| Pack::open(path)).collect()
    }

    /// Notes that every text is kept that can be, in the packs that are there.
    pub(super) fn note_complete(&self) -> Result<(), RecordError> {
        let paths = self.paths();
        let names = paths.iter().filter_map(|path| path.file_name()?.to_str());
        let note: String = names.map(|name| format!("{name}\n")).collect();
        let file = self.dir.join(NOTE);
        if read_text(&file, NOTE_LIMIT).ok().flatten().as_deref() != Some(note.as_str()) {
            write_unsynced(&file, note.as_bytes())?;
        }
        Ok(())
    }

    /// Takes the note back.
    pub(super) fn note_incomplete(&self) {
        let _ = std::fs::remove_file(self.dir.join(NOTE));
    }
}

/// Whether everything is still there that a run left when it had kept all it could: what was kept then need not be
/// looked at again.
pub fn is_complete(root: &Path) -> bool {
    let Objects { dir } = Objects::of(root);
    let note = read_text(&dir.join(NOTE), NOTE_LIMIT).ok().flatten();
    note.is_some_and(|note| note.lines().all(|name| pack::is_pack(name) && dir.join(name).is_file()))
}
