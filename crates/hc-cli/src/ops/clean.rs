//! `hybrid clean`: a plan of what may go, evidence left out, and its execution (SEC-2).
//!
//! Evidence ([`super::evidence`]) is never planned: the newest build of every target, published builds, what they were
//! made from, hash manifests, the state with its backups and audit log, logs that are kept for some days yet. Asking
//! for it by name is a security error.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hc_core::fs::{confine, io_error};
use hc_records::ArtifactRecord;

use super::evidence::Evidence;
use super::{artifacts, state};
use crate::command_error::{CommandError, Result};
use crate::report::clean::{CleanReport, PlannedRemoval};
use crate::session::Session;
use hc_core::ExitClass;

/// Where hybrid keeps what can be had again.
const CACHES: &str = ".hybrid/cache";

/// What is cleaned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Superseded builds: images, records, kept inputs
    Artifacts,
    /// Raw logs of builds and tests
    Logs,
    /// Packer's own downloads
    Cache,
    /// Work directories of failed and killed runs
    Work,
    /// All of these
    All,
}

/// What to clean, and whether to.
#[derive(Debug, Clone)]
pub struct CleanOptions {
    /// The scope.
    pub scope: Scope,
    /// Only what is older.
    pub older_than: Duration,
    /// One build that is to go, whatever its age.
    pub build: Option<String>,
    /// Removes; without it only the plan is shown.
    pub apply: bool,
}

/// Plans, and with `apply` removes.
///
/// # Errors
/// `EvidenceKept` (exit 3) for a build that is evidence; when something cannot be listed or removed.
pub fn clean(session: &Session, options: &CleanOptions) -> Result<CleanReport> {
    let store = state::open(session)?;
    let state = store.read()?;
    let evidence = Evidence::gather(session, state.as_ref())?;
    let mut plan = Plan {
        session,
        evidence: &evidence,
        older_than: options.older_than,
        planned: BTreeSet::new(),
        removals: Vec::new(),
    };
    let mut foreign: Vec<String> = Vec::new();
    let wants = |scope: Scope| {
        options.build.is_none() && matches!(options.scope, Scope::All) | (options.scope == scope)
    };
    if let Some(build) = &options.build {
        let damaged = evidence.damaged.as_ref().filter(|damaged| damaged.as_str() == build);
        let record = if damaged.is_none() { Some(artifacts::named(&evidence.records, build)?) } else { None };
        let id = record.map_or(build.as_str(), |record| record.build_id.as_str());
        let Some(record) = record.filter(|record| !evidence.keeps_build(&record.build_id)) else {
            let why = "it is the newest build of its target, published, or what one of these was made from";
            return Err(CommandError::new("EvidenceKept", format!("{id} is evidence and stays"))
                .hint(evidence.all_builds.as_deref().unwrap_or(why))
                .exit(ExitClass::Security));
        };
        plan.build(record);
    }
    if wants(Scope::Artifacts) {
        for record in evidence.records.iter().filter(|record| !evidence.keeps_build(&record.build_id)) {
            let age = session.now() - record.created_at;
            if age >= options.older_than {
                plan.build(record);
            }
        }
    }
    if wants(Scope::Logs) {
        for dir in ["logs/packer", "logs/tests"] {
            plan.children("logs", Path::new(dir), &|path| !keeps_log(session, &evidence, path))?;
        }
    }
    let holders = if wants(Scope::Cache) || wants(Scope::Work) { store.build_holders()? } else { Vec::new() };
    let building: Vec<String> = holders.iter().map(|holder| holder.target.to_string()).collect();
    if wants(Scope::Cache) {
        let dir = hc_core::fs::normalize(&session.settings.packer.cache_dir);
        // Whatever hybrid.toml calls a cache: only what lies in hybrid's own directory of caches is taken for one.
        if dir.starts_with(CACHES) {
            plan.children("cache", &dir, &|_| building.is_empty())?;
        } else {
            foreign.push(format!(
                "packer's cache {} stays: it is not below {CACHES}, so others may use it",
                dir.display()
            ));
        }
    }
    if wants(Scope::Work) {
        let live = super::logs::live_runs(session)?;
        let idle = |run: &Path| {
            let name = run.file_name().unwrap_or_default().to_string_lossy();
            !building.iter().any(|target| run.join(target).exists())
                && !live.iter().any(|live| live.as_str() == name)
        };
        plan.children("work", Path::new(".hybrid/work"), &idle)?;
        plan.children("work", Path::new(".hybrid/upgrade"), &|_| building.is_empty() && live.is_empty())?;
    }
    let removals = plan.removals;
    let notes = evidence.notes.iter().cloned().chain(foreign).collect();
    let mut report = CleanReport { applied: options.apply, removals, notes };
    if options.apply {
        for removal in &mut report.removals {
            remove(&session.root.join(&removal.path))?;
        }
        tracing::info!(removed = report.removals.len(), "cleaned");
    }
    Ok(report)
}

