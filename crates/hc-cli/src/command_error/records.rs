//! Cure and causes of errors of records.

use hc_records::RecordError;

use super::causes::beneath;
use super::fs;

/// What lies beneath.
pub(super) fn causes(error: &RecordError) -> Vec<String> {
    match error {
        RecordError::Damaged { why, .. } => vec![why.clone()],
        other => beneath(other),
    }
}

/// The cure.
pub(super) fn hint(error: &RecordError) -> Option<String> {
    match error {
        RecordError::Damaged { .. } => Some(
            "restore it from version control or a backup; without one, move it away and build again".into(),
        ),
        RecordError::File(error) => Some(fs::hint(error).into()),
        _ => None,
    }
}
