//! The one home of gix: clones, fetches, checkouts and states of work trees.
//!
//! A repository is opened isolated: neither the environment nor the configuration of user and system has a say,
//! only the clone's own `.git/config`. What gix cannot do is said in [`Note`]s: `file://` is served by
//! `git-upload-pack`, `ssh://` goes through the program `ssh`, and the dumb http protocol is left to the `git`
//! program, if one is given.

mod advertised;
mod around;
mod cause;
mod checkout;
mod fetch;
mod history;
mod meter;
mod pack;
mod program;
mod recover;
mod repository;
mod status;
mod submodule;
mod transport;
mod tree;
mod watchdog;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

pub use around::Around;
pub use checkout::Staged;
pub use fetch::{FetchRequest, Fetched, RefKind, RemoteRef, WantedCommit};
pub use history::{History, Snapshot};
pub use meter::Progress;
pub use repository::Repository;
pub use status::{DirtyReport, Look};
pub use submodule::Submodule;
pub use tree::{EntryKind, Tree, TreeEntry};

/// How git talks to servers. `Debug` shows no value that may hold a secret.
#[derive(Clone)]
pub struct GitOptions {
    /// Gives up when nothing arrives for this long.
    pub idle_timeout: Duration,
    /// Gives up when one fetch takes longer in all; never, when absent.
    pub timeout: Option<Duration>,
    /// Further trusted certificate authorities, PEM.
    pub ca_file: Option<PathBuf>,
    /// Proxy for https, `http://host:port`.
    pub proxy: Option<String>,
    /// Program and arguments that speak git's credential protocol; `get` is appended.
    pub credential_program: Option<Vec<OsString>>,
    /// The ssh command line, as git's `core.sshCommand`; one that never asks is used when absent.
    pub ssh_command: Option<String>,
    /// The `git` program for what gix cannot do; absolute.
    pub git_program: Option<PathBuf>,
    /// The whole environment of the programs that are started here (`git`, the credential program).
    pub environment: BTreeMap<OsString, OsString>,
    /// Threads for indexing packs and for checkouts; all cores when absent.
    pub threads: Option<usize>,
}

impl fmt::Debug for GitOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A proxy may have a password, programs may have tokens among their arguments.
        let program = self.credential_program.as_ref().and_then(|words| words.first());
        f.debug_struct("GitOptions")
            .field("idle_timeout", &self.idle_timeout)
            .field("timeout", &self.timeout)
            .field("ca_file", &self.ca_file)
            .field("proxy", &self.proxy.is_some())
            .field("credential_program", &program)
            .field("ssh_command", &self.ssh_command.is_some())
            .field("git_program", &self.git_program)
            .field("environment", &self.environment.keys())
            .field("threads", &self.threads)
            .finish()
    }
}

impl Default for GitOptions {
    fn default() -> Self {
        Self {
            idle_timeout: Duration::from_secs(60),
            timeout: None,
            ca_file: None,
            proxy: None,
            credential_program: None,
            ssh_command: None,
            git_program: None,
            environment: BTreeMap::new(),
            threads: None,
        }
    }
}

/// Something a person should know although it worked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// gix could not speak to this server; the `git` program did.
    GitProgram {
        /// What gix said.
        reason: String,
    },
    /// The commit refers to repositories that are not fetched.
    Submodules {
        /// How many.
        count: usize,
    },
    /// Large files are pointers only.
    LargeFiles,
    /// The new commit does not descend from the old one: history was rewritten upstream.
    Rewritten,
    /// Whether the tag is still where it was could not be asked.
    TagUnchecked {
        /// Why not.
        reason: String,
    },
    /// An interrupted sync was finished first.
    Resumed,
    /// A force pin decided the commit.
    ForcePin,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GitProgram { reason } => {
                write!(f, "fetched by the git program, because gix could not: {reason}")
            }
            Self::Submodules { count } => {
                write!(f, "submodules are not fetched; {count} directories are empty")
            }
            Self::LargeFiles => write!(f, "files of git-lfs are pointers only"),
            Self::Rewritten => {
                write!(f, "history was rewritten upstream: the old pin is not an ancestor of the new one")
            }
            Self::TagUnchecked { reason } => write!(f, "whether the tag moved could not be asked: {reason}"),
            Self::Resumed => write!(f, "an interrupted sync was finished first"),
            Self::ForcePin => write!(f, "a force pin decided the commit"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_names_the_environment_and_shows_none_of_it() {
        let options = GitOptions {
            proxy: Some("http://user:hunter2@proxy:3128".into()),
            credential_program: Some(vec!["/usr/bin/helper".into(), "--token=hunter2".into()]),
            ssh_command: Some("sshpass -p hunter2 ssh".into()),
            environment: BTreeMap::from([("GIT_TOKEN".into(), "hunter2".into())]),
            ..GitOptions::default()
        };
        let shown = format!("{options:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("GIT_TOKEN") && shown.contains("/usr/bin/helper"), "{shown}");
    }
}
