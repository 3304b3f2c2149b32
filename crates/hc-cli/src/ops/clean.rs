//! `hybrid clean`: a plan of what may go, evidence left out, and its execution (SEC-2).
//!
//! Evidence is never planned: the newest build of every target, published builds, what they were made from, hash
//! manifests, the state with its backups and audit log, logs that a summary still keeps. Asking for it by name is a
//! security error.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hc_core::fs::{io_error, read_limited};
use hc_packer::artifact::{ArtifactRecord, LogSummary};
use hc_state::State;

use super::{artifacts, state};
use crate::command_error::{CommandError, Result};
use crate::exit_code::ExitCode;
use crate::report::clean::{CleanReport, PlannedRemoval};
use crate::session::Session;

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
    let mut plan = Plan { session, older_than: options.older_than, removals: Vec::new() };
    let wants = |scope: Scope| {
        options.build.is_none() && matches!(options.scope, Scope::All) | (options.scope == scope)
    };
    let records = artifacts::list(session, "")?.artifacts;
    let evidence = evidence(state.as_ref(), &records);
    if let Some(build) = &options.build {
        let record = artifacts::show(session, build)?.artifact;
        if evidence.contains(record.build_id.as_str()) {
            return Err(CommandError::new(
                "EvidenceKept",
                format!("{} is evidence and stays", record.build_id),
            )
            .hint("it is the newest build of its target, published, or what one of these was made from")
            .exit(ExitCode::Security));
        }
        plan.build(&record);
    }
    if wants(Scope::Artifacts) {
        for record in records.iter().filter(|record| !evidence.contains(record.build_id.as_str())) {
            let age = session.now() - record.created_at;
            if age >= options.older_than {
                plan.build(record);
            }
        }
    }
    if wants(Scope::Logs) {
        let kept = kept_logs(session)?;
        for dir in ["logs/packer", "logs/tests"] {
            plan.children("logs", Path::new(dir), &|path| !kept.iter().any(|kept| path.ends_with(kept)))?;
        }
    }
    if wants(Scope::Cache) {
        plan.children("cache", &session.settings.packer.cache_dir.clone(), &|_| true)?;
    }
    if wants(Scope::Work) {
        let building: Vec<String> =
            store.build_holders()?.iter().map(|holder| holder.target.to_string()).collect();
        let idle = |run: &Path| !building.iter().any(|target| run.join(target).exists());
        plan.children("work", Path::new(".hybrid/work"), &idle)?;
        plan.children("work", Path::new(".hybrid/upgrade"), &|_| building.is_empty())?;
    }
    let mut report = CleanReport { applied: options.apply, removals: plan.removals };
    if options.apply {
        for removal in &mut report.removals {
            remove(&session.root.join(&removal.path))?;
        }
        tracing::info!(removed = report.removals.len(), "cleaned");
    }
    Ok(report)
}

/// Builds that stay whatever is asked.
fn evidence(state: Option<&State>, records: &[ArtifactRecord]) -> BTreeSet<String> {
    let mut kept = BTreeSet::new();
    let mut seen = BTreeSet::new();
    // Newest first: the first of a target is its newest.
    for record in records {
        if seen.insert((record.builder.clone(), record.env.clone())) {
            kept.insert(record.build_id.to_string());
        }
    }
    if let Some(state) = state {
        kept.extend(
            state.builders.values().filter_map(|known| Some(known.last_build.as_ref()?.build_id.to_string())),
        );
        let published = state.channels.values().flat_map(|targets| targets.values());
        kept.extend(published.map(|publication| publication.build_id.to_string()));
    }
    let mut next: Vec<String> = kept.iter().cloned().collect();
    while let Some(build) = next.pop() {
        let record = records.iter().find(|record| record.build_id.as_str() == build);
        let parent = record
            .and_then(|record| record.provenance.parent.as_ref())
            .map(|parent| parent.build_id.to_string());
        if let Some(parent) = parent.filter(|parent| !kept.contains(parent)) {
            kept.insert(parent.clone());
            next.push(parent);
        }
    }
    kept
}

/// File names of logs whose summary has not expired.
fn kept_logs(session: &Session) -> Result<Vec<String>> {
    let dir = session.root.join("state/packer/logs");
    let mut kept = Vec::new();
    for file in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
        let Some(bytes) = read_limited(&file.path(), 1 << 20)? else { continue };
        let Ok(summary) = serde_json::from_slice::<LogSummary>(&bytes) else { continue };
        if summary.expires_at > session.now() {
            let name =
                summary.log_path.as_deref().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
            kept.extend(name);
        }
    }
    Ok(kept)
}

struct Plan<'a> {
    session: &'a Session,
    older_than: Duration,
    removals: Vec<PlannedRemoval>,
}

impl Plan<'_> {
    /// Everything of one build.
    fn build(&mut self, record: &ArtifactRecord) {
        let id = &record.build_id;
        let parts = [
            format!("artifacts/images/{id}"),
            format!("artifacts/{id}.packer.json"),
            format!(".hybrid/inputs/{id}.json"),
            format!("logs/packer/{id}.log"),
            // The record goes last: a run that is stopped in between can still be told what was built.
            format!("artifacts/{id}.json"),
        ];
        for part in parts {
            self.add("artifacts", Path::new(&part));
        }
    }

    /// Direct children of a directory that are old enough and wanted.
    fn children(&mut self, scope: &str, dir: &Path, wanted: &dyn Fn(&Path) -> bool) -> Result<()> {
        let full = self.session.root.join(dir);
        if !full.starts_with(&self.session.root) || !full.is_dir() {
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
        // Links are removed, never followed.
        if full.symlink_metadata().is_ok() {
            self.removals.push(PlannedRemoval {
                scope: scope.into(),
                path: path.display().to_string(),
                size: size_of(&full),
            });
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
