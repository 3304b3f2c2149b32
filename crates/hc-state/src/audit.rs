//! The audit log: `state/audit.log`, append-only JSON lines, each chained to the one before by its digest.
//!
//! Holds what a reviewer asks for later: migrations, restores, unlocks, force-pins (STATE-3, SRC-5). An edited
//! or removed line breaks the chain; a cut end is shown by the head that the state remembers. Nothing here
//! ever rewrites the log: a line that a crash left unfinished stays, and is named.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;

use hc_core::digest::Combiner;
use hc_core::fs::{io_error, read_limited, regular_metadata};
use hc_core::{Digest, RunId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::disk;
use crate::error::StateError;
use crate::format::AuditHead;
use crate::paths;
use crate::store::{STATE_LIMIT, Store};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum AuditAction {
    /// The state's schema was migrated.
    Migrate,
    /// A backup was restored.
    Restore,
    /// Somebody looked into held locks.
    Unlock,
    /// A source was pinned against the rules, with a reason and an approver (SRC-5).
    ForcePin,
    /// A build was taken back.
    Revoke,
}

/// An event to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// What was done.
    pub action: AuditAction,
    /// To what: a file, a source, a lock.
    pub subject: String,
    /// Facts, by name. No secrets.
    pub details: BTreeMap<String, String>,
}

impl AuditEvent {
    /// An event without details.
    pub fn new(action: AuditAction, subject: impl Into<String>) -> Self {
        Self { action, subject: subject.into(), details: BTreeMap::new() }
    }

    /// Adds a fact.
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl ToString) -> Self {
        self.details.insert(name.to_owned(), value.to_string());
        self
    }
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuditEntry {
    /// What was done.
    pub action: AuditAction,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub at: OffsetDateTime,
    /// Facts, by name.
    pub details: BTreeMap<String, String>,
    /// Digest of this entry and, through `previous`, of all before it.
    pub digest: Digest,
    /// Number of this entry, from 1.
    pub number: u64,
    /// Who did it.
    pub operator: String,
    /// Digest of the entry before; absent in the first.
    pub previous: Option<Digest>,
    /// The run that did it.
    pub run_id: RunId,
    /// To what it was done.
    pub subject: String,
    /// Version of this line's format.
    pub version: u32,
}

/// Format version of the entries.
const ENTRY_VERSION: u32 = 1;

impl AuditEntry {
    /// The digest that the entry should have.
    fn expected_digest(&self) -> Digest {
        let mut combiner = Combiner::new("hybrid audit entry");
        combiner.field(&self.version.to_le_bytes());
        combiner.field(&self.number.to_le_bytes());
        combiner.field(self.previous.map(|digest| digest.to_string()).unwrap_or_default().as_bytes());
        combiner.field(format!("{:?}", self.action).as_bytes());
        combiner.field(&self.at.unix_timestamp_nanos().to_le_bytes());
        for text in [self.operator.as_str(), self.run_id.as_str(), self.subject.as_str()] {
            combiner.field(text.as_bytes());
        }
        combiner.field(&(self.details.len() as u64).to_le_bytes());
        for (name, value) in &self.details {
            combiner.field(name.as_bytes()).field(value.as_bytes());
        }
        combiner.finish()
    }
}

/// What is wrong with the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditProblem {
    /// A line is no entry: a crash cut it off, or somebody edited it.
    #[error("line {line} is not an entry")]
    NotAnEntry {
        /// Its number, from 1.
        line: usize,
    },
    /// An entry is not what was appended.
    #[error("the entry in line {line} was changed")]
    Changed {
        /// Its number, from 1.
        line: usize,
    },
    /// An entry does not follow the one before it.
    #[error("entries before line {line} were removed, added or reordered")]
    Unchained {
        /// Its number, from 1.
        line: usize,
    },
    /// The log ends before the entry that the state remembers.
    #[error("the log has {found} entries, the state remembers {expected}")]
    Cut {
        /// Entries in the log.
        found: u64,
        /// Entries when the state was written.
        expected: u64,
    },
}

/// The log as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Entries that could be read, oldest first.
    pub entries: Vec<AuditEntry>,
    /// What is wrong, in file order.
    pub problems: Vec<AuditProblem>,
}

