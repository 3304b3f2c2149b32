//! Which packer there is, and what it can do (PKR-1).

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hc_core::fs::io_error;
use hc_core::{Cancel, Version};

use crate::checksum::Sums;
use crate::clock::Clock;
use crate::environment;
use crate::error::PackerError;
use crate::platform::Platform;
use crate::process::{self, Ending, Invocation, Pipe};
use crate::remember;

/// The oldest packer that works: Debian's.
pub const OLDEST: Version = Version { major: 1, minor: 6, patch: 6 };

/// How long a program may take to tell its version when its caller names no time.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Time to end after that.
const GRACE: Duration = Duration::from_secs(1);
/// How much of an answer is kept, in bytes.
const MOST_ANSWER: usize = 64 << 10;
/// How much of a strange answer an error quotes, in characters.
const MOST_QUOTED: usize = 300;

/// A packer that was found, with its abilities; the handle from which every call starts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Packer {
    /// Absolute path.
    pub path: PathBuf,
    /// Version.
    pub version: Version,
}

impl Packer {
    /// Looks for a packer: a path, or a name that is looked for on [`Locate::path`].
    pub fn locate(binary: impl Into<PathBuf>) -> Locate {
        Locate {
            binary: binary.into(),
            base: PathBuf::from("."),
            path: None,
            env: Vec::new(),
            timeout: TIMEOUT,
            cancel: Cancel::new(),
            asked_in: None,
            memory: None,
            pinned: BTreeMap::new(),
            platform: Platform::of_this_program(),
            sums: None,
            clock: Clock::default(),
        }
    }

    /// The same packer when it has this version.
    ///
    /// # Errors
    /// [`PackerError::Pinned`].
    pub fn pinned_to(self, version: &str) -> Result<Self, PackerError> {
        if self.version.to_string() == version {
            return Ok(self);
        }
        Err(PackerError::Pinned { path: self.path, found: self.version, pinned: version.to_owned() })
    }

    /// `init`, `required_plugins` and `packer plugins`: since 1.7.
    pub fn has_init(&self) -> bool {
        self.version >= Version { major: 1, minor: 7, patch: 0 }
    }

    /// Whether builders for clouds and hypervisors are part of the binary; plugins since 1.10.
    pub fn bundles_plugins(&self) -> bool {
        self.version < Version { major: 1, minor: 10, patch: 0 }
    }
}

/// Where to look for a packer, and how long to wait for its answer.
#[must_use = "nothing is looked for before `find`"]
pub struct Locate {
    binary: PathBuf,
    base: PathBuf,
    path: Option<OsString>,
    env: Vec<(OsString, OsString)>,
    timeout: Duration,
    cancel: Cancel,
    asked_in: Option<PathBuf>,
    memory: Option<PathBuf>,
    pinned: BTreeMap<String, String>,
    platform: Platform,
    sums: Option<PathBuf>,
    clock: Clock,
}

impl Locate {
    /// Directory that a relative path of the program is relative to; the process's working directory when none is given.
    pub fn base(mut self, dir: impl Into<PathBuf>) -> Self {
        self.base = dir.into();
        self
    }

