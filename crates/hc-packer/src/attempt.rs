//! One attempt of a build: one process of packer, what it said and made, and what that means.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hc_core::fs::create_dirs;
use hc_core::{Cancel, SecretString};

use crate::args::{Subject, Verb, arguments};
use crate::around::Scene;
use crate::artifact;
use crate::call::command_line;
use crate::classify::{Class, Rules, Verdict};
use crate::error::PackerError;
use crate::event::Event;
use crate::handed::Handed;
use crate::hear::{Heard, Reader, cut};
use crate::images::Said;
use crate::machine::StreamArtifact;
use crate::manifest::{self, PackerManifest};
use crate::own_log::{self, OwnLog};
use crate::probe::Packer;
use crate::process::{self, Ending};
use crate::temp::Temp;

/// What all attempts of a build have in common.
pub(crate) struct Plan<'p> {
    pub(crate) packer: &'p Packer,
    pub(crate) scene: &'p Scene<'p>,
    pub(crate) subject: &'p Subject,
    pub(crate) rules: &'p Rules,
    pub(crate) platform: &'p str,
    /// Variable that takes the manifest's path.
    pub(crate) manifest_variable: Option<&'p str>,
    pub(crate) force: bool,
    /// Lock that packer and its children hold.
    pub(crate) hold: Option<&'p File>,
    pub(crate) cancel: &'p Cancel,
}

/// What one attempt came to.
pub(crate) struct Attempt {
    pub(crate) command: Vec<String>,
    pub(crate) ending: Ending,
    pub(crate) verdict: Verdict,
    /// Sources that packer said were built.
    pub(crate) finished: Vec<String>,
    /// Sources that packer said had failed.
    pub(crate) failed: Vec<String>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) artifacts: Vec<StreamArtifact>,
    pub(crate) said: Said,
    pub(crate) image_ids: Vec<String>,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) manifest: Option<PathBuf>,
}

/// Secrets as a var file in the first directory that there is.
fn hand(dir: Option<&Path>, secrets: &[(String, SecretString)]) -> Result<Handed, PackerError> {
    let no_place =
        || std::io::Error::other("secrets of a legacy template need a directory for temporary files");
    let handed = dir.ok_or_else(no_place).and_then(|dir| Handed::new(dir, secrets));
    handed.map_err(|source| PackerError::Wait { source })
}

impl Plan<'_> {
    /// Runs attempt `number` with the sources of `only`, or with all when there are none, for at most `time`.
    pub(crate) fn attempt(
        &self,
        number: u32,
        only: &[String],
        time: Duration,
        sink: &mut dyn FnMut(Event),
        log: &mut dyn Write,
    ) -> Result<Attempt, PackerError> {
        let dir = self.scene.work().map(|work| work.join(format!("attempt-{number}")));
        if let Some(dir) = &dir {
            create_dirs(dir)?;
        }
        let manifest_path = dir.as_ref().map(|dir| dir.join("manifest.json"));
        let mut subject = self.subject.clone();
        if !only.is_empty() {
            subject.only = only.to_vec();
        }
        if let (Some(name), Some(path)) = (self.manifest_variable, &manifest_path) {
            subject.vars.push((name.to_owned(), path.display().to_string()));
        }
        let temp = self.scene.temp()?;
        let handed = match (subject.is_legacy, self.scene.secrets()) {
            (true, secrets @ [_, ..]) => {
                Some(hand(temp.as_ref().map(Temp::path).or(dir.as_deref()), secrets)?)
            }
            _ => None,
        };
        subject.var_files.extend(handed.as_ref().map(|handed| handed.path().to_owned()));
        let args = arguments(Verb::Build { force: self.force }, &subject);
        let command = command_line(self.packer, &args);
        let own_log = dir.map(|dir| OwnLog::new(dir.join("packer.log"))).transpose()?;
        let lock = self.hold.map(File::try_clone).transpose();
        let lock = lock.map_err(|source| PackerError::Wait { source })?;
        let log_path = own_log.as_ref().map(OwnLog::handed);
        let mut invocation = self.scene.packer(&self.packer.path, args, (log_path, temp.as_ref()), lock);
        invocation.timeout = time;
        let redact = &self.scene.redaction;
        let mut reader = Reader::new(redact, sink, log);
        let ending = process::listen(invocation, self.cancel, &|piece| cut(redact, piece), |sound| {
            reader.hear(sound)
        })?;
        drop(handed);
        drop(temp);
        let heard = reader.finish();
        if let Some(own_log) = own_log {
            own_log.save(redact);
        }
        own_log::clean_crash_log(self.scene.cwd(), redact);
        let manifest =
            manifest_path.as_deref().map(|path| manifest::take(path, redact)).transpose()?.flatten();
        Ok(self.seen(command, ending, heard, manifest.as_ref(), manifest_path))
    }

    fn seen(
        &self,
        command: Vec<String>,
        ending: Ending,
        heard: Heard,
        manifest: Option<&PackerManifest>,
        manifest_path: Option<PathBuf>,
    ) -> Attempt {
        let story = heard.story;
        let said = Said::new(story.artifacts(), manifest, story.telling());
        let (image_ids, files) = artifact::gather(&said);
        let made = !image_ids.is_empty()
            || !files.is_empty()
            || !story.artifacts().is_empty()
            || manifest.is_some_and(|manifest| !manifest.builds.is_empty());
        let verdict = match ending {
            Ending::Cancelled => {
                Verdict::plain(Class::Cancelled, Some("stopped by request".to_owned()), None)
            }
            Ending::TimedOut => Verdict::plain(
                Class::Transient,
                Some("the attempt took too long and was stopped".to_owned()),
                Some("look at the last lines of the raw log, or allow more time"),
            ),
            Ending::Exited(0) if made => Verdict::plain(Class::Success, None, None),
            // Exit code 0 does not prove an image: an `-only` that matches nothing ends with 0 too.
            Ending::Exited(0) => Verdict::plain(
                Class::Config,
                Some("packer ended with 0 but reported no artifact".to_owned()),
                Some("check that a build block has a source, and that `only` matches it"),
            ),
            Ending::Exited(_) => self.rules.classify_failure(self.platform, &story.failure()),
            Ending::Killed(signal) => {
                let mut verdict = self.rules.classify_failure(self.platform, &story.failure());
                let killed = || format!("packer was ended by signal {signal}, which was not sent from here");
                verdict.evidence = verdict.evidence.or_else(|| Some(killed()));
                verdict
            }
        };
        Attempt {
            command,
            ending,
            verdict,
            finished: story.ended(true),
            failed: story.ended(false),
            stdout: heard.stdout,
            stderr: heard.stderr,
            artifacts: story.artifacts().to_vec(),
            said,
            image_ids,
            files,
            manifest: manifest_path.filter(|path| path.is_file()),
        }
    }
}
