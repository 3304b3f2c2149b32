//! `hybrid test`: runs the suites of builder.toml against the newest image and records what they said (STATE-4).

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hc_core::fs::{create_dirs, io_error};
use hc_core::{Digest, EnvName, Target};
use hc_packer::artifact::ArtifactRecord;
use hc_packer::event::{Event, Level, Redact};
use hc_packer::process::{self, Cancel, Ending, Invocation};
use hc_state::Provenance;
use hc_templates::Builder;
use hc_templates::builder_toml::Suite;

use super::prepare::{Values, prepare};
use super::record::PATIENCE;
use super::select::select;
use super::{artifacts, secrets, state, validate};
use crate::command_error::{CommandError, Result};
use crate::console::Console;
use crate::redaction::Redaction;
use crate::report::suite::{SuiteDoc, SuitesReport};
use crate::session::Session;

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

/// Runs the suites of every selected builder that was built, one after the other.
///
/// # Errors
/// `UnknownSuite`, `ArtifactNotFound` when nothing was built, `ImageChanged` when an image is not what was recorded;
/// a suite that fails is no error but part of the report.
pub fn test(
    session: &Session,
    targets: &str,
    env: &EnvName,
    options: &SuiteOptions,
    cancel: &Cancel,
) -> Result<SuitesReport> {
    let selection = select(session, targets)?;
    known(&selection.builders().collect::<Vec<_>>(), &options.suites)?;
    let names: Vec<String> = selection.ids.iter().map(ToString::to_string).collect();
    let console = Console::new(&session.style, session.verbosity, false, names.iter().map(String::as_str));
    // A template that is broken now does not keep an image from being tested.
    let prepared = prepare(session, &selection, env, &Values::default()).map(|(prepared, _)| prepared);
    secrets::at_hand(session, prepared.iter().flatten());
    let mut report = SuitesReport { env: env.to_string(), suites: Vec::new(), untested: Vec::new() };
    for (at, builder) in selection.builders().enumerate() {
        let target = Target { builder: builder.id.clone(), env: env.clone() };
        let wanted: Vec<(&String, &Suite)> = builder
            .metadata
            .suites
            .iter()
            .filter(|(name, _)| options.suites.is_empty() || options.suites.contains(name))
            .collect();
        let record = match &options.build {
            Some(build) => Some(artifacts::show(session, build)?.artifact)
                .filter(|found| found.builder == target.builder),
            None => artifacts::newest(session, &target)?,
        };
        let Some(record) = record else {
            report.untested.push(format!("{target}: not built"));
            continue;
        };
        if wanted.is_empty() {
            report.untested.push(format!("{target}: builder.toml has no such suite"));
            continue;
        }
        intact(session, &record)?;
        for (name, suite) in wanted {
            if cancel.requests() > 0 {
                return Err(validate::interrupted());
            }
            report.suites.push(one(session, &console, at, &record, (name, suite), cancel)?);
        }
    }
    if report.suites.is_empty() {
        let mut error =
            CommandError::new("ArtifactNotFound", "no selected builder has both an image and a suite")
                .hint("build first: `hybrid build`; suites are `[suites.NAME]` tables of builder.toml");
        error.causes = report.untested;
        return Err(error);
    }
    Ok(report)
}

fn known(builders: &[&Builder], suites: &[String]) -> Result<()> {
    let names: Vec<&str> =
        builders.iter().flat_map(|builder| builder.metadata.suites.keys().map(String::as_str)).collect();
    let Some(unknown) = suites.iter().find(|suite| !names.contains(&suite.as_str())) else { return Ok(()) };
    let hint = match hc_config::suggest::nearest(unknown, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "suites are `[suites.NAME]` tables of builder.toml".into(),
    };
    Err(CommandError::new("UnknownSuite", format!("no selected builder has a suite `{unknown}`")).hint(hint))
}

/// What is tested has to be what was built.
fn intact(session: &Session, record: &ArtifactRecord) -> Result<()> {
    for file in &record.files {
        let found = Digest::of_file(&session.root.join(&file.path)).ok().map(|(digest, _)| digest);
        if found != file.blake3 {
            return Err(CommandError::new(
                "ImageChanged",
                format!("{} is not what {} recorded", file.path, record.build_id),
            )
            .hint("build again: `hybrid build --rebuild`; `hybrid artifacts verify` looks at all images"));
        }
    }
    Ok(())
}

