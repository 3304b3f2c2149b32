//! Bytes of the state file: canonical JSON with an embedded digest.
//!
//! Canonical means: pretty JSON, keys sorted, newline at the end. The digest is BLAKE3 over exactly these
//! bytes with the `digest` field empty. A file that was only reformatted still verifies; a flipped bit that
//! still parses does not. Pure functions of bytes; never reads a file.

use std::ops::Range;

use hc_core::Digest;
use serde::Deserialize;

use crate::format::{State, VERSION};

/// Start of the top-level digest line. JSON strings hold no raw newline and only the top level is indented by
/// two spaces, so this text stands nowhere else.
const DIGEST_KEY: &str = "\n  \"digest\": \"";

/// Largest state that is read, in bytes; a hundred times a large project's.
pub(crate) const STATE_LIMIT: u64 = 256 << 20;

/// Why bytes are not a state that this crate can use.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are no state, or not the one that was written.
    #[error(transparent)]
    Corrupt(#[from] Damage),
    /// A newer schema.
    #[error("schema version {found} is newer than {VERSION}")]
    TooNew {
        /// The version in the file.
        found: u32,
    },
    /// An older schema, to be migrated.
    #[error("schema version {found} is older than {VERSION}")]
    TooOld {
        /// The version in the file.
        found: u32,
    },
}

/// What is wrong with a corrupt state.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// The file has no bytes.
    #[error("the file is empty")]
    Empty,
    /// Larger than any state.
    #[error("the file has {size} bytes, more than the {limit} of any state")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// Cut off: JSON that ends early.
    #[error("the file is cut off")]
    CutOff(#[source] serde_json::Error),
    /// Not JSON.
    #[error("the file is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// JSON without a schema version.
    #[error("the file has no schema version")]
    NoVersion,
    /// The right version with wrong, missing or unknown fields.
    #[error("the file does not follow schema version {version}")]
    Shape {
        /// The version it claims.
        version: u32,
        /// What does not fit.
        #[source]
        source: serde_json::Error,
    },
    /// The content is not what was written.
    #[error("the content does not fit the embedded digest")]
    Digest,
}

/// Encodes a state canonically, with its digest in place; the `digest` field of `state` does not matter.
///
/// # Errors
/// When a time cannot be written as RFC 3339 (year beyond 9999, offset with seconds).
pub fn encode(state: &State) -> Result<Vec<u8>, serde_json::Error> {
    let mut text = serde_json::to_vec_pretty(state)?;
    text.push(b'\n');
    if let Some(span) = locate_digest(&text) {
        text.drain(span.clone());
        let digest = Digest::of(&text).to_string();
        text.splice(span.start..span.start, digest.bytes());
    }
    Ok(text)
}

/// Decodes a state of the current schema version and proves its integrity.
///
/// # Errors
/// [`DecodeError`].
pub fn decode(bytes: &[u8]) -> Result<State, DecodeError> {
    if bytes.is_empty() {
        return Err(Damage::Empty.into());
    }
    let mut state: State = match serde_json::from_slice(bytes) {
        Ok(state) => state,
        Err(error) => return Err(diagnose(bytes, error)),
    };
    let found = state.schema.version;
    if found != VERSION {
        // One flipped bit turns 2 into 3. If the digest fits with the version put right, it was no upgrade.
        state.schema.version = VERSION;
        return Err(if verify(&state, None) { Damage::Digest.into() } else { other_version(found) });
    }
    if verify(&state, Some(bytes)) { Ok(state) } else { Err(Damage::Digest.into()) }
}

/// The schema version that `bytes` claim.
///
/// # Errors
/// [`Damage`] when they are not JSON or claim none.
pub fn version_of(bytes: &[u8]) -> Result<u32, Damage> {
    #[derive(Deserialize)]
    struct Header {
        schema: Option<HeaderSchema>,
    }
    #[derive(Deserialize)]
    struct HeaderSchema {
        version: Option<u32>,
    }
    if bytes.is_empty() {
        return Err(Damage::Empty);
    }
    match serde_json::from_slice::<Header>(bytes) {
        Ok(header) => header.schema.and_then(|schema| schema.version).ok_or(Damage::NoVersion),
        Err(error) if error.is_eof() => Err(Damage::CutOff(error)),
        Err(error) if error.is_data() => Err(Damage::NoVersion),
        Err(error) => Err(Damage::NotJson(error)),
    }
}

fn diagnose(bytes: &[u8], error: serde_json::Error) -> DecodeError {
    match version_of(bytes) {
        Ok(version) if version == VERSION => Damage::Shape { version, source: error }.into(),
        Ok(version) => other_version(version),
        Err(damage) => damage.into(),
    }
}

fn other_version(found: u32) -> DecodeError {
    match found {
        0 => Damage::NoVersion.into(),
        found if found < VERSION => DecodeError::TooOld { found },
        found => DecodeError::TooNew { found },
    }
}

/// Whether the embedded digest fits: first against the bytes as they are, then against the canonical form.
fn verify(state: &State, bytes: Option<&[u8]>) -> bool {
    let Some(digest) = state.digest else { return false };
    let as_written = |bytes: &[u8]| {
        locate_digest(bytes).is_some_and(|span| {
            let mut blank = Vec::with_capacity(bytes.len());
            blank.extend_from_slice(&bytes[..span.start]);
            blank.extend_from_slice(&bytes[span.end..]);
            Digest::of(&blank) == digest
        })
    };
    bytes.is_some_and(as_written) || encode(state).is_ok_and(|canonical| as_written(&canonical))
}

/// Where the hex digits of the digest are.
fn locate_digest(bytes: &[u8]) -> Option<Range<usize>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let start = text.find(DIGEST_KEY)? + DIGEST_KEY.len();
    let end = start + text[start..].find('"')?;
    Some(start..end)
}
