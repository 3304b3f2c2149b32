//! What is kept of inputs so that a later difference can be shown down to its lines: texts by digest, and the input
//! manifests of builds.

use std::path::{Path, PathBuf};

use hc_core::fs::{confine, create_dirs, read_limited, write_atomic, write_unsynced};
use hc_core::{BuildId, Digest};

use crate::error::RecordError;
use crate::input::InputManifest;
use crate::layout;

/// Larger inputs are compared by digest only, in bytes.
const TEXT_LIMIT: u64 = 256 << 10;
/// Largest kept input manifest that is read, in bytes.
const MANIFEST_LIMIT: u64 = 64 << 20;

fn object(root: &Path, digest: &Digest) -> PathBuf {
    let hex = digest.to_string();
    root.join(layout::OBJECTS).join(&hex[..2]).join(&hex[2..])
}

/// Keeps the text inputs of a manifest. `may_keep` refuses texts that hold a secret.
///
/// # Errors
/// When the object directory cannot be written.
pub fn keep_texts(
    root: &Path,
    manifest: &InputManifest,
    may_keep: &dyn Fn(&[u8]) -> bool,
) -> Result<(), RecordError> {
    for input in manifest.inputs.iter().filter(|input| input.size <= TEXT_LIMIT) {
        let object = object(root, &input.blake3);
        if object.exists() {
            continue;
        }
        let Ok(Some(bytes)) = read_limited(&root.join(&input.name), TEXT_LIMIT) else { continue };
        // A file that changed since it was hashed is not the content of this digest.
        if Digest::of(&bytes) != input.blake3 || bytes.contains(&0) || !may_keep(&bytes) {
            continue;
        }
        if let Some(parent) = object.parent() {
            confine(root, parent.strip_prefix(root).unwrap_or(Path::new("")))?;
            create_dirs(parent)?;
        }
        write_unsynced(&object, &bytes)?;
    }
    Ok(())
}

/// The text that a digest stands for, where it was kept and is intact.
pub fn text(root: &Path, digest: &Digest) -> Option<String> {
    let bytes = read_limited(&object(root, digest), TEXT_LIMIT).ok().flatten()?;
    if Digest::of(&bytes) != *digest { None } else { String::from_utf8(bytes).ok() }
}

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
