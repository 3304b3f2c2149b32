//! What a sync is about to do, written before it does it, so that an interrupted one can be finished (SRC-3).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use hc_core::fs::{io_error, read_text, write_atomic};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::error::SourceError;

const LIMIT: u64 = 1 << 20;
const SCHEMA: u32 = 1;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    schema: u32,
    /// When the sync began.
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    /// Who began it: `hybrid sources sync --update`.
    pub command: String,
    /// Whether pins were to move.
    pub update: bool,
    /// Names that were asked for; all when empty.
    pub only: BTreeSet<String>,
}

/// The journal's file.
#[derive(Debug)]
pub(crate) struct JournalFile(PathBuf);

impl Journal {
    pub(crate) fn new(
        started_at: OffsetDateTime,
        command: &str,
        update: bool,
        only: BTreeSet<String>,
    ) -> Self {
        Self { schema: SCHEMA, started_at, command: command.to_owned(), update, only }
    }
}

impl JournalFile {
    pub(crate) fn at(sources: &Path) -> Self {
        Self(sources.join(".journal.json"))
    }

    /// The entry of a sync that has not ended; one that cannot be read counts as a full sync that follows the lock.
    pub(crate) fn read(&self) -> Result<Option<Journal>, SourceError> {
        let Some(text) = read_text(&self.0, LIMIT)? else { return Ok(None) };
        let unknown = || Journal::new(OffsetDateTime::UNIX_EPOCH, "an unknown sync", false, BTreeSet::new());
        Ok(Some(serde_json::from_str(&text).unwrap_or_else(|_| unknown())))
    }

    pub(crate) fn write(&self, journal: &Journal) -> Result<(), SourceError> {
        let text = serde_json::to_string_pretty(journal).unwrap_or_default();
        Ok(write_atomic(&self.0, format!("{text}\n").as_bytes(), 0o644)?)
    }

    pub(crate) fn remove(&self) -> Result<(), SourceError> {
        match std::fs::remove_file(&self.0) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(io_error("remove", &self.0)(error).into())
            }
            _ => Ok(()),
        }
    }
}

/// The entry of a running sync: written when the first source is about to be changed, so that a sync that finds
/// everything in order writes nothing.
pub(crate) struct Pending {
    file: JournalFile,
    entry: Journal,
    /// What an earlier sync left, as far as this one does not do it, too.
    outstanding: Option<Journal>,
    begun: Mutex<bool>,
}

impl Pending {
    /// `entry` is what this sync does, `former` what an earlier one left.
    pub(crate) fn new(file: JournalFile, mut entry: Journal, former: Option<&Journal>) -> Self {
        let mut outstanding = None;
        if let Some(former) = former {
            let covered =
                entry.only.is_empty() || !former.only.is_empty() && former.only.is_subset(&entry.only);
            if !covered {
                outstanding = Some(former.clone());
                entry.update |= former.update;
                if former.only.is_empty() {
                    entry.only.clear();
                } else {
                    entry.only.extend(former.only.iter().cloned());
                }
            }
        }
        Self { file, entry, outstanding, begun: Mutex::new(false) }
    }

    /// To be called before anything of a source is written.
    pub(crate) fn begin(&self) -> Result<(), SourceError> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if !*begun {
            self.file.write(&self.entry)?;
            *begun = true;
        }
        Ok(())
    }

    /// Takes the entry away, unless something is left for `resume`.
    pub(crate) fn end(&self, unfinished: bool) -> Result<(), SourceError> {
        match &self.outstanding {
            _ if unfinished => self.file.write(&self.entry),
            Some(former) => self.file.write(former),
            None => self.file.remove(),
        }
    }
}
