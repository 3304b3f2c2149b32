//! An image goes into a channel when state, hash manifest, records, inputs and tests agree (PKR-7). One decision for all
//! targets, made before the hooks and again under the lock that moves the channel.

use hc_config::Diagnostic;
use hc_core::BuildId;
use hc_packer::Redact;
use hc_packer::images::query::Seen;
use hc_packer::process::{self, Ending};
use hc_records::{ArtifactRecord, RecordedImage};
use hc_state::{Locked, Publication, State};

use super::accept::{self, Accepted, Images};
use super::external::{External, ImagePath};
use crate::error::{EngineError, EvidenceError, Needs, Result};
use crate::event::{Event, Listener, Teller};
use crate::gate::scan;
use crate::outcome::publish::{PublishReport, PublishedDoc};
use crate::plan::Plan;
use crate::project::redaction::Redaction;
use crate::project::{Project, store};
use crate::record::platforms::Platforms;

/// How builds are published.
#[derive(Debug, Clone, Copy, Default)]
pub struct PublishOptions<'a> {
    /// The channel; `publish.channel` of hybrid.toml without one.
    pub channel: Option<&'a str>,
    /// Whether platforms are asked before whether their images are still what was recorded.
    pub verify: bool,
}

impl Project {
    /// Moves the newest build of every planned target into a channel: all of them or none, in one change of the state.
    ///
    /// # Errors
    /// `ProjectNotTrusted` where hooks would run, `PublishRefused` with every disagreement; `HookFailed`.
    pub fn publish(
        &self,
        plan: Plan,
        options: PublishOptions<'_>,
        listener: Listener<'_>,
    ) -> Result<(PublishReport, Vec<Diagnostic>)> {
        publish(self, plan, options, &Teller::new(listener))
    }
}

pub(super) fn publish(
    project: &Project,
    plan: Plan,
    options: PublishOptions<'_>,
    teller: &Teller<'_>,
) -> Result<(PublishReport, Vec<Diagnostic>)> {
    let channel = options.channel.unwrap_or(&project.settings.publish.channel).to_owned();
    if !hc_core::id::is_kebab(&channel) {
        return Err(EngineError::BadChannel { name: channel });
    }
    if !project.settings.publish.hooks.is_empty() {
        project.demand_trust("the publish hooks")?;
    }
    let secrets = scan::plaintext_secrets(project, plan.targets.iter().map(|one| &one.prepared))?;
    if secrets.iter().any(Diagnostic::is_error) {
        return Err(EngineError::Invalid(secrets));
    }
    let state = store::read(project)?;
    let accepted = accept::all(project, state.as_ref(), &plan, Images::Read)?;
    if options.verify {
        on_platforms(project, &accepted)?;
    }
    let is_new =
        |one: &&Accepted| before(state.as_ref(), &channel, &one.record) != Some(&one.record.build_id);
    let mut ran = Vec::new();
    for one in accepted.iter().filter(is_new) {
        hooks(project, &one.record, &channel, &ran)?;
        ran.push(one.record.build_id.clone());
    }
    let mut report = PublishReport { channel, env: plan.env.to_string(), published: Vec::new() };
    let patience = store::PATIENCE;
    store::open(project)?.with_exclusive_within(&project.run_id, patience, |locked| -> Result<()> {
        // What was true before the hooks need not be true now: a build may be revoked, an image replaced.
        let known = Images::Known(&accepted);
        let now =
            accept::all(project, Some(locked.state()), &plan, known).map_err(|error| after(error, &ran))?;
        let overtaken: Vec<_> =
            now.iter().filter(|one| !accepted.iter().any(|old| old.seal == one.seal)).collect();
        if !overtaken.is_empty() {
            let newer = |one: &&Accepted| format!("{} was built meanwhile", one.record.build_id);
            let refused = EvidenceError::PublishRefused { problems: overtaken.iter().map(newer).collect() };
            return Err(after(refused.into(), &ran));
        }
        let entered = now.iter().map(|one| enter(project, locked, &report.channel, one));
        report.published = entered.collect();
        Ok(())
    })?;
    for one in accepted.iter().filter(|one| ran.contains(&one.record.build_id)) {
        teller.tell(Event::Published { target: one.record.target(), channel: report.channel.clone() });
    }
    Ok((report, plan.diagnostics))
}

