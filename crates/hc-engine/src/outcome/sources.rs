//! How sources stand and what was done about them, beside the values of hc-sources itself.

use hc_core::RunId;
use hc_sources::bundle::SourceBundleManifest;
use hc_sources::survey::Survey;
use hc_sources::{LockedSource, SourceError, SourceSpec};
use hc_state::audit::AuditProblem;
use hc_state::{ScanStatus, SourceRecord};
use serde::Serialize;
use time::{Duration, OffsetDateTime};

/// How sources stand.
#[derive(Debug)]
pub struct SourcesStatus {
    /// In the order of hybrid.toml.
    pub sources: Vec<Standing>,
    /// What stands in `sources/` without being in hybrid.toml.
    pub strangers: Vec<String>,
    /// The command that was cut off and waits to be resumed.
    pub interrupted: Option<String>,
}

/// How one source stands.
#[derive(Debug)]
pub struct Standing {
    /// What hybrid.toml says of it.
    pub spec: SourceSpec,
    /// Its pin, its tree, and what is wrong.
    pub survey: Survey,
    /// What the state says of it.
    pub record: Option<SourceRecord>,
    /// What scanners said about its pin.
    pub scans: Vec<ScanStanding>,
}

impl Standing {
    /// Whether builds may read it, and why not.
    pub fn verdict(&self) -> SourceVerdict {
        match &self.survey.problem {
            None => SourceVerdict::Ok,
            Some(SourceError::Dirty { .. } | SourceError::Obstructed { .. }) => SourceVerdict::Dirty,
            Some(SourceError::Diverged { .. }) => SourceVerdict::Diverged,
            Some(SourceError::Missing { .. }) => SourceVerdict::Missing,
            Some(SourceError::LockOutdated { .. }) => SourceVerdict::NotPinned,
            Some(SourceError::PinExpired { .. }) => SourceVerdict::PinExpired,
            Some(_) => SourceVerdict::Broken,
        }
    }
}

/// Whether builds may read a source, and why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SourceVerdict {
    /// It is at its pin.
    Ok,
    /// Its tree was changed.
    Dirty,
    /// Its tree is at another commit.
    Diverged,
    /// It is not checked out.
    Missing,
    /// sources.lock does not have it as hybrid.toml does.
    NotPinned,
    /// Its force pin expired.
    PinExpired,
    /// Something else is wrong.
    Broken,
}

impl SourceVerdict {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Dirty => "dirty",
            Self::Diverged => "diverged",
            Self::Missing => "missing",
            Self::NotPinned => "not-pinned",
            Self::PinExpired => "pin-expired",
            Self::Broken => "broken",
        }
    }
}

/// What a scanner said about the pin of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanStanding {
    /// Name of the scanner in hybrid.toml.
    pub scanner: String,
    /// What it said.
    pub status: ScanStatus,
    /// When.
    pub at: Option<OffsetDateTime>,
    /// How long ago.
    pub age: Option<Duration>,
    /// Whether it is older than `max_age`, or absent.
    pub stale: bool,
}

/// Whether one source is what the lock says, every file of it.
#[derive(Debug)]
pub struct Verified {
    /// Its name.
    pub name: String,
    /// Its pin, or what is wrong.
    pub outcome: Result<LockedSource, SourceError>,
}

/// A force pin that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// The pin.
    pub pin: LockedSource,
    /// The pin before.
    pub former: Option<LockedSource>,
    /// Who approved it.
    pub approved_by: String,
    /// When it ends.
    pub expires: OffsetDateTime,
}

/// Force pins that were ever made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinLog {
    /// Oldest first.
    pub entries: Vec<PinEntry>,
    /// What is wrong with the audit log itself.
    pub problems: Vec<AuditProblem>,
}

/// One force pin of the audit log. What its entry does not say is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinEntry {
    /// Number in the audit log.
    pub number: u64,
    /// When.
    pub at: OffsetDateTime,
    /// The source.
    pub name: String,
    /// The commit.
    pub sha: String,
    /// Why.
    pub reason: String,
    /// Who approved it.
    pub approved_by: String,
    /// Who did it.
    pub operator: String,
    /// How many days it was to hold.
    pub days: i64,
    /// The run that did it.
    pub run_id: RunId,
}

/// A bundle of sources that was written.
#[derive(Debug)]
pub struct Bundled {
    /// The file, relative to the project where it lies inside.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// What is in it.
    pub manifest: SourceBundleManifest,
}

/// What one scanner said about one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned {
    /// The source.
    pub source: String,
    /// The scanner.
    pub scanner: String,
    /// Its verdict.
    pub verdict: ScanVerdict,
    /// Its first lines, as they came.
    pub lines: Vec<String>,
}

/// What a scanner said, or why it said nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanVerdict {
    /// Nothing was found.
    Clean,
    /// Something was found.
    Findings,
    /// It ended with a code that means neither.
    Exited(i32),
    /// It was stopped by request.
    Interrupted,
    /// It timed out.
    TimedOut,
}

impl ScanVerdict {
    /// What the state remembers of it; `None` when it did not work.
    pub fn status(self) -> Option<ScanStatus> {
        match self {
            Self::Clean => Some(ScanStatus::Clean),
            Self::Findings => Some(ScanStatus::Findings),
            Self::Exited(_) | Self::Interrupted | Self::TimedOut => None,
        }
    }
}
