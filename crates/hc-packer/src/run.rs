//! One target: validate once, or build with as many attempts as its failures deserve (PKR-1 … PKR-4).

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hc_core::fs::{create_dirs, io_error};
use hc_core::{EnvName, SecretString};
use time::OffsetDateTime;

use crate::args::{Subject, Verb, arguments};
use crate::artifact;
use crate::classify::{Class, Finding, Rules};
use crate::environment::{Settings, environment};
use crate::error::PackerError;
use crate::event::{Event, Level, Redact};
use crate::hear::{Heard, Reader, cut};
use crate::manifest::{self, Manifest};
use crate::own_log::{self, OwnLog};
use crate::probe::Packer;
use crate::process::Heard::Line;
use crate::process::{self, Ending, Invocation};
use crate::result::PackerResult;
use hc_core::Cancel;

/// First pause before a retry; doubles with every further one.
const BACKOFF: Duration = Duration::from_secs(2);
/// Longest pause before a retry.
const LONGEST_BACKOFF: Duration = Duration::from_secs(300);

/// What every run on one target has in common.
#[derive(Debug)]
pub struct Context<'a> {
    /// The packer.
    pub packer: &'a Packer,
    /// Environment of the target.
    pub env: &'a EnvName,
    /// Working directory of the process.
    pub cwd: &'a Path,
    /// Directory for attempts: manifest and logs.
    pub work: &'a Path,
    /// The caller's environment, filtered before packer sees it.
    pub caller_env: &'a [(OsString, OsString)],
    /// Further names that pass.
    pub pass_env: &'a [String],
    /// Secrets by variable name; they reach packer as `PKR_VAR_…` only.
    pub secrets: &'a [(String, SecretString)],
    /// Cache shared by all targets.
    pub cache_dir: Option<&'a Path>,
    /// Plugin directory.
    pub plugin_path: Option<&'a Path>,
    /// Longest time of one attempt.
    pub timeout: Duration,
    /// Time to clean up after a request to stop.
    pub grace: Duration,
    /// Stops the run.
    pub cancel: &'a Cancel,
}

/// A build of one target.
#[derive(Debug)]
pub struct Build<'a> {
    /// What packer works on.
    pub subject: Subject,
    /// Platform, for the failure rules.
    pub platform: &'a str,
    /// Variable of the template that takes the manifest's path, if it has one.
    pub manifest_variable: Option<&'a str>,
    /// Directory that this build alone writes; removed before a further attempt.
    pub output_dir: Option<&'a Path>,
    /// Passes `-force`.
    pub force: bool,
    /// How often a transient failure is tried again.
    pub retries: u32,
    /// Program and arguments that run before a retry; its failure ends the retries.
    pub before_retry: &'a [String],
    /// Failure rules.
    pub rules: &'a Rules,
    /// Chance, for the jitter of the backoff.
    pub entropy: u64,
    /// Raw log of all attempts; created.
    pub log: &'a Path,
    /// Lock file that packer and its children hold as long as one of them lives.
    pub build_lock: Option<&'a File>,
}

/// What a build came to, with what the result's fields were made of.
#[derive(Debug)]
pub struct Built {
    /// The result.
    pub result: PackerResult,
    /// Image ids.
    pub image_ids: Vec<String>,
    /// Image files as packer names them, relative to the working directory.
    pub files: Vec<PathBuf>,
    /// Manifest of the last attempt.
    pub manifest: Option<PathBuf>,
}

/// What a quick command (`validate`, `fmt`, `init`) came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Packer's command line.
    pub command: Vec<String>,
    /// Packer's own exit code; `None` when it was stopped.
    pub code: Option<i32>,
    /// Everything it said, redacted.
    pub output: String,
}

/// Runs a quick command to its end.
///
/// # Errors
/// [`PackerError`] when the process cannot be run.
pub fn check(
    context: &Context<'_>,
    verb: Verb,
    subject: &Subject,
    redact: &dyn Redact,
) -> Result<Checked, PackerError> {
    words(context, arguments(verb, subject), redact)
}

/// Runs packer with the given words: `plugins install …`.
///
/// # Errors
/// [`PackerError`] when the process cannot be run.
pub fn words(
    context: &Context<'_>,
    args: Vec<OsString>,
    redact: &dyn Redact,
) -> Result<Checked, PackerError> {
    create_dirs(context.work)?;
    let command = command_line(context, &args);
    let mut output = String::new();
    let own_log = OwnLog::new(context.work.join("check.log"))?;
    let ending = process::listen(
        invocation(context, args, own_log.handed(), None)?,
        context.cancel,
        &|piece| cut(redact, piece),
        |heard| {
            if let Line(_, line) = heard
                && output.len() < MOST_OUTPUT
            {
                output.push_str(&String::from_utf8_lossy(&redact.redact(line)));
                output.push('\n');
            }
        },
    )?;
    own_log.save(redact);
    own_log::clean_crash_log(context.cwd, redact);
    Ok(Checked { command, code: ending.code(), output })
}

