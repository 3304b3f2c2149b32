//! Asking a server what a ref is, and getting a commit with everything below it.

use std::sync::atomic::{AtomicBool, Ordering};

use gix::bstr::ByteSlice;
use gix::protocol::transport::client::blocking_io::{Transport as Speaks, connect};
use gix::remote::fetch::{Shallow, Tags};
use gix::remote::{Direction, ref_map};

use super::advertised::Advertised;
use super::cause::{is_pin_gone, remote, stopped};
use super::meter::{Meter, Progress};
use super::repository::{INCOMING, Repository};
use super::transport::{credentials, http_options};
use super::watchdog::watch;
use super::{GitOptions, Note, program};
use crate::error::{GitCause, SourceError};
use crate::sha::Sha;
use crate::spec::{SourceSpec, Transport};

/// What a name is on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefKind {
    /// Moves by design.
    Branch,
    /// Must not move.
    Tag,
}

/// A branch or tag on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteRef {
    /// Full name, `refs/tags/v1`.
    pub full_name: String,
    /// What it is.
    pub kind: RefKind,
    /// The commit that it leads to.
    pub sha: Sha,
}

/// The commit that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedCommit {
    /// Its id.
    pub sha: Sha,
    /// The branch or tag that has it now.
    pub by: Option<RemoteRef>,
}

/// What to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchRequest {
    /// The commit.
    pub wanted: WantedCommit,
    /// A branch or tag whose history may contain it, if the server refuses to give out bare commits.
    pub within: Option<RemoteRef>,
    /// Without history.
    pub shallow: bool,
}

/// What a fetch brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Bytes of the pack.
    pub bytes: u64,
    /// What a person should know.
    pub notes: Vec<Note>,
}

/// One connection's worth of work for the thread that does it.
struct Job {
    repository: gix::ThreadSafeRepository,
    options: GitOptions,
    url: String,
    specs: Vec<String>,
    is_http: bool,
}

struct Listed {
    refs: Vec<(String, Sha)>,
}

enum Failure {
    Git { error: gix::Error, asked: bool },
}

impl Repository {
    /// Asks the server for the branch or tag of `spec`.
    ///
    /// # Errors
    /// [`SourceError::ReferenceMissing`], [`SourceError::ReferenceAmbiguous`], and all errors of the network.
    pub fn resolve(
        &self,
        spec: &SourceSpec,
        cancel: &AtomicBool,
    ) -> Result<(RemoteRef, Vec<Note>), SourceError> {
        let names = candidates(&spec.reference);
        let job = self.job(spec, names.iter().map(|name| format!("+{name}:{name}")).collect());
        let listed = watch(&self.options, cancel, &mut |_| {}, move |meter, _| job.list(meter))
            .map_err(|reason| stopped(&spec.name, &spec.url, reason))?;
        let mut notes = Vec::new();
        let refs = match listed {
            Ok(listed) => listed.refs,
            Err(Failure::Git { error, asked }) => {
                let error = remote(&spec.url, &error, asked, &self.options);
                let (refs, note) =
                    program::fall_back(error, &self.options, |git| git.list(spec, &names, cancel))?;
                notes.push(note);
                refs
            }
        };
        let mut found: Vec<RemoteRef> = refs
            .into_iter()
            .filter(|(name, _)| names.contains(name))
            .map(|(full_name, sha)| RemoteRef {
                kind: if full_name.starts_with("refs/tags/") { RefKind::Tag } else { RefKind::Branch },
                full_name,
                sha,
            })
            .collect();
        let (url, reference) = (spec.url.clone(), spec.reference.clone());
        match (found.pop(), found.is_empty()) {
            (Some(only), true) => Ok((only, notes)),
            (None, _) => Err(SourceError::ReferenceMissing { url, reference }),
            (Some(_), false) => Err(SourceError::ReferenceAmbiguous { url, reference }),
        }
    }

