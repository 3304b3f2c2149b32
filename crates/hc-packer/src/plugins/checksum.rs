//! The checksum by which publishers and locks know a plugin.

use std::io::Read;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::error::PluginError;

/// SHA-256 of a file in hex, read in pieces.
///
/// # Errors
/// [`PluginError::Unreadable`] when it cannot be read.
pub fn sha256(path: &Path) -> Result<String, PluginError> {
    let unreadable = |source| PluginError::Unreadable { path: path.to_owned(), source };
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    let (mut digest, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer).map_err(unreadable)? {
            0 => return Ok(hex(&digest.finalize())),
            read => digest.update(&buffer[..read]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
