//! Checksums as templates write them: `sha256:…`, `sha512:…`, or bare hex of either length.

use std::fmt;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use hc_core::fs::open_regular;
use sha2::{Digest as _, Sha256, Sha512};

/// A text that is not a checksum that can be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a sha256 or sha512 checksum")]
pub struct BadChecksum(pub String);

/// A checksum that can be trusted. MD5 and SHA-1 cannot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Checksum {
    /// SHA-256, lower-case hex.
    Sha256(String),
    /// SHA-512, lower-case hex.
    Sha512(String),
}

impl FromStr for Checksum {
    type Err = BadChecksum;

    fn from_str(text: &str) -> Result<Self, BadChecksum> {
        let bad = || BadChecksum(text.to_owned());
        let lower = text.trim().to_ascii_lowercase();
        let (kind, hex) = match lower.split_once(':') {
            Some((kind, hex)) => (Some(kind), hex),
            None => (None, lower.as_str()),
        };
        if !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(bad());
        }
        match (kind, hex.len()) {
            (None | Some("sha256"), 64) => Ok(Self::Sha256(hex.to_owned())),
            (None | Some("sha512"), 128) => Ok(Self::Sha512(hex.to_owned())),
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(hex) => write!(f, "sha256:{hex}"),
            Self::Sha512(hex) => write!(f, "sha512:{hex}"),
        }
    }
}

impl Checksum {
    /// The checksum of the same kind of a file's bytes.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn of_file(&self, path: &Path) -> std::io::Result<Self> {
        let mut file = open_regular(path)?;
        Ok(match self {
            Self::Sha256(_) => {
                let mut hasher = Sha256::new();
                pump(&mut file, |bytes| {
                    hasher.update(bytes);
                    Ok(())
                })?;
                Self::Sha256(hex(&hasher.finalize()))
            }
            Self::Sha512(_) => {
                let mut hasher = Sha512::new();
                pump(&mut file, |bytes| {
                    hasher.update(bytes);
                    Ok(())
                })?;
                Self::Sha512(hex(&hasher.finalize()))
            }
        })
    }
}

/// Reads to the end into `take`, in large pieces.
pub(super) fn pump(
    reader: &mut dyn Read,
    mut take: impl FnMut(&[u8]) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 256 << 10];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => take(&buffer[..count])?,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_and_weak_ones_refused() {
        let of_empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for text in
            [of_empty.to_owned(), format!("sha256:{of_empty}"), format!("SHA256:{}", of_empty.to_uppercase())]
        {
            assert_eq!(text.parse::<Checksum>().unwrap().to_string(), format!("sha256:{of_empty}"));
        }
        assert!("sha512:ab".parse::<Checksum>().is_err());
        for text in
            ["none", "", "md5:d41d8cd98f00b204e9800998ecf8427e", "file:https://x/SHA256SUMS", "sha256:zz"]
        {
            assert!(text.parse::<Checksum>().is_err(), "{text}");
        }
        let empty = tempfile::NamedTempFile::new().unwrap();
        let wanted: Checksum = of_empty.parse().unwrap();
        assert_eq!(wanted.of_file(empty.path()).unwrap(), wanted);
    }
}
