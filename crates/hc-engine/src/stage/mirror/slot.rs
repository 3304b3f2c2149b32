//! One place of the pool of mirrors, held by one run at a time by a kernel lock.

use std::path::PathBuf;

use hc_core::Target;
use hc_core::lock::FileLock;

use crate::project::Project;

/// The right to one place of the pool.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) dir: PathBuf,
    /// Whose run it is.
    pub(super) target: Target,
    _lock: FileLock,
}

impl Slot {
    /// Takes the place in `dir`, unless another run has it.
    pub(super) fn take(project: &Project, target: &Target, dir: PathBuf) -> Option<Self> {
        let path = dir.join("lock");
        // A look costs nothing; taking a lock that is held waits.
        if FileLock::probe(&path).ok()?.is_some() {
            return None;
        }
        let lock = FileLock::try_acquire(&path, &project.host.holder(project.now())).ok()?;
        Some(Self { dir, target: target.clone(), _lock: lock })
    }

    /// What is remembered of the mirror.
    pub(super) fn index(&self) -> PathBuf {
        self.dir.join("index")
    }

    /// The mirror.
    pub(super) fn tree(&self) -> PathBuf {
        self.dir.join("tree")
    }
}
