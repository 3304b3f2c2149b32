//! Builds the targets of a plan: many at once, parents before children (PKR-5 … PKR-8).

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hc_config::Diagnostic;
use hc_core::{BuilderId, Cancel, EnvName, ExitClass};
use hc_packer::Packer;
use hc_packer::classify::Rules;
use hc_provisioners::change;
use hc_state::{RunRecord, Store};
use hc_templates::place::splits_in_shell;

use super::publish;
use super::schedule::{self, Ended, Job, Limits, Outcome};
use super::suite::{self, SuiteOptions};
use crate::error::{EngineError, Result};
use crate::event::{Event, Listener, Teller};
use crate::gate::{self, Gate, scan};
use crate::inputs::{plugins, remembered_sums};
use crate::outcome::build::{self as outcome, BuildDoc, BuildReport, Skip, SkippedDoc, worse};
use crate::plan::{Plan, Planned, last_build};
use crate::prepare::{Prepared, Values};
use crate::project::packer::Dirs;
use crate::project::{Project, git, packer, store, temp};
use crate::record::{journal, texts};
use crate::select::Selection;
use crate::stage::tools;

/// Which targets of a plan are built.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rebuild {
    /// All of them; parents that were not asked for only where stale.
    #[default]
    All,
    /// Only what is stale.
    Stale,
}

/// What happens after the first failure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// The others are still built.
    #[default]
    GoOn,
    /// Nothing more is started.
    Stop,
}

/// Whether packer may replace what stands in the way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Existing {
    /// It refuses.
    #[default]
    Refuse,
    /// It gets `-force`.
    Replace,
}

/// What becomes of the work directory of a successful build.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WorkDir {
    /// It is removed.
    #[default]
    Remove,
    /// It stays.
    Keep,
}

/// How to build.
#[derive(Debug, Clone, Default)]
pub struct BuildOptions {
    /// Which targets.
    pub rebuild: Rebuild,
    /// Targets at once; the settings' number when absent.
    pub jobs: Option<usize>,
    /// Retries of transient failures; the settings' number when absent.
    pub retries: Option<u32>,
    /// What happens after the first failure.
    pub on_failure: OnFailure,
    /// Whether packer may replace what stands in the way.
    pub existing: Existing,
    /// What becomes of the work directories of successful builds.
    pub work: WorkDir,
    /// Parents of other targets are tested and published on the way, so that children can start from them.
    pub offer_parents: bool,
}

/// What all targets of a run share.
pub(super) struct Run<'a> {
    pub(super) project: &'a Project,
    pub(super) options: &'a BuildOptions,
    pub(super) packer: &'a Packer,
    pub(super) rules: Rules,
    pub(super) store: Store,
    pub(super) dirs: Dirs,
    pub(super) teller: &'a Teller<'a>,
    pub(super) commit: git::Commit,
    pub(super) dirty: bool,
    /// Hears the requests to the project, and those of this run to its own builds.
    pub(super) cancel: Cancel,
    selection: &'a Selection,
    values: &'a Values,
    parents: BTreeSet<BuilderId>,
}

