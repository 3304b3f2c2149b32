//! How sources stand, without changing anything: for `status`, `verify` and builds.

use time::OffsetDateTime;

use crate::error::SourceError;
use crate::git::{DirtyReport, GitOptions, Look, Repository};
use crate::lock_file::{LockFile, LockedSource};
use crate::place::Sources;
use crate::sha::Sha;
use crate::spec::SourceSpec;

/// How a source stands.
#[derive(Debug)]
pub struct Survey {
    /// Its name.
    pub name: String,
    /// Its pin, if sources.lock answers hybrid.toml.
    pub pin: Option<LockedSource>,
    /// What is checked out.
    pub head: Option<Sha>,
    /// What was changed in its tree; absent when there is none.
    pub changes: Option<DirtyReport>,
    /// Why builds may not read it; absent when all is well.
    pub problem: Option<SourceError>,
}

/// Looks at a source: its pin, its tree, whether both agree.
pub fn survey(
    sources: &Sources,
    lock: &LockFile,
    spec: &SourceSpec,
    git: &GitOptions,
    now: OffsetDateTime,
) -> Survey {
    surveyed(sources, lock, spec, git, now, Look::Quick)
}

fn surveyed(
    sources: &Sources,
    lock: &LockFile,
    spec: &SourceSpec,
    git: &GitOptions,
    now: OffsetDateTime,
    look: Look,
) -> Survey {
    let pin = lock.pin(spec).cloned();
    let mut survey = Survey { name: spec.name.clone(), pin, head: None, changes: None, problem: None };
    survey.problem = survey.look(sources, spec, git, now, look).err();
    survey
}

impl Survey {
    fn look(
        &mut self,
        sources: &Sources,
        spec: &SourceSpec,
        git: &GitOptions,
        now: OffsetDateTime,
        look: Look,
    ) -> Result<(), SourceError> {
        let path = sources.tree(&self.name);
        if let Some(repository) = Repository::open(&path, git)? {
            self.head = repository.head();
            self.changes = Some(repository.status(look)?);
        }
        let outdated = || SourceError::LockOutdated { name: spec.name.clone() };
        let pin = self.pin.as_ref().ok_or_else(outdated)?;
        pin.require_valid(now)?;
        let (Some(head), Some(changes)) = (&self.head, &self.changes) else {
            return Err(SourceError::Missing { name: self.name.clone(), path });
        };
        if !changes.is_clean() {
            return Err(SourceError::Dirty { path, what: changes.summary() });
        }
        if *head != pin.sha {
            let (head, expected) = (Some(head.clone()), Some(pin.sha.clone()));
            return Err(SourceError::Diverged { path, head, expected });
        }
        Ok(())
    }
}

/// Checks every object of a source's pin against its name, and its tree against the pin: for `verify`.
///
/// # Errors
/// What [`survey`] would report, or [`SourceError::Repository`] for the first damaged object.
pub fn verify(
    sources: &Sources,
    lock: &LockFile,
    spec: &SourceSpec,
    git: &GitOptions,
    now: OffsetDateTime,
) -> Result<LockedSource, SourceError> {
    let survey = surveyed(sources, lock, spec, git, now, Look::Full);
    if let Some(problem) = survey.problem {
        return Err(problem);
    }
    let missing = || SourceError::Missing { name: spec.name.clone(), path: sources.tree(&spec.name) };
    let repository = Repository::open(&sources.tree(&spec.name), git)?.ok_or_else(missing)?;
    let pin = survey.pin.ok_or_else(missing)?;
    let tree = repository.tree(&spec.name, &pin.sha)?;
    repository.verify(&tree)?;
    Ok(pin)
}
