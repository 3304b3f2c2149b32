//! Runs the test suites of builder.toml against images and records what they said (STATE-4).

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use hc_core::fs::{create_dirs, io_error};
use hc_core::{Digest, EnvName, Target};
use hc_packer::Redact;
use hc_packer::process::{self, Ending};
use hc_records::{ArtifactRecord, layout};
use hc_state::{State, SuiteResult};
use hc_templates::Builder;
use hc_templates::builder_toml::Suite;

use super::external::{External, ImagePath, suite_log};
use crate::error::{EngineError, EvidenceError, Needs, Result};
use crate::event::{Event, Listener, Teller};
use crate::inputs;
use crate::outcome::suite::{SuiteDoc, SuitesReport};
use crate::plan::lineage;
use crate::prepare::{Values, secrets};
use crate::project::redaction::Redaction;
use crate::project::{Project, store};
use crate::select::Selection;

/// Time that a suite gets which names none.
const TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// Which suites run on what.
#[derive(Debug, Clone, Default)]
pub struct SuiteOptions {
    /// Names of suites; all of a builder when empty.
    pub suites: Vec<String>,
    /// A build other than the newest.
    pub build: Option<String>,
}

impl Project {
    /// Runs the suites of every selected builder that was built, one after the other.
    ///
    /// # Errors
    /// `UnknownSuite`, `ProjectNotTrusted`, `NothingToTest`, `ImageChanged` when an image is not what was recorded. A suite that fails is not
    /// an error but part of the report.
    pub fn test(
        &self,
        selection: &Selection,
        env: &EnvName,
        options: &SuiteOptions,
        listener: Listener<'_>,
    ) -> Result<SuitesReport> {
        test(self, selection, env, options, &Teller::new(listener))
    }
}

pub(super) fn test(
    project: &Project,
    selection: &Selection,
    env: &EnvName,
    options: &SuiteOptions,
    teller: &Teller<'_>,
) -> Result<SuitesReport> {
    all_known(selection, &options.suites)?;
    project.demand_trust("the suites")?;
    teller.tell(Event::Selected(selection.ids.clone()));
    // A template that is broken now does not keep an image from being tested.
    match project.prepare(selection, env, &Values::default()) {
        // One that is too weak is not hidden, which keeps no image from being tested.
        Ok((prepared, _)) => drop(secrets::at_hand(project, &prepared)),
        Err(_) => learn_from_broken(project, selection, env),
    }
    let state = store::read(project)?;
    let mut report = SuitesReport { env: env.to_string(), suites: Vec::new(), untested: Vec::new() };
    for builder in selection.builders() {
        let target = Target { builder: builder.id.clone(), env: env.clone() };
        match subject(project, state.as_ref(), builder, &target, options)? {
            Ok(((record, seal), suites)) => {
                intact(project, &record)?;
                for (name, suite) in suites {
                    project.go_on()?;
                    report.suites.push(run_suite(project, (&record, seal), (name, suite), teller)?);
                }
            }
            Err(why) => report.untested.push(format!("{target}: {why}")),
        }
    }
    if report.suites.is_empty() {
        return Err(EngineError::NothingToTest { untested: report.untested });
    }
    Ok(report)
}

/// Makes known what can be known of secrets where templates or overlays are broken, and says that it may not be all.
fn learn_from_broken(project: &Project, selection: &Selection, env: &EnvName) {
    let values = Values::default();
    let inspected = selection.builders().map(|builder| project.inspect(selection, builder, env, &values).0);
    let broken: BTreeSet<PathBuf> = inspected.flat_map(|one| secrets::of_broken(project, &one)).collect();
    for path in broken {
        tracing::warn!(
            "{} cannot be parsed: every text in it is hidden in what suites print, because any may be a secret",
            path.display()
        );
    }
}

fn all_known(selection: &Selection, suites: &[String]) -> Result<()> {
    let known: Vec<String> =
        selection.builders().flat_map(|builder| builder.metadata.suites.keys().cloned()).collect();
    match suites.iter().find(|suite| !known.contains(suite)) {
        Some(unknown) => Err(EngineError::UnknownSuite { name: unknown.clone(), known }),
        None => Ok(()),
    }
}

type Subject<'a> = ((ArtifactRecord, Digest), Vec<(&'a String, &'a Suite)>);

/// The image and the suites of a builder, or why there is nothing to test.
fn subject<'a>(
    project: &Project,
    state: Option<&State>,
    builder: &'a Builder,
    target: &Target,
    options: &SuiteOptions,
) -> Result<Result<Subject<'a>, &'static str>> {
    let record = match &options.build {
        Some(build) => {
            let all = lineage::records(project, &hc_core::Selector::all())?;
            let named = lineage::named(&all, build)?;
            ArtifactRecord::read_with_digest(&project.root, &named.build_id)?
                .filter(|(found, _)| found.builder == target.builder)
        }
        None => lineage::newest(project, state, target)?,
    };
    let Some(record) = record else { return Ok(Err("not built")) };
    let wanted = |name: &String| options.suites.is_empty() || options.suites.contains(name);
    let suites: Vec<_> = builder.metadata.suites.iter().filter(|(name, _)| wanted(name)).collect();
    Ok(if suites.is_empty() { Err("builder.toml has no such suite") } else { Ok((record, suites)) })
}

