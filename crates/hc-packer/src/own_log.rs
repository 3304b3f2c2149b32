//! The log that packer itself writes, secrets included: no raw byte of it ever has a name in the project (LOG-2).
//!
//! Packer is given a file that was unlinked when it was made, by its place among this process's descriptors. When packer
//! is gone, a clean copy gets the name; when this process is killed before, the raw bytes vanish with the last process
//! that had them open.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use hc_core::fs::{FsError, io_error};

use crate::hear::cut;
use crate::lines::Lines;
use crate::redact::Redact;

/// Packer's own log of one call, from before it starts until it is clean.
#[derive(Debug)]
pub(crate) struct OwnLog {
    raw: File,
    /// Where packer finds it.
    handed: PathBuf,
    /// Where the clean copy goes.
    path: PathBuf,
}

impl OwnLog {
    /// Prepares the log that is to stand at `path`, whose directory exists.
    ///
    /// # Errors
    /// [`FsError::Io`].
    pub(crate) fn new(path: PathBuf) -> Result<Self, FsError> {
        let dir = path.parent().unwrap_or(Path::new("."));
        let raw = tempfile::tempfile_in(dir).map_err(io_error("create", &path))?;
        if let Some(handed) = by_descriptor(&raw) {
            return Ok(Self { raw, handed, path });
        }
        // Without descriptors that have paths, the file has a name while packer runs, for this user alone.
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let raw = options.open(&path).map_err(io_error("create", &path))?;
        Ok(Self { raw, handed: path.clone(), path })
    }

    /// What `PACKER_LOG_PATH` is to say.
    pub(crate) fn handed(&self) -> &Path {
        &self.handed
    }

    /// Writes the clean copy; a log that cannot be cleaned does not stay.
    pub(crate) fn save(mut self, redact: &dyn Redact) {
        let begun = self.raw.rewind();
        put_clean(begun.map(|()| self.raw), &self.path, redact);
    }
}

/// Cleans what packer leaves when it panics: a file of its own choice in its working directory.
pub(crate) fn clean_crash_log(cwd: &Path, redact: &dyn Redact) {
    let path = cwd.join("crash.log");
    if let Ok(Some(_)) = hc_core::fs::regular_metadata(&path) {
        put_clean(File::open(&path), &path, redact);
    }
}

/// Puts a clean copy of `raw` at `path`, or nothing.
fn put_clean(raw: std::io::Result<File>, path: &Path, redact: &dyn Redact) {
    let clean = path.with_extension("clean");
    let copied = raw.and_then(|mut raw| copy_clean(&mut raw, &clean, redact));
    if copied.and_then(|()| std::fs::rename(&clean, path)).is_err() {
        let _ = std::fs::remove_file(&clean);
        let _ = std::fs::remove_file(path);
    }
}

#[cfg(target_os = "linux")]
fn by_descriptor(file: &File) -> Option<PathBuf> {
    use std::os::fd::AsRawFd;
    let path = PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd()));
    // Another root, a hidden /proc: then packer would not find it either.
    OpenOptions::new().write(true).open(&path).is_ok().then_some(path)
}

#[cfg(not(target_os = "linux"))]
fn by_descriptor(_: &File) -> Option<PathBuf> {
    None
}

fn copy_clean(from: &mut File, to: &Path, redact: &dyn Redact) -> std::io::Result<()> {
    let mut from = BufReader::new(from);
    let mut to = BufWriter::new(File::create(to)?);
    let mut lines = Lines::default();
    let mut buffer = vec![0; 64 << 10];
    let mut failed = Ok(());
    loop {
        let count = from.read(&mut buffer)?;
        let mut write = |line: &[u8]| {
            let written = to.write_all(&redact.redact(line)).and_then(|()| to.write_all(b"\n"));
            if failed.is_ok() {
                failed = written;
            }
        };
        if count == 0 {
            lines.finish(write);
            break;
        }
        lines.take(&buffer[..count], &|piece| cut(redact, piece), &mut write);
    }
    failed?;
    to.flush()
}
