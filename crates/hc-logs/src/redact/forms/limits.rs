//! How large secrets are whose forms are known, and what a set of forms is.

use std::collections::BTreeMap;

/// Secrets shorter than this are not redacted: their forms would hit ordinary words everywhere.
pub const MIN_SECRET: usize = 4;
/// Larger secrets are not redacted: the search for their forms would need hundreds of megabytes.
pub const MAX_SECRET: usize = 64 * 1024;
/// Nobody quotes longer ones twice or widens their base64, and leaving that out saves most of the memory.
pub(super) const LONG_SECRET: usize = 8 * 1024;

/// Byte strings, each with the name of the first rule that makes it.
pub(super) type Forms = BTreeMap<Vec<u8>, &'static str>;
