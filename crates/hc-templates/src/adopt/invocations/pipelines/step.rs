//! What a pipeline hands to a shell.

use std::collections::BTreeMap;

/// Commands of one shell.
pub(in super::super) struct Step {
    /// Name of its job, where it has one.
    pub(in super::super) name: Option<String>,
    /// Its text, whose first line stands on `line` of the file.
    pub(in super::super) text: String,
    pub(in super::super) line: usize,
    /// Its directory, relative to the repository.
    pub(in super::super) dir: String,
    pub(in super::super) environment: BTreeMap<String, String>,
}