    /// Directories to look for a bare name in, as `PATH` lists them; relative ones are passed over.
    pub fn path(mut self, path: impl Into<OsString>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The caller's environment, of which the program gets what is common to all calls ([`environment::is_common`]): a
    /// version manager's shim needs it. Without, it gets almost nothing.
    pub fn env(mut self, vars: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        self.env = vars.into_iter().collect();
        self
    }

    /// Longest time that the program may take to tell its version; half a minute when none is given.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Stops the search.
    pub fn cancel(mut self, cancel: &Cancel) -> Self {
        self.cancel = cancel.clone();
        self
    }

    /// Directory in which the program is asked: made for it, and removed afterwards. The root of the file system without
    /// one, and where it cannot be made. Never a directory of others: packer 1.6 loads plugins from where it runs.
    pub fn asked_in(mut self, dir: impl Into<PathBuf>) -> Self {
        self.asked_in = Some(dir.into());
        self
    }

    /// File that remembers the answer: a compiled program that did not change since is not asked again.
    pub fn memory(mut self, file: impl Into<PathBuf>) -> Self {
        self.memory = Some(file.into());
        self
    }

    /// SHA-256 by platform of the programs that may be used on it; another one is not even asked for its version. Where the
    /// list is empty, any is.
    pub fn pinned(mut self, sums: BTreeMap<String, String>, platform: &Platform) -> Self {
        self.pinned = sums;
        self.platform = platform.clone();
        self
    }

    /// File that remembers checksums of programs that did not change.
    pub fn sums(mut self, file: impl Into<PathBuf>) -> Self {
        self.sums = Some(file.into());
        self
    }

    /// Clock that tells whether a file changed just now, which makes it too young to be remembered.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Finds the program and asks for its version.
    ///
    /// # Errors
    /// [`PackerError::NotFound`], [`PackerError::NotPacker`] with what the program said instead,
    /// [`PackerError::Differs`], [`PackerError::NotPinned`], [`PackerError::Silent`], [`PackerError::TooOld`], [`PackerError::Cancelled`], [`PackerError::Spawn`].
    pub fn find(self) -> Result<Packer, PackerError> {
        let found = located(&self.binary, &self.base, self.path.as_deref())
            .ok_or_else(|| PackerError::NotFound { looked_for: self.binary.clone() })?;
        let path = std::path::absolute(&found).map_err(io_error("locate", &found))?;
        self.compare(&path)?;
        let version = match self.memory.as_deref().and_then(|memory| remember::recall(memory, &path)) {
            Some(version) => version,
            None => {
                let version = self.ask(&path)?;
                if let Some(memory) = &self.memory {
                    remember::keep(memory, &path, version, SystemTime::from(self.clock.now()));
                }
                version
            }
        };
        if version < OLDEST {
            return Err(PackerError::TooOld { path, found: version, needed: OLDEST });
        }
        Ok(Packer { path, version })
    }

    /// Whether the program is the one that is pinned for this kind of machine, if any is.
    fn compare(&self, path: &Path) -> Result<(), PackerError> {
        if self.pinned.is_empty() {
            return Ok(());
        }
        let (path, platform) = (path.to_owned(), self.platform.clone());
        let Some(pinned) = self.pinned.get(platform.as_str()) else {
            return Err(PackerError::NotPinned { path, platform });
        };
        let mut sums = self.sums.as_ref().map(Sums::remembered).unwrap_or_default();
        let found = sums.of(&path, SystemTime::from(self.clock.now()))?;
        if found == *pinned {
            return Ok(());
        }
        Err(PackerError::Differs { path, found, pinned: pinned.clone(), platform })
    }

    fn ask(&self, path: &Path) -> Result<Version, PackerError> {
        let scratch = self.asked_in.as_deref().and_then(Scratch::make);
        let cwd = scratch.as_ref().map_or(Path::new("/"), |scratch| &scratch.0);
        let (mut answer, mut complaint) = (String::new(), String::new());
        let ending = process::run(self.question(path, cwd), &self.cancel, |pipe, line| {
            let into = if pipe == Pipe::Stdout { &mut answer } else { &mut complaint };
            if into.len() < MOST_ANSWER {
                into.push_str(&String::from_utf8_lossy(line));
                into.push('\n');
            }
        })?;
        match ending {
            Ending::Cancelled => return Err(PackerError::Cancelled),
            Ending::TimedOut => {
                return Err(PackerError::Silent { path: path.to_owned(), timeout: self.timeout });
            }
            Ending::Exited(_) | Ending::Killed(_) => {}
        }
        let word = answer.lines().find_map(|line| line.strip_prefix("Packer v"));
        word.and_then(|word| word.parse().ok()).ok_or_else(|| {
            let said = if complaint.trim().is_empty() { answer } else { complaint };
            PackerError::NotPacker {
                path: path.to_owned(),
                said: said.trim().chars().take(MOST_QUOTED).collect(),
            }
        })
    }

    fn question(&self, path: &Path, cwd: &Path) -> Invocation {
        let env = environment::environment(environment::common(&self.env), &environment::Set::default());
        Invocation {
            program: path.to_owned(),
            args: vec!["version".into()],
            cwd: cwd.to_owned(),
            env,
            timeout: self.timeout,
            grace: GRACE,
            inherit: None,
        }
    }
}

/// An empty directory for one question.
struct Scratch(PathBuf);

impl Scratch {
    /// Fails where something stands there already: it may not be empty.
    fn make(dir: &Path) -> Option<Self> {
        dir.parent().map(std::fs::create_dir_all)?.ok()?;
        std::fs::create_dir(dir).ok()?;
        Some(Self(dir.to_owned()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Only what was made; a directory around it that others use stays.
        let _ = std::fs::remove_dir_all(&self.0);
        if let Some(parent) = self.0.parent() {
            let _ = std::fs::remove_dir(parent);
        }
    }
}

fn located(binary: &Path, base: &Path, search_path: Option<&OsStr>) -> Option<PathBuf> {
    if binary.components().count() > 1 {
        let path = base.join(binary);
        return path.is_file().then_some(path);
    }
    std::env::split_paths(search_path?)
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join(binary))
        .find(|path| is_executable(path))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_read_and_order() {
        let version = |text: &str| text.parse::<Version>();
        assert_eq!(version("1.6.6").unwrap(), OLDEST);
        assert_eq!(version("v1.16.0-dev").unwrap().to_string(), "1.16.0");
        assert!(version("1.11.2").unwrap() > OLDEST);
        assert!(version("1.6").is_err() && version("x.y.z").is_err() && version("1.2.3.4").is_err());
    }
}
