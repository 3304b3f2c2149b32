//! What `hybrid clean` never takes (SEC-2): builds that are in use or prove something, and logs that are kept until a
//! day that was written down when they were made. What cannot be read counts as evidence.

use std::collections::{BTreeMap, BTreeSet};

use hc_core::BuildId;
use hc_core::fs::{file_names, read_limited};
use hc_records::retention::{Class, Policy};
use hc_records::{ArtifactRecord, LogSummary};
use hc_state::State;
use time::OffsetDateTime;

use super::{artifacts, journal};
use crate::command_error::Result;
use crate::session::Session;

/// Largest log summary that is read, in bytes.
const SUMMARY_LIMIT: u64 = 16 << 20;

/// What stays, and why not more is known.
#[derive(Debug, Default)]
pub struct Evidence {
    /// All records that can be read, newest first.
    pub records: Vec<ArtifactRecord>,
    /// A build whose record is damaged.
    pub damaged: Option<BuildId>,
    /// Ids of builds that stay.
    builds: BTreeSet<String>,
    /// Until when the raw log of a build is kept; `None`: for ever. By file name.
    logs: BTreeMap<String, Option<OffsetDateTime>>,
    /// Begins of file names of logs about which nothing can be known.
    unknown: Vec<String>,
    /// Why no build may go at all.
    pub all_builds: Option<String>,
    /// What to tell the operator.
    pub notes: Vec<String>,
}

impl Evidence {
    /// Looks at state, records, log summaries and journal.
    ///
    /// # Errors
    /// When one of their directories cannot be listed.
    pub fn gather(session: &Session, state: Option<&State>) -> Result<Self> {
        let (records, damaged) = records(session)?;
        let parents = journal::parents(session).into_iter().map(|build| build.to_string()).collect();
        let mut evidence = Self { builds: builds(state, &records, parents), ..Self::default() };
        if let Some(damaged) = &damaged {
            let why = format!("artifacts/{damaged}.json cannot be read, and it may be made from any build");
            evidence.all_builds = Some(why);
        } else if state.is_none() && !records.is_empty() {
            evidence.all_builds = Some("without a state nobody knows what is published".into());
        }
        evidence.summaries(session)?;
        // What a killed build made on a platform is known from its log alone.
        evidence.logs.extend(
            hc_records::journal::builds(&session.root)?
                .into_iter()
                .map(|build| (format!("{build}.log"), None)),
        );
        evidence
            .notes
            .extend(evidence.all_builds.iter().map(|why| format!("all builds and logs stay: {why}")));
        (evidence.records, evidence.damaged) = (records, damaged);
        Ok(evidence)
    }

    /// Whether a build stays whatever is asked.
    pub fn keeps_build(&self, build: &BuildId) -> bool {
        self.all_builds.is_some() || self.builds.contains(build.as_str())
    }

    /// Whether a log that was last written at `modified` stays; `keep_days` counts where nothing was written down.
    pub fn keeps_log(
        &self,
        name: &str,
        modified: OffsetDateTime,
        now: OffsetDateTime,
        keep_days: u32,
    ) -> bool {
        let of_build =
            |build: &String| name.strip_prefix(build.as_str()).is_some_and(|rest| rest.starts_with('.'));
        if self.all_builds.is_some()
            || self.builds.iter().any(of_build)
            || self.unknown.iter().any(|head| name.starts_with(head.as_str()))
        {
            return true;
        }
        let until = match self.logs.get(name) {
            Some(until) => *until,
            None => expiry(modified, keep_days),
        };
        until.is_none_or(|until| until > now)
    }

    fn summaries(&mut self, session: &Session) -> Result<()> {
        let dir = session.root.join("state/packer/logs");
        for name in file_names(&dir)? {
            let path = dir.join(&name);
            let Some(builder) = name.strip_suffix(".json") else { continue };
            let summary = read_limited(&path, SUMMARY_LIMIT)
                .ok()
                .flatten()
                .and_then(|bytes| serde_json::from_slice::<LogSummary>(&bytes).ok());
            match summary {
                Some(summary) => {
                    self.logs
                        .extend(summary.logs().into_iter().map(|log| (file_name(&log.path), log.expires_at)));
                }
                None => {
                    self.notes.push(format!(
                        "logs of {builder} stay: {} cannot be read; its next build writes it anew",
                        session.shown(&path)
                    ));
                    self.unknown.push(format!("{builder}-"));
                }
            }
        }
        Ok(())
    }
}

/// When a log that was made at `from` may go; `None`: never, which is what 0 days mean.
pub fn expiry(from: OffsetDateTime, keep_days: u32) -> Option<OffsetDateTime> {
    Class::Standard.expiry(from, &Policy { standard_days: keep_days, ..Policy::default() })
}

fn file_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// The newest build of every target, the last of the state, what is published, what running builds start from, and what
/// all these were made from.
fn builds(state: Option<&State>, records: &[ArtifactRecord], mut kept: BTreeSet<String>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    // Newest first: the first of a target is its newest.
    for record in records {
        if seen.insert((&record.builder, &record.env)) {
            kept.insert(record.build_id.to_string());
        }
    }
    if let Some(state) = state {
        let last = state.builders.values().filter_map(|known| known.last_build.as_ref());
        kept.extend(last.map(|build| build.build_id.to_string()));
        let published = state.channels.values().flat_map(|targets| targets.values());
        kept.extend(published.map(|publication| publication.build_id.to_string()));
    }
    let mut next: Vec<String> = kept.iter().cloned().collect();
    while let Some(build) = next.pop() {
        let parent = records
            .iter()
            .find(|record| record.build_id.as_str() == build)
            .and_then(|record| record.provenance.parent.as_ref());
        if let Some(parent) = parent
            && kept.insert(parent.build_id.to_string())
        {
            next.push(parent.build_id.to_string());
        }
    }
    kept
}

/// Records, newest first, and one that is damaged.
fn records(session: &Session) -> Result<(Vec<ArtifactRecord>, Option<BuildId>)> {
    let (mut records, mut damaged) = (Vec::new(), None);
    for id in hc_records::artifact::recorded(&session.root)? {
        match artifacts::read(session, &id) {
            Ok(record) => records.extend(record),
            Err(_) => damaged = Some(id),
        }
    }
    records.sort_by(|a: &ArtifactRecord, b| b.provenance.run_id.cmp(&a.provenance.run_id));
    Ok((records, damaged))
}
