//! One call of packer, as its caller puts it together: [`Packer`] is the handle, methods add what differs, `run` runs it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hc_core::{Cancel, ExitClass, SecretString};
use time::OffsetDateTime;

use crate::args::{Subject, Verb, arguments};
use crate::around::{Around, Scene};
use crate::classify::{Class, Verdict};
use crate::clock::Clock;
use crate::error::PackerError;
use crate::hear::cut;
use crate::own_log::{self, OwnLog};
use crate::probe::Packer;
use crate::process::{self, Ending, Heard};
use crate::redact::Redact;
use crate::result::{PackerResult, Tail};

/// Bytes of packer's answer that are kept in memory; its log has the rest.
const MOST_OUTPUT: usize = 4 << 20;

/// A call of packer that is put together: [`Packer::build`], [`Packer::validate`], [`Packer::fmt`], [`Packer::init`],
/// [`Packer::words`].
///
/// Directories are made absolute when it runs, so relative ones are those of this process. The template, var files and
/// further arguments go to packer as they are, which reads them in [`cwd`](Self::cwd).
#[must_use = "nothing happens before `run`"]
pub struct Call<'a, W> {
    pub(crate) packer: Packer,
    pub(crate) subject: Subject,
    pub(crate) around: Around<'a>,
    pub(crate) what: W,
}

/// What every call may be given.
impl<'a, W> Call<'a, W> {
    pub(crate) fn new(packer: &Packer, path: impl Into<PathBuf>, what: W) -> Self {
        let subject = Subject { path: path.into(), ..Subject::default() };
        Self { packer: packer.clone(), subject, around: Around::default(), what }
    }

    /// Packer's working directory; this process's when none is given.
    pub fn cwd(mut self, dir: impl Into<PathBuf>) -> Self {
        self.around.cwd = dir.into();
        self
    }

    /// Directory for what packer writes down: its own log, manifests, the raw log. Of this call alone; created. Without
    /// one, nothing is written down.
    pub fn work(mut self, dir: impl Into<PathBuf>) -> Self {
        self.around.work = Some(dir.into());
        self
    }

    /// The caller's environment, of which packer gets what [`environment::passes`](crate::environment::passes) lets
    /// through. Without, packer gets almost nothing, not even a `PATH`.
    pub fn env(mut self, vars: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        self.around.caller_env = vars.into_iter().collect();
        self
    }

    /// Names of the caller's environment that pass as well; a trailing `*` matches a prefix.
    pub fn pass(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.around.pass.extend(names.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of packer's environment.
    pub fn set(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.around.set.push((name.into(), value.into()));
        self
    }

    /// Gives a secret for a variable of the template. It reaches packer by its environment, never by its arguments, and
    /// is hidden in everything that packer says.
    pub fn secret(mut self, name: impl Into<String>, value: impl Into<SecretString>) -> Self {
        self.around.secrets.push((name.into(), value.into()));
        self
    }

    /// Directory for temporary files, in the place of the caller's: each process of the call gets it empty and for its user
    /// alone, and it is removed when the process is gone. Plugins put sockets there, whose paths the system limits to about
    /// a hundred bytes.
    pub fn temp_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.around.temp_dir = Some(dir.into());
        self
    }

    /// `PACKER_CACHE_DIR`; created.
    pub fn cache_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.around.cache_dir = Some(dir.into());
        self
    }

    /// `PACKER_PLUGIN_PATH`.
    pub fn plugin_path(mut self, dir: impl Into<PathBuf>) -> Self {
        self.around.plugin_path = Some(dir.into());
        self
    }

    /// Longest time of one process; four hours when none is given.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.around.timeout = timeout;
        self
    }

    /// Time that packer gets to clean up after a request to stop; two minutes when none is given.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.around.grace = grace;
        self
    }

    /// Hides more than the secrets of this call.
    pub fn redact(mut self, redact: impl Redact + 'a) -> Self {
        self.around.redact = Some(Arc::new(redact));
        self
    }

    /// Clock for the times of the result; the system's when none is given.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.around.clock = clock;
        self
    }

    /// A flag that packer knows and this crate does not, such as `-parallel-builds=1`; before the path.
    pub fn arg(mut self, word: impl Into<OsString>) -> Self {
        self.subject.further.push(word.into());
        self
    }
}

/// What is called on a template with variables: builds and validations.
pub trait Templated {}

/// What calls on a template with variables may be given besides.
impl<W: Templated> Call<'_, W> {
    /// A value for a variable of the template. Not for secrets: every process of the machine can see arguments.
    pub fn var(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.subject.vars.push((name.into(), value.into()));
        self
    }

    /// A file with values; in the order in which they are given, the later over the earlier.
    pub fn var_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.subject.var_files.push(path.into());
        self
    }

    /// Only these sources, by name or pattern.
    pub fn only(mut self, sources: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.subject.only.extend(sources.into_iter().map(Into::into));
        self
    }

    /// The template is a legacy one in JSON. Such a one knows no `PKR_VAR_…`: secrets reach it as a var file that is a pipe, in
    /// the directory for temporary files, or else in that for what packer writes down.
    pub fn legacy(mut self) -> Self {
        self.subject.is_legacy = true;
        self
    }

    /// Without these builds and post-processors, by name.
    pub fn except(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.subject.except.extend(names.into_iter().map(Into::into));
        self
    }
}