impl Project {
    /// Builds the targets of a plan from trusted inputs.
    ///
    /// # Errors
    /// `ProjectNotTrusted`, `Refused` before anything runs; plaintext secrets; missing programs. A failed build is not an error but part
    /// of the report.
    pub fn build(
        &self,
        plan: Plan,
        options: &BuildOptions,
        listener: Listener<'_>,
    ) -> Result<(BuildReport, Vec<Diagnostic>)> {
        self.demand_trust(packer::RUNS)?;
        let secrets = scan::plaintext_secrets(self, plan.targets.iter().map(|one| &one.prepared))?;
        if secrets.iter().any(Diagnostic::is_error) {
            return Err(EngineError::Invalid(secrets));
        }
        let Plan { env, selection, values, targets, broken, packer, mut diagnostics } = plan;
        let (due, fresh): (Vec<_>, Vec<_>) = targets.into_iter().partition(|one| {
            let asked = !selection.ancestors.contains(&one.prepared.target.builder);
            (asked && options.rebuild == Rebuild::All) || !one.reasons.is_empty()
        });
        let unquoted = |one: &Planned| splits_in_shell(&self.root, &one.prepared.builder.documents);
        let unquoted: Vec<Diagnostic> = due.iter().flat_map(unquoted).collect();
        if !unquoted.is_empty() {
            return Err(EngineError::Invalid(unquoted));
        }
        let (due, left_out) = without_broken(due, broken);
        // Before the gate: a program that is not the pinned one is not a change to look at and validate.
        plugins::enforce(self, &packer, due.iter().map(|one| &one.prepared), &mut remembered_sums(self))?;
        let refused: Vec<_> = due.iter().filter(|one| one.gate != Gate::Trusted).collect();
        if !refused.is_empty() {
            let refused: Vec<_> = refused.iter().map(|one| (&one.manifest, &one.gate)).collect();
            return Err(gate::refuse(self, &refused).with_warnings(diagnostics));
        }
        missing_tools(self, &env, &due)?;
        temp::sweep(self);
        let ((commit, dirty), store) = (git::commit_and_dirt(self)?, store::open(self)?);
        let unknown = commit.warning().filter(|warning| !diagnostics.contains(warning));
        diagnostics.extend(unknown);
        // The records of these builds name another commit than the trust may.
        texts::keep(
            self,
            store.read()?.as_ref(),
            due.iter().map(|one| &one.manifest),
            commit.sha.as_deref(),
        )?;
        let teller = Teller::new(listener);
        teller.tell(Event::Selected(due.iter().map(|one| one.prepared.target.builder.clone()).collect()));
        let run = Run {
            project: self,
            options,
            packer: &packer,
            rules: packer::rules(self)?,
            store,
            dirs: Dirs::of(self),
            teller: &teller,
            commit,
            dirty,
            cancel: self.host.cancel.child(),
            selection: &selection,
            values: &values,
            parents: parents(&selection, options),
        };
        for one in &fresh {
            run.offer(&one.prepared)?;
        }
        let (builds, skipped) = run.build_all(&due, left_out)?;
        let up_to_date = fresh.iter().map(|one| one.prepared.target.builder.to_string()).collect();
        let report = BuildReport { env: env.to_string(), builds, up_to_date, skipped };
        let diagnostics = diagnostics.into_iter().chain(report.diagnostics()).collect();
        Ok((report, diagnostics))
    }
}

/// What can be built beside broken builders; what starts from one of those waits for it.
fn without_broken(due: Vec<Planned>, broken: BTreeSet<BuilderId>) -> (Vec<Planned>, Vec<SkippedDoc>) {
    let skip = |id: &BuilderId, reason| SkippedDoc { builder: id.to_string(), reason };
    let mut skipped: Vec<SkippedDoc> = broken.iter().map(|id| skip(id, Skip::Broken)).collect();
    let (mut left_out, mut sound) = (broken, Vec::new());
    // Parents stand before their children.
    for one in due {
        let builder = &one.prepared.builder;
        if builder.metadata.parent.as_ref().is_some_and(|parent| left_out.contains(parent)) {
            skipped.push(skip(&builder.id, Skip::ParentNotBuilt));
            left_out.insert(builder.id.clone());
        } else {
            sound.push(one);
        }
    }
    (sound, skipped)
}

/// Builders that another one of the selection starts from, when they are to be offered to it.
fn parents(selection: &Selection, options: &BuildOptions) -> BTreeSet<BuilderId> {
    if !options.offer_parents {
        return BTreeSet::new();
    }
    selection.ids.iter().filter(|id| selection.is_parent(id)).cloned().collect()
}

