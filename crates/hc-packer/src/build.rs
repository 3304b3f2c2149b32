//! `packer build`: as many attempts as its failures deserve, with the sources only that failed (PKR-1 … PKR-4).

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hc_core::Cancel;
use hc_core::fs::{create_dirs, io_error};
use time::OffsetDateTime;

use crate::around::{Scene, absolute};
use crate::attempt::{Attempt, Plan};
use crate::call::{Call, Templated};
use crate::classify::{Class, Rules, Verdict};
use crate::error::PackerError;
use crate::event::{Event, Level};
use crate::hear::cut;
use crate::images::{self, Configured, PlatformImage, Said};
use crate::machine::StreamArtifact;
use crate::probe::Packer;
use crate::process::{self, Ending, Heard};
use crate::redact::Redact as _;
use crate::result::PackerResult;
use crate::retry::Retry;

/// How often a request to stop is looked for during a pause.
const TICK: Duration = Duration::from_millis(50);

/// A build that is put together.
pub struct Build<'a> {
    platform: String,
    rules: Option<&'a Rules>,
    manifest_variable: Option<String>,
    output_dir: Option<PathBuf>,
    force: bool,
    retry: Retry,
    deadline: Option<Duration>,
    log: Option<PathBuf>,
    hold: Option<&'a File>,
    sink: Box<dyn FnMut(Event) + Send + 'a>,
}

impl Templated for Build<'_> {}

impl Packer {
    /// Builds the images of a template: a directory or a file, as packer's working directory has it.
    pub fn build<'a>(&self, template: impl Into<PathBuf>) -> Call<'a, Build<'a>> {
        let build = Build {
            platform: String::new(),
            rules: None,
            manifest_variable: None,
            output_dir: None,
            force: false,
            retry: Retry::never(),
            deadline: None,
            log: None,
            hold: None,
            sink: Box::new(|_| {}),
        };
        Call::new(self, template, build)
    }
}

/// What a build may be given.
impl<'a> Call<'a, Build<'a>> {
    /// Platform, for the failure rules: `qemu`, `vsphere`, `azure`, …
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.what.platform = platform.into();
        self
    }

    /// Failure rules; the built-in ones when none are given.
    pub fn rules(mut self, rules: &'a Rules) -> Self {
        self.what.rules = Some(rules);
        self
    }

    /// Variable of the template that takes the path of the manifest, for its `manifest` post-processor. Needs
    /// [`work`](Self::work).
    pub fn manifest_variable(mut self, name: impl Into<String>) -> Self {
        self.what.manifest_variable = Some(name.into());
        self
    }

    /// Directory that this build alone writes its images to; removed before an attempt that starts from nothing.
    pub fn output_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.what.output_dir = Some(dir.into());
        self
    }

    /// Replaces what stands in the way.
    pub fn force(mut self) -> Self {
        self.what.force = true;
        self
    }

    /// Further attempts after failures that can pass by themselves; none when nothing is given.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.what.retry = retry;
        self
    }

    /// Longest time of all attempts and pauses together; [`timeout`](Self::timeout) limits each attempt.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.what.deadline = Some(deadline);
        self
    }

    /// File for the raw log of all attempts; `raw.log` in [`work`](Self::work) when none is given.
    pub fn log(mut self, file: impl Into<PathBuf>) -> Self {
        self.what.log = Some(file.into());
        self
    }

    /// Lock file that packer and its children hold, as long as one of them lives.
    pub fn hold(mut self, lock: &'a File) -> Self {
        self.what.hold = Some(lock);
        self
    }

    /// Hears what happens, in this thread, as it happens. When it panics, packer is ended before the panic goes on.
    pub fn on_event(mut self, sink: impl FnMut(Event) + Send + 'a) -> Self {
        self.what.sink = Box::new(sink);
        self
    }

    /// Builds. Returns when packer, its plugins and scripts are gone.
    ///
    /// # Errors
    /// [`PackerError`] when a process cannot be run at all; a failed build is a result, not an error.
    pub fn run(self, cancel: &Cancel) -> Result<Built, PackerError> {
        let start = Instant::now();
        let scene = self.around.settle()?;
        let Build {
            platform,
            rules,
            manifest_variable,
            output_dir,
            force,
            retry,
            deadline,
            log,
            hold,
            mut sink,
        } = self.what;
        let built_in;
        let rules = match rules {
            Some(rules) => rules,
            None => {
                built_in = Rules::built_in();
                &built_in
            }
        };
        let log_path = log.or_else(|| scene.work().map(|work| work.join("raw.log")));
        let log_path = log_path.map(|path| absolute(&path)).transpose()?;
        let plan = Plan {
            packer: &self.packer,
            scene: &scene,
            subject: &self.subject,
            rules,
            platform: &platform,
            manifest_variable: manifest_variable.as_deref(),
            force,
            hold,
            cancel,
        };
        let run = Run {
            plan,
            scene: &scene,
            retry: &retry,
            deadline: deadline.map(|deadline| start + deadline),
            output_dir: output_dir.map(|dir| absolute(&dir)).transpose()?,
            cancel,
        };
        let started_at = scene.clock().now();
        let (attempts, done) = run.attempts(log_path.as_deref(), &mut *sink)?;
        Ok(built(attempts, started_at, scene.clock().now(), log_path.as_deref(), done))
    }
}

