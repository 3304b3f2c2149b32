//! A log file that several processes append to and that is rotated by size and age.
//!
//! Promises: every append is one `O_APPEND` write of whole lines, so lines of several processes never mix; a
//! line that a crash tore does not swallow the next one; rotating only renames, to names that nobody has, so
//! a crash at any moment loses nothing; the gap that it leaves in the numbers hides nothing and is closed by
//! the next rotation. Rotation happens under a lock file and is skipped when somebody else
//! holds it. Never follows a link, never blocks, never panics: every failure is an `io::Error` for the
//! caller to count.

use std::collections::BTreeSet;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// An active file older than this is rotated even when it is small, so that age can prune it.
const ROTATE_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// How often, and how far apart, a half line is looked at before it counts as torn.
const TORN_LOOKS: u32 = 3;
const TORN_PAUSE: Duration = Duration::from_millis(1);
/// How often a line is said again that hangs on the half line of somebody who was killed meanwhile.
const GLUED_TRIES: u32 = 3;

/// When to rotate and what to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// Size from which a file is rotated, in bytes; 0: never by size.
    pub max_bytes: u64,
    /// Rotated files whose last line is older are removed, in days; 0: kept for ever.
    pub max_days: u32,
}

impl Default for Rotation {
    fn default() -> Self {
        Self { max_bytes: 16 << 20, max_days: 30 }
    }
}

/// A file that was listed may have moved on by so many rotations when its turn comes.
const MOVED_ON: u64 = 2;

/// The rotated files of `path`, newest first: `<path>.1`, `<path>.2`, … A rotation that goes on meanwhile may
/// show a file twice and hides none.
pub fn rotated(path: &Path) -> impl Iterator<Item = PathBuf> {
    let path = path.to_owned();
    let mut wanted: BTreeSet<u64> =
        listed(&path).into_iter().flat_map(|number| number..=number + MOVED_ON).collect();
    wanted.insert(1);
    let last = wanted.last().copied().unwrap_or(1);
    let beyond = (last + 1..).map({
        let path = path.clone();
        move |number| numbered(&path, number)
    });
    let wanted = wanted.into_iter().map(move |number| numbered(&path, number)).filter(|path| is_there(path));
    wanted.chain(beyond.take_while(|path| is_there(path)))
}

/// The numbers behind `path` in its directory. A crash between two renames leaves a gap, so counting is not enough.
fn listed(path: &Path) -> Vec<u64> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else { return Vec::new() };
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    let number = |entry: &std::ffi::OsStr| {
        let number = entry.as_encoded_bytes().strip_prefix(name.as_encoded_bytes())?.strip_prefix(b".")?;
        let number: u32 = std::str::from_utf8(number).ok()?.parse().ok()?;
        Some(u64::from(number))
    };
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|entry| number(&entry.file_name())).collect()
}

fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn numbered(path: &Path, index: u64) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{index}"));
    PathBuf::from(name)
}

/// Tells two files of one name apart.
#[cfg(unix)]
pub(crate) fn identity(meta: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (meta.dev(), meta.ino())
}

/// Tells two files of one name apart.
#[cfg(not(unix))]
pub(crate) fn identity(meta: &Metadata) -> (u64, u64) {
    let since = |time: io::Result<SystemTime>| {
        time.ok()
            .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok())
            .map_or(0, |age| age.as_nanos() as u64)
    };
    (0, since(meta.created()))
}

struct Active {
    file: File,
    identity: (u64, u64),
    /// Size after the last own write: when it still is the size, nobody else wrote.
    end: u64,
    /// When its first line was written, as far as is known.
    since: SystemTime,
}

/// A rotating log file.
pub struct RotatingFile {
    path: PathBuf,
    rotation: Rotation,
    active: Option<Active>,
}

impl RotatingFile {
    /// Nothing is opened before the first line.
    pub fn new(path: PathBuf, rotation: Rotation) -> Self {
        Self { path, rotation, active: None }
    }

