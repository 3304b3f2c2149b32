//! What is never cleaned away (SEC-2): builds that are in use or prove something, and logs that are kept until a day that
//! was written down when they were made. What cannot be read counts as evidence.

use std::collections::{BTreeMap, BTreeSet};

use hc_core::BuildId;
use hc_core::fs::{file_names, read_limited};
use hc_records::{ArtifactRecord, LogSummary, artifact, journal, layout, retention};
use hc_state::{State, paths};
use time::OffsetDateTime;

use crate::error::Result;
use crate::plan::{abandoned, lineage};
use crate::project::Project;

/// Largest log summary that is read, in bytes.
const SUMMARY_LIMIT: u64 = 16 << 20;

/// What stays, and why not more is known.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// All records that can be read, newest first.
    pub(super) records: Vec<ArtifactRecord>,
    /// A build whose record is damaged.
    pub(super) damaged: Option<BuildId>,
    /// Builds that stay.
    builds: BTreeSet<BuildId>,
    /// Until when the raw log of a build is kept; `None`: for ever. By file name.
    logs: BTreeMap<String, Option<OffsetDateTime>>,
    /// Beginnings of file names of logs about which nothing can be known.
    unknown: Vec<String>,
    /// Why no build may go at all.
    pub(super) all_builds: Option<String>,
    /// What to tell the operator.
    pub(super) notes: Vec<String>,
}

impl Evidence {
    /// Looks at state, records, log summaries and journal.
    ///
    /// # Errors
    /// When one of their directories cannot be listed.
    pub(super) fn gather(project: &Project, state: Option<&State>) -> Result<Self> {
        let (records, damaged) = records(project)?;
        let all_builds = if let Some(damaged) = &damaged {
            let path = layout::artifact_record(damaged);
            Some(format!("{path} cannot be read, and it may be made from any build"))
        } else if state.is_none() && !records.is_empty() {
            Some("without a state it is not known what is published".to_owned())
        } else {
            None
        };
        let builds = builds(state, &records, abandoned::parents(project).into_iter().collect());
        let mut evidence = Self { builds, all_builds, ..Self::default() };
        evidence.summaries(project)?;
        // What a killed build made on a platform is known from its log alone.
        let begun = journal::builds(&project.root)?;
        evidence.logs.extend(begun.into_iter().map(|build| (format!("{build}.log"), None)));
        let why = evidence.all_builds.iter().map(|why| format!("all builds and logs stay: {why}"));
        evidence.notes.extend(why);
        (evidence.records, evidence.damaged) = (records, damaged);
        Ok(evidence)
    }

    /// Whether a build stays whatever is asked.
    pub(super) fn keeps_build(&self, build: &BuildId) -> bool {
        self.all_builds.is_some() || self.builds.contains(build)
    }

    /// Whether a log that was last written at `modified` stays; `keep_days` counts where nothing was written down.
    pub(super) fn keeps_log(
        &self,
        name: &str,
        modified: OffsetDateTime,
        now: OffsetDateTime,
        keep_days: u32,
    ) -> bool {
        let of_build =
            |build: &BuildId| name.strip_prefix(build.as_str()).is_some_and(|rest| rest.starts_with('.'));
        if self.all_builds.is_some()
            || self.builds.iter().any(of_build)
            || self.unknown.iter().any(|head| name.starts_with(head.as_str()))
        {
            return true;
        }
        let until = match self.logs.get(name) {
            Some(until) => *until,
            None => retention::expiry(modified, keep_days),
        };
        until.is_none_or(|until| until > now)
    }

    fn summaries(&mut self, project: &Project) -> Result<()> {
        let dir = paths::log_summaries_dir(&project.root);
        for name in file_names(&dir)? {
            let path = dir.join(&name);
            let Some(builder) = name.strip_suffix(".json") else { continue };
            let bytes = read_limited(&path, SUMMARY_LIMIT).ok().flatten();
            match bytes.and_then(|bytes| LogSummary::from_json(&bytes)) {
                Some(summary) => {
                    let logs = summary.logs().into_iter();
                    self.logs.extend(logs.map(|log| (file_name(&log.path), log.expires_at)));
                }
                None => {
                    self.notes.push(format!(
                        "logs of {builder} stay: {} cannot be read; its next build writes it anew",
                        project.shown(&path)
                    ));
                    self.unknown.push(format!("{builder}-"));
                }
            }
        }
        Ok(())
    }
}

fn file_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// The newest build of every target, the last of the state, what is published, what running builds start from, and what
/// all these were made from.
fn builds(
    state: Option<&State>,
    records: &[ArtifactRecord],
    mut kept: BTreeSet<BuildId>,
) -> BTreeSet<BuildId> {
    let mut seen = BTreeSet::new();
    // Newest first: the first of a target is its newest.
    for record in records {
        if seen.insert((&record.builder, &record.env)) {
            kept.insert(record.build_id.clone());
        }
    }
    if let Some(state) = state {
        let last = state.builders.values().filter_map(|known| known.last_build.as_ref());
        kept.extend(last.map(|build| build.build_id.clone()));
        let published = state.channels.values().flat_map(|targets| targets.values());
        kept.extend(published.map(|publication| publication.build_id.clone()));
    }
    let mut next: Vec<BuildId> = kept.iter().cloned().collect();
    while let Some(build) = next.pop() {
        let record = records.iter().find(|record| record.build_id == build);
        let parent = record.and_then(|record| record.provenance.parent.as_ref());
        if let Some(parent) = parent
            && kept.insert(parent.build_id.clone())
        {
            next.push(parent.build_id.clone());
        }
    }
    kept
}

/// Records, newest first, and one that is damaged.
fn records(project: &Project) -> Result<(Vec<ArtifactRecord>, Option<BuildId>)> {
    let (mut records, mut damaged) = (Vec::new(), None);
    for id in artifact::recorded(&project.root)? {
        match lineage::read(project, &id) {
            Ok(record) => records.extend(record),
            Err(_) => damaged = Some(id),
        }
    }
    records.sort_by_key(|record: &ArtifactRecord| std::cmp::Reverse(record.age()));
    Ok((records, damaged))
}
