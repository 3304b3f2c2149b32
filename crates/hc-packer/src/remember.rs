//! What a packer said about its version, remembered by the file it is: asking takes longer than most commands.
//!
//! Only compiled programs are remembered. A script (a version manager's shim, a wrapper) may run another packer
//! tomorrow without changing itself, so it is asked every time. A memory that is lost or broken only costs time.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

use hc_core::Version;
use hc_core::fs::{create_dirs, read_limited, write_atomic};
use serde::{Deserialize, Serialize};

use crate::stamp::Stamp;

/// One answer, with the file that gave it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Memory {
    #[serde(flatten)]
    stamp: Stamp,
    version: Version,
}

/// The version that `path` gave last time, if it is the same file still.
pub(crate) fn recall(memory: &Path, path: &Path) -> Option<Version> {
    let known: Memory = serde_json::from_slice(&read_limited(memory, 64 << 10).ok()??).ok()?;
    (Stamp::of(path)? == known.stamp).then_some(known.version)
}

/// Remembers an answer that was given `now`; failing to is not an error.
pub(crate) fn keep(memory: &Path, path: &Path, version: Version, now: SystemTime) {
    let Some(stamp) = Stamp::of(path).filter(|_| is_compiled(path)) else { return };
    let Some(parent) = memory.parent().filter(|_| stamp.is_settled(now)) else { return };
    if let (Ok(()), Ok(json)) = (create_dirs(parent), serde_json::to_vec(&Memory { stamp, version })) {
        let _ = write_atomic(memory, &json, 0o644);
    }
}

fn is_compiled(path: &Path) -> bool {
    let mut start = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    // ELF, Mach-O (thin and fat), PE.
    read.is_ok()
        && (start == *b"\x7fELF"
            || start == [0xcf, 0xfa, 0xed, 0xfe]
            || start == [0xca, 0xfe, 0xba, 0xbe]
            || start.starts_with(b"MZ"))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;

    fn program(dir: &Path, start: &[u8]) -> PathBuf {
        let path = dir.join("packer");
        std::fs::write(&path, [start, b" and the rest"].concat()).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(100)).unwrap();
        path
    }

    #[test]
    fn a_compiled_program_is_remembered_until_it_changes() {
        let dir = tempfile::tempdir().unwrap();
        let memory = dir.path().join("cache/version.json");
        let version = Version { major: 1, minor: 16, patch: 0 };
        let path = program(dir.path(), b"\x7fELF");
        assert_eq!(recall(&memory, &path), None);
        keep(&memory, &path, version, SystemTime::now());
        assert_eq!(recall(&memory, &path), Some(version));
        std::fs::write(&memory, "{").unwrap();
        assert_eq!(recall(&memory, &path), None);
        keep(&memory, &path, version, SystemTime::now());
        std::fs::remove_file(&path).unwrap();
        // Same name, size and content: still another file.
        program(dir.path(), b"\x7fELF");
        assert_eq!(recall(&memory, &path), None);
    }

    #[test]
    fn scripts_and_files_of_this_moment_are_asked_again() {
        let dir = tempfile::tempdir().unwrap();
        let memory = dir.path().join("version.json");
        let version = Version { major: 1, minor: 11, patch: 2 };
        let path = program(dir.path(), b"#!/b");
        keep(&memory, &path, version, SystemTime::now());
        assert_eq!(recall(&memory, &path), None);
        std::fs::write(&path, b"\x7fELF, written now").unwrap();
        keep(&memory, &path, version, SystemTime::now());
        assert_eq!(recall(&memory, &path), None);
    }
}