fn missing_tools(project: &Project, env: &EnvName, planned: &[Planned]) -> Result<()> {
    let switches = change::read(&project.root).unwrap_or_default();
    let mut missing = Vec::new();
    for one in planned {
        let builder = &one.prepared.builder;
        let needed = tools::of_build(builder, env, &switches).into_keys();
        let absent = needed.filter(|tool| project.host.find_tool(tool).is_none());
        missing.extend(absent.map(|tool| (builder.id.clone(), tool)));
    }
    let targets = planned.iter().map(|one| one.prepared.target.builder.clone()).collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(EngineError::ToolsMissing { missing, env: env.clone(), targets })
    }
}

/// What the targets of a run came to, as they end.
#[derive(Default)]
struct Results {
    builds: Vec<BuildDoc>,
    failures: Vec<EngineError>,
}

impl Run<'_> {
    fn build_all(
        &self,
        planned: &[Planned],
        left_out: Vec<SkippedDoc>,
    ) -> Result<(Vec<BuildDoc>, Vec<SkippedDoc>)> {
        let targets = planned.iter().map(|one| one.prepared.target.clone()).collect();
        let running = store::run_record(self.project, "build", targets);
        journal::begin_run(self.project, &self.store, running.clone())?;
        let results = Mutex::new(Results::default());
        let outcomes = schedule::run(&jobs(planned), &self.limits(), &self.cancel, |at| {
            self.take_turn(&planned[at], planned.len(), &results)
        });
        let skipped = outcomes.iter().zip(planned).filter_map(|(outcome, one)| match outcome {
            Outcome::Skipped(reason) => {
                Some(SkippedDoc { builder: one.prepared.target.builder.to_string(), reason: *reason })
            }
            Outcome::Ran(_) => None,
        });
        let skipped: Vec<SkippedDoc> = left_out.into_iter().chain(skipped).collect();
        let Results { builds, failures } = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        let failure = most_telling(failures);
        let own = failure.as_ref().map_or(ExitClass::Success, EngineError::class);
        let failure = match failure {
            _ if self.project.host.cancel.is_requested()
                && builds.is_empty()
                && !matches!(own, ExitClass::Security | ExitClass::Interrupted) =>
            {
                Some(EngineError::Interrupted)
            }
            failure => failure,
        };
        // What is recorded is what the caller sees: a request that came after the last build changes nothing.
        let own = failure.as_ref().map_or(ExitClass::Success, EngineError::class);
        let class = worse(own, outcome::class(&builds, &skipped));
        let ended = store::ended(self.project, running, class);
        match &failure {
            // Who gave up waiting for the state with a build in hand does not wait again for less.
            Some(EngineError::NotRecorded { .. }) => drop(self.record_run(ended, Duration::ZERO)),
            _ => self.record_run(ended, store::PATIENCE)?,
        }
        match failure {
            // What was built besides stays recorded; the report would hide why nothing more is.
            Some(error) if error.class() != class => {
                Err(EngineError::Partly { class, error: Box::new(error) })
            }
            Some(error) => Err(error),
            None => Ok((builds, skipped)),
        }
    }

    /// Builds one target and tells how it went. A security violation stops what else runs.
    fn take_turn(&self, one: &Planned, of: usize, results: &Mutex<Results>) -> Ended {
        let target = &one.prepared.target;
        let (name, hash) = (target.to_string(), one.manifest.combined.to_string());
        let reasons: Vec<String> = one.reasons.iter().map(ToString::to_string).collect();
        let reason = if reasons.is_empty() { "asked for".to_owned() } else { reasons.join("; ") };
        tracing::info!(target = name, hash, reason, "build begins");
        self.teller.tell(Event::Started { target: target.clone(), expected_ms: one.expected_ms });
        // A panic must still end the target's turn; it goes on when the others have ended.
        let built = catch_unwind(AssertUnwindSafe(|| -> Result<BuildDoc> {
            let doc = self.build_target(one)?;
            if doc.result.exit_code == 0 {
                self.offer(&one.prepared)?;
            }
            Ok(doc)
        }));
        self.teller.tell(Event::Finished(target.clone()));
        let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
        match built.unwrap_or_else(|panic| resume_unwind(panic)) {
            Ok(doc) => {
                let (class, log) = (doc.result.classification.to_string(), doc.result.log_path.as_deref());
                let reason = doc.result.evidence.as_deref();
                let exit_code = doc.result.exit_code;
                tracing::info!(
                    target = name,
                    build = doc.build_id,
                    hash,
                    exit_code,
                    class,
                    reason,
                    log,
                    "build ended"
                );
                let class = ExitClass::from_number(doc.result.exit_code);
                results.builds.push(doc);
                self.ended(class)
            }
            Err(error) => {
                tracing::info!(target = name, hash, code = error.code(), reason = %error, "build failed");
                // The only one of a run is the error of the operation, and said there.
                if of > 1 {
                    let (code, message) = (error.code(), error.to_string());
                    self.teller.tell(Event::Failed { target: target.clone(), code, message });
                }
                let class = error.class();
                results.failures.push(error);
                self.ended(class)
            }
        }
    }

    fn ended(&self, class: ExitClass) -> Ended {
        match class {
            ExitClass::Success => Ended::Succeeded,
            ExitClass::Security => {
                self.cancel.request();
                Ended::Violated
            }
            _ => Ended::Failed,
        }
    }

    fn limits(&self) -> Limits {
        let settings = &self.project.settings.packer;
        let platforms = settings.platforms.iter();
        Limits {
            jobs: self.options.jobs.unwrap_or(settings.jobs),
            platforms: platforms.filter_map(|(name, limit)| Some((name.clone(), limit.jobs?))).collect(),
            fail_fast: self.options.on_failure == OnFailure::Stop,
        }
    }

    fn record_run(&self, run: RunRecord, patience: Duration) -> Result<()> {
        self.store.with_exclusive_within(&self.project.run_id, patience, |locked| -> Result<()> {
            locked.state_mut().record_run(run);
            Ok(())
        })
    }

    /// Tests and publishes the newest build of a builder that another one of the run starts from.
    fn offer(&self, prepared: &Prepared) -> Result<()> {
        let target = &prepared.target;
        if !self.parents.contains(&target.builder) {
            return Ok(());
        }
        let state = self.store.read()?;
        let built = last_build(state.as_ref(), target).map(|build| &build.build_id);
        let channel = &self.project.settings.publish.channel;
        let published = state.as_ref().and_then(|state| state.published(channel, target));
        if built.is_some() && built == published.map(|publication| &publication.build_id) {
            return Ok(());
        }
        let env = &target.env;
        let selection = self.selection.narrowed(|other| *other == target.builder);
        let suites = SuiteOptions { suites: prepared.builder.metadata.publish.suites.clone(), build: None };
        suite::test(self.project, &selection, env, &suites, self.teller)?;
        let plan = self.project.plan(&selection, env, self.values)?;
        publish::publish(self.project, plan, publish::PublishOptions::default(), self.teller)?;
        Ok(())
    }
}

/// The failure that the caller has to know of, when several targets failed: the first of the worst.
fn most_telling(failures: Vec<EngineError>) -> Option<EngineError> {
    failures.into_iter().reduce(|known, other| {
        let other_is_worse =
            known.class() != other.class() && worse(known.class(), other.class()) == other.class();
        if other_is_worse { other } else { known }
    })
}

fn jobs(planned: &[Planned]) -> Vec<Job> {
    let at = |parent: &BuilderId| planned.iter().position(|other| other.prepared.target.builder == *parent);
    let job = |one: &Planned| Job {
        platform: one.prepared.target.builder.platform().to_owned(),
        needs: one.prepared.builder.metadata.parent.iter().filter_map(at).collect(),
    };
    planned.iter().map(job).collect()
}
