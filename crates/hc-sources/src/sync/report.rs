//! What happens during a sync, and how it went.

use std::time::Duration;

use crate::error::SourceError;
use crate::git::{Note, Progress, Submodule};
use crate::journal::Journal;
use crate::lock_file::LockedSource;
use crate::sha::Sha;

/// What happens during a sync, for progress bars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A source is being looked at.
    Started {
        /// The source.
        name: String,
    },
    /// A transfer moved.
    Progress {
        /// The source.
        name: String,
        /// So far.
        progress: Progress,
    },
    /// Files are being written.
    CheckingOut {
        /// The source.
        name: String,
        /// How many.
        files: usize,
    },
    /// A transfer failed and will be tried again.
    Retry {
        /// The source.
        name: String,
        /// The attempt that failed, from 1.
        attempt: u32,
        /// How long is waited.
        pause: Duration,
        /// Why it failed.
        reason: String,
    },
    /// A source is done, or failed.
    Ended {
        /// The source.
        name: String,
    },
}

/// Who is told.
pub type Watcher<'a> = &'a (dyn Fn(Event) + Sync);

/// What a sync did to a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It was not there and is now.
    Cloned,
    /// Objects came over the network, and the tree moved.
    Fetched,
    /// The tree moved; the objects were here.
    CheckedOut,
    /// Nothing had to be done.
    Unchanged,
}

impl Action {
    /// For people and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cloned => "cloned",
            Self::Fetched => "fetched",
            Self::CheckedOut => "checked-out",
            Self::Unchanged => "unchanged",
        }
    }
}

/// A source at its pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synced {
    /// Its pin.
    pub pin: LockedSource,
    /// What was done.
    pub action: Action,
    /// Bytes that came over the network.
    pub bytes: u64,
    /// What a person should know.
    pub notes: Vec<Note>,
    /// Repositories inside, whose directories are empty.
    pub submodules: Vec<Submodule>,
}

/// How it went with one source.
#[derive(Debug)]
pub struct SourceResult {
    /// Its name.
    pub name: String,
    /// Its url in hybrid.toml.
    pub url: String,
    /// Its ref in hybrid.toml.
    pub reference: String,
    /// Where its tree was before.
    pub before: Option<Sha>,
    /// Where it is, or why not.
    pub outcome: Result<Synced, SourceError>,
    /// How long it took.
    pub duration: Duration,
}

/// How a sync went.
#[derive(Debug)]
pub struct SyncReport {
    /// In the order of hybrid.toml.
    pub results: Vec<SourceResult>,
    /// The interrupted sync that was finished along the way.
    pub resumed: Option<Journal>,
    /// Pins that were dropped because hybrid.toml no longer has their source.
    pub dropped: Vec<String>,
}