impl AuditReport {
    fn head(&self) -> Option<AuditHead> {
        self.entries.last().map(|entry| AuditHead { digest: entry.digest, entries: entry.number })
    }

    /// Also compares the log with the end that a state remembers.
    fn check_head(&mut self, remembered: &AuditHead) {
        let found = self.entries.len() as u64;
        let there = self.entries.iter().any(|entry| entry.digest == remembered.digest);
        if !there {
            self.problems.push(AuditProblem::Cut { found, expected: remembered.entries });
        }
    }
}

/// Reads log text and follows its chain; pure.
pub fn verify(text: &[u8]) -> AuditReport {
    let mut report = AuditReport::default();
    let body = text.strip_suffix(b"\n").unwrap_or(text);
    if body.is_empty() {
        return report;
    }
    for (index, line) in body.split(|byte| *byte == b'\n').enumerate() {
        let line_number = index + 1;
        let Ok(entry) = serde_json::from_slice::<AuditEntry>(line) else {
            report.problems.push(AuditProblem::NotAnEntry { line: line_number });
            continue;
        };
        if entry.digest != entry.expected_digest() {
            report.problems.push(AuditProblem::Changed { line: line_number });
        }
        let (previous, number) = match report.entries.last() {
            Some(last) => (Some(last.digest), last.number + 1),
            None => (None, 1),
        };
        if entry.previous != previous || entry.number != number {
            report.problems.push(AuditProblem::Unchained { line: line_number });
        }
        report.entries.push(entry);
    }
    report
}

impl Store {
    /// Reads the audit log and proves its chain, and that it still holds what the state remembers.
    ///
    /// # Errors
    /// [`StateError`] when it cannot be read; problems in it are in the report.
    pub fn audit_log(&self) -> Result<AuditReport, StateError> {
        let mut report = self.read_audit()?;
        if let Ok(Some(state)) = self.read()
            && let Some(head) = &state.audit
        {
            report.check_head(head);
        }
        Ok(report)
    }

    fn read_audit(&self) -> Result<AuditReport, StateError> {
        let path = paths::audit_log(self.root());
        let text = read_limited(&path, STATE_LIMIT).map_err(disk::refusal)?.unwrap_or_default();
        Ok(verify(&text))
    }
}

/// Appends one entry and syncs it. Only under the state lock.
pub(crate) fn append(store: &Store, run: &RunId, event: AuditEvent) -> Result<AuditHead, StateError> {
    let path = paths::audit_log(store.root());
    let existing = read_limited(&path, STATE_LIMIT).map_err(disk::refusal)?;
    let is_new = existing.is_none();
    let text = existing.unwrap_or_default();
    let report = verify(&text);
    // Going on after a changed entry would vouch for it. An unfinished line is what a crash leaves.
    let forged = report.problems.iter().find(|problem| !matches!(problem, AuditProblem::NotAnEntry { .. }));
    if let Some(problem) = forged {
        return Err(StateError::AuditBroken { path, source: problem.clone() });
    }
    let last = report.head();
    let mut entry = AuditEntry {
        action: event.action,
        at: (store.options().now)(),
        details: event.details,
        digest: Digest::of(b""),
        number: last.as_ref().map_or(1, |head| head.entries + 1),
        operator: store.options().operator.clone(),
        previous: last.map(|head| head.digest),
        run_id: run.clone(),
        subject: event.subject,
        version: ENTRY_VERSION,
    };
    entry.digest = entry.expected_digest();
    let mut line = if text.is_empty() || text.ends_with(b"\n") { Vec::new() } else { vec![b'\n'] };
    serde_json::to_writer(&mut line, &entry)?;
    line.push(b'\n');

    regular_metadata(&path).map_err(disk::refusal)?;
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options
            .mode(0o644)
            .custom_flags((rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits() as i32);
    }
    let mut file = options.open(&path).map_err(io_error("open", &path))?;
    file.write_all(&line).and_then(|()| file.sync_all()).map_err(io_error("append to", &path))?;
    if is_new {
        disk::sync_dir(&paths::state_dir(store.root()))?;
    }
    Ok(AuditHead { digest: entry.digest, entries: entry.number })
}
