//! The store on disk: looked into, filled, listed, read again and emptied under one lock per entry.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use hc_core::fs::{create_dirs, io_error};
use hc_core::lock::{FileLock, Holder, LockError};

use super::checksum::Checksum;
use super::download::{Download, Patience};
use super::error::IsoError;
use super::fetch::fetch;

/// How long one wait for another process's download takes.
const LOCK_STEP: Duration = Duration::from_millis(500);

/// A directory of downloads.
#[derive(Debug, Clone)]
pub struct IsoStore {
    root: PathBuf,
}

/// One download of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its checksum.
    pub checksum: Checksum,
    /// The file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// When it was used last.
    pub used: SystemTime,
}

impl IsoStore {
    /// A store at `root`; nothing is created before the first download.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The file behind `wanted`, downloaded unless it is there and has its checksum still. `progress` hears bytes so far and, where the server
    /// says, of how many.
    ///
    /// # Errors
    /// [`IsoError`]; nothing wrong ever stands under the entry's name.
    pub fn get(
        &self,
        wanted: &Download,
        me: &Holder,
        patience: &Patience,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<PathBuf, IsoError> {
        let dir = self.root.join(wanted.checksum.to_string().replace(':', "-"));
        let path = dir.join(file_name(&wanted.url));
        create_dirs(&dir)?;
        // Taken also to look: a file that another asker is about to move in must not be missed.
        let _lock = wait_for_lock(&dir.join(".lock"), me, patience, &wanted.url)?;
        // The same bytes under another url's name are the same download.
        if let Some(known) = self.in_dir(&dir, &wanted.checksum)? {
            // Checked at each use: a disk or a person may have changed it since.
            if self.verify(&known)? {
                touch(&known.path);
                return Ok(known.path);
            }
            tracing::warn!(path = %known.path.display(), "the stored file has another checksum now: downloading it anew");
            std::fs::remove_file(&known.path).map_err(io_error("remove", &known.path))?;
        }
        let part = dir.join(".part");
        // Left by a crash after it was protected, and before it was named; only root could write to it.
        if part.metadata().is_ok_and(|meta| meta.permissions().readonly()) {
            std::fs::remove_file(&part).map_err(io_error("remove", &part))?;
        }
        let of_part = || wanted.checksum.of_file(&part).map_err(io_error("read", &part));
        let pieced = fetch(wanted, &part, patience, progress)?;
        let mut found = of_part()?;
        if found != wanted.checksum && pieced {
            // The file changed between the pieces, or the first was bad: in one piece it may be right.
            tracing::warn!(url = wanted.url, "what was taken up has the wrong checksum: downloading it anew");
            std::fs::remove_file(&part).map_err(io_error("remove", &part))?;
            fetch(wanted, &part, patience, progress)?;
            found = of_part()?;
        }
        if found != wanted.checksum {
            // Kept, it would be taken up again and again.
            std::fs::remove_file(&part).map_err(io_error("remove", &part))?;
            return Err(IsoError::Mismatch {
                url: wanted.url.clone(),
                wanted: wanted.checksum.clone(),
                found,
            });
        }
        let file = File::open(&part).map_err(io_error("open", &part))?;
        file.sync_all().map_err(io_error("sync", &part))?;
        let mut permissions = file.metadata().map_err(io_error("look at", &part))?.permissions();
        permissions.set_readonly(true);
        std::fs::set_permissions(&part, permissions).map_err(io_error("protect", &part))?;
        std::fs::rename(&part, &path).map_err(io_error("rename", &path))?;
        Ok(path)
    }

    /// Everything in the store, by checksum.
    ///
    /// # Errors
    /// [`IsoError::File`] when the store cannot be listed.
    pub fn list(&self) -> Result<Vec<Entry>, IsoError> {
        let Ok(dirs) = std::fs::read_dir(&self.root) else { return Ok(Vec::new()) };
        let mut entries = Vec::new();
        for dir in dirs.flatten() {
            let name = dir.file_name().to_string_lossy().replacen('-', ":", 1);
            let Ok(checksum) = name.parse::<Checksum>() else { continue };
            entries.extend(self.in_dir(&dir.path(), &checksum)?);
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    /// Reads an entry again; `false` when its bytes are no longer the ones that its checksum says.
    ///
    /// # Errors
    /// [`IsoError::File`] when it cannot be read.
    pub fn verify(&self, entry: &Entry) -> Result<bool, IsoError> {
        Ok(entry.checksum.of_file(&entry.path).map_err(io_error("read", &entry.path))? == entry.checksum)
    }

    /// Removes an entry, with what was cut off beside it.
    ///
    /// # Errors
    /// [`IsoError::Busy`] while another process downloads it, [`IsoError::File`].
    pub fn remove(&self, entry: &Entry, me: &Holder) -> Result<(), IsoError> {
        let Some(dir) = entry.path.parent() else { return Ok(()) };
        let _lock = lock(&dir.join(".lock"), me, Duration::ZERO)?;
        for path in [entry.path.clone(), dir.join(".part")] {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(io_error("remove", &path)(error).into());
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn in_dir(&self, dir: &Path, checksum: &Checksum) -> Result<Option<Entry>, IsoError> {
        let mut names: Vec<PathBuf> = std::fs::read_dir(dir)
            .map_err(io_error("list", dir))?
            .flatten()
            .filter(|file| !file.file_name().to_string_lossy().starts_with('.'))
            .map(|file| file.path())
            .collect();
        names.sort();
        let Some(path) = names.into_iter().find(|path| path.is_file()) else { return Ok(None) };
        let meta = path.metadata().map_err(io_error("look at", &path))?;
        let used = dir.join(".used").metadata().and_then(|meta| meta.modified()).or_else(|_| meta.modified());
        Ok(Some(Entry {
            checksum: checksum.clone(),
            path,
            size: meta.len(),
            used: used.unwrap_or(SystemTime::UNIX_EPOCH),
        }))
    }
}

/// When a file was used last is a fact beside it: the file itself is read-only.
fn touch(path: &Path) {
    // Only `prune` asks for it.
    let _ = std::fs::write(path.with_file_name(".used"), b"");
}

/// Waits in short steps, so that a request to stop is heard.
fn wait_for_lock(path: &Path, me: &Holder, patience: &Patience, url: &str) -> Result<FileLock, IsoError> {
    let start = Instant::now();
    let mut said = false;
    loop {
        patience.stopped(url)?;
        let left = patience.lock.saturating_sub(start.elapsed());
        match lock(path, me, left.min(LOCK_STEP)) {
            Err(IsoError::Busy { who, .. }) if start.elapsed() < patience.lock => {
                // It may take hours: a person who looks has to know for what.
                if !said {
                    tracing::warn!(url, "{who} downloads the same file: waiting for it");
                }
                said = true;
            }
            other => return other,
        }
    }
}

fn lock(path: &Path, me: &Holder, timeout: Duration) -> Result<FileLock, IsoError> {
    FileLock::acquire(path, me, timeout, |_| {}).map_err(|error| match error {
        LockError::Held { holder, .. } | LockError::Stopped { holder, .. } => IsoError::Busy {
            path: path.to_owned(),
            who: holder.map_or("another process".into(), |holder| {
                format!("`{}` (pid {})", holder.command, holder.pid)
            }),
        },
        LockError::Unsupported { path, source } => IsoError::NoLocks { path, source },
        LockError::File(error) => error.into(),
    })
}

/// The last part of a url, made harmless.
fn file_name(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name: String = path
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' })
        .take(120)
        .collect();
    let name = name.trim_start_matches('.').to_owned();
    if name.is_empty() { "download".into() } else { name }
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn names_are_harmless() {
        assert_eq!(file_name("https://x/y/debian-12.iso?token=1#a"), "debian-12.iso");
        assert_eq!(file_name("https://x/.."), "download");
        assert_eq!(file_name("https://x/a b\u{1b}[31m.iso"), "a_b__31m.iso");
        assert_eq!(file_name(""), "download");
    }
}
