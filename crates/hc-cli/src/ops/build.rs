//! `hybrid build`: gate, stage, run, record; many targets at once (PKR-5 … PKR-8).

use std::sync::Mutex;
use std::time::Instant;

use hc_config::Diagnostic;
use hc_core::{BuildId, EnvName};
use hc_packer::args::Subject;
use hc_packer::classify::Rules;
use hc_packer::process::Cancel;
use hc_packer::schedule::{self, Job, Limits, Outcome};
use hc_packer::{Packer, run};
use hc_provisioners::change;
use hc_state::{RunRecord, Store};

use super::inputs::{Digests, collect};
use super::packer::{self, Dirs, Given, Place};
use super::parent::{self, Family};
use super::plan::{Planned, plan};
use super::prepare::{Prepared, Values};
use super::record::{self, Ended};
use super::suite::{self, SuiteOptions};
use super::trust::{Gate, refuse};
use super::{git, iso, journal, plugins, publish, scan, secrets, ssh_key, state, tools, validate};
use crate::command_error::{CommandError, Result};
use crate::console::Console;
use crate::exit_code::ExitCode;
use crate::redaction::Redaction;
use crate::report::build::{BuildDoc, BuildReport, SkippedDoc};
use crate::session::Session;

/// How to build.
#[derive(Debug, Clone, Default)]
pub struct BuildOptions {
    /// Only what is stale.
    pub stale: bool,
    /// Targets at once; the settings' number when absent.
    pub jobs: Option<usize>,
    /// Retries of transient failures; the settings' number when absent.
    pub retries: Option<u32>,
    /// Starts nothing more after the first failure.
    pub fail_fast: bool,
    /// Passes `-force`.
    pub force: bool,
    /// Builds what the selected builders start from, where that is stale; tests and publishes it.
    pub with_parents: bool,
    /// Keeps work directories of successful builds.
    pub keep_work: bool,
}

/// What all targets of a run share.
struct Run<'a> {
    session: &'a Session,
    options: &'a BuildOptions,
    values: &'a Values,
    family: &'a Family,
    packer: &'a Packer,
    rules: Rules,
    store: Store,
    dirs: Dirs,
    cancel: &'a Cancel,
    console: Console,
    git_sha: Option<String>,
    dirty: bool,
}

/// Builds the selected targets from trusted inputs.
///
/// # Errors
/// `DriftDetected` before anything runs; the diagnostics of static checks; a failed build is no error but part of
/// the report.
pub fn build(
    session: &Session,
    targets: &str,
    env: &EnvName,
    values: &Values,
    options: &BuildOptions,
    cancel: &Cancel,
) -> Result<(BuildReport, Vec<Diagnostic>)> {
    let family = match options.with_parents {
        true => parent::family(session, targets)?,
        false => Family { targets: targets.to_owned(), ..Family::default() },
    };
    let (planned, packer, diagnostics) = plan(session, &family.targets, env, values)?;
    let secrets = scan::plaintext_secrets(session, planned.iter().map(|one| &one.prepared))?;
    if secrets.iter().any(Diagnostic::is_error) {
        return Err(CommandError::invalid(secrets));
    }
    let (planned, fresh): (Vec<Planned>, Vec<Planned>) = planned.into_iter().partition(|one| {
        let only_if_stale = options.stale || family.ancestors.contains(&one.prepared.target.builder);
        !only_if_stale || !one.reasons.is_empty()
    });
    let refused: Vec<_> = planned
        .iter()
        .filter(|one| one.gate != Gate::Trusted)
        .map(|one| (one.manifest.clone(), one.gate.clone()))
        .collect();
    if !refused.is_empty() {
        let mut error = refuse(session, &refused);
        error.diagnostics = diagnostics;
        return Err(error);
    }
    missing_tools(session, env, &planned)?;
    let names: Vec<String> = planned.iter().map(|one| one.prepared.target.builder.to_string()).collect();
    let run = Run {
        session,
        options,
        values,
        family: &family,
        packer: &packer,
        rules: packer::rules(session)?,
        store: state::open(session)?,
        dirs: Dirs::of(session),
        cancel,
        console: Console::new(
            &session.style,
            session.verbosity,
            session.environment.stderr_is_terminal,
            names.iter().map(String::as_str),
        ),
        git_sha: git::head(session),
        dirty: git::is_dirty(session),
    };
    for one in &fresh {
        run.offer(&one.prepared)?;
    }
    let report = run.all(env, &planned, fresh)?;
    let diagnostics = diagnostics.into_iter().chain(report.failures()).collect();
    Ok((report, diagnostics))
}