/// What a build came to, with what the result's fields were made of.
#[derive(Debug)]
#[non_exhaustive]
pub struct Built {
    /// The result.
    pub result: PackerResult,
    /// Image ids.
    pub image_ids: Vec<String>,
    /// Image files as packer names them, relative to the working directory.
    pub files: Vec<PathBuf>,
    /// What packer said was made, source by source.
    pub artifacts: Vec<StreamArtifact>,
    /// What the run said of images on platforms.
    pub said: Said,
    /// Manifest of the last attempt.
    pub manifest: Option<PathBuf>,
}

impl Built {
    /// Whether everything was built.
    pub fn succeeded(&self) -> bool {
        self.result.classification == Class::Success
    }

    /// The images on platforms, with what the template says of their places.
    pub fn images(&self, configured: &Configured) -> Vec<PlatformImage> {
        let mut images = images::read(&self.said, configured);
        // A plugin that is not known may call its file an id.
        images.retain(|image| !self.files.contains(&PathBuf::from(&image.id)));
        images
    }
}

/// All attempts of a build.
struct Run<'r> {
    plan: Plan<'r>,
    scene: &'r Scene<'r>,
    retry: &'r Retry,
    /// When everything has to be over.
    deadline: Option<Instant>,
    output_dir: Option<PathBuf>,
    cancel: &'r Cancel,
}