    /// Gets a commit and everything below it.
    ///
    /// # Errors
    /// [`SourceError::PinGone`], and all errors of the network.
    pub fn fetch(
        &self,
        spec: &SourceSpec,
        request: &FetchRequest,
        cancel: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Fetched, SourceError> {
        let sha = &request.wanted.sha;
        // By name where the name has it: then `git log origin/main` and `git describe` work for people.
        let by_id = format!("+{sha}:{INCOMING}");
        let first = match &request.wanted.by {
            Some(by) => format!("+{}:{}", by.full_name, local_name(by)),
            None => by_id.clone(),
        };
        let mut outcome = self.fetch_spec(spec, first, request.shallow, cancel, on_progress);
        if let (Ok(_), true, false) = (&outcome, request.wanted.by.is_some(), self.has_commit(sha)) {
            // The branch moved between the question and the fetch.
            outcome = self.fetch_spec(spec, by_id, request.shallow, cancel, on_progress);
        }
        let refused = match &outcome {
            Err(SourceError::Unreachable { cause, .. } | SourceError::ProgramNeeded { cause, .. }) => {
                is_pin_gone(cause)
            }
            _ => false,
        };
        if let (true, Some(within)) = (refused, &request.within) {
            let wide = format!("+{}:{}", within.full_name, local_name(within));
            outcome = self.fetch_spec(spec, wide, false, cancel, on_progress);
        }
        match outcome {
            Ok(fetched) if self.refreshed_has(sha) => {
                self.keep(sha)?;
                Ok(fetched)
            }
            Ok(_) => Err(SourceError::PinGone {
                url: spec.url.clone(),
                sha: sha.clone(),
                cause: GitCause(vec!["the server sent other commits only".to_owned()]),
            }),
            Err(SourceError::Unreachable { url, cause } | SourceError::ProgramNeeded { url, cause })
                if is_pin_gone(&cause) =>
            {
                Err(SourceError::PinGone { url, sha: sha.clone(), cause })
            }
            Err(error) => Err(error),
        }
    }

    fn refreshed_has(&self, sha: &Sha) -> bool {
        self.has_commit(sha)
            || Self::open(&self.dir, &self.options).ok().flatten().is_some_and(|fresh| fresh.has_commit(sha))
    }

    fn fetch_spec(
        &self,
        spec: &SourceSpec,
        refspec: String,
        shallow: bool,
        cancel: &AtomicBool,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Fetched, SourceError> {
        let depth = if shallow {
            Shallow::DepthAtRemote(std::num::NonZeroU32::MIN)
        } else if self.inner.is_shallow().unwrap_or(false) {
            Shallow::undo()
        } else {
            Shallow::NoChange
        };
        let job = self.job(spec, vec![refspec.clone()]);
        let received = watch(&self.options, cancel, on_progress, move |meter, interrupt| {
            job.receive(meter, interrupt, depth)
        })
        .map_err(|reason| stopped(&spec.name, &spec.url, reason))?;
        match received {
            Ok(bytes) => Ok(Fetched { bytes, notes: Vec::new() }),
            Err(Failure::Git { error, asked }) => {
                let error = remote(&spec.url, &error, asked, &self.options);
                let fetched = program::fall_back(error, &self.options, |git| {
                    git.fetch(spec, &self.dir, &refspec, shallow, cancel)
                });
                let ((), note) = fetched?;
                Ok(Fetched { bytes: 0, notes: vec![note] })
            }
        }
    }

    fn job(&self, spec: &SourceSpec, specs: Vec<String>) -> Job {
        Job {
            repository: self.inner.clone().into_sync(),
            options: self.options.clone(),
            url: spec.url.clone(),
            specs,
            is_http: matches!(spec.transport(), Transport::Https | Transport::Http),
        }
    }
}

impl Job {
    /// Opens a connection and hands it to `work`, watching whether the server asks for credentials.
    fn connect<T>(
        &self,
        meter: &Meter,
        work: impl FnOnce(
            gix::remote::Connection<'_, '_, '_, Advertised<Box<dyn Speaks + Send>>>,
        ) -> gix::Result<T>,
    ) -> Result<T, Failure> {
        let asked = AtomicBool::new(false);
        let repository = self.repository.to_thread_local();
        let run = || -> gix::Result<T> {
            let specs = self.specs.iter().map(|spec| spec.as_bytes().as_bstr());
            let remote = repository
                .remote_at_without_url_rewrite(self.url.as_str())?
                .with_fetch_tags(Tags::None)
                .with_refspecs(specs, Direction::Fetch)?;
            let connection =
                remote.to_connection_with_transport(self.transport(&repository, &remote, meter)?);
            let mut connection = connection.with_credentials(|action| {
                asked.store(true, Ordering::Relaxed);
                credentials(&self.options, action)
            });
            if self.is_http {
                connection.set_transport_options(Box::new(http_options(&self.options)));
            }
            work(connection)
        };
        let outcome = run();
        let asked = asked.load(Ordering::Relaxed);
        outcome.map_err(|error| Failure::Git { error, asked })
    }

    /// As gix connects by itself, with a limit on what the server may name.
    fn transport(
        &self,
        repository: &gix::Repository,
        remote: &gix::Remote<'_>,
        meter: &Meter,
    ) -> gix::Result<Advertised<Box<dyn Speaks + Send>>> {
        let (url, version) = remote.sanitized_url_and_version(Direction::Fetch)?;
        let ssh = match url.scheme {
            gix::url::Scheme::Ssh => repository.ssh_connect_options()?,
            _ => Default::default(),
        };
        let transport = connect::connect(url, connect::Options { version, ssh, trace: false })?;
        Ok(Advertised::new(transport, meter.clone()))
    }

    fn list(self, meter: Meter) -> Result<Listed, Failure> {
        self.connect(&meter.clone(), |connection| {
            let (map, _) = connection.ref_map(meter, ref_map::Options::default())?;
            let refs = map.remote_refs.iter().filter_map(|found| {
                let (name, target, peeled) = found.unpack();
                // `unpack` names the tag object second where there is one.
                let id = peeled_id(found).or(target).or(peeled)?;
                Some((name.to_str().ok()?.to_owned(), id.to_string().parse().ok()?))
            });
            Ok(Listed { refs: refs.collect() })
        })
    }

    fn receive(self, meter: Meter, interrupt: &AtomicBool, depth: Shallow) -> Result<u64, Failure> {
        self.connect(&meter.clone(), |connection| {
            let prepared = connection.prepare_fetch(meter.clone(), ref_map::Options::default())?;
            let outcome = prepared.with_shallow(depth).receive(meter.clone(), interrupt)?;
            if let gix::remote::fetch::Status::Change { write_pack_bundle, .. } = outcome.status
                && let Some(keep) = write_pack_bundle.keep_path
            {
                // The ref that holds the commit is written by the caller, who has the lock.
                let _ = std::fs::remove_file(keep);
            }
            Ok(meter.snapshot().bytes)
        })
    }
}

fn peeled_id(found: &gix::protocol::handshake::Ref) -> Option<&gix::oid> {
    use gix::protocol::handshake::Ref;
    match found {
        Ref::Peeled { object, .. } | Ref::Direct { object, .. } | Ref::Symbolic { object, .. } => {
            Some(object)
        }
        Ref::Unborn { .. } => None,
    }
}

fn candidates(reference: &str) -> Vec<String> {
    if reference.starts_with("refs/") {
        vec![reference.to_owned()]
    } else {
        vec![format!("refs/heads/{reference}"), format!("refs/tags/{reference}")]
    }
}

fn local_name(found: &RemoteRef) -> String {
    match found.full_name.strip_prefix("refs/heads/") {
        Some(branch) => format!("refs/remotes/origin/{branch}"),
        None if found.kind == RefKind::Tag => found.full_name.clone(),
        None => INCOMING.to_owned(),
    }
}