    /// The active file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends `lines`: whole lines with their line ends, written in one piece.
    ///
    /// # Errors
    /// Whatever the system answers; the next call starts afresh.
    pub fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let result = self.try_append(lines);
        if result.is_err() {
            self.active = None;
        }
        result
    }

    fn try_append(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut size = self.follow()?;
        if self.is_due(size, lines.len()) && self.rotate()? {
            size = self.follow()?;
        }
        self.put(size, lines)
    }

    /// Writes to the active file, which had `size` bytes a moment ago.
    fn put(&mut self, size: u64, lines: &[u8]) -> io::Result<()> {
        let Some(active) = self.active.as_mut() else { return Err(io::ErrorKind::NotFound.into()) };
        let torn = size > 0 && size != active.end && is_torn(&active.file, size)?;
        let closed;
        let mut rest = lines;
        if torn {
            closed = [b"\n", lines].concat();
            rest = &closed;
        }
        for _ in 0..=GLUED_TRIES {
            let written = active.file.write(rest)?;
            if written < rest.len() {
                // Writing the rest now could put it behind somebody else's line; the next append closes this one.
                return Err(io::Error::new(io::ErrorKind::WriteZero, "the log line was written in part"));
            }
            // Where an appending write ended (write(2)); elsewhere the size is the best guess.
            active.end = if cfg!(unix) { active.file.stream_position()? } else { size + written as u64 };
            let start = active.end - written as u64;
            if rest[0] == b'\n' || start == size || is_line_start(&active.file, start)? {
                return Ok(());
            }
            // Somebody was killed in mid-write since we looked: our line hangs on his half, so say it once more.
            rest = lines;
        }
        Err(io::Error::other("every write hangs on the half line of another"))
    }

    /// Opens the file again when it is not the one at its path any more; gives its size.
    fn follow(&mut self) -> io::Result<u64> {
        let meta = match std::fs::symlink_metadata(&self.path) {
            Ok(meta) if meta.is_file() => Some(meta),
            Ok(_) => {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "the log is not a regular file"));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        match (&self.active, meta) {
            (Some(active), Some(meta)) if active.identity == identity(&meta) => Ok(meta.len()),
            _ => {
                let file = open(&self.path)?;
                let meta = file.metadata()?;
                if !meta.is_file() {
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, "the log is not a regular file"));
                }
                let since = first_line_time(&self.path)
                    .or_else(|| meta.modified().ok())
                    .unwrap_or_else(SystemTime::now);
                self.active = Some(Active { file, identity: identity(&meta), end: 0, since });
                Ok(meta.len())
            }
        }
    }

    fn is_due(&self, size: u64, more: usize) -> bool {
        let by_size = self.rotation.max_bytes > 0 && size > 0 && size + more as u64 > self.rotation.max_bytes;
        let old = self.active.as_ref().and_then(|active| active.since.elapsed().ok());
        by_size || (size > 0 && old.is_some_and(|age| age > ROTATE_AFTER))
    }

    /// Renames the active file to `.1` and those before it one further. False when somebody else rotates.
    fn rotate(&mut self) -> io::Result<bool> {
        let mut lock_path = self.path.as_os_str().to_owned();
        lock_path.push(".lock");
        let lock = open(Path::new(&lock_path))?;
        if lock.try_lock().is_err() {
            return Ok(false);
        }
        let now = match std::fs::symlink_metadata(&self.path) {
            Ok(meta) => Some(identity(&meta)),
            // Somebody rotated before us and nobody wrote since.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let ours = self.active.as_ref().is_some_and(|active| Some(active.identity) == now);
        if ours {
            self.prune();
            // Up to the first number that is free; what stands behind a gap stays where it is.
            let free = (1..).find(|index| !is_there(&numbered(&self.path, *index))).unwrap_or(1);
            for index in (1..free).rev() {
                std::fs::rename(numbered(&self.path, index), numbered(&self.path, index + 1))?;
            }
            std::fs::rename(&self.path, numbered(&self.path, 1))?;
        }
        self.active = None;
        Ok(true)
    }

    /// Removes rotated files that are too old, oldest first, so that no gap hides a younger one.
    fn prune(&self) {
        if self.rotation.max_days == 0 {
            return;
        }
        let keep = Duration::from_secs(u64::from(self.rotation.max_days) * 24 * 60 * 60);
        let files: Vec<_> = rotated(&self.path).collect();
        for path in files.iter().rev() {
            let age = path
                .symlink_metadata()
                .and_then(|meta| meta.modified())
                .ok()
                .and_then(|time| time.elapsed().ok());
            if age.is_none_or(|age| age <= keep) || std::fs::remove_file(path).is_err() {
                break;
            }
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.mode(0o640).custom_flags(flags.bits() as i32);
    }
    options.open(path)
}

/// Whether the file ends inside a line. A kernel shows the size of a running write page by page, so a line
/// counts as torn only when it stays so; a mistake here costs an empty line, which readers skip.
fn is_torn(file: &File, mut size: u64) -> io::Result<bool> {
    for _ in 0..TORN_LOOKS {
        if is_line_start(file, size)? {
            return Ok(false);
        }
        std::thread::sleep(TORN_PAUSE);
        size = file.metadata()?.len();
    }
    Ok(true)
}

/// Whether a line may begin at `start`: behind a line end or at the top.
fn is_line_start(mut file: &File, start: u64) -> io::Result<bool> {
    let Some(before) = start.checked_sub(1) else { return Ok(true) };
    let mut byte = [0];
    file.seek(SeekFrom::Start(before))?;
    file.read_exact(&mut byte)?;
    Ok(byte[0] == b'\n')
}

/// The time of the first line, in either form of lines.
fn first_line_time(path: &Path) -> Option<SystemTime> {
    let mut head = Vec::new();
    File::open(path).ok()?.take(256).read_to_end(&mut head).ok()?;
    let text = String::from_utf8_lossy(&head);
    let stamp = match text.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        None => text.split("\"timestamp\":\"").nth(1)?.split('"').next()?,
    };
    let format = &time::format_description::well_known::Rfc3339;
    time::OffsetDateTime::parse(stamp, format).ok().map(SystemTime::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_hangs_on_a_half_one_is_said_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.log");
        let mut log = RotatingFile::new(path.clone(), Rotation::default());
        log.append(b"one\n").unwrap();
        let size = log.follow().unwrap();
        // Killed in mid-write, between our look and our write.
        open(&path).unwrap().write_all(b"tor").unwrap();
        log.put(size, b"two\n").unwrap();
        log.append(b"three\n").unwrap();
        // A whole line of somebody else in that moment is nothing to mend.
        let size = log.follow().unwrap();
        open(&path).unwrap().write_all(b"other\n").unwrap();
        log.put(size, b"four\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntortwo\ntwo\nthree\nother\nfour\n");
    }

    #[test]
    fn a_gap_in_the_numbers_hides_nothing_and_is_closed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.log");
        // A rotation of seven files was killed when 7 to 5 had moved on; 4000000000 is somebody's joke.
        for number in [1, 2, 3, 4, 6, 7, 8, 4_000_000_000] {
            std::fs::write(numbered(&path, number), format!("{number}\n")).unwrap();
        }
        std::fs::write(dir.path().join("x.log.5x"), "not ours\n").unwrap();
        std::fs::write(&path, "active\n").unwrap();
        let texts = || rotated(&path).map(|path| std::fs::read_to_string(path).unwrap()).collect::<String>();
        assert_eq!(texts(), "1\n2\n3\n4\n6\n7\n8\n4000000000\n");
        let mut log = RotatingFile::new(path.clone(), Rotation { max_bytes: 8, max_days: 0 });
        log.append(b"new\n").unwrap();
        assert_eq!(texts(), "active\n1\n2\n3\n4\n6\n7\n8\n4000000000\n");
        assert!(is_there(&numbered(&path, 5)) && !is_there(&numbered(&path, 9)));
    }
}
