//! The `git` program, for the one thing that gix cannot do: servers that only speak the dumb http protocol.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{GitOptions, Note};
use crate::error::{GitCause, SourceError};
use crate::sha::Sha;
use crate::spec::SourceSpec;

/// How much of git's complaints is kept.
const COMPLAINT: usize = 2000;

pub(super) struct Git<'a> {
    program: &'a Path,
    options: &'a GitOptions,
}

/// Lets `git` try what gix refused with [`SourceError::ProgramNeeded`]; other errors pass through.
pub(super) fn fall_back<T>(
    error: SourceError,
    options: &GitOptions,
    work: impl FnOnce(&Git<'_>) -> Result<T, SourceError>,
) -> Result<(T, Note), SourceError> {
    let (SourceError::ProgramNeeded { cause, .. }, Some(program)) = (&error, &options.git_program) else {
        return Err(error);
    };
    let note = Note::GitProgram { reason: cause.to_string() };
    Ok((work(&Git { program, options })?, note))
}

impl Git<'_> {
    pub(super) fn list(
        &self,
        spec: &SourceSpec,
        names: &[String],
        cancel: &AtomicBool,
    ) -> Result<Vec<(String, Sha)>, SourceError> {
        let mut command = self.command();
        command.args(["ls-remote", "--quiet", "--", &spec.url]);
        for name in names {
            command.arg(name).arg(format!("{name}^{{}}"));
        }
        let output = self.run(command, spec, cancel)?;
        let mut refs: Vec<(String, Sha)> = Vec::new();
        for line in output.lines() {
            let Some((sha, name)) = line.split_once('\t') else { continue };
            let Ok(sha) = sha.parse::<Sha>() else { continue };
            match name.strip_suffix("^{}") {
                // The commit behind an annotated tag comes after it.
                Some(tag) => {
                    refs.iter_mut().filter(|(name, _)| name == tag).for_each(|found| found.1 = sha.clone())
                }
                None => refs.push((name.to_owned(), sha)),
            }
        }
        Ok(refs)
    }

    pub(super) fn fetch(
        &self,
        spec: &SourceSpec,
        dir: &Path,
        refspec: &str,
        shallow: bool,
        cancel: &AtomicBool,
    ) -> Result<(), SourceError> {
        let mut command = self.command();
        command.arg("-C").arg(dir).args([
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
        ]);
        if shallow
            && !matches!(spec.transport(), crate::spec::Transport::Http | crate::spec::Transport::Https)
        {
            command.args(["--depth", "1"]);
        }
        command.args(["--", &spec.url, refspec]);
        self.run(command, spec, cancel).map(drop)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command
            .env_clear()
            .envs(&self.options.environment)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ALLOW_PROTOCOL", "https:http")
            .args([
                "-c",
                "core.hooksPath=/dev/null",
                "-c",
                "core.fsmonitor=false",
                "-c",
                "credential.helper=",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(ca_file) = &self.options.ca_file {
            command.env("GIT_SSL_CAINFO", ca_file);
        }
        if let Some(proxy) = &self.options.proxy {
            command.arg("-c").arg(format!("http.proxy={proxy}"));
        }
        command
    }

    fn run(
        &self,
        mut command: Command,
        spec: &SourceSpec,
        cancel: &AtomicBool,
    ) -> Result<String, SourceError> {
        let unreachable =
            |text: String| SourceError::Unreachable { url: spec.url.clone(), cause: GitCause(vec![text]) };
        let mut child =
            command.spawn().map_err(|error| unreachable(format!("git does not start: {error}")))?;
        let start = Instant::now();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let reader = |pipe: Option<Box<dyn std::io::Read + Send>>| {
            std::thread::spawn(move || {
                let mut text = Vec::new();
                if let Some(mut pipe) = pipe {
                    // What was read until an error is all there is to say.
                    let _ = pipe.read_to_end(&mut text);
                }
                String::from_utf8_lossy(&text).into_owned()
            })
        };
        let out = reader(stdout.map(|pipe| Box::new(pipe) as _));
        let err = reader(stderr.map(|pipe| Box::new(pipe) as _));
        let limit = self.options.timeout;
        let status = loop {
            let ended = child.try_wait().map_err(|error| unreachable(error.to_string()))?;
            if let Some(status) = ended {
                break status;
            }
            let late = limit.is_some_and(|limit| start.elapsed() > limit);
            if late || cancel.load(Ordering::Relaxed) {
                let _ = child.kill();
                let _ = child.wait();
                return Err(match limit {
                    Some(limit) if late => SourceError::TooSlow { url: spec.url.clone(), limit },
                    _ => SourceError::Interrupted { name: spec.name.clone() },
                });
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let (out, mut err) = (out.join().unwrap_or_default(), err.join().unwrap_or_default());
        if status.success() {
            return Ok(out);
        }
        err.truncate(
            err.char_indices().map(|(at, _)| at).take_while(|at| *at < COMPLAINT).last().unwrap_or(0),
        );
        Err(unreachable(err.trim().to_owned()))
    }
}
