//! What a packer said about its version, remembered by the file it is: asking takes longer than most commands.
//!
//! Only compiled programs are remembered. A script (a version manager's shim, a wrapper) may run another packer
//! tomorrow without changing itself, so it is asked every time. A memory that is lost or broken only costs time.

use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hc_core::Version;
use hc_core::fs::{create_dirs, read_limited, write_atomic};
use serde::{Deserialize, Serialize};

/// A file that changed more recently than this may change again within the clock's resolution.
const RACY: Duration = Duration::from_secs(2);

/// One answer, with the file that gave it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Memory {
    path: PathBuf,
    size: u64,
    modified: Duration,
    identity: Vec<i64>,
    version: Version,
}

/// The version that `path` gave last time, if it is the same file still.
pub(crate) fn recall(memory: &Path, path: &Path) -> Option<Version> {
    let known: Memory = serde_json::from_slice(&read_limited(memory, 64 << 10).ok()??).ok()?;
    let now = look(path, known.version)?;
    (now == known).then_some(known.version)
}

/// Remembers an answer that was given `now`; failing to is not an error.
pub(crate) fn keep(memory: &Path, path: &Path, version: Version, now: SystemTime) {
    let Some(answer) = look(path, version).filter(|_| is_compiled(path)) else { return };
    let fresh = now.duration_since(UNIX_EPOCH).is_ok_and(|now| now < answer.modified + RACY);
    let Some(parent) = memory.parent().filter(|_| !fresh) else { return };
    if let (Ok(()), Ok(json)) = (create_dirs(parent), serde_json::to_vec(&answer)) {
        let _ = write_atomic(memory, &json, 0o644);
    }
}

fn look(path: &Path, version: Version) -> Option<Memory> {
    // A link's target counts: `packer` is often a link to a versioned file.
    let path = std::fs::canonicalize(path).ok()?;
    let meta = std::fs::metadata(&path).ok()?;
    let modified = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Memory { path, size: meta.len(), modified, identity: identity(&meta), version })
}

#[cfg(unix)]
fn identity(meta: &Metadata) -> Vec<i64> {
    use std::os::unix::fs::MetadataExt;
    vec![meta.ctime(), meta.ctime_nsec(), meta.ino().cast_signed(), meta.dev().cast_signed()]
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Vec<i64> {
    Vec::new()
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
