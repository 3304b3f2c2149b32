//! What was read to prepare a target, as it was at that moment.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hc_core::Digest;

/// What was read to prepare a target. It counts in the gate: what stands in a file a moment later does not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Read {
    /// Digests and sizes of texts that values were read from, by path relative to the project.
    pub(crate) texts: BTreeMap<PathBuf, (Digest, u64)>,
    /// The commit of the project, where a layer speaks of it.
    pub(crate) git_sha: Option<String>,
}

/// Digest and size of a text.
pub(super) fn digest(text: &str) -> (Digest, u64) {
    (Digest::of(text.as_bytes()), text.len() as u64)
}
