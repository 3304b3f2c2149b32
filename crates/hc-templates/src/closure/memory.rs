//! What one command remembers of a project while it looks at many builders.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use hc_core::fs::FsError;
use hc_core::tree::TreeCache;

use super::ansible::{self, Start};
use super::disk::Disk;
use super::places::Bases;
use super::work::{Finished, Work};

/// What is remembered of a project while one command looks at many builders: listings, texts, what playbooks pull in.
pub struct Memory {
    pub(super) disk: Disk,
    /// By what Ansible starts from, and where.
    ansible: RefCell<HashMap<(Start, PathBuf), Rc<Finished>>>,
}

impl Memory {
    /// Of the project at `root`; nothing of it is read yet.
    pub fn new(root: &Path) -> Self {
        Self::with_cache(root, TreeCache::default())
    }

    /// The same with digests that were remembered by an earlier command.
    pub fn with_cache(root: &Path, cache: TreeCache) -> Self {
        Self { disk: Disk::new(root, cache), ansible: RefCell::default() }
    }

    /// Remembers the digests of large directories for the next command.
    ///
    /// # Errors
    /// When they cannot be written; they are right all the same.
    pub fn remember(&self) -> Result<(), FsError> {
        self.disk.remember()
    }

    /// What Ansible pulls in, once for all builders that start it with the same files.
    pub(super) fn pulled_in(&self, bases: &Bases, start: Start) -> Option<Rc<Finished>> {
        if start == Start::default() {
            return None;
        }
        let key = (start, bases.workdir.clone());
        if let Some(known) = self.ansible.borrow().get(&key) {
            return Some(known.clone());
        }
        let mut work = Work::new(&self.disk, bases);
        ansible::follow(&mut work, &key.0);
        let found = Rc::new(work.finish());
        self.ansible.borrow_mut().insert(key, found.clone());
        Some(found)
    }
}
