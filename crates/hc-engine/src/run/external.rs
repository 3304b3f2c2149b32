//! Programs of the project that are run on a build: test suites and publish hooks. They learn what it is by words in
//! braces and by `HYBRID_…`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use hc_packer::process::Invocation;
use hc_records::{ArtifactRecord, layout};

use crate::error::{EngineError, Needs, Result};
use crate::project::Project;

/// A command line of the project, and what it is run on.
pub(super) struct External<'a> {
    project: &'a Project,
    record: &'a ArtifactRecord,
    image: String,
    artifact: String,
    /// Further words in braces.
    words: Vec<(&'static str, String)>,
    /// Further variables.
    vars: Vec<(&'static str, String)>,
}

/// Whether a program gets the image's path absolute, or as it is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ImagePath {
    Absolute,
    Recorded,
}

impl<'a> External<'a> {
    pub(super) fn new(project: &'a Project, record: &'a ArtifactRecord, path: ImagePath) -> Self {
        let shown = |recorded: &String| match path {
            ImagePath::Absolute => project.at(recorded).display().to_string(),
            ImagePath::Recorded => recorded.clone(),
        };
        let file = record.image().map(|file| shown(&file.path));
        let image = file.or_else(|| record.image_ids.first().cloned()).unwrap_or_default();
        let artifact = project.at(layout::artifact_record(&record.build_id)).display().to_string();
        Self { project, record, image, artifact, words: Vec::new(), vars: Vec::new() }
    }

    /// Also replaces `{NAME}`.
    pub(super) fn word(mut self, name: &'static str, value: &str) -> Self {
        self.words.push((name, value.to_owned()));
        self
    }

    /// Also sets a variable.
    pub(super) fn var(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.vars.push((name, value.into()));
        self
    }

    /// A word with its braces replaced.
    pub(super) fn fill(&self, word: &str) -> String {
        let word = word.replace("{image}", &self.image).replace("{artifact}", &self.artifact);
        self.words.iter().fold(word, |word, (name, value)| word.replace(&format!("{{{name}}}"), value))
    }

    /// How the program is started.
    ///
    /// # Errors
    /// `ProjectNotTrusted`, `ToolMissing` when it is not there.
    pub(super) fn invocation(
        &self,
        program: &str,
        args: &[String],
        needs: Needs,
        timeout: Duration,
    ) -> Result<Invocation> {
        let shown = self.fill(program);
        let Some(program) = self.project.program(&shown)? else {
            return Err(EngineError::ToolMissing { needs, tool: shown });
        };
        Ok(Invocation {
            program,
            args: args.iter().map(|word| self.fill(word).into()).collect(),
            cwd: self.project.root.clone(),
            env: self.environment(),
            timeout,
            grace: self.project.settings.packer.grace.get(),
            inherit: None,
        })
    }

    fn environment(&self) -> Vec<(OsString, OsString)> {
        let own = [
            ("HYBRID_ARTIFACT", self.artifact.clone()),
            ("HYBRID_BUILDER", self.record.builder.to_string()),
            ("HYBRID_BUILD_ID", self.record.build_id.to_string()),
            ("HYBRID_ENV", self.record.env.to_string()),
            ("HYBRID_IMAGE", self.image.clone()),
        ];
        let mut env = self.project.host.vars.clone();
        let all = own.into_iter().chain(self.vars.iter().cloned());
        env.extend(all.map(|(name, value)| (name.into(), value.into())));
        env
    }
}

/// Where the log of a suite goes, absolute.
pub(super) fn suite_log(project: &Project, record: &ArtifactRecord, suite: &str) -> PathBuf {
    project.at(layout::test_log(&record.build_id, suite))
}
