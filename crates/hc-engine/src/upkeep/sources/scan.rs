//! Scanners on the trees of sources: any program, its verdict in the state.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use hc_config::settings::Scanner;
use hc_packer::process::{self, Ending, Invocation};
use hc_sources::{LockFile, SourceSpec, Sources, survey};
use hc_state::ScanRecord;

use super::record;
use crate::error::{EngineError, Result};
use crate::outcome::sources::{ScanVerdict, Scanned};
use crate::project::Project;
use crate::project::sources::{chosen, git_options, specs};

/// How many lines of a scanner are kept for the report.
const SHOWN: usize = 20;
/// Time that a scanner gets to end when it is told to.
const GRACE: Duration = Duration::from_secs(5);
/// Variables of the caller that scanners get.
const PASSED: [&str; 4] = ["PATH", "HOME", "LANG", "TMPDIR"];

/// Runs every scanner on the named sources that it belongs to, or on all of them.
///
/// # Errors
/// `ProjectNotTrusted`, `ScannerInvalid` for one that cannot be started, `SourceDirty` and others for a tree that is not its pin.
pub fn scan(project: &Project, names: &[String]) -> Result<Vec<Scanned>> {
    let all = specs(&project.settings)?;
    for (name, scanner) in &project.settings.scanners {
        check(name, scanner, &all)?;
    }
    if !project.settings.scanners.is_empty() {
        project.demand_trust("the scanners")?;
    }
    let sources = Sources::of(&project.root);
    let lock = LockFile::load(sources.lock_file())?;
    let git = git_options(project, 1);
    let (mut done, mut records) = (Vec::new(), BTreeMap::<String, BTreeMap<String, ScanRecord>>::new());
    for spec in chosen(&all, names)? {
        let found = survey::survey(&sources, &lock, &spec, &git, project.now());
        if let Some(problem) = found.problem {
            return Err(problem.into());
        }
        let Some(pin) = found.pin else { continue };
        for (name, scanner) in &project.settings.scanners {
            if !belongs(scanner, &spec) {
                continue;
            }
            let scanned = run(project, name, scanner, &spec.name, sources.tree(&spec.name))?;
            if let Some(status) = scanned.verdict.status() {
                let record = ScanRecord { at: project.now(), sha: pin.sha.to_string(), status };
                records.entry(spec.name.clone()).or_default().insert(name.clone(), record);
            }
            done.push(scanned);
        }
    }
    record::scanned(project, records)?;
    Ok(done)
}

/// Whether a scanner looks at a source.
pub(super) fn belongs(scanner: &Scanner, spec: &SourceSpec) -> bool {
    scanner.sources.is_empty() || scanner.sources.contains(&spec.name)
}

fn check(name: &str, scanner: &Scanner, specs: &[SourceSpec]) -> Result<()> {
    let invalid =
        |what: String| Err(EngineError::ScannerInvalid { name: name.to_owned(), what, missing: false });
    if scanner.command.first().is_none_or(|program| program.is_empty()) {
        return invalid("has no command".into());
    }
    if scanner.findings_exit == 0 {
        return invalid("calls the exit code 0 findings".into());
    }
    match scanner.sources.iter().find(|source| !specs.iter().any(|spec| spec.name == **source)) {
        Some(source) => invalid(format!("scans `{source}`, which is not a source")),
        None => Ok(()),
    }
}

fn run(project: &Project, name: &str, scanner: &Scanner, source: &str, tree: PathBuf) -> Result<Scanned> {
    let program = &scanner.command[0];
    let path = project.program(program)?.ok_or_else(|| EngineError::ScannerInvalid {
        name: name.to_owned(),
        what: format!("`{program}` is not here"),
        missing: true,
    })?;
    let invocation = Invocation {
        program: path,
        args: scanner.command[1..].iter().map(Into::into).collect(),
        cwd: tree,
        env: project.host.only(&PASSED),
        timeout: scanner.timeout.get(),
        grace: GRACE,
        inherit: None,
    };
    let mut lines = Vec::new();
    let ending = process::run(invocation, &project.host.cancel, |_, raw| {
        if lines.len() < SHOWN {
            lines.push(String::from_utf8_lossy(raw).into_owned());
        }
    })?;
    let verdict = match ending {
        Ending::Exited(0) => ScanVerdict::Clean,
        Ending::Exited(code) if code == scanner.findings_exit => ScanVerdict::Findings,
        Ending::Killed(signal) => ScanVerdict::Exited(128 + signal),
        Ending::Exited(code) => ScanVerdict::Exited(code),
        Ending::Cancelled => ScanVerdict::Interrupted,
        Ending::TimedOut => ScanVerdict::TimedOut,
    };
    Ok(Scanned { source: source.to_owned(), scanner: name.to_owned(), verdict, lines })
}
