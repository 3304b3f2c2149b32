//! Everything that can go wrong with sources, each with its code and cure.

mod advice;

use std::path::PathBuf;
use std::time::Duration;

use hc_core::fs::FsError;
use hc_core::lock::Holder;
use time::OffsetDateTime;

use crate::sha::Sha;

/// What git said, from the outermost message to the root cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitCause(pub Vec<String>);

impl std::fmt::Display for GitCause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(": "))
    }
}

impl std::error::Error for GitCause {}

/// Why a source is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The name is not kebab-case.
    #[error("source name `{0}` is not kebab-case")]
    Name(String),
    /// The url's scheme is none of https, ssh and file, or the url could be taken for an option.
    #[error("source `{name}`: url `{url}` is none of https://, ssh:// and file://")]
    Url {
        /// The source.
        name: String,
        /// The url.
        url: String,
    },
    /// The url is not encrypted and leaves this machine.
    #[error("source `{name}`: `{url}` is not encrypted")]
    PlainUrl {
        /// The source.
        name: String,
        /// The url.
        url: String,
    },
    /// The url carries a user and password.
    #[error("source `{name}`: the url carries credentials")]
    Credentials {
        /// The source.
        name: String,
    },
    /// The ref is not a branch, tag or commit.
    #[error("source `{name}`: `{reference}` is not a branch, tag or commit")]
    Reference {
        /// The source.
        name: String,
        /// The ref.
        reference: String,
    },
    /// The subdirectory leaves the repository.
    #[error("source `{name}`: subdir `{subdir}` is not a path inside the repository")]
    Subdir {
        /// The source.
        name: String,
        /// The directory.
        subdir: String,
    },
    /// Two sources share a name.
    #[error("source `{name}` is declared twice")]
    Duplicate {
        /// The source.
        name: String,
    },
    /// sources.lock cannot be read.
    #[error("{} is not a valid lock: {reason}", path.display())]
    LockInvalid {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        reason: String,
    },
    /// sources.lock is of a newer format.
    #[error("{} has format {found}; this hybrid knows up to {known}", path.display())]
    LockTooNew {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest known one.
        known: u32,
    },
    /// The lock does not pin what hybrid.toml asks for, and may not be changed.
    #[error("source `{name}` is not in sources.lock as hybrid.toml asks for it")]
    LockOutdated {
        /// The source.
        name: String,
    },
    /// Another process works in `sources/`.
    #[error("sources/ is locked{}", holder.as_ref().map(|h| format!(" by pid {} on {} ({})", h.pid, h.host, h.command)).unwrap_or_default())]
    Busy {
        /// Who, if it could be read.
        holder: Option<Holder>,
        /// How long was waited.
        waited: Duration,
    },
    /// The file system has no locks.
    #[error("{} is on a file system without locks", path.display())]
    LocksUnsupported {
        /// The lock file.
        path: PathBuf,
    },
    /// The tree has changes of its own.
    #[error("{} has {what}", path.display())]
    Dirty {
        /// The source's directory.
        path: PathBuf,
        /// Counts and first paths, for people.
        what: String,
    },
    /// HEAD is not where the last sync left it.
    #[error("{} is at {} instead of {}", path.display(), head.as_ref().map_or("no commit", Sha::short), expected.as_ref().map_or("the pin", Sha::short))]
    Diverged {
        /// The source's directory.
        path: PathBuf,
        /// Where HEAD is.
        head: Option<Sha>,
        /// Where the last sync left it, if it was one of ours.
        expected: Option<Sha>,
    },
    /// A tag points to another commit than the lock.
    #[error("source `{name}`: tag `{tag}` moved from {} to {}", locked.short(), now.short())]
    MovedTag {
        /// The source.
        name: String,
        /// The tag.
        tag: String,
        /// The locked commit.
        locked: Sha,
        /// Where the server has it now.
        now: Sha,
    },
    /// Something stands at `sources/<name>` that is no clone of this url.
    #[error("{} is not a clone of {url}", path.display())]
    NotAClone {
        /// The directory.
        path: PathBuf,
        /// The url that was expected.
        url: String,
    },
    /// A directory of ours is a link or a file.
    #[error("{} is not a directory", path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// An ignored file of the user's stands where the new commit has a file.
    #[error("{} is in the way of the new commit", path.display())]
    Obstructed {
        /// The path.
        path: PathBuf,
    },
    /// The server could not be reached or broke off.
    #[error("cannot fetch {url}: {cause}")]
    Unreachable {
        /// Where from.
        url: String,
        /// What git said.
        cause: GitCause,
    },
    /// Nothing came for too long, or it took too long in all.
    #[error("fetching {url} made no progress for {} s", after.as_secs())]
    TimedOut {
        /// Where from.
        url: String,
        /// After how long.
        after: Duration,
    },
    /// The whole fetch took longer than it may.
    #[error("fetching {url} took longer than {} s", limit.as_secs())]
    TooSlow {
        /// Where from.
        url: String,
        /// The limit.
        limit: Duration,
    },
    /// Somebody asked to stop.
    #[error("source `{name}` was interrupted")]
    Interrupted {
        /// The source.
        name: String,
    },
    /// The server wants credentials, or refuses the ones it got.
    #[error("{url} refuses access: {cause}")]
    AccessDenied {
        /// Where from.
        url: String,
        /// What git said.
        cause: GitCause,
    },
    /// The server's certificate is not trusted.
    #[error("the certificate of {url} is not trusted: {cause}")]
    Certificate {
        /// Where from.
        url: String,
        /// What the TLS library said.
        cause: GitCause,
    },
    /// The server has no such repository.
    #[error("there is no repository at {url}: {cause}")]
    RepositoryMissing {
        /// Where from.
        url: String,
        /// What git said.
        cause: GitCause,
    },
    /// The server has no such branch or tag.
    #[error("{url} has no branch or tag `{reference}`")]
    ReferenceMissing {
        /// Where from.
        url: String,
        /// The ref.
        reference: String,
    },
    /// Both a branch and a tag have that name.
    #[error("{url} has a branch and a tag `{reference}`")]
    ReferenceAmbiguous {
        /// Where from.
        url: String,
        /// The ref.
        reference: String,
    },
    /// The server no longer gives out the locked commit.
    #[error("{url} no longer has commit {sha}: {cause}")]
    PinGone {
        /// Where from.
        url: String,
        /// The commit.
        sha: Sha,
        /// What git said.
        cause: GitCause,
    },
    /// The commit has a path that could write elsewhere.
    #[error("source `{name}`: commit {} has the path `{path}`, which {reason}", sha.short())]
    HostileTree {
        /// The source.
        name: String,
        /// The commit.
        sha: Sha,
        /// The path.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The subdirectory is not in the commit.
    #[error("source `{name}`: commit {} has no directory `{subdir}`", sha.short())]
    SubdirMissing {
        /// The source.
        name: String,
        /// The commit.
        sha: Sha,
        /// The directory.
        subdir: String,
    },
    /// A local repository does not work.
    #[error("cannot {action} {}: {cause}", path.display())]
    Repository {
        /// What was tried.
        action: &'static str,
        /// On which repository.
        path: PathBuf,
        /// What git said.
        cause: GitCause,
    },
    /// gix cannot do it and no `git` program was given.
    #[error("{url} needs the git program: {cause}")]
    ProgramNeeded {
        /// Where from.
        url: String,
        /// What gix said.
        cause: GitCause,
    },
    /// A pin does not hold: too little said, or expired.
    #[error("pin of `{name}`: {reason}")]
    PinInvalid {
        /// The source.
        name: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A force pin is past its day.
    #[error("the force pin of `{name}` at {}, approved by {approved_by}, expired on {}", sha.short(), expired.date())]
    PinExpired {
        /// The source.
        name: String,
        /// The commit.
        sha: Sha,
        /// Who approved it.
        approved_by: String,
        /// When it ended.
        expired: OffsetDateTime,
    },
    /// The network is needed and may not be used.
    #[error("source `{name}` needs the network, which `--offline` forbids")]
    Offline {
        /// The source.
        name: String,
    },
    /// The source is not here.
    #[error("source `{name}` is not at its pin: {} is missing", path.display())]
    Missing {
        /// The source.
        name: String,
        /// Its directory.
        path: PathBuf,
    },
    /// hybrid.toml has no such source.
    #[error("hybrid.toml has no source `{name}`")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The sources that there are.
        known: Vec<String>,
    },
    /// The bundle is broken or not ours.
    #[error("{} is not a valid bundle: {reason}", path.display())]
    BundleInvalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The bundle, or this directory, lacks a pinned commit.
    #[error("source `{name}` is not available at {}", sha.short())]
    NotAvailable {
        /// The source.
        name: String,
        /// The commit.
        sha: Sha,
    },
    /// A file resists.
    #[error(transparent)]
    File(#[from] FsError),
}

impl From<hc_core::lock::LockError> for SourceError {
    fn from(error: hc_core::lock::LockError) -> Self {
        match error {
            hc_core::lock::LockError::Held { holder, waited, .. }
            | hc_core::lock::LockError::Stopped { holder, waited, .. } => Self::Busy { holder, waited },
            hc_core::lock::LockError::Unsupported { path, .. } => Self::LocksUnsupported { path },
            hc_core::lock::LockError::File(error) => Self::File(error),
        }
    }
}
