//! Old contents of text inputs, by digest, so that drift can show the lines that changed.

use std::path::{Path, PathBuf};

use hc_core::Digest;
use hc_core::fs::{confine, create_dirs, read_limited, write_unsynced};
use hc_templates::InputManifest;

use crate::command_error::Result;
use crate::session::Session;

/// Larger inputs are compared by digest only.
const LIMIT: u64 = 256 << 10;

fn path(session: &Session, digest: &Digest) -> PathBuf {
    let hex = digest.to_string();
    session.root.join(".hybrid/objects").join(&hex[..2]).join(&hex[2..])
}

/// Keeps the text inputs of a manifest.
///
/// # Errors
/// When the object directory cannot be written.
pub fn keep(session: &Session, manifest: &InputManifest) -> Result<()> {
    for input in manifest.inputs.iter().filter(|input| input.size <= LIMIT) {
        let object = path(session, &input.blake3);
        if object.exists() {
            continue;
        }
        let Ok(Some(bytes)) = read_limited(&session.root.join(&input.name), LIMIT) else { continue };
        // A file that changed since it was hashed is not the content of this digest.
        // Nor is a text kept that holds a secret.
        if Digest::of(&bytes) != input.blake3 || bytes.contains(&0) || !session.redactor.is_clean(&bytes) {
            continue;
        }
        if let Some(parent) = object.parent() {
            confine(&session.root, parent.strip_prefix(&session.root).unwrap_or(Path::new("")))?;
            create_dirs(parent)?;
        }
        write_unsynced(&object, &bytes)?;
    }
    Ok(())
}

/// The text that a digest stands for, where it was kept and is intact.
pub fn load(session: &Session, digest: &Digest) -> Option<String> {
    let bytes = read_limited(&path(session, digest), LIMIT).ok().flatten()?;
    if Digest::of(&bytes) != *digest { None } else { String::from_utf8(bytes).ok() }
}
