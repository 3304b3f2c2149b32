//! Texts as earlier versions kept them, one file each: `ab/cdef…`. They are read until `clean` packs them.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use hc_core::Digest;
use hc_core::fs::{file_names, read_limited};

use super::TEXT_LIMIT;

/// One of them.
#[derive(Debug)]
pub(super) struct Loose {
    pub(super) digest: Digest,
    pub(super) path: PathBuf,
}

/// All of them, sorted by digest.
pub(super) fn all(dir: &Path) -> Vec<Loose> {
    let mut found = Vec::new();
    for head in file_names(dir).unwrap_or_default().into_iter().filter(|name| name.len() == 2) {
        let below = dir.join(&head);
        // A link could lead out of the project.
        if !below.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
            continue;
        }
        for rest in file_names(&below).unwrap_or_default() {
            let digest = format!("{head}{rest}").parse();
            found.extend(digest.map(|digest| Loose { digest, path: below.join(&rest) }));
        }
    }
    found.sort_unstable_by_key(|loose| loose.digest);
    found
}

/// The text of a digest, where it is intact.
pub(super) fn get(dir: &Path, digest: &Digest) -> Option<Vec<u8>> {
    let hex = digest.to_string();
    read(&Loose { digest: *digest, path: dir.join(&hex[..2]).join(&hex[2..]) })
}

/// The text, where it is intact.
pub(super) fn read(loose: &Loose) -> Option<Vec<u8>> {
    let bytes = read_limited(&loose.path, TEXT_LIMIT).ok().flatten()?;
    (Digest::of(&bytes) == loose.digest).then_some(bytes)
}

/// Since when it is kept, in seconds since 1970, and how large it is.
pub(super) fn kept_at(loose: &Loose) -> Option<(u64, u64)> {
    let meta = loose.path.symlink_metadata().ok()?;
    let at = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some((at.as_secs(), meta.len()))
}

/// Removes it, and its directory with the last one.
pub(super) fn remove(loose: &Loose) {
    let _ = std::fs::remove_file(&loose.path);
    if let Some(dir) = loose.path.parent() {
        let _ = std::fs::remove_dir(dir);
    }
}
