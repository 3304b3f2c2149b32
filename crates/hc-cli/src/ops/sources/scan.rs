//! Scanners on the trees of sources: any program, its verdict in the state.

use std::collections::BTreeMap;
use std::time::Duration;

use hc_config::settings::Scanner;
use hc_core::Cancel;
use hc_packer::process::{self, Ending, Invocation};
use hc_sources::survey;
use hc_sources::{LockFile, SourceSpec, Sources};
use hc_state::{ScanRecord, ScanStatus};

use super::{chosen, git_options, specs, standing, state};
use crate::command_error::{CommandError, Result};
use crate::report::sources::{ScannedDoc, ScansDoc};
use crate::session::Session;

/// How many lines of a scanner are kept for the report.
const SHOWN: usize = 20;
/// Time that a scanner gets to end when it is told to.
const GRACE: Duration = Duration::from_secs(5);

/// Runs every scanner on every source that it belongs to.
///
/// # Errors
/// `ScannerInvalid` for one that cannot be started, `SourceDirty` and others for a tree that is not its pin.
pub fn scan(session: &Session, names: &[String], cancel: &Cancel) -> Result<ScansDoc> {
    let all = specs(&session.settings)?;
    for (name, scanner) in &session.settings.scanners {
        check(name, scanner, &all)?;
    }
    let sources = Sources::of(&session.root);
    let lock = LockFile::load(sources.lock_file())?;
    let git = git_options(session, 1);
    let (mut done, mut records) = (Vec::new(), BTreeMap::<String, BTreeMap<String, ScanRecord>>::new());
    for spec in chosen(&all, names)? {
        let found = survey::survey(&sources, &lock, &spec, &git, session.now());
        if let Some(problem) = found.problem {
            return Err(problem.into());
        }
        let Some(pin) = found.pin else { continue };
        for (name, scanner) in &session.settings.scanners {
            if !scanner.sources.is_empty() && !scanner.sources.contains(&spec.name) {
                continue;
            }
            let (verdict, lines) = run(session, &sources, &spec, name, scanner, cancel)?;
            if let Verdict::Said(status) = verdict {
                let record = ScanRecord { at: session.now(), sha: pin.sha.to_string(), status };
                records.entry(spec.name.clone()).or_default().insert(name.clone(), record);
            }
            let result = match verdict {
                Verdict::Said(status) => standing::word(status).to_owned(),
                Verdict::Failed(why) => why,
            };
            let failed = !matches!(verdict_of(&result), Some(ScanStatus::Clean | ScanStatus::Findings));
            done.push(ScannedDoc { source: spec.name.clone(), scanner: name.clone(), result, failed, lines });
        }
    }
    record(session, records)?;
    Ok(ScansDoc { scans: done })
}

fn verdict_of(word: &str) -> Option<ScanStatus> {
    [ScanStatus::Clean, ScanStatus::Findings].into_iter().find(|status| standing::word(*status) == word)
}

enum Verdict {
    Said(ScanStatus),
    Failed(String),
}

fn check(name: &str, scanner: &Scanner, specs: &[SourceSpec]) -> Result<()> {
    let invalid = |what: String| {
        CommandError::new("ScannerInvalid", format!("scanner `{name}` {what}"))
            .hint("correct `[scanners]` in hybrid.toml")
    };
    if scanner.command.first().is_none_or(|program| program.is_empty()) {
        return Err(invalid("has no command".into()));
    }
    if scanner.findings_exit == 0 {
        return Err(invalid("calls the exit code 0 findings".into()));
    }
    match scanner.sources.iter().find(|source| !specs.iter().any(|spec| spec.name == **source)) {
        Some(source) => Err(invalid(format!("scans `{source}`, which is no source"))),
        None => Ok(()),
    }
}

fn run(
    session: &Session,
    sources: &Sources,
    spec: &SourceSpec,
    name: &str,
    scanner: &Scanner,
    cancel: &Cancel,
) -> Result<(Verdict, Vec<String>)> {
    let program = &scanner.command[0];
    let path = if program.contains('/') {
        Some(session.root.join(program)).filter(|path| path.is_file())
    } else {
        session.environment.find_program(program)
    };
    let path = path.ok_or_else(|| {
        CommandError::new("ScannerInvalid", format!("scanner `{name}`: `{program}` is not here"))
            .hint("install it, or correct `command` in hybrid.toml")
    })?;
    let environment = ["PATH", "HOME", "LANG", "TMPDIR"]
        .iter()
        .filter_map(|name| Some(((*name).into(), session.environment.var(name)?.to_owned())));
    let invocation = Invocation {
        program: path,
        args: scanner.command[1..].iter().map(Into::into).collect(),
        cwd: sources.tree(&spec.name),
        env: environment.collect(),
        timeout: scanner.timeout.get(),
        grace: GRACE,
        inherit: None,
    };
    let mut lines = Vec::new();
    let ending = process::run(invocation, cancel, |_, raw| {
        if lines.len() < SHOWN {
            lines.push(crate::report::diagnostics::visible(&String::from_utf8_lossy(raw)).to_string());
        }
    })?;
    let verdict = match ending {
        Ending::Exited(0) => Verdict::Said(ScanStatus::Clean),
        Ending::Exited(code) if code == scanner.findings_exit => Verdict::Said(ScanStatus::Findings),
        Ending::Exited(code) => Verdict::Failed(format!("exit code {code}")),
        Ending::Cancelled => Verdict::Failed("interrupted".into()),
        Ending::TimedOut => Verdict::Failed("took too long".into()),
    };
    Ok((verdict, lines))
}

fn record(session: &Session, records: BTreeMap<String, BTreeMap<String, ScanRecord>>) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let store = state::open(session)?;
    let patience = session.lock_timeout.max(super::super::record::PATIENCE);
    store.with_exclusive_within(&session.run_id, patience, |locked| -> Result<()> {
        for (name, scans) in records {
            if let Some(source) = locked.state_mut().sources.get_mut(&name) {
                source.scans.retain(|_, scan| scan.sha == source.sha);
                source.scans.extend(scans);
                let found = |wanted| source.scans.values().any(|scan| scan.status == wanted);
                source.scan_status =
                    if found(ScanStatus::Findings) { ScanStatus::Findings } else { ScanStatus::Clean };
            }
        }
        Ok(())
    })
}