/// What is tested has to be what was built.
fn intact(project: &Project, record: &ArtifactRecord) -> Result<()> {
    for file in &record.files {
        let found = Digest::of_file(&project.at(&file.path)).ok().map(|(digest, _)| digest);
        if found != file.blake3 {
            let (path, build) = (file.path.clone(), record.build_id.clone());
            return Err(EvidenceError::ImageChanged { path, build, parent: false }.into());
        }
    }
    Ok(())
}

fn run_suite(
    project: &Project,
    (record, seal): (&ArtifactRecord, Digest),
    (name, suite): (&str, &Suite),
    teller: &Teller<'_>,
) -> Result<SuiteDoc> {
    let target = record.target();
    // Before it runs: what it becomes meanwhile was not asked.
    let inputs = inputs::suite::digest(project, &target, name, suite)?;
    let log_path = suite_log(project, record, name);
    create_dirs(&project.at(layout::TEST_LOGS))?;
    let mut log = BufWriter::new(File::create(&log_path).map_err(io_error("create", &log_path))?);
    let redaction = Redaction::new(&project.redactor);
    let (suite_name, build) = (name.to_owned(), record.build_id.clone());
    teller.tell(Event::SuiteStarted { target: target.clone(), suite: suite_name.clone(), build });
    let start = Instant::now();
    let Some((program, args)) = suite.command.split_first() else {
        return Err(EngineError::SuiteWithoutCommand { suite: suite_name, builder: target.builder });
    };
    let needs = Needs::Suite { suite: suite_name.clone(), builder: target.builder.clone() };
    let timeout = suite.timeout.map_or(TIMEOUT, |timeout| timeout.get());
    let invocation = External::new(project, record, ImagePath::Absolute)
        .var("HYBRID_RUN_ID", project.run_id.to_string())
        .invocation(program, args, needs, timeout)?;
    for tool in &suite.requires {
        if project.host.find_tool(tool).is_none() {
            let needs = Needs::SuiteTool { suite: suite_name, builder: target.builder, env: target.env };
            return Err(EngineError::ToolMissing { needs, tool: tool.clone() });
        }
    }
    let ending = process::run(invocation, &project.host.cancel, |_, raw| {
        let clean = redaction.redact(raw);
        // A failing log never fails a suite.
        let _ = log.write_all(&clean).and_then(|()| log.write_all(b"\n"));
        let text = String::from_utf8_lossy(&clean).into_owned();
        teller.tell(Event::SuiteLine { target: target.clone(), text });
    })?;
    let _ = log.flush();
    let (passed, detail) = match ending {
        Ending::Exited(0) => (true, String::new()),
        Ending::Killed(signal) => (false, format!("exit code {}", 128 + signal)),
        Ending::Exited(code) => (false, format!("exit code {code}")),
        Ending::TimedOut => (false, "timed out".into()),
        Ending::Cancelled => return Err(EngineError::Interrupted),
    };
    let links = vec![project.shown(&log_path), layout::artifact_record(&record.build_id)];
    record_verdict(project, (record, seal), (name, inputs), passed, &links)?;
    let (name, build, reason) = (target.to_string(), record.build_id.as_str(), detail.as_str());
    tracing::info!(target = name, build, suite = suite_name, passed, reason, log = links[0], "tested");
    let took = start.elapsed();
    teller.tell(Event::SuiteEnded { target, suite: suite_name.clone(), passed, took });
    Ok(SuiteDoc {
        builder: record.builder.to_string(),
        build_id: record.build_id.to_string(),
        suite: suite_name,
        passed,
        detail,
        duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        links,
    })
}

fn record_verdict(
    project: &Project,
    (record, seal): (&ArtifactRecord, Digest),
    (suite, inputs): (&str, Digest),
    passed: bool,
    links: &[String],
) -> Result<()> {
    let provenance = SuiteResult {
        at: project.now(),
        build_id: record.build_id.clone(),
        inputs: Some(inputs),
        links: links.to_vec(),
        passed,
        record: Some(seal),
        run_id: project.run_id.clone(),
        suite: suite.to_owned(),
    };
    store::open(project)?.with_exclusive_within(&project.run_id, store::PATIENCE, |locked| -> Result<()> {
        locked.state_mut().builder_mut(&record.target()).provenance.push(provenance);
        Ok(())
    })
}
