//! The audit log: `state/audit.log`, append-only JSON lines, each chained to the one before by its digest.
//!
//! Holds what a reviewer asks for later: migrations, restores, unlocks, force-pins (STATE-3, SRC-5). An edited
//! or removed line breaks the chain; a cut end is shown by the head that the state remembers. Nothing here
//! ever rewrites the log: a line that a crash left unfinished stays, and is named.

mod entry;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use hc_core::fs::{io_error, read_limited, regular_metadata};
use hc_core::{Digest, RunId};

use self::entry::ENTRY_VERSION;
pub use self::entry::{AuditAction, AuditEntry, AuditEvent, AuditProblem, AuditReport, verify};
use crate::codec::STATE_LIMIT;
use crate::disk;
use crate::error::StateError;
use crate::format::AuditHead;
use crate::options::StoreOptions;
use crate::paths;

/// Reads the log and proves its chain, and that it still holds what a state remembers.
pub(crate) fn read(root: &Path, remembered: Option<&AuditHead>) -> Result<AuditReport, StateError> {
    let path = paths::audit_log(root);
    let text = read_limited(&path, STATE_LIMIT).map_err(disk::refusal)?.unwrap_or_default();
    let mut report = verify(&text);
    if let Some(head) = remembered {
        report.check_head(head);
    }
    Ok(report)
}

/// Appends one entry and syncs it, unless the log lacks what a state remembers of it. Only while the state is locked.
pub(crate) fn append(
    root: &Path,
    options: &StoreOptions,
    run: &RunId,
    event: AuditEvent,
    remembered: Option<&AuditHead>,
) -> Result<AuditHead, StateError> {
    let path = paths::audit_log(root);
    let existing = read_limited(&path, STATE_LIMIT).map_err(disk::refusal)?;
    let is_new = existing.is_none();
    let text = existing.unwrap_or_default();
    let mut report = verify(&text);
    // The next entry would hide that the end was cut off, or garbled. One that was moved away goes on under its number.
    if let Some(head) = remembered.filter(|_| !text.is_empty()) {
        report.check_head(head);
    }
    // Going on after a changed entry would vouch for it. An unfinished line is what a crash leaves.
    if let Some(problem) = report.broken() {
        return Err(StateError::AuditBroken { path, source: problem.clone() });
    }
    let last = report.head().or_else(|| remembered.cloned());
    let mut entry = AuditEntry {
        action: event.action,
        at: (options.now)(),
        details: event.details,
        digest: Digest::of(b""),
        number: last.as_ref().map_or(1, |head| head.entries.saturating_add(1)),
        operator: options.operator.clone(),
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
    let mut open = OpenOptions::new();
    open.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        open.mode(0o644)
            .custom_flags((rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits() as i32);
    }
    let mut file = open.open(&path).map_err(io_error("open", &path))?;
    file.write_all(&line).and_then(|()| file.sync_all()).map_err(io_error("append to", &path))?;
    if is_new {
        disk::sync_dir(&paths::state_dir(root))?;
    }
    Ok(AuditHead { digest: entry.digest, entries: entry.number })
}
