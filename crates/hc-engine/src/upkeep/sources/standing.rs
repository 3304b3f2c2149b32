//! How sources stand: their pins, their trees, their scans. Changes nothing.

use hc_sources::survey::{self, Survey};
use hc_sources::{LockFile, SourceSpec, Sources};
use hc_state::{ScanStatus, SourceRecord};

use super::scan::belongs;
use crate::error::Result;
use crate::outcome::sources::{ScanStanding, SourcesStatus, Standing, Verified};
use crate::project::sources::{chosen, git_options, specs};
use crate::project::{Project, store};

/// The named sources, or every one: its pin, its tree, its scans.
///
/// # Errors
/// When sources.lock or the state cannot be read.
pub fn status(project: &Project, names: &[String]) -> Result<SourcesStatus> {
    let all = specs(&project.settings)?;
    let sources = Sources::of(&project.root);
    let lock = LockFile::load(sources.lock_file())?;
    let mut state = store::read(project)?;
    let git = git_options(project, 1);
    let mut record_of = |name: &str| state.as_mut().and_then(|state| state.sources.remove(name));
    let standings = chosen(&all, names)?.into_iter().map(|spec| {
        let survey = survey::survey(&sources, &lock, &spec, &git, project.now());
        let record = record_of(&spec.name);
        Standing { scans: scans(project, &spec, &survey, record.as_ref()), spec, survey, record }
    });
    let standings = standings.collect();
    let is_strange = |name: &String| names.is_empty() && !all.iter().any(|spec| spec.name == *name);
    Ok(SourcesStatus {
        sources: standings,
        strangers: sources.present()?.into_iter().filter(is_strange).collect(),
        interrupted: sources.interrupted()?.map(|journal| journal.command),
    })
}

/// What every scanner that belongs to the source said, or that it said nothing.
fn scans(
    project: &Project,
    spec: &SourceSpec,
    survey: &Survey,
    record: Option<&SourceRecord>,
) -> Vec<ScanStanding> {
    let configured = project.settings.scanners.iter().filter(|(_, scanner)| belongs(scanner, spec));
    configured
        .map(|(name, scanner)| {
            let at_pin = |sha: &str| survey.pin.as_ref().is_some_and(|pin| pin.sha.as_str() == sha);
            let known = record.and_then(|record| record.scans.get(name)).filter(|scan| at_pin(&scan.sha));
            let age = known.map(|scan| project.now() - scan.at);
            let limit = time::Duration::try_from(scanner.max_age.get()).unwrap_or(time::Duration::MAX);
            ScanStanding {
                scanner: name.clone(),
                status: known.map_or(ScanStatus::NotScanned, |scan| scan.status),
                at: known.map(|scan| scan.at),
                age,
                stale: age.is_none_or(|age| age > limit),
            }
        })
        .collect()
}

/// Reads every file of the named pins, or of all, and compares tree, pin and lock.
///
/// # Errors
/// When sources.lock cannot be read; what is wrong with a source is in the report.
pub fn verify(project: &Project, names: &[String]) -> Result<Vec<Verified>> {
    let specs = chosen(&specs(&project.settings)?, names)?;
    let sources = Sources::of(&project.root);
    let lock = LockFile::load(sources.lock_file())?;
    let git = git_options(project, 1);
    let verified = specs.into_iter().map(|spec| {
        let outcome = survey::verify(&sources, &lock, &spec, &git, project.now());
        Verified { name: spec.name, outcome }
    });
    Ok(verified.collect())
}
