//! How sources stand: `status` and `verify`.

use hc_sources::survey::{self, Survey};
use hc_sources::{LockFile, SourceSpec, Sources};
use hc_state::{ScanStatus, SourceRecord, State};

use super::force::stamp;
use super::{chosen, git_options, specs, state};
use crate::command_error::{CommandError, Result};
use crate::report::sources::{ScanDoc, StandingDoc, StatusDoc, VerifiedDoc, VerifyDoc};
use crate::session::Session;

/// Every source: its pin, its tree, its scans.
///
/// # Errors
/// When sources.lock or the state cannot be read.
pub fn status(session: &Session, names: &[String]) -> Result<StatusDoc> {
    let all = specs(&session.settings)?;
    let sources = Sources::of(&session.root);
    let lock = LockFile::load(sources.lock_file())?;
    let state = state::read(session)?;
    let git = git_options(session, 1);
    let chosen = chosen(&all, names)?;
    let standings = chosen.iter().map(|spec| {
        let survey = survey::survey(&sources, &lock, spec, &git, session.now());
        standing(session, spec, &survey, state.as_ref())
    });
    let standings = standings.collect();
    let strangers = sources.present()?.into_iter().filter(|name| !all.iter().any(|spec| &spec.name == name));
    Ok(StatusDoc {
        sources: standings,
        strangers: if names.is_empty() { strangers.collect() } else { Vec::new() },
        interrupted: sources.interrupted()?.map(|journal| journal.command),
    })
}

fn standing(session: &Session, spec: &SourceSpec, survey: &Survey, state: Option<&State>) -> StandingDoc {
    let record = state.and_then(|state| state.sources.get(&spec.name));
    let force = survey.pin.as_ref().and_then(|pin| pin.force.as_ref());
    let verdict = match &survey.problem {
        None => "ok",
        Some(problem) => match problem.code() {
            "SourceDirty" => "dirty",
            "SourceDiverged" => "diverged",
            "SourceMissing" => "missing",
            "SourceLockOutdated" => "not-pinned",
            "SourcePinExpired" => "pin-expired",
            _ => "broken",
        },
    };
    StandingDoc {
        name: spec.name.clone(),
        url: spec.origin.clone(),
        mirror: (spec.url != spec.origin).then(|| spec.url.clone()),
        reference: spec.reference.clone(),
        locked: survey.pin.as_ref().map(|pin| pin.sha.to_string()),
        present: survey.head.as_ref().map(ToString::to_string),
        verdict: verdict.into(),
        problem: survey.problem.as_ref().map(|problem| CommandError::from_source(problem).doc()),
        pin_expires: force.map(|force| stamp(force.expires)),
        pin_approved_by: force.map(|force| force.approved_by.clone()),
        synced_at: record.map(|record| stamp(record.at)),
        synced_by: record.map(|record| record.operator.clone()),
        scans: scans(session, spec, survey, record),
    }
}

/// What every scanner that belongs to the source said, or that it said nothing.
fn scans(
    session: &Session,
    spec: &SourceSpec,
    survey: &Survey,
    record: Option<&SourceRecord>,
) -> Vec<ScanDoc> {
    let configured = session.settings.scanners.iter();
    let configured =
        configured.filter(|(_, scanner)| scanner.sources.is_empty() || scanner.sources.contains(&spec.name));
    configured
        .map(|(name, scanner)| {
            let known = record.and_then(|record| record.scans.get(name));
            let at_pin = |sha: &str| survey.pin.as_ref().is_some_and(|pin| pin.sha.as_str() == sha);
            let known = known.filter(|scan| at_pin(&scan.sha));
            let age = known.map(|scan| session.now() - scan.at);
            let limit = time::Duration::try_from(scanner.max_age.get()).unwrap_or(time::Duration::MAX);
            ScanDoc {
                scanner: name.clone(),
                result: known.map_or("not-scanned", |scan| word(scan.status)).into(),
                at: known.map(|scan| stamp(scan.at)),
                age_seconds: age.map(time::Duration::whole_seconds),
                stale: age.is_none_or(|age| age > limit),
            }
        })
        .collect()
}

pub(super) fn word(status: ScanStatus) -> &'static str {
    match status {
        ScanStatus::NotScanned => "not-scanned",
        ScanStatus::Clean => "clean",
        ScanStatus::Findings => "findings",
    }
}

/// Reads every file of every pin and compares tree, pin and lock.
///
/// # Errors
/// When sources.lock cannot be read; what is wrong with a source is in the report.
pub fn verify(session: &Session, names: &[String]) -> Result<VerifyDoc> {
    let specs = chosen(&specs(&session.settings)?, names)?;
    let sources = Sources::of(&session.root);
    let lock = LockFile::load(sources.lock_file())?;
    let git = git_options(session, 1);
    let verified = specs.iter().map(|spec| {
        let found = survey::verify(&sources, &lock, spec, &git, session.now());
        VerifiedDoc {
            name: spec.name.clone(),
            sha: found.as_ref().ok().map(|pin| pin.sha.to_string()),
            problem: found.err().map(|problem| CommandError::from_source(&problem).doc()),
        }
    });
    Ok(VerifyDoc { sources: verified.collect() })
}
