//! Cures of errors of the state.

use std::io::ErrorKind;

use hc_core::fs::FsError;
use hc_state::format::VERSION;
use hc_state::paths::BACKUPS;
use hc_state::{BackupRef, StateError};

/// What to do about it.
pub(super) fn hint(error: &StateError) -> String {
    let restore = |backup: &Option<BackupRef>| match backup {
        Some(backup) => format!("run `hybrid state restore` to bring back {backup}"),
        None => "no good backup exists: move the file away and validate again".to_owned(),
    };
    match error {
        StateError::LockHeld(held) => held.hint(),
        StateError::Stopped(_) => {
            "what this run came to is not in the state: run the command again when that process has ended".into()
        }
        StateError::LocksUnsupported { .. } => {
            "move the project to a local file system, or pass `--unsafe-no-lock` if no other process writes".into()
        }
        StateError::Corrupt { backup, .. } => restore(backup),
        StateError::NotRegular { backup: Some(backup), .. } => {
            format!("run `hybrid state restore` to move it aside and bring back {backup}")
        }
        StateError::NotRegular { path, .. } => format!("move {} away, then run the command again", path.display()),
        StateError::NotOwned { owner, .. } => {
            format!("run the command as user {owner}, or give the file to the user who runs it")
        }
        StateError::ReadOnly { path } => {
            format!("make it writable if it may change: `chmod u+w {}`", path.display())
        }
        StateError::TooNew { .. } => {
            "upgrade hybrid, restore a backup with `hybrid state restore`, or migrate the state down with the \
             newer program: `hybrid state migrate --to VERSION`"
                .into()
        }
        StateError::TooOld { .. } => "run `hybrid state migrate` (`--dry-run` shows what changes)".into(),
        StateError::Regressed { backup, .. } => format!(
            "run `hybrid state restore` to bring back {backup}, or move the newer backups away if the older \
             state is meant"
        ),
        StateError::Foreign { backup, .. } => format!(
            "run `hybrid state restore` to bring back {backup}, or move `{BACKUPS}` away if the new \
             history is meant"
        ),
        StateError::Missing { backup: Some(backup), .. } => format!(
            "run `hybrid state restore` to bring back {backup}, or move `{BACKUPS}` away to begin anew"
        ),
        StateError::Missing { backup: None, .. } => format!("move `{BACKUPS}` away to begin anew"),
        StateError::NoState { .. } => "run `hybrid validate`: it writes the first state".into(),
        StateError::Changed { .. } => "plan again, then run the command again".into(),
        StateError::SerialExhausted { .. } => {
            "somebody wrote that serial: look at `hybrid state backups`, move those with such serials away, and restore".into()
        }
        StateError::NotCommitted { source, .. } => file_hint(source).into(),
        StateError::CommitUnknown { .. } => {
            "check the device, then run `hybrid state check`; do not repeat the command blindly".into()
        }
        StateError::BackupNotFound { available, .. } if available.is_empty() => {
            "wait for one: every change of the state keeps what was there before; `hybrid state backups` lists them"
                .into()
        }
        StateError::BackupNotFound { available, .. } => {
            let known: Vec<String> = available.iter().map(u64::to_string).collect();
            format!("choose one of {}", known.join(", "))
        }
        StateError::NoGoodBackup { .. } => {
            "move the state away and validate again; builds and artifacts are not lost".into()
        }
        StateError::NoMigration { .. } => format!("choose a version from 1 to {VERSION}"),
        StateError::Unwritable(_) => "look at the cause: a time lies beyond the year 9999".into(),
        StateError::AuditBroken { .. } => {
            "find out who changed the log; keep it as evidence, then move it away to begin a new one".into()
        }
        StateError::File(error) => file_hint(error).into(),
    }
}

fn file_hint(error: &FsError) -> &'static str {
    match error.io_kind() {
        Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
            "free space on the device, then run the command again"
        }
        Some(ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => {
            "give this user write access to the path"
        }
        Some(ErrorKind::NotFound) => "check that the project's directory still exists",
        Some(_) => "check the device, then run the command again",
        None => "move what stands there out of the way, then run the command again",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_state_names_the_backup_that_comes_back() {
        let path = std::path::PathBuf::from("state/backups/packer-hybrid.1.json");
        let backup = BackupRef { path: path.clone(), serial: 1, written_at: None };
        let missing = StateError::Missing { path: path.clone(), backup: Some(backup) };
        assert!(hint(&missing).contains("bring back serial 1 (state/backups/packer-hybrid.1.json)"));
        assert_eq!(
            hint(&StateError::BackupNotFound { serial: 77, available: vec![3, 2, 1] }),
            "choose one of 3, 2, 1"
        );
        assert!(hint(&StateError::TooOld { path, found: 1 }).contains("`hybrid state migrate`"));
    }
}
