//! Entries of the audit log and the chain between them; pure.

use std::collections::BTreeMap;

use hc_core::digest::Combiner;
use hc_core::{Digest, RunId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::format::AuditHead;

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

impl AuditAction {
    /// What the digest of an entry says of its action: a format, whatever the variants are called.
    fn in_digests(self) -> &'static str {
        match self {
            Self::Migrate => "Migrate",
            Self::Restore => "Restore",
            Self::Unlock => "Unlock",
            Self::ForcePin => "ForcePin",
            Self::Revoke => "Revoke",
        }
    }
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
pub(super) const ENTRY_VERSION: u32 = 1;

impl AuditEntry {
    /// The digest that the entry should have.
    pub(super) fn expected_digest(&self) -> Digest {
        let mut combiner = Combiner::new("hybrid audit entry");
        combiner.field(&self.version.to_le_bytes());
        combiner.field(&self.number.to_le_bytes());
        combiner.field(self.previous.map(|digest| digest.to_string()).unwrap_or_default().as_bytes());
        combiner.field(self.action.in_digests().as_bytes());
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
    /// The log does not begin with the first entry: those before it were moved away.
    #[error("the log begins with entry {number}: those before it were moved away")]
    Begins {
        /// Number of its first entry.
        number: u64,
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
    /// The first problem that neither a crash leaves, which ends within a line, nor a person who moved the log away.
    pub fn broken(&self) -> Option<&AuditProblem> {
        let harmless = |problem: &&AuditProblem| {
            matches!(problem, AuditProblem::NotAnEntry { .. } | AuditProblem::Begins { .. })
        };
        self.problems.iter().find(|problem| !harmless(problem))
    }

    pub(super) fn head(&self) -> Option<AuditHead> {
        self.entries.last().map(|entry| AuditHead { digest: entry.digest, entries: entry.number })
    }

    /// Also compares the log with the end that a state remembers.
    pub(super) fn check_head(&mut self, remembered: &AuditHead) {
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
            Some(last) => (Some(last.digest), last.number.saturating_add(1)),
            None if entry.previous.is_some() && entry.number > 1 => {
                report.problems.push(AuditProblem::Begins { number: entry.number });
                (entry.previous, entry.number)
            }
            None => (None, 1),
        };
        if entry.previous != previous || entry.number != number {
            report.problems.push(AuditProblem::Unchained { line: line_number });
        }
        report.entries.push(entry);
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_an_entry_is_a_format() {
        let entry = |action| AuditEntry {
            action,
            at: OffsetDateTime::UNIX_EPOCH,
            details: BTreeMap::from([("serial".to_owned(), "7".to_owned())]),
            digest: Digest::of(b""),
            number: 2,
            operator: "ada".into(),
            previous: Some(Digest::of(b"before")),
            run_id: "20261120T225620.123Z-1f2e3d4c".parse().unwrap(),
            subject: "state/packer-hybrid.json".into(),
            version: ENTRY_VERSION,
        };
        let actions = [
            (AuditAction::Migrate, "54d88af51d941b6f95bf0bcf9a91e3fb761728a4e18235f8dcc19721a23ae4e4"),
            (AuditAction::Restore, "1b27ea4cdd75812548b6cc4564508f11e7fd9b85e2d45a518fde0553e5b05292"),
            (AuditAction::Unlock, "8c231a150c48aef66b4bc3caa32704145beb89ceebb41b7a09f1f37e8140f61e"),
            (AuditAction::ForcePin, "3406ac8a8d97b57ec977265918b1781ce96f2a278195a5fc48c6f55217be1f1b"),
            (AuditAction::Revoke, "c9f5758b401dc31db1b4f632df13d6d0f5122017b6ec586631eef564338f8842"),
        ];
        for (action, digest) in actions {
            assert_eq!(entry(action).expected_digest().to_string(), digest, "{action:?}");
        }
    }
}