fn one(
    session: &Session,
    console: &Console,
    at: usize,
    record: &ArtifactRecord,
    (name, suite): (&str, &Suite),
    cancel: &Cancel,
) -> Result<SuiteDoc> {
    let id = record.builder.to_string();
    let log_path = session.root.join("logs/tests").join(format!("{}.{name}.log", record.build_id));
    create_dirs(log_path.parent().unwrap_or(&session.root))?;
    let mut log = BufWriter::new(File::create(&log_path).map_err(io_error("create", &log_path))?);
    let redaction = Redaction::new(&session.redactor);
    console.line(at, &id, &format!("suite {name} on {}", record.build_id));
    let start = Instant::now();
    let ending = process::run(invocation(session, record, name, suite)?, cancel, |_, raw| {
        let clean = redaction.redact(raw);
        // A failing log never fails a suite.
        let _ = log.write_all(&clean).and_then(|()| log.write_all(b"\n"));
        let text = String::from_utf8_lossy(&clean).into_owned();
        console.event(at, &id, &Event::Line { source: String::new(), level: Level::Message, text });
    })?;
    let _ = log.flush();
    let (passed, detail) = match ending {
        Ending::Exited(0) => (true, String::new()),
        Ending::Exited(code) => (false, format!("exit code {code}")),
        Ending::TimedOut => (false, "its time was over".into()),
        Ending::Cancelled => return Err(validate::interrupted()),
    };
    let links = vec![session.shown(&log_path), format!("artifacts/{}.json", record.build_id)];
    let provenance = Provenance {
        at: session.now(),
        build_id: record.build_id.clone(),
        links: links.clone(),
        passed,
        run_id: session.run_id.clone(),
        suite: name.to_owned(),
    };
    let target = Target { builder: record.builder.clone(), env: record.env.clone() };
    state::open(session)?.with_exclusive_within(
        &session.run_id,
        session.lock_timeout.max(PATIENCE),
        |locked| -> Result<()> {
            locked.state_mut().builder_mut(&target).provenance.push(provenance);
            Ok(())
        },
    )?;
    console.line(
        at,
        &id,
        &format!("suite {name} {} in {}", if passed { "passed" } else { "failed" }, Console::took(start)),
    );
    Ok(SuiteDoc {
        builder: id,
        build_id: record.build_id.to_string(),
        suite: name.to_owned(),
        passed,
        detail,
        duration_ms: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
        links,
    })
}

/// The program of a suite, in the project; it learns what to test by `{image}` and by `HYBRID_…`.
fn invocation(session: &Session, record: &ArtifactRecord, name: &str, suite: &Suite) -> Result<Invocation> {
    let image = record.image().map(|file| session.root.join(&file.path));
    let image = image.map_or_else(
        || record.image_ids.first().cloned().unwrap_or_default(),
        |path| path.display().to_string(),
    );
    let artifact =
        session.root.join("artifacts").join(format!("{}.json", record.build_id)).display().to_string();
    let fill = |word: &String| word.replace("{image}", &image).replace("{artifact}", &artifact);
    let Some((program, args)) = suite.command.split_first() else {
        return Err(CommandError::new(
            "SettingsInvalid",
            format!("suite `{name}` of {} has no command", record.builder),
        )
        .hint("give it a program and arguments: command = [\"tests/smoke.sh\", \"{image}\"]"));
    };
    let program = fill(program);
    let resolved = program_path(session, &program).ok_or_else(|| {
        CommandError::new("ToolMissing", format!("suite `{name}` of {} needs `{program}`", record.builder))
            .hint("install it, or correct `command` in builder.toml")
    })?;
    for tool in &suite.requires {
        if session.environment.find_tool(tool).is_none() {
            let message = format!("suite `{name}` of {} needs `{tool}`", record.builder);
            return Err(CommandError::new("ToolMissing", message).hint(format!(
                "`hybrid doctor --install --env {} --targets {}`",
                record.env, record.builder
            )));
        }
    }
    let mut env: Vec<(OsString, OsString)> = session.environment.vars.clone();
    env.extend(
        [
            ("HYBRID_ARTIFACT", artifact.clone()),
            ("HYBRID_BUILDER", record.builder.to_string()),
            ("HYBRID_BUILD_ID", record.build_id.to_string()),
            ("HYBRID_ENV", record.env.to_string()),
            ("HYBRID_IMAGE", image.clone()),
            ("HYBRID_RUN_ID", session.run_id.to_string()),
        ]
        .map(|(name, value)| (name.into(), value.into())),
    );
    Ok(Invocation {
        program: resolved,
        args: args.iter().map(|word| fill(word).into()).collect(),
        cwd: session.root.clone(),
        env,
        timeout: suite.timeout.map_or(TIMEOUT, |timeout| timeout.get()),
        grace: session.settings.packer.grace.get(),
        inherit: None,
    })
}

/// A word with a slash is a path of the project; any other is looked for on `PATH`.
pub(super) fn program_path(session: &Session, program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        Some(session.root.join(Path::new(program))).filter(|path| path.is_file())
    } else {
        session.environment.find_program(program)
    }
}
