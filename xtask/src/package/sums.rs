//! `SHA256SUMS`: one line for each package, as `sha256sum --check` reads it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

const FILE: &str = "SHA256SUMS";

/// The packages in a directory, by name.
pub(super) fn packages(dist: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dist).with_context(|| format!("cannot list {}", dist.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() && entry.file_name() != FILE {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Writes the sums of all packages in a directory.
pub(super) fn write(dist: &Path) -> Result<()> {
    let mut text = String::new();
    for path in packages(dist)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        text.push_str(&format!("{}  {name}\n", of(&path)?));
    }
    Ok(std::fs::write(dist.join(FILE), text)?)
}

/// The sum of one file, in hexadecimal digits.
pub(super) fn of(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_sorted_and_leave_themselves_out() {
        let dist = tempfile::tempdir().unwrap();
        std::fs::create_dir(dist.path().join("stage")).unwrap();
        for (name, text) in [("b.rpm", ""), ("a.deb", "abc"), (FILE, "old")] {
            std::fs::write(dist.path().join(name), text).unwrap();
        }
        write(dist.path()).unwrap();
        let expected = "\
ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a.deb
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b.rpm
";
        assert_eq!(std::fs::read_to_string(dist.path().join(FILE)).unwrap(), expected);
    }
}