fn missing_tools(session: &Session, env: &EnvName, planned: &[Planned]) -> Result<()> {
    let switches = change::read(&session.root).unwrap_or_default();
    let mut causes = Vec::new();
    for one in planned {
        for tool in tools::of_build(&one.prepared.builder, env, &switches).into_keys() {
            if session.environment.find_tool(&tool).is_none() {
                causes.push(format!("{} needs `{tool}`", one.prepared.target.builder));
            }
        }
    }
    if causes.is_empty() {
        return Ok(());
    }
    let targets: Vec<String> = planned.iter().map(|one| one.prepared.target.builder.to_string()).collect();
    let mut error =
        CommandError::new("ToolMissing", "programs that the builds need are not on PATH; nothing was run")
            .hint(format!("`hybrid doctor --install --env {env} --targets {}`", targets.join(",")));
    error.causes = causes;
    Err(error)
}

impl Run<'_> {
    fn all(&self, env: &EnvName, planned: &[Planned], fresh: Vec<Planned>) -> Result<BuildReport> {
        let targets = planned.iter().map(|one| one.prepared.target.clone()).collect();
        let running = state::run_record(self.session, "build", targets);
        self.record_run(running.clone())?;
        let jobs: Vec<Job> = planned
            .iter()
            .map(|one| Job {
                platform: one.prepared.target.builder.platform().to_owned(),
                needs: one
                    .prepared
                    .builder
                    .metadata
                    .parent
                    .iter()
                    .filter_map(|parent| {
                        planned.iter().position(|other| other.prepared.target.builder == *parent)
                    })
                    .collect(),
            })
            .collect();
        let settings = &self.session.settings.packer;
        let limits = Limits {
            jobs: self.options.jobs.unwrap_or(settings.jobs),
            platforms: settings
                .platforms
                .iter()
                .filter_map(|(name, limit)| Some((name.clone(), limit.jobs?)))
                .collect(),
            fail_fast: self.options.fail_fast,
        };
        let builds = Mutex::new(Vec::new());
        let failures = Mutex::new(Vec::new());
        let outcomes = schedule::run(&jobs, &limits, self.cancel, |at| {
            let one = &planned[at];
            self.console.begin(at, &one.prepared.target.builder.to_string(), one.expected_ms);
            let built = self.one(at, one).and_then(|doc| {
                if doc.result.exit_code == 0 {
                    self.offer(&one.prepared)?;
                }
                Ok(doc)
            });
            self.console.end(at);
            match built {
                Ok(doc) => {
                    let succeeded = doc.result.exit_code == 0;
                    lock(&builds).push(doc);
                    succeeded
                }
                Err(error) => {
                    // The only one of a run is the error of the command, and said there.
                    if planned.len() > 1 {
                        self.console.line(
                            at,
                            &one.prepared.target.builder.to_string(),
                            &format!("error[{}]: {}", error.code, error.message),
                        );
                    }
                    lock(&failures).push(error);
                    false
                }
            }
        });
        let skipped = outcomes
            .iter()
            .zip(planned)
            .filter_map(|(outcome, one)| match outcome {
                Outcome::Skipped(reason) => Some(SkippedDoc {
                    builder: one.prepared.target.builder.to_string(),
                    reason: (*reason).into(),
                }),
                Outcome::Ran(_) => None,
            })
            .collect();
        let report = BuildReport {
            env: env.to_string(),
            builds: builds.into_inner().unwrap_or_default(),
            up_to_date: fresh.into_iter().map(|one| one.prepared.target.builder.to_string()).collect(),
            skipped,
        };
        let failure = failures.into_inner().unwrap_or_default().into_iter().next();
        let stopped = self.cancel.requests() > 0 && report.builds.is_empty();
        let failure = if stopped { Some(validate::interrupted()) } else { failure };
        let own = failure.as_ref().map_or(ExitCode::Success, |error| error.exit);
        // What is recorded is what the caller sees: a request that came after the last build changes nothing.
        let exit = own.max(crate::report::Report::exit_code(&report));
        self.record_run(state::ended(self.session, running, exit))?;
        match failure {
            // What was built besides stays recorded; the report would hide why nothing more is.
            Some(error) => Err(error.exit(exit)),
            None => Ok(report),
        }
    }

    fn record_run(&self, run: RunRecord) -> Result<()> {
        self.store.with_exclusive(&self.session.run_id, |locked| -> Result<()> {
            locked.state_mut().record_run(run);
            Ok(())
        })
    }

    fn one(&self, at: usize, planned: &Planned) -> Result<BuildDoc> {
        let session = self.session;
        let prepared = &planned.prepared;
        let target = &prepared.target;
        let name = target.builder.to_string();
        let start = Instant::now();
        let build_id = BuildId::new(target, &session.run_id);
        let lock = self.store.build_lock(target)?;
        self.settle_earlier(target)?;
        let secrets = secrets::fetch_all(session, prepared, self.cancel)?;
        let redaction = Redaction::new(&session.redactor);
        let place = Place::of(session, prepared);
        let parent = parent::required(session, self.store.read()?.as_ref(), &target.env, &prepared.builder)?;

        // The stage is made once, hashed while it is made, and must be what the gate saw.
        let mut digests = Digests::default();
        validate::stage(session, self.packer, prepared, &place, &mut digests)?;
        let manifest = collect(session, prepared, &self.packer.version.to_string(), &mut digests)?;
        if manifest.combined != planned.manifest.combined {
            let state = self.store.read()?;
            let gate = super::trust::gate(session, state.as_ref(), &manifest)?;
            return Err(refuse(session, &[(manifest, gate)]));
        }

        plugins::enforce(session, self.packer, &[prepared])?;

        let images = session.root.join("artifacts/images");
        hc_core::fs::create_dirs(&images)?;
        let output_dir = images.join(build_id.as_str());
        let log = session.root.join("logs/packer").join(format!("{build_id}.log"));
        let key = ssh_key::make(session, prepared, &place.work)?;
        let iso = iso::fetched(session, &prepared.builder, self.cancel, &|text| {
            self.console.line(at, &name, text)
        })?;
        let given = Given { parent: parent.as_ref(), key: key.as_ref(), iso: iso.as_deref() };
        let vars = packer::injected(session, prepared, &place, build_id.as_str(), &output_dir, &given);
        let subject: Subject = place.subject(prepared, vars);
        let manifest_variable =
            prepared.declared.contains_key("hybrid_manifest").then_some("hybrid_manifest");
        let settings = &session.settings.packer;
        let platform = target.builder.platform();
        let hook = settings.platforms.get(platform).map(|platform| platform.before_retry.as_slice());
        let build = run::Build {
            subject,
            platform,
            manifest_variable,
            output_dir: Some(&output_dir),
            force: self.options.force,
            retries: self.options.retries.unwrap_or(settings.retries),
            before_retry: hook.unwrap_or_default(),
            rules: &self.rules,
            entropy: u64::from_le_bytes(
                manifest.combined.as_bytes()[..8].try_into().expect("32 bytes hold 8"),
            ),
            log: &log,
            build_lock: lock.as_ref().map(hc_core::lock::FileLock::file),
        };
        let context =
            packer::context(session, self.packer, target, &place, &secrets, &self.dirs, self.cancel);
        let started_from = parent.as_ref().map(|parent| &parent.image.build_id);
        journal::begin(session, prepared, &build_id, &place, &output_dir, &log, started_from)?;
        self.console.line(at, &name, &format!("building {build_id}"));
        let mut built =
            run::build(&context, &build, &redaction, &mut |event| self.console.event(at, &name, &event))?;
        drop(key);
        let shown = |path: Option<String>| path.map(|path| session.shown(path.as_ref()));
        built.result.log_path = shown(built.result.log_path);
        built.result.manifest_path = shown(built.result.manifest_path);
        let duration_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let scrubbed = redaction.counts();
        let succeeded = built.result.exit_code == 0;
        if succeeded {
            self.keep_manifest(&mut built, &build_id)?;
        }
        let ended = Ended {
            target,
            build_id: &build_id,
            manifest: &manifest,
            built: &built,
            cwd: &place.cwd,
            packer_version: self.packer.version.to_string(),
            duration_ms,
            git_sha: self.git_sha.clone(),
            dirty: self.dirty,
            parent: parent.map(|parent| parent.image),
            scrubbed,
        };
        let artifact = record::record(session, &self.store, &ended)?;
        if succeeded {
            super::artifacts::keep_inputs(session, build_id.as_str(), &manifest)?;
        }
        self.tidy(&place, &output_dir, succeeded);
        journal::end(session, &build_id)?;
        self.say_end(at, &name, &built, start);
        let result = built.result;
        Ok(BuildDoc { builder: name, build_id: build_id.to_string(), duration_ms, result, artifact })
    }

    /// Tests and publishes the newest build of a builder that another one of the run starts from.
    fn offer(&self, prepared: &Prepared) -> Result<()> {
        let target = &prepared.target;
        if !self.family.parents.contains(&target.builder) {
            return Ok(());
        }
        let channel = &self.session.settings.publish.channel;
        let state = self.store.read()?;
        let built = state.as_ref().and_then(|state| state.builders.get(target)?.last_build.as_ref());
        let published = state.as_ref().and_then(|state| state.published(channel, target));
        if let (Some(built), Some(published)) = (built, published)
            && built.build_id == published.build_id
        {
            return Ok(());
        }
        let id = target.builder.to_string();
        let suites = SuiteOptions { suites: prepared.builder.metadata.publish.suites.clone(), build: None };
        suite::test(self.session, &id, &target.env, &suites, self.cancel)?;
        publish::publish(self.session, &id, &target.env, None, self.values, self.cancel)?;
        Ok(())
    }

    /// Under the target's lock nothing of an earlier run can live any more: its files go.
    fn settle_earlier(&self, target: &hc_core::Target) -> Result<()> {
        for one in journal::abandoned(self.session, &self.store)? {
            if one.entry.target == *target && one.processes.is_empty() {
                journal::settle(self.session, &self.store, &one)?;
            }
        }
        Ok(())
    }

    /// Packer's manifest outlives the work directory.
    fn keep_manifest(&self, built: &mut run::Built, build_id: &BuildId) -> Result<()> {
        let Some(from) = &built.manifest else { return Ok(()) };
        let to = self.session.root.join("artifacts").join(format!("{build_id}.packer.json"));
        if let Some(bytes) = hc_core::fs::read_limited(from, 32 << 20)? {
            hc_core::fs::write_atomic(&to, &bytes, 0o644)?;
            built.result.manifest_path = Some(self.session.shown(&to));
        }
        Ok(())
    }

    /// A failed build keeps its work directory for whoever looks into it; its half-made output goes.
    fn tidy(&self, place: &Place, output_dir: &std::path::Path, succeeded: bool) {
        if !succeeded {
            let _ = std::fs::remove_dir_all(output_dir);
        } else if !self.options.keep_work {
            place.remove();
        }
    }

    fn say_end(&self, at: usize, name: &str, built: &run::Built, start: Instant) {
        let result = &built.result;
        let took = Console::took(start);
        if result.exit_code == 0 {
            self.console.line(at, name, &format!("built in {took}"));
            return;
        }
        self.console.line(at, name, &format!("failed after {took}: {}", result.classification));
        if let Some(evidence) = &result.evidence {
            self.console.line(at, name, &format!("  {}", crate::report::diagnostics::visible(evidence)));
        }
        for hint in &result.hints {
            self.console.line(at, name, &format!("  hint: {hint}"));
        }
        if let Some(log) = &result.log_path {
            self.console.line(at, name, &format!("  log: {log}"));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
