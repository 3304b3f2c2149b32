//! What is around a call of packer: directories, environment, secrets, time. Given by the caller, made absolute once, and
//! turned into processes.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hc_core::SecretString;
use hc_core::fs::{FsError, create_dirs, io_error};

use crate::clock::Clock;
use crate::environment::{Set, environment, passed};
use crate::process::Invocation;
use crate::redact::{Redact, Redaction};
use crate::temp::Temp;

/// Longest time of one process when the caller names none.
const TIMEOUT: Duration = Duration::from_secs(4 * 3600);
/// Time to clean up when the caller names none.
const GRACE: Duration = Duration::from_secs(120);

/// What the caller gave. Not printable: it holds secrets and an environment.
#[derive(Clone)]
pub(crate) struct Around<'a> {
    pub(crate) cwd: PathBuf,
    pub(crate) work: Option<PathBuf>,
    pub(crate) caller_env: Vec<(OsString, OsString)>,
    pub(crate) pass: Vec<String>,
    pub(crate) set: Vec<(OsString, OsString)>,
    pub(crate) secrets: Vec<(String, SecretString)>,
    pub(crate) temp_dir: Option<PathBuf>,
    pub(crate) cache_dir: Option<PathBuf>,
    pub(crate) plugin_path: Option<PathBuf>,
    pub(crate) timeout: Duration,
    pub(crate) grace: Duration,
    pub(crate) redact: Option<Arc<dyn Redact + 'a>>,
    pub(crate) clock: Clock,
}

impl Default for Around<'_> {
    fn default() -> Self {
        Self {
            cwd: PathBuf::from("."),
            work: None,
            caller_env: Vec::new(),
            pass: Vec::new(),
            set: Vec::new(),
            secrets: Vec::new(),
            temp_dir: None,
            cache_dir: None,
            plugin_path: None,
            timeout: TIMEOUT,
            grace: GRACE,
            redact: None,
            clock: Clock::default(),
        }
    }
}

/// The same, ready for processes: paths are absolute, because packer runs in another directory than its caller.
pub(crate) struct Scene<'a> {
    given: Around<'a>,
    /// Hides the secrets of the call, and what the caller's redactor knows.
    pub(crate) redaction: Redaction<'a>,
}

impl<'a> Around<'a> {
    /// Looks up where relative paths are, and makes the directories that packer is to write to.
    pub(crate) fn settle(mut self) -> Result<Scene<'a>, FsError> {
        self.cwd = absolute(&self.cwd)?;
        let dirs = [&mut self.work, &mut self.temp_dir, &mut self.cache_dir, &mut self.plugin_path];
        for dir in dirs.into_iter().flatten() {
            *dir = absolute(dir)?;
        }
        for dir in [&self.work, &self.cache_dir].into_iter().flatten() {
            create_dirs(dir)?;
        }
        let redaction = Redaction::new(&self.secrets, self.redact.take());
        Ok(Scene { given: self, redaction })
    }
}

impl Scene<'_> {
    pub(crate) fn cwd(&self) -> &Path {
        &self.given.cwd
    }

    pub(crate) fn work(&self) -> Option<&Path> {
        self.given.work.as_deref()
    }

    pub(crate) fn secrets(&self) -> &[(String, SecretString)] {
        &self.given.secrets
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.given.timeout
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.given.clock
    }

    /// The directory for the temporary files of one process, where the caller wants one.
    pub(crate) fn temp(&self) -> Result<Option<Temp>, FsError> {
        self.given.temp_dir.as_deref().map(Temp::make).transpose()
    }

    /// A process of packer, which writes its own log to `log_path` and its temporary files to `temp`.
    pub(crate) fn packer(
        &self,
        program: &Path,
        args: Vec<OsString>,
        (log_path, temp): (Option<&Path>, Option<&Temp>),
        inherit: Option<File>,
    ) -> Invocation {
        let given = &self.given;
        let set = Set {
            own: &given.set,
            log_path,
            temp: temp.map(Temp::path),
            cache_dir: given.cache_dir.as_deref(),
            plugin_path: given.plugin_path.as_deref(),
            secrets: &given.secrets,
        };
        let env = environment(passed(&given.caller_env, &given.pass), &set);
        Invocation { inherit, ..self.process(program.to_owned(), args, env) }
    }

    /// A process of the caller's own, with all of its environment.
    pub(crate) fn hook(&self, program: &Path, args: &[OsString]) -> Invocation {
        self.process(program.to_owned(), args.to_vec(), self.given.caller_env.clone())
    }

    fn process(&self, program: PathBuf, args: Vec<OsString>, env: Vec<(OsString, OsString)>) -> Invocation {
        let given = &self.given;
        let (timeout, grace) = (given.timeout, given.grace);
        Invocation { program, args, cwd: given.cwd.clone(), env, timeout, grace, inherit: None }
    }
}

/// Where a path is, for processes that run elsewhere.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, FsError> {
    std::path::absolute(path).map_err(io_error("locate", path))
}
