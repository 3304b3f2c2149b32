//! The stage of a builder that has no stage of its own: the repository at the same relative places (CLO-1).
//!
//! What is known to decide the image is copied, and hashed while it is copied. Everything else of the repository is there
//! too, because templates that were written without hybrid may use any of it, but its use is noticed: small files as
//! copies, large ones as links. The directories of hybrid are there, and empty. After a run the mirror waits in a pool for
//! the next one, which makes anew only what changed.

mod hand_over;
mod make;
mod pool;
mod slot;
mod used;
mod wanted;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use hc_core::Digest;
use hc_core::stamp::Stamp;
use hc_core::tree::Content;
use serde::{Deserialize, Serialize};
use walkdir::DirEntry;

use crate::inputs::Digests;
use crate::stage::listen::Listener;

pub use make::make;
pub use pool::claim;

/// A copy.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Copied {
    /// Of the original when it was copied; `None` when it may have changed meanwhile.
    original: Option<Stamp>,
    /// Of the copy when it was made.
    copy: Stamp,
    digest: Digest,
    size: u64,
    executable: bool,
}

/// What a path of a mirror is.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Kind {
    /// A copy.
    Copy(Copied),
    /// A link of the repository, or one to a large file of it with this stamp.
    Link(PathBuf, Option<Stamp>),
    /// A directory.
    Dir,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Made {
    kind: Kind,
    /// Whether it is known to be an input, or must not be one.
    #[serde(skip)]
    known: bool,
    /// Whether its times are still to be set.
    #[serde(skip)]
    is_new: bool,
}

/// What of a run is not noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blind {
    /// Which files and directories it reads.
    Files,
    /// Whether it asks git.
    Git,
}

/// A mirror of the repository.
#[derive(Debug, Default)]
pub struct Mirror {
    root: PathBuf,
    made: BTreeMap<PathBuf, Made>,
    /// Whether access times tell what a run reads.
    keeps_times: bool,
    /// Tells what they do not.
    listener: Option<Listener>,
    /// Directories that packer lists itself when it reads the template.
    listed: Vec<PathBuf>,
    /// Whether it is noticed now that somebody else lists them.
    is_listed_again: AtomicBool,
    /// Its place in the pool.
    slot: Option<slot::Slot>,
}

impl Mirror {
    /// Whether what a run reads is noticed.
    pub fn is_observed(&self) -> bool {
        self.keeps_times || self.listener.as_ref().is_some_and(Listener::is_complete)
    }

    /// The mirror out of a place that is about to be removed; `None` when it cannot be moved.
    pub fn parked(self, to: &Path) -> Option<Self> {
        std::fs::rename(&self.root, to).ok().map(|()| Self { root: to.into(), ..self })
    }

    /// Gives the digests of what was copied to those who ask for them.
    pub fn lend(&self, digests: &mut Digests) {
        let copies = self.made.iter().filter_map(|(path, made)| match &made.kind {
            Kind::Copy(Copied { digest, size, executable, .. }) => {
                let content = Content { digest: *digest, size: *size, executable: *executable };
                Some((path.clone(), content))
            }
            Kind::Link(..) | Kind::Dir => None,
        });
        digests.adopt(copies.collect());
    }

    /// Whether an entry stands as it was made.
    fn is_as_made(&self, path: &Path, entry: &DirEntry) -> bool {
        let is_copy = |copied: &Copied| {
            entry.metadata().is_ok_and(|meta| meta.is_file() && Stamp::of(&meta).is_as_written(&copied.copy))
        };
        self.made.get(path).is_some_and(|made| match &made.kind {
            Kind::Copy(copied) => is_copy(copied),
            Kind::Link(..) => entry.path_is_symlink(),
            Kind::Dir => entry.file_type().is_dir(),
        })
    }
}

/// A path as records have it.
fn text(path: &Path) -> String {
    let text = path.to_string_lossy();
    if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() }
}

/// A directory as records have it; the root of the project is `./`.
fn directory(path: &Path) -> String {
    let name = text(path);
    if name.is_empty() { "./".to_owned() } else { name + "/" }
}