/// Puts a build into a channel.
fn enter(project: &Project, locked: &mut Locked<'_>, channel: &str, one: &Accepted) -> PublishedDoc {
    let before = before(Some(locked.state()), channel, &one.record).cloned();
    let already = before.as_ref() == Some(&one.record.build_id);
    if !already {
        let publication = Publication {
            at: project.now(),
            build_id: one.record.build_id.clone(),
            record: Some(one.seal),
            run_id: project.run_id.clone(),
        };
        let channels = &mut locked.state_mut().channels;
        channels.entry(channel.to_owned()).or_default().insert(one.record.target(), publication);
    }
    PublishedDoc {
        builder: one.record.builder.to_string(),
        build_id: one.record.build_id.to_string(),
        before: before.map(|build| build.to_string()),
        already,
        images: one.record.names(),
    }
}

/// Asks platforms for the images of builds; every one of them must be there.
fn on_platforms(project: &Project, accepted: &[Accepted]) -> Result<()> {
    let (mut platforms, mut problems) = (Platforms::new(project), Vec::new());
    for one in accepted {
        for (image, seen) in platforms.look(&one.record)? {
            let what = match seen {
                Seen::Present => continue,
                Seen::Gone => "is gone".to_owned(),
                Seen::Changed(why) => format!("was changed: {why}"),
                Seen::Unverified(why) => format!("could not be verified: {why}"),
            };
            let target = one.record.target();
            let RecordedImage { provider, kind, id, .. } = image;
            problems.push(format!("{target}: the {provider} {kind} {id} {what}"));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(EvidenceError::PublishRefused { problems }.into()) }
}

/// The build that a channel offered before.
fn before<'a>(state: Option<&'a State>, channel: &str, record: &ArtifactRecord) -> Option<&'a BuildId> {
    Some(&state?.published(channel, &record.target())?.build_id)
}

/// A refusal, with the hooks that have run already.
fn after(error: EngineError, ran: &[BuildId]) -> EngineError {
    match error {
        EngineError::Evidence(EvidenceError::PublishRefused { mut problems }) if !ran.is_empty() => {
            problems.push(hooks_ran(ran));
            EvidenceError::PublishRefused { problems }.into()
        }
        error => error,
    }
}

fn hooks_ran(ran: &[BuildId]) -> String {
    let builds: Vec<&str> = ran.iter().map(BuildId::as_str).collect();
    format!("the hooks have already run for {}", builds.join(", "))
}

/// Runs the `[publish]` hooks of hybrid.toml, in order; the first that fails stops the publish. `ran` are the builds whose
/// hooks have run.
fn hooks(project: &Project, record: &ArtifactRecord, channel: &str, ran: &[BuildId]) -> Result<()> {
    let external = External::new(project, record, ImagePath::Recorded)
        .word("channel", channel)
        .var("HYBRID_CHANNEL", channel);
    for hook in &project.settings.publish.hooks {
        let Some((program, args)) = hook.split_first() else { continue };
        let shown = external.fill(program);
        let timeout = project.settings.packer.timeout.get();
        let invocation = external.invocation(program, args, Needs::Hook, timeout)?;
        let redaction = Redaction::new(&project.redactor);
        let mut last = String::new();
        let ending = process::run(invocation, &project.host.cancel, |_, raw| {
            let line = String::from_utf8_lossy(&redaction.redact(raw)).into_owned();
            tracing::info!(hook = %shown, "{line}");
            last = line;
        })?;
        match ending {
            Ending::Exited(0) => {}
            Ending::Cancelled => return Err(EngineError::Interrupted),
            _ => {
                return Err(EngineError::HookFailed {
                    hook: shown,
                    build: record.build_id.clone(),
                    last: Some(last).filter(|last| !last.is_empty()),
                    ran: ran.to_vec(),
                });
            }
        }
    }
    Ok(())
}
