//! Cures of errors of logs, scans and bundles.

use hc_core::fs::FsError;
use hc_logs::LogError;

/// The cure.
pub(super) fn hint(error: &LogError) -> Option<String> {
    match error {
        LogError::BadList { kind, .. } => Some(format!("correct the {kind}, or remove it and write it anew")),
        LogError::File(FsError::Io { .. }) => {
            Some("check that the directory exists and can be written".into())
        }
        _ => None,
    }
}
