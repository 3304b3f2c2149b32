//! The steps that need a server, each with its retries (SRC-3).

use std::sync::atomic::Ordering;

use super::report::Event;
use super::visit::Visit;
use crate::error::SourceError;
use crate::git::{FetchRequest, Fetched, Note, RefKind, RemoteRef, Repository, WantedCommit};
use crate::lock_file::{LockedSource, PinKind};
use crate::spec::SourceSpec;

impl Visit<'_> {
    fn retrying<T>(
        &self,
        spec: &SourceSpec,
        mut attempt: impl FnMut() -> Result<T, SourceError>,
    ) -> Result<T, SourceError> {
        let mut number = 1;
        loop {
            let error = match attempt() {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            if !error.is_transient() || number >= self.options.retry.attempts {
                return Err(error);
            }
            let pause = self.options.retry.pause(number, self.options.patience.jitter());
            (self.watcher)(Event::Retry {
                name: spec.name.clone(),
                attempt: number,
                pause,
                reason: error.to_string(),
            });
            self.options.patience.wait(pause, &|| self.cancel.load(Ordering::Relaxed));
            if self.cancel.load(Ordering::Relaxed) {
                return Err(SourceError::Interrupted { name: spec.name.clone() });
            }
            number += 1;
        }
    }

    /// The pin that `spec` has now, and the ref that has it.
    pub(super) fn resolve(
        &self,
        spec: &SourceSpec,
        repository: &Repository,
        notes: &mut Vec<Note>,
    ) -> Result<(LockedSource, Option<RemoteRef>), SourceError> {
        let pin = |kind, sha| LockedSource {
            name: spec.name.clone(),
            url: spec.origin.clone(),
            reference: spec.reference.clone(),
            kind,
            sha,
            force: None,
        };
        if let Some(sha) = spec.commit() {
            return Ok((pin(PinKind::Commit, sha), None));
        }
        if self.options.offline {
            return Err(SourceError::Offline { name: spec.name.clone() });
        }
        let (found, said) = self.retrying(spec, || repository.resolve(spec, self.cancel))?;
        notes.extend(said);
        let kind = match found.kind {
            RefKind::Branch => PinKind::Branch,
            RefKind::Tag => PinKind::Tag,
        };
        Ok((pin(kind, found.sha.clone()), Some(found)))
    }

    /// Asks whether a locked tag is still where it was (SRC-2). Asked once: an unreachable server does not take away
    /// a pin that is already here, and everything else of the sync would say the same.
    pub(super) fn check_tag(
        &self,
        spec: &SourceSpec,
        locked: &LockedSource,
        repository: &Repository,
    ) -> Result<Vec<Note>, SourceError> {
        if locked.kind != PinKind::Tag || locked.force.is_some() || self.options.offline {
            return Ok(Vec::new());
        }
        match repository.resolve(spec, self.cancel) {
            Ok((found, _)) if found.sha != locked.sha => Err(SourceError::MovedTag {
                name: spec.name.clone(),
                tag: spec.reference.clone(),
                locked: locked.sha.clone(),
                now: found.sha,
            }),
            Ok((_, notes)) => Ok(notes),
            Err(error @ SourceError::Interrupted { .. }) => Err(error),
            Err(error) => Ok(vec![Note::TagUnchecked { reason: error.to_string() }]),
        }
    }

    pub(super) fn fetch(
        &self,
        spec: &SourceSpec,
        repository: &Repository,
        pin: &LockedSource,
        by: Option<RemoteRef>,
    ) -> Result<Fetched, SourceError> {
        if self.options.offline {
            return Err(SourceError::Offline { name: spec.name.clone() });
        }
        let within = match pin.kind {
            PinKind::Branch => Some((RefKind::Branch, "refs/heads/")),
            PinKind::Tag => Some((RefKind::Tag, "refs/tags/")),
            PinKind::Commit => None,
        };
        let within = within.map(|(kind, prefix)| {
            let name = &spec.reference;
            let full_name = if name.starts_with("refs/") { name.clone() } else { format!("{prefix}{name}") };
            RemoteRef { full_name, kind, sha: pin.sha.clone() }
        });
        let request =
            FetchRequest { wanted: WantedCommit { sha: pin.sha.clone(), by }, within, shallow: spec.shallow };
        self.retrying(spec, || {
            repository.fetch(spec, &request, self.cancel, &mut |progress| {
                (self.watcher)(Event::Progress { name: spec.name.clone(), progress });
            })
        })
    }
}
