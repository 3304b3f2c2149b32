//! A log file that several processes append to and that is rotated by size and age.
//!
//! Promises: every append is one `O_APPEND` write of whole lines, so lines of several processes never mix; a
//! line that a crash tore does not swallow the next one; rotating only renames, to names that nobody has, so
//! a crash at any moment loses nothing. Rotation happens under a lock file and is skipped when somebody else
//! holds it. Never follows a link, never blocks, never panics: every failure is an `io::Error` for the
//! caller to count.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// An active file older than this is rotated even when it is small, so that age can prune it.
const ROTATE_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// How often, and how far apart, a half line is looked at before it counts as torn.
const TORN_LOOKS: u32 = 3;
const TORN_PAUSE: Duration = Duration::from_millis(1);

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

/// The rotated files of `path`, newest first: `<path>.1`, `<path>.2`, … up to the first gap.
pub fn rotated(path: &Path) -> impl Iterator<Item = PathBuf> {
    let path = path.to_owned();
    (1..).map(move |index| numbered(&path, index)).take_while(|path| path.symlink_metadata().is_ok())
}

fn numbered(path: &Path, index: u32) -> PathBuf {
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
        let Some(active) = self.active.as_mut() else { return Err(io::ErrorKind::NotFound.into()) };
        let torn = size > 0 && size != active.end && is_torn(&active.file, size)?;
        let written =
            if torn { active.file.write(&[b"\n", lines].concat())? } else { active.file.write(lines)? };
        if written < lines.len() + usize::from(torn) {
            // Writing the rest now could put it behind somebody else's line; the next append closes this one.
            return Err(io::Error::new(io::ErrorKind::WriteZero, "the log line was written in part"));
        }
        active.end = size + written as u64;
        Ok(())
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
            let count = rotated(&self.path).count() as u32;
            for index in (1..=count).rev() {
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
fn is_torn(mut file: &File, mut size: u64) -> io::Result<bool> {
    let mut byte = [0];
    for _ in 0..TORN_LOOKS {
        file.seek(SeekFrom::Start(size - 1))?;
        file.read_exact(&mut byte)?;
        if byte[0] == b'\n' {
            return Ok(false);
        }
        std::thread::sleep(TORN_PAUSE);
        size = file.metadata()?.len();
    }
    Ok(true)
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
