//! Secrets for a legacy template, which knows no `PKR_VAR_…`: a var file that is a pipe. Packer reads it once, and nothing of
//! it is ever on a disk or among arguments (CONFIG-4).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use hc_core::SecretString;

/// The pipe, and who writes into it. Ends with the value.
pub(crate) struct Handed {
    path: PathBuf,
    stop: Arc<AtomicBool>,
    writer: Option<JoinHandle<()>>,
}

impl Handed {
    /// Makes the pipe in `dir`, and writes the secrets to whoever opens it.
    ///
    /// # Errors
    /// When there can be no pipe there, or no thread.
    pub(crate) fn new(dir: &Path, secrets: &[(String, SecretString)]) -> std::io::Result<Self> {
        let values: serde_json::Map<String, serde_json::Value> =
            secrets.iter().map(|(name, value)| (name.clone(), value.expose().into())).collect();
        let bytes = serde_json::Value::Object(values).to_string().into_bytes();
        let path = dir.join("values.json");
        make(&path)?;
        let stop = Arc::new(AtomicBool::new(false));
        let (to, stopped) = (path.clone(), Arc::clone(&stop));
        let writer = std::thread::Builder::new().spawn(move || write(&to, &bytes, &stopped))?;
        Ok(Self { path, stop, writer: Some(writer) })
    }

    /// What packer gets by `-var-file`.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Handed {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(unix)]
fn make(path: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    Ok(mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?)
}

#[cfg(not(unix))]
fn make(_: &Path) -> std::io::Result<()> {
    Err(std::io::Error::other(
        "a legacy template can be given no secrets here: this system has no pipes with names",
    ))
}

/// Waits for a reader, gives it everything once, and is done.
#[cfg(unix)]
fn write(path: &Path, bytes: &[u8], stop: &AtomicBool) {
    use std::io::{ErrorKind, Write as _};
    use std::os::unix::fs::OpenOptionsExt as _;
    let pause = || std::thread::sleep(std::time::Duration::from_millis(2));
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let mut rest = bytes;
    let mut open = None;
    while !stop.load(Ordering::Relaxed) && !rest.is_empty() {
        // Without a reader there is no pipe to open yet.
        let Some(pipe) = &mut open else {
            open = std::fs::OpenOptions::new().write(true).custom_flags(flags).open(path).ok();
            if open.is_none() {
                pause();
            }
            continue;
        };
        match std::fs::File::write(pipe, rest) {
            Ok(written) => rest = &rest[written..],
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => pause(),
            // The reader went away: it has what it wanted.
            Err(_) => return,
        }
    }
}

#[cfg(not(unix))]
fn write(_: &Path, _: &[u8], _: &AtomicBool) {}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_reader_gets_everything_once_and_the_pipe_goes_with_the_value() {
        let dir = tempfile::tempdir().unwrap();
        let large = "x".repeat(200_000);
        let secrets =
            [("a".to_owned(), SecretString::new("s\"1")), ("b".to_owned(), SecretString::new(large.clone()))];
        let handed = Handed::new(dir.path(), &secrets).unwrap();
        let read: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(handed.path()).unwrap()).unwrap();
        assert_eq!(read["a"], "s\"1");
        assert_eq!(read["b"], large);
        let path = handed.path().to_owned();
        drop(handed);
        assert!(!path.exists());
        // Nobody reads: it ends all the same.
        drop(Handed::new(dir.path(), &secrets).unwrap());
    }
}
