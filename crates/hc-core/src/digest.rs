//! The one digest format: BLAKE3, 32 bytes, written as 64 lower-case hex digits (what `b3sum` prints).
//!
//! Combined digests are a format too: every field is length-prefixed, so no two different sequences share
//! their bytes. Known values are pinned by tests; changing one is a change of every project's trust.

use std::fmt;
use std::io::{self, Read};
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Files from this size on are hashed by all cores; below, the threads cost more than they bring.
const PARALLEL_FROM: u64 = 1 << 20;

/// How much of a large file is in memory at once.
const PIECE: usize = 2 << 20;

/// Reads until `piece` is full or the file is at its end; how much that is.
fn fill(file: &mut std::fs::File, piece: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while count < piece.len() {
        match file.read(&mut piece[count..]) {
            Ok(0) => break,
            Ok(read) => count += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

/// A BLAKE3 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

/// The text is not 64 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a BLAKE3 digest (64 hex digits)")]
pub struct DigestError(String);

impl Digest {
    /// Digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// Digest and size in bytes of a file, read once.
    ///
    /// # Errors
    /// Whatever opening or reading the file gives.
    pub fn of_file(path: &Path) -> io::Result<(Self, u64)> {
        let mut file = crate::fs::open_regular(path)?;
        let mut hasher = blake3::Hasher::new();
        let size = file.metadata()?.len();
        if size < PARALLEL_FROM {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            hasher.update(&bytes);
        } else {
            // Read and not mapped: a mapping of a file that another process cuts short ends this one (SIGBUS).
            let (mut piece, mut next) = (vec![0; PIECE], vec![0; PIECE]);
            let mut count = fill(&mut file, &mut piece)?;
            while count > 0 {
                // The next piece is read while this one is hashed.
                let hash = || {
                    hasher.update_rayon(&piece[..count]);
                };
                count = rayon::join(|| fill(&mut file, &mut next), hash).0?;
                std::mem::swap(&mut piece, &mut next);
            }
        }
        Ok((Self(*hasher.finalize().as_bytes()), hasher.count()))
    }

    /// A digest of which the raw bytes are known.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The raw bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first 12 hex digits, for people.
    pub fn short(&self) -> String {
        let mut text = self.to_string();
        text.truncate(12);
        text
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        blake3::Hash::from_hex(text)
            .map(|hash| Self(*hash.as_bytes()))
            .map_err(|_| DigestError(text.to_owned()))
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// Combines fields into one digest; each field is written with its length before it.
#[derive(Debug, Clone)]
pub struct Combiner {
    hasher: blake3::Hasher,
    /// Fields that the hasher did not get yet: it is slow with single ones.
    pending: Vec<u8>,
}

/// How many bytes of fields go to the hasher at once.
const PENDING: usize = 16 << 10;

impl Combiner {
    /// Starts a combined digest; `domain` keeps digests of different meaning apart.
    pub fn new(domain: &str) -> Self {
        let mut combiner = Self { hasher: blake3::Hasher::new(), pending: Vec::new() };
        combiner.field(domain.as_bytes());
        combiner
    }

    /// Adds one field.
    pub fn field(&mut self, bytes: &[u8]) -> &mut Self {
        self.pending.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= PENDING {
            self.hasher.update(&self.pending);
            self.pending.clear();
        }
        self
    }

    /// The digest of everything added so far.
    pub fn finish(&self) -> Digest {
        let mut whole = self.hasher.clone();
        Digest(*whole.update(&self.pending).finalize().as_bytes())
    }
}

/// Digest of bytes that arrive in pieces.
#[derive(Debug, Clone, Default)]
pub struct Stream(blake3::Hasher);

impl Stream {
    /// Starts an empty digest.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all pieces so far.
    pub fn finish(&self) -> Digest {
        Digest(*self.0.finalize().as_bytes())
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Digest {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Digest".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "pattern": "^[0-9a-f]{64}$", "description": "BLAKE3 digest in hex"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_are_pinned() {
        assert_eq!(
            Digest::of(b"").to_string(),
            "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
        );
        let combined = Combiner::new("test").field(b"a").field(b"bc").finish();
        assert_ne!(combined, Combiner::new("test").field(b"ab").field(b"c").finish());
        assert_eq!(combined.to_string().parse::<Digest>().unwrap(), combined);
    }

    #[test]
    fn small_and_large_files_hash_as_their_bytes() {
        let dir = tempfile::tempdir().unwrap();
        for size in [0, 1, 4096, (1 << 20) + 17] {
            let bytes: Vec<u8> = (0..size).map(|i: usize| (i % 251) as u8).collect();
            let path = dir.path().join("file");
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(Digest::of_file(&path).unwrap(), (Digest::of(&bytes), size as u64));
        }
    }

    #[test]
    fn bad_text_is_refused() {
        assert!("xyz".parse::<Digest>().is_err());
        assert!("é".repeat(32).parse::<Digest>().is_err());
    }
}