/// A call that answers at once: `fmt`, `init`, `plugins …`.
pub struct Quick {
    asked: Asked,
}

enum Asked {
    Verb(Verb),
    Words(Vec<OsString>),
}

impl Packer {
    /// Formats a file or the files of a directory; the output names those that changed.
    pub fn fmt<'a>(&self, path: impl Into<PathBuf>) -> Call<'a, Quick> {
        Call::new(self, path, Quick { asked: Asked::Verb(Verb::Fmt { check: false }) })
    }

    /// Changes nothing; ends with code 3 when [`fmt`](Self::fmt) would.
    pub fn fmt_check<'a>(&self, path: impl Into<PathBuf>) -> Call<'a, Quick> {
        Call::new(self, path, Quick { asked: Asked::Verb(Verb::Fmt { check: true }) })
    }

    /// Installs the plugins that a template requires; see [`has_init`](Self::has_init).
    pub fn init<'a>(&self, template: impl Into<PathBuf>) -> Call<'a, Quick> {
        Call::new(self, template, Quick { asked: Asked::Verb(Verb::Init) })
    }

    /// Any other command, word by word: `["plugins", "installed"]`.
    pub fn words<'a>(&self, words: impl IntoIterator<Item = impl Into<OsString>>) -> Call<'a, Quick> {
        let words = words.into_iter().map(Into::into).collect();
        Call::new(self, PathBuf::new(), Quick { asked: Asked::Words(words) })
    }
}

impl Call<'_, Quick> {
    /// Runs it to its end.
    ///
    /// # Errors
    /// [`PackerError`] when the process cannot be run; what packer refuses is an answer, not an error.
    pub fn run(self, cancel: &Cancel) -> Result<Checked, PackerError> {
        let args = match self.what.asked {
            Asked::Verb(verb) => arguments(verb, &self.subject),
            Asked::Words(words) => words.into_iter().chain(self.subject.further).collect(),
        };
        checked(&self.packer, &self.around.settle()?, args, cancel)
    }
}

/// What a call that only looks came to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// Packer's command line.
    pub command: Vec<String>,
    /// How its process ended.
    pub ending: Ending,
    /// Everything it said, redacted.
    pub output: String,
    /// When it began.
    pub started_at: OffsetDateTime,
    /// When it ended.
    pub finished_at: OffsetDateTime,
}

impl Checked {
    /// Packer's own exit code; `None` when it was stopped.
    pub fn code(&self) -> Option<i32> {
        self.ending.code()
    }

    /// The result as automation reads it, of a call that needs no rule to be judged (PKR-3).
    pub fn settled(&self, class: Class) -> PackerResult {
        self.result(&Verdict::plain(class, None, None), None)
    }

    /// The result as automation reads it, with a verdict on the answer and the file that holds all of it (PKR-3).
    pub fn result(&self, verdict: &Verdict, log: Option<String>) -> PackerResult {
        let mut tail = Tail::default();
        self.output.lines().for_each(|line| tail.push(line));
        PackerResult {
            command: self.command.clone(),
            exit_code: verdict.class.exit().number(),
            classification: verdict.class,
            ending: Some(self.ending.into()),
            failed_sources: Vec::new(),
            rule: verdict.rule.clone(),
            evidence: verdict.evidence.clone(),
            stdout: tail.finish(),
            stderr: String::new(),
            manifest_path: None,
            artifacts: Vec::new(),
            started_at: self.started_at,
            finished_at: self.finished_at,
            retryable: verdict.class.exit() == ExitClass::Infrastructure,
            attempts: 1,
            hints: verdict.hint.iter().cloned().collect(),
            log_path: log,
        }
    }
}

/// Runs packer with these arguments and keeps what it says.
pub(crate) fn checked(
    packer: &Packer,
    scene: &Scene<'_>,
    args: Vec<OsString>,
    cancel: &Cancel,
) -> Result<Checked, PackerError> {
    let redact = &scene.redaction;
    let command = command_line(packer, &args);
    let own_log = scene.work().map(|work| OwnLog::new(work.join("check.log"))).transpose()?;
    let temp = scene.temp()?;
    let handed = own_log.as_ref().map(OwnLog::handed);
    let invocation = scene.packer(&packer.path, args, (handed, temp.as_ref()), None);
    let started_at = scene.clock().now();
    let mut output = String::new();
    let ending = process::listen(invocation, cancel, &|piece| cut(redact, piece), |heard| {
        if let Heard::Line(_, line) = heard
            && output.len() < MOST_OUTPUT
        {
            output.push_str(&String::from_utf8_lossy(&redact.redact(line)));
            output.push('\n');
        }
    })?;
    drop(temp);
    if let Some(own_log) = own_log {
        own_log.save(redact);
    }
    own_log::clean_crash_log(scene.cwd(), redact);
    Ok(Checked { command, ending, output, started_at, finished_at: scene.clock().now() })
}

/// The command line as results quote it.
pub(crate) fn command_line(packer: &Packer, args: &[OsString]) -> Vec<String> {
    let program = packer.path.display().to_string();
    std::iter::once(program).chain(args.iter().map(|word| word.to_string_lossy().into_owned())).collect()
}
