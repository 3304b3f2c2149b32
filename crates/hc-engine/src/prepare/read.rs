//! What was read to prepare a target, as it was at that moment.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hc_core::Digest;

/// Digests and sizes of texts that values were read from, by path relative to the project. They count in the gate: what
/// stands in the file a moment later does not.
pub(crate) type Read = BTreeMap<PathBuf, (Digest, u64)>;
