//! A plan of what may go, evidence left out, and its execution (SEC-2).
//!
//! Evidence is never planned: the newest build of every target, published builds, what they were made from, hash
//! manifests, the state with its backups and audit log, logs that are kept for some days yet. Asking for it by name is a
//! security error.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hc_core::RunId;
use hc_core::fs::{confine, io_error};
use hc_records::{ArtifactRecord, kept, layout};
use hc_state::Store;
use time::OffsetDateTime;

use super::evidence::Evidence;
use super::{logs, texts};
use crate::error::{EngineError, Result};
use crate::outcome::clean::{CleanReport, PlannedRemoval, Scope, TextsRemoval};
use crate::plan::lineage;
use crate::project::{Project, store};

/// What to clean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// One build, by build id or builder id, whatever its age.
    Build(String),
    /// Everything of these scopes that is old enough and not evidence.
    Older {
        /// The scopes.
        scopes: Vec<Scope>,
        /// The least age.
        than: Duration,
    },
}

/// Whether anything is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Only planned.
    Plan,
    /// Planned and removed.
    Remove,
}

/// Plans, and removes if `mode` says so.
///
/// # Errors
/// `EvidenceKept` for a build that is evidence; when something cannot be listed or removed.
pub fn clean(project: &Project, what: &What, mode: Mode) -> Result<CleanReport> {
    let store = store::open(project)?;
    let evidence = Evidence::gather(project, store.read()?.as_ref())?;
    let mut plan = Plan {
        project,
        evidence: &evidence,
        planned: BTreeSet::new(),
        removals: Vec::new(),
        notes: evidence.notes.clone(),
    };
    match what {
        What::Build(name) => plan.named(name)?,
        What::Older { scopes, than } => plan.older(scopes, *than, &store)?,
    }
    let Plan { removals, notes, planned, .. } = plan;
    let mut report =
        CleanReport { applied: mode == Mode::Remove, removals, texts: TextsRemoval::default(), notes };
    if report.applied {
        for removal in &report.removals {
            remove(&project.at(&removal.path))?;
        }
        tracing::info!(removed = report.removals.len(), "cleaned");
    }
    if let What::Older { scopes, than } = what
        && scopes.contains(&Scope::Artifacts)
    {
        let kept = if report.applied { kept::Mode::Remove } else { kept::Mode::Plan };
        report.texts = texts::prune(project, &store, &planned, *than, kept, &mut report.notes)?;
    }
    Ok(report)
}

struct Plan<'a> {
    project: &'a Project,
    evidence: &'a Evidence,
    planned: BTreeSet<PathBuf>,
    removals: Vec<PlannedRemoval>,
    notes: Vec<String>,
}