impl Run<'_> {
    fn attempts(
        &self,
        log_path: Option<&Path>,
        sink: &mut dyn FnMut(Event),
    ) -> Result<(u32, Attempt), PackerError> {
        let mut log: Box<dyn Write> = match log_path {
            Some(path) => Box::new(BufWriter::new(created(path)?)),
            None => Box::new(std::io::sink()),
        };
        let mut number = 1;
        let mut kept = Kept::default();
        loop {
            sink(Event::Attempt(number));
            let time = self.left().map_or(self.scene.timeout(), |left| left.min(self.scene.timeout()));
            let mut done = self.plan.attempt(number, &kept.only, time, sink, &mut *log)?;
            let _ = log.flush();
            kept.merge(&mut done);
            let again = done.verdict.class.is_retryable()
                && number <= self.retry.times
                && !self.cancel.is_requested();
            let Some(after_ms) = again.then(|| self.pause(number, &done.verdict, sink)).flatten() else {
                return Ok((number, done));
            };
            tracing::info!(attempt = number, after_ms, only = kept.only.join(","), "retrying");
            // What other sources have made stays; a lone source begins with nothing.
            if let Some(output) = self.output_dir.as_ref().filter(|_| kept.only.is_empty()) {
                let _ = std::fs::remove_dir_all(output);
            }
            number += 1;
        }
    }

    /// Time that is left before everything has to be over; `None` when nothing limits it.
    fn left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Waits before the next attempt, for so many milliseconds; `None` after a request to stop, when the time is up, or
    /// when the hook failed.
    fn pause(&self, number: u32, verdict: &Verdict, sink: &mut dyn FnMut(Event)) -> Option<u64> {
        let after = self.retry.pause(number);
        if self.left().is_some_and(|left| left <= after) {
            return None;
        }
        let why = verdict.evidence.clone().unwrap_or_else(|| verdict.class.to_string());
        let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        sink(Event::Retrying { after_ms, why });
        let start = Instant::now();
        while let Some(left) = after.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) {
            if self.cancel.is_requested() {
                return None;
            }
            std::thread::sleep(left.min(TICK));
        }
        let goes_on = self.hook(sink) && self.left().is_none_or(|left| !left.is_zero());
        goes_on.then_some(after_ms)
    }

    /// Whether the program that runs before an attempt allows it.
    fn hook(&self, sink: &mut dyn FnMut(Event)) -> bool {
        let Some((program, args)) = &self.retry.before else { return true };
        let redact = &self.scene.redaction;
        let mut hook = self.scene.hook(program, args);
        hook.timeout = self.left().map_or(hook.timeout, |left| left.min(hook.timeout));
        // Hooks log in to platforms: what they print holds secrets as well as packer's output does.
        let ended = process::listen(hook, self.cancel, &|piece| cut(redact, piece), |heard| {
            let Heard::Line(_, line) = heard else { return };
            sink(Event::Line {
                source: String::new(),
                level: Level::Message,
                text: format!("before_retry: {}", String::from_utf8_lossy(&redact.redact(line))),
            });
        });
        matches!(ended, Ok(Ending::Exited(0)))
    }
}

fn created(path: &Path) -> Result<File, PackerError> {
    if let Some(parent) = path.parent() {
        create_dirs(parent)?;
    }
    Ok(File::create(path).map_err(io_error("create", path))?)
}

/// What earlier attempts made, and what is left to do.
#[derive(Default)]
struct Kept {
    /// Sources that failed, where others of the template did not; empty means everything.
    only: Vec<String>,
    artifacts: Vec<StreamArtifact>,
    said: Said,
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
        self.artifacts.append(&mut done.artifacts);
        self.said.extend(std::mem::take(&mut done.said));
        done.image_ids = self.image_ids.iter().cloned().collect();
        done.files = self.files.iter().cloned().collect();
        done.artifacts.clone_from(&self.artifacts);
        done.said = self.said.clone();
        if !done.failed.is_empty() {
            self.only.clone_from(&done.failed);
        }
    }
}

fn built(
    attempts: u32,
    started_at: OffsetDateTime,
    finished_at: OffsetDateTime,
    log: Option<&Path>,
    done: Attempt,
) -> Built {
    let class = done.verdict.class;
    let files = done.files.iter().map(|file| file.display().to_string());
    let result = PackerResult {
        command: done.command,
        exit_code: class.exit().number(),
        classification: class,
        ending: Some(done.ending.into()),
        failed_sources: done.failed,
        rule: done.verdict.rule,
        evidence: done.verdict.evidence,
        stdout: done.stdout,
        stderr: done.stderr,
        manifest_path: done.manifest.as_ref().map(|path| path.display().to_string()),
        artifacts: done.image_ids.iter().cloned().chain(files).collect(),
        started_at,
        finished_at,
        retryable: class.is_retryable(),
        attempts,
        hints: done.verdict.hint.into_iter().collect(),
        log_path: log.map(|path| path.display().to_string()),
    };
    Built {
        result,
        image_ids: done.image_ids,
        files: done.files,
        artifacts: done.artifacts,
        said: done.said,
        manifest: done.manifest,
    }
}