/// Bytes of packer's answer that are kept in memory; its log has the rest.
const MOST_OUTPUT: usize = 4 << 20;

/// Builds: attempts, classification, retries. `sink` gets every event as it happens.
///
/// # Errors
/// [`PackerError`] when a process cannot be run at all; a failed build is a result, not an error.
pub fn build(
    context: &Context<'_>,
    build: &Build<'_>,
    redact: &dyn Redact,
    sink: &mut dyn FnMut(Event),
) -> Result<Built, PackerError> {
    let started_at = OffsetDateTime::now_utc();
    if let Some(parent) = build.log.parent() {
        create_dirs(parent)?;
    }
    let mut log = BufWriter::new(File::create(build.log).map_err(io_error("create", build.log))?);
    let mut attempt = 1;
    let mut kept = Kept::default();
    loop {
        sink(Event::Attempt(attempt));
        let mut done = once(context, build, &kept.only, attempt, redact, sink, &mut log)?;
        let _ = log.flush();
        kept.merge(&mut done);
        let retry =
            done.finding.class.is_retryable() && attempt <= build.retries && context.cancel.requests() == 0;
        if retry && let Some(after) = pause(context, build, attempt, &done.finding, redact, sink) {
            tracing::info!(attempt, after_ms = after, only = kept.only.join(","), "retrying");
            // What other sources have made stays; a lone source begins with nothing.
            if let Some(output) = build.output_dir.filter(|_| kept.only.is_empty()) {
                let _ = std::fs::remove_dir_all(output);
            }
            attempt += 1;
            continue;
        }
        return Ok(finish(build, attempt, started_at, done));
    }
}

/// What earlier attempts made, and what is left to do.
#[derive(Default)]
struct Kept {
    /// Sources that failed, where others of the template did not; empty means everything.
    only: Vec<String>,
    image_ids: BTreeSet<String>,
    files: BTreeSet<PathBuf>,
}

impl Kept {
    fn merge(&mut self, done: &mut Attempt) {
        if done.finished.is_empty() && self.only.is_empty() {
            return;
        }
        self.image_ids.extend(done.image_ids.drain(..));
        self.files.extend(done.files.drain(..));
        done.image_ids = self.image_ids.iter().cloned().collect();
        done.files = self.files.iter().cloned().collect();
        if !done.failed.is_empty() {
            self.only.clone_from(&done.failed);
        }
    }
}

struct Attempt {
    /// Sources that packer said were built.
    finished: Vec<String>,
    /// Sources that packer said had failed.
    failed: Vec<String>,
    command: Vec<String>,
    finding: Finding,
    stdout: String,
    stderr: String,
    image_ids: Vec<String>,
    files: Vec<PathBuf>,
    manifest: Option<PathBuf>,
}

fn finish(build: &Build<'_>, attempts: u32, started_at: OffsetDateTime, done: Attempt) -> Built {
    let class = done.finding.class;
    let artifacts = done
        .image_ids
        .iter()
        .cloned()
        .chain(done.files.iter().map(|file| file.display().to_string()))
        .collect();
    let result = PackerResult {
        command: done.command,
        exit_code: class.exit().number(),
        classification: class,
        rule: done.finding.rule,
        evidence: done.finding.evidence,
        stdout: done.stdout,
        stderr: done.stderr,
        manifest_path: done.manifest.as_ref().map(|path| path.display().to_string()),
        artifacts,
        started_at,
        finished_at: OffsetDateTime::now_utc(),
        retryable: class.is_retryable(),
        attempts,
        hints: done.finding.hint.into_iter().collect(),
        log_path: Some(build.log.display().to_string()),
    };
    Built { result, image_ids: done.image_ids, files: done.files, manifest: done.manifest }
}

/// Waits before the next attempt; `None` when somebody asked to stop, or the hook failed.
fn pause(
    context: &Context<'_>,
    build: &Build<'_>,
    attempt: u32,
    finding: &Finding,
    redact: &dyn Redact,
    sink: &mut dyn FnMut(Event),
) -> Option<u64> {
    let doubled = BACKOFF.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST_BACKOFF);
    // Half fixed, half by chance: parallel builds must not come back in step.
    let span = u64::try_from(doubled.as_millis() / 2).unwrap_or(u64::MAX).max(1);
    let after = doubled / 2 + Duration::from_millis(build.entropy.rotate_left(attempt) % span);
    let why = finding.evidence.clone().unwrap_or_else(|| finding.class.to_string());
    let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
    sink(Event::Retrying { after_ms, why });
    let start = Instant::now();
    while start.elapsed() < after {
        if context.cancel.requests() > 0 {
            return None;
        }
        std::thread::sleep(Duration::from_millis(50).min(after.saturating_sub(start.elapsed())));
    }
    let Some((program, args)) = build.before_retry.split_first() else { return Some(after_ms) };
    let hook = Invocation {
        program: program.into(),
        args: args.iter().map(Into::into).collect(),
        cwd: context.cwd.to_owned(),
        env: context.caller_env.to_vec(),
        timeout: context.timeout,
        grace: context.grace,
        inherit: None,
    };
    // Hooks log in to platforms: what they print holds secrets as well as packer's output does.
    let ended = process::listen(hook, context.cancel, &|piece| cut(redact, piece), |heard| {
        let Line(_, line) = heard else { return };
        sink(Event::Line {
            source: String::new(),
            level: Level::Message,
            text: format!("before_retry: {}", String::from_utf8_lossy(&redact.redact(line))),
        });
    });
    matches!(ended, Ok(Ending::Exited(0))).then_some(after_ms)
}