/// Whether a log is kept; one whose age nobody can tell is.
fn keeps_log(session: &Session, evidence: &Evidence, path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let modified = path.symlink_metadata().and_then(|meta| meta.modified());
    modified.map_or(true, |at| {
        evidence.keeps_log(&name, at.into(), session.now(), session.settings.logs.keep_days)
    })
}

struct Plan<'a> {
    session: &'a Session,
    evidence: &'a Evidence,
    older_than: Duration,
    planned: BTreeSet<String>,
    removals: Vec<PlannedRemoval>,
}

impl Plan<'_> {
    /// Everything of one build, except a log that is still kept.
    fn build(&mut self, record: &ArtifactRecord) {
        let id = &record.build_id;
        let log = format!("logs/packer/{id}.log");
        if !keeps_log(self.session, self.evidence, &self.session.root.join(&log)) {
            self.add("artifacts", Path::new(&log));
        }
        let parts = [
            format!("artifacts/images/{id}"),
            format!("artifacts/{id}.packer.json"),
            format!(".hybrid/inputs/{id}.json"),
            // The record goes last: a run that is stopped in between can still be told what was built.
            format!("artifacts/{id}.json"),
        ];
        for part in parts {
            self.add("artifacts", Path::new(&part));
        }
    }

    /// Direct children of a directory that are old enough and wanted.
    fn children(&mut self, scope: &str, dir: &Path, wanted: &dyn Fn(&Path) -> bool) -> Result<()> {
        // A cache of the machine, or one that several projects share, is not this project's to clean.
        let Ok(full) = confine(&self.session.root, dir) else { return Ok(()) };
        if !full.is_dir() {
            return Ok(());
        }
        let mut names: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(&full).map_err(io_error("list", &full))?.flatten() {
            let old = entry
                .metadata()
                .and_then(|meta| meta.modified())
                .is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age >= self.older_than));
            if old && wanted(&entry.path()) {
                names.push(dir.join(entry.file_name()));
            }
        }
        names.sort();
        for name in names {
            self.add(scope, &name);
        }
        Ok(())
    }

    fn add(&mut self, scope: &str, path: &Path) {
        let full = self.session.root.join(path);
        let shown = path.display().to_string();
        // Links are removed, never followed.
        if full.symlink_metadata().is_ok() && self.planned.insert(shown.clone()) {
            self.removals.push(PlannedRemoval { scope: scope.into(), path: shown, size: size_of(&full) });
        }
    }
}

fn size_of(path: &Path) -> u64 {
    let Ok(meta) = path.symlink_metadata() else { return 0 };
    if !meta.is_dir() {
        return meta.len();
    }
    std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| size_of(&entry.path())).sum()
}

fn remove(path: &Path) -> Result<()> {
    let done = match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(_) => return Ok(()),
    };
    Ok(done.map_err(io_error("remove", path))?)
}