impl Plan<'_> {
    /// One build that was asked for.
    fn named(&mut self, name: &str) -> Result<()> {
        let evidence = self.evidence;
        let kept = |build: &str| EngineError::EvidenceKept {
            build: build.to_owned(),
            why: evidence.all_builds.clone(),
        };
        if evidence.damaged.as_ref().is_some_and(|damaged| damaged.as_str() == name) {
            return Err(kept(name));
        }
        let record = lineage::named(&evidence.records, name)?;
        if evidence.keeps_build(&record.build_id) {
            return Err(kept(record.build_id.as_str()));
        }
        self.build(record);
        Ok(())
    }

    /// Everything of some scopes that is old enough.
    fn older(&mut self, scopes: &[Scope], than: Duration, store: &Store) -> Result<()> {
        let wants = |scope: Scope| scopes.contains(&scope);
        if wants(Scope::Artifacts) {
            self.artifacts(than);
        }
        if wants(Scope::Logs) {
            self.logs(than)?;
        }
        if !wants(Scope::Cache) && !wants(Scope::Work) {
            return Ok(());
        }
        let building: Vec<String> =
            store.build_holders()?.iter().map(|holder| holder.target.to_string()).collect();
        if wants(Scope::Cache) {
            self.cache(than, &building)?;
        }
        if wants(Scope::Work) {
            self.work(than, &building, &logs::live_runs(self.project)?)?;
        }
        Ok(())
    }

    fn artifacts(&mut self, than: Duration) {
        let evidence = self.evidence;
        for record in evidence.records.iter().filter(|record| !evidence.keeps_build(&record.build_id)) {
            if self.project.now() - record.created_at >= than {
                self.build(record);
            }
        }
    }

    fn logs(&mut self, than: Duration) -> Result<()> {
        let (project, evidence) = (self.project, self.evidence);
        for dir in [layout::PACKER_LOGS, layout::TEST_LOGS] {
            self.children(Scope::Logs, Path::new(dir), than, &|path| !keeps_log(project, evidence, path))?;
        }
        Ok(())
    }

    fn cache(&mut self, than: Duration, building: &[String]) -> Result<()> {
        let dir = hc_core::fs::normalize(&self.project.settings.packer.cache_dir);
        // Whatever hybrid.toml calls a cache: only what lies in hybrid's own directory of caches is taken for one.
        if dir.starts_with(layout::CACHES) {
            return self.children(Scope::Cache, &dir, than, &|_| building.is_empty());
        }
        self.notes.push(format!(
            "packer's cache {} stays: it is not below {}, so others may use it",
            dir.display(),
            layout::CACHES
        ));
        Ok(())
    }

    fn work(&mut self, than: Duration, building: &[String], live: &BTreeSet<RunId>) -> Result<()> {
        let idle = |run: &Path| {
            let name = run.file_name().unwrap_or_default().to_string_lossy();
            !building.iter().any(|target| run.join(target).exists())
                && !live.iter().any(|live| live.as_str() == name)
        };
        self.children(Scope::Work, Path::new(layout::WORK), than, &idle)?;
        let none = |_: &Path| building.is_empty() && live.is_empty();
        self.children(Scope::Work, Path::new(layout::MIRRORS), than, &none)?;
        self.children(Scope::Work, Path::new(layout::UPGRADE), than, &none)
    }

    /// Everything of one build, except a log that is still kept.
    fn build(&mut self, record: &ArtifactRecord) {
        let id = &record.build_id;
        let log = layout::packer_log(id);
        if !keeps_log(self.project, self.evidence, &self.project.at(&log)) {
            self.add(Scope::Artifacts, log.into());
        }
        let parts = [
            layout::images_of(id),
            layout::packer_manifest(id),
            layout::kept_inputs(id),
            // The record goes last: a run that is stopped in between can still be told what was built.
            layout::artifact_record(id),
        ];
        for part in parts {
            self.add(Scope::Artifacts, part.into());
        }
    }

    /// Direct children of a directory that are old enough and wanted.
    fn children(
        &mut self,
        scope: Scope,
        dir: &Path,
        than: Duration,
        wanted: &dyn Fn(&Path) -> bool,
    ) -> Result<()> {
        // A cache of the machine, or one that several projects share, is not this project's to clean.
        let Ok(full) = confine(&self.project.root, dir) else { return Ok(()) };
        if !full.is_dir() {
            return Ok(());
        }
        let mut names: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(&full).map_err(io_error("list", &full))?.flatten() {
            let modified = entry.metadata().and_then(|meta| meta.modified());
            if modified.is_ok_and(|at| self.is_older(at, than)) && wanted(&entry.path()) {
                names.push(dir.join(entry.file_name()));
            }
        }
        names.sort();
        for name in names {
            self.add(scope, name);
        }
        Ok(())
    }

    fn is_older(&self, modified: SystemTime, than: Duration) -> bool {
        let age = self.project.now() - OffsetDateTime::from(modified);
        !age.is_negative() && age >= than
    }

    fn add(&mut self, scope: Scope, path: PathBuf) {
        let full = self.project.at(&path);
        // Links are removed, never followed.
        if full.symlink_metadata().is_ok() && !self.planned.contains(&path) {
            let (shown, size) = (path.display().to_string(), size_of(&full));
            self.removals.push(PlannedRemoval { scope, path: shown, size });
            self.planned.insert(path);
        }
    }
}

/// Whether a log is kept; one whose age cannot be told is.
fn keeps_log(project: &Project, evidence: &Evidence, path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let modified = path.symlink_metadata().and_then(|meta| meta.modified());
    modified.map_or(true, |at| {
        evidence.keeps_log(&name, at.into(), project.now(), project.settings.logs.keep_days)
    })
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
