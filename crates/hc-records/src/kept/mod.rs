//! What is kept of inputs so that a later difference can be shown down to its lines: texts by digest, and the input
//! manifests of builds.
//!
//! Texts lie in packs: a run writes all that it keeps into one file and flushes it once. Nothing here is needed to
//! decide anything, so damage costs lines of a difference and is never an error.

mod loose;
mod objects;
mod pack;
mod prune;
mod rewrite;
mod texts;

use std::path::Path;

use hc_core::BuildId;
use hc_core::fs::{create_dirs, read_limited, write_atomic};

use crate::error::RecordError;
use crate::input_manifest::InputManifest;
use crate::layout;

pub use objects::is_complete;
pub use prune::{Damaged, Mode, Pruned, check, prune};
pub use texts::{Relied, Texts, keep_texts};

/// Larger inputs are compared by digest only, in bytes.
pub const TEXT_LIMIT: u64 = 256 << 10;
/// Largest kept input manifest that is read, in bytes.
const MANIFEST_LIMIT: u64 = 64 << 20;

/// Keeps the inputs of a build.
///
/// # Errors
/// When they cannot be written.
pub fn keep_inputs(root: &Path, build: &BuildId, manifest: &InputManifest) -> Result<(), RecordError> {
    create_dirs(&root.join(layout::KEPT_INPUTS))?;
    let mut json = serde_json::to_vec(manifest).expect("a manifest holds only text keys and plain values");
    json.push(b'\n');
    Ok(write_atomic(&root.join(layout::kept_inputs(build)), &json, 0o644)?)
}

/// The inputs of a build, where they were kept on this machine and can be read.
pub fn inputs(root: &Path, build: &BuildId) -> Option<InputManifest> {
    let bytes = read_limited(&root.join(layout::kept_inputs(build)), MANIFEST_LIMIT).ok().flatten()?;
    InputManifest::from_json(&bytes)
}
