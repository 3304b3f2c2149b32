//! Images on platforms, looked at again: the user's own programs are asked, with the credentials that packer would have, and
//! only read. In a project that nobody trusts nothing is asked: its templates say which server gets the credentials.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use hc_core::{Selector, Target};
use hc_packer::answer::{Answer, ask};
use hc_packer::environment::{self, Uses};
use hc_packer::images::Configured;
use hc_packer::images::query::{Asked, Query, Seen, Told, query};
use hc_packer::process::{Ending, Invocation};
use hc_records::{ArtifactRecord, RecordedImage};

use crate::error::{EngineError, Result};
use crate::prepare::{Values, configured, secrets};
use crate::project::Project;

/// Longest time that a platform may take to answer.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Time that its program gets to end after a request to stop.
const GRACE: Duration = Duration::from_secs(2);

/// What was asked, so that the same is not asked twice.
type Answers =
    BTreeMap<(String, Vec<String>, Vec<(OsString, OsString)>), std::result::Result<Answer, String>>;

/// What the template says of a source.
type Source = BTreeMap<String, Option<String>>;

/// Platforms that are asked in the course of one command.
pub struct Platforms<'a> {
    project: &'a Project,
    /// Whether they may be asked; not known before the first.
    trusted: Option<bool>,
    configured: BTreeMap<Target, Configured>,
    answers: Answers,
}

impl<'a> Platforms<'a> {
    /// Nothing is asked yet.
    pub fn new(project: &'a Project) -> Self {
        Self { project, trusted: None, configured: BTreeMap::new(), answers: BTreeMap::new() }
    }

    /// What became of the images of a record.
    ///
    /// # Errors
    /// `Interrupted`; when a program cannot be run at all.
    pub fn look(&mut self, record: &ArtifactRecord) -> Result<Vec<(RecordedImage, Seen)>> {
        let images = record.images_on_platforms().into_iter();
        let seen = images.map(|image| {
            let seen = match self.image(record, &image)? {
                Seen::Unverified(why) => Seen::Unverified(self.hidden(&why)),
                Seen::Changed(why) => Seen::Changed(self.hidden(&why)),
                seen => seen,
            };
            Ok((image, seen))
        });
        seen.collect()
    }

    fn hidden(&self, text: &str) -> String {
        self.project.redactor.redact(text).into_owned()
    }

    fn image(&mut self, record: &ArtifactRecord, image: &RecordedImage) -> Result<Seen> {
        let unverified = |why: String| Ok(Seen::Unverified(why));
        let asked = Asked {
            provider: &image.provider,
            kind: &image.kind,
            id: &image.id,
            name: image.name.as_deref(),
            region: image.region.as_deref(),
            version: image.version.as_deref(),
            tags: &image.tags,
            place: &image.place,
            recorded: record.created_at,
        };
        let Some(query) = query(&asked) else {
            return unverified(format!("nobody knows how to ask {} for its {}", image.provider, image.kind));
        };
        let Some(arguments) = query.arguments(&asked) else {
            return unverified("no platform has such an id or place".to_owned());
        };
        if !self.may_ask() {
            return unverified("the project is not trusted, so no platform is asked".to_owned());
        }
        let Some(program) = self.project.host.find_program(query.program) else {
            return unverified(format!("`{}` is not installed", query.program));
        };
        let source = self.source(&record.target(), query);
        if let Some(unlike) = query.unlike.iter().find(|name| source.contains_key(**name)) {
            return unverified(format!(
                "`{}` cannot log in as the template does, by `{unlike}`",
                query.program
            ));
        }
        let env = self.environment(query, image, &source);
        let key = (query.program.to_owned(), arguments, env);
        if !self.answers.contains_key(&key) {
            let invocation = Invocation {
                program,
                args: key.1.iter().map(Into::into).collect(),
                cwd: self.project.root.clone(),
                env: key.2.clone(),
                timeout: TIMEOUT,
                grace: GRACE,
                inherit: None,
            };
            let answer = self.ask(query, invocation)?;
            self.answers.insert(key.clone(), answer);
        }
        Ok(match &self.answers[&key] {
            Err(why) => Seen::Unverified(why.clone()),
            Ok(answer) => {
                let success = answer.ending == Ending::Exited(0);
                query.judge(&asked, &Told { success, stdout: &answer.stdout, stderr: &answer.stderr })
            }
        })
    }

    fn ask(&self, query: &Query, invocation: Invocation) -> Result<std::result::Result<Answer, String>> {
        let program = query.program;
        tracing::debug!(program, "platform is asked");
        let answer = match ask(invocation, &self.project.host.cancel) {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(format!("`{program}` did not start: {error}"))),
        };
        match answer.ending {
            Ending::Cancelled => Err(EngineError::Interrupted),
            Ending::TimedOut => Ok(Err(format!("`{program}` did not answer within {} s", TIMEOUT.as_secs()))),
            Ending::Exited(_) | Ending::Killed(_) => Ok(Ok(answer)),
        }
    }

    fn may_ask(&mut self) -> bool {
        let project = self.project;
        *self.trusted.get_or_insert_with(|| project.demand_trust("programs that ask platforms").is_ok())
    }

    /// What the template says of the source that made an image, secrets among it: only the environment of one program gets them.
    fn source(&mut self, target: &Target, query: &Query) -> Source {
        if !self.configured.contains_key(target) {
            let configured = known(self.project, target).unwrap_or_default();
            self.configured.insert(target.clone(), configured);
        }
        let sources = self.configured.get(target).into_iter().flat_map(|configured| &configured.0);
        let mut mine = sources.filter(|(address, _)| address.starts_with(query.component));
        mine.next().map(|(_, values)| values.clone()).unwrap_or_default()
    }

    /// What packer would get of the caller's environment, and what the template says of server and login.
    fn environment(
        &self,
        query: &Query,
        image: &RecordedImage,
        source: &Source,
    ) -> Vec<(OsString, OsString)> {
        let host = &self.project.host;
        let further = &self.project.settings.packer.pass_env;
        let uses = Uses::default().component(query.component);
        let takes = |name: &str| {
            environment::is_common(name) || uses.takes(name) || environment::is_named(name, further)
        };
        let mut env: BTreeMap<OsString, OsString> = BTreeMap::new();
        let passed = host.vars.iter().filter(|(name, _)| name.to_str().is_some_and(takes));
        env.extend(passed.cloned());
        // A copy in another region is not where the endpoint of the source is.
        let elsewhere = match (&image.region, source.get("region")) {
            (Some(image), Some(source)) => source.as_ref() != Some(image),
            _ => false,
        };
        for given in query.given.iter().filter(|given| !(given.region_only && elsewhere)) {
            let value = match given.from.strip_prefix('$') {
                Some(name) if takes(name) => host.text(name),
                Some(_) => None,
                None => source.get(given.from).and_then(Option::as_deref),
            };
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                env.insert(given.variable.into(), value.into());
            }
        }
        env.into_iter().collect()
    }
}

/// What the template of a target says of its sources now; nothing where the builder is gone. Secrets that cannot be had are
/// left out: the environment may have them.
fn known(project: &Project, target: &Target) -> Option<Configured> {
    let selection = project.select(&Selector::only(&target.builder)).ok()?;
    let builder = selection.inventory.get(&target.builder)?;
    let (prepared, _) = project.inspect(&selection, builder, &target.env, &Values::default());
    let secrets = secrets::fetch_all(project, &prepared).unwrap_or_else(|error| {
        tracing::warn!(%target, %error, "platforms are asked without the secrets of the template");
        Vec::new()
    });
    Some(configured::with_secrets(project, &prepared, &secrets))
}