fn once(
    context: &Context<'_>,
    build: &Build<'_>,
    only: &[String],
    attempt: u32,
    redact: &dyn Redact,
    sink: &mut dyn FnMut(Event),
    log: &mut dyn Write,
) -> Result<Attempt, PackerError> {
    let dir = context.work.join(format!("attempt-{attempt}"));
    create_dirs(&dir)?;
    let manifest_path = dir.join("manifest.json");
    let mut subject = build.subject.clone();
    if !only.is_empty() {
        subject.only = only.to_vec();
    }
    if let Some(name) = build.manifest_variable {
        subject.vars.push((name.to_owned(), manifest_path.display().to_string()));
    }
    let args = arguments(Verb::Build { force: build.force }, &subject);
    let command = command_line(context, &args);
    let mut reader = Reader::new(redact, sink, log);
    let lock = match build.build_lock {
        Some(file) => Some(file.try_clone().map_err(|source| PackerError::Wait { source })?),
        None => None,
    };
    let own_log = OwnLog::new(dir.join("packer.log"))?;
    let invocation = invocation(context, args, own_log.handed(), lock)?;
    let ending = process::listen(invocation, context.cancel, &|piece| cut(redact, piece), |heard| {
        if let Line(pipe, line) = heard {
            reader.line(pipe, line);
        }
    })?;
    let heard = reader.finish();
    own_log.save(redact);
    own_log::clean_crash_log(context.cwd, redact);
    let manifest = manifest::take(&manifest_path, redact)?;
    let (image_ids, files) = artifact::gather(&heard.artifacts, manifest.as_ref());
    let finding = judge(build, ending, &heard, &image_ids, &files, manifest.as_ref());
    Ok(Attempt {
        finished: heard.finished,
        failed: heard.failed,
        command,
        finding,
        stdout: heard.stdout,
        stderr: heard.stderr,
        image_ids,
        files,
        manifest: manifest_path.is_file().then_some(manifest_path),
    })
}

/// Exit code 0 does not prove an image: an `-only` that matches nothing ends with 0 too.
fn judge(
    build: &Build<'_>,
    ending: Ending,
    heard: &Heard,
    ids: &[String],
    files: &[PathBuf],
    manifest: Option<&Manifest>,
) -> Finding {
    let plain = |class, evidence: &str, hint: &str| Finding {
        class,
        rule: None,
        evidence: Some(evidence.to_owned()),
        hint: (!hint.is_empty()).then(|| hint.to_owned()),
    };
    match ending {
        Ending::Cancelled => plain(Class::Cancelled, "stopped by request", ""),
        Ending::TimedOut => plain(
            Class::Transient,
            "the attempt took longer than packer.timeout",
            "look at the last lines of the raw log, or raise `packer.timeout` in hybrid.toml",
        ),
        Ending::Exited(0) => {
            let made = !ids.is_empty() || !files.is_empty() || !heard.artifacts.is_empty();
            if made || manifest.is_some_and(|manifest| !manifest.builds.is_empty()) {
                Finding { class: Class::Success, rule: None, evidence: None, hint: None }
            } else {
                plain(
                    Class::Config,
                    "packer ended with 0 but reported no artifact",
                    "check that a build block has a source, and that `only` matches it",
                )
            }
        }
        Ending::Exited(_) | Ending::Killed(_) => {
            let lines = if heard.final_errors.is_empty() { &heard.errors } else { &heard.final_errors };
            build.rules.classify(build.platform, lines)
        }
    }
}

fn command_line(context: &Context<'_>, args: &[OsString]) -> Vec<String> {
    let program = context.packer.path.display().to_string();
    std::iter::once(program).chain(args.iter().map(|word| word.to_string_lossy().into_owned())).collect()
}

fn invocation(
    context: &Context<'_>,
    args: Vec<OsString>,
    log_path: &Path,
    inherit: Option<File>,
) -> Result<Invocation, PackerError> {
    if let Some(dir) = context.cache_dir {
        create_dirs(dir)?;
    }
    let settings = Settings {
        env: context.env,
        log_path,
        cache_dir: context.cache_dir,
        plugin_path: context.plugin_path,
        secrets: context.secrets,
        pass: context.pass_env,
    };
    Ok(Invocation {
        program: context.packer.path.clone(),
        args,
        cwd: context.cwd.to_owned(),
        env: environment(context.caller_env, &settings),
        timeout: context.timeout,
        grace: context.grace,
        inherit,
    })
}
