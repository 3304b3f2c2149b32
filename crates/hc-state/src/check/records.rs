//! Findings about the records of a state: a function of values that reads the schema's fields and nothing else.

use std::collections::BTreeMap;

use hc_core::{BuildId, Digest, Target};

use super::finding::{FindingCode, StateFinding, sort};
use crate::format::{BuilderRecord, RunOutcome, ScanStatus, State, SuiteResult};

/// What the caller knows and the state does not; an empty context compares nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckContext {
    /// Combined digest of each target's inputs as they are now.
    pub current_inputs: BTreeMap<Target, Digest>,
    /// Digest of each target's hash manifest as it is on disk; `None` when it is missing.
    pub manifests: BTreeMap<Target, Option<Digest>>,
    /// Digest of the record of each build that the state stands on, as it is on disk; `None` when it is missing.
    pub records: BTreeMap<BuildId, Option<Digest>>,
}

/// What of a build's tests is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProvenanceGap {
    /// No suite ran on it.
    Untested,
    /// The newest run of these suites failed.
    Failed(Vec<String>),
    /// These suites' records name no artifact links.
    NoLinks(Vec<String>),
}

impl BuilderRecord {
    /// The newest result of every suite on `build`, by suite.
    pub fn results_of(&self, build: &BuildId) -> BTreeMap<&str, &SuiteResult> {
        // Oldest first: later results replace earlier ones.
        self.provenance.iter().filter(|p| p.build_id == *build).map(|p| (p.suite.as_str(), p)).collect()
    }

    /// What keeps `build` from counting as tested (STATE-4); `None` when nothing does.
    pub fn provenance_gap(&self, build: &BuildId) -> Option<ProvenanceGap> {
        let results = self.results_of(build);
        let suites = |wanted: fn(&SuiteResult) -> bool| -> Vec<String> {
            results.values().filter(|result| wanted(result)).map(|result| result.suite.clone()).collect()
        };
        let failed = suites(|result| !result.passed);
        let no_links = suites(|result| result.links.is_empty());
        if results.is_empty() {
            Some(ProvenanceGap::Untested)
        } else if !failed.is_empty() {
            Some(ProvenanceGap::Failed(failed))
        } else if !no_links.is_empty() {
            Some(ProvenanceGap::NoLinks(no_links))
        } else {
            None
        }
    }
}

/// Findings about the records themselves; pure. Sorted by subject, worst first.
pub fn inspect(state: &State, context: &CheckContext) -> Vec<StateFinding> {
    let mut findings = Vec::new();
    for (target, record) in &state.builders {
        inspect_builder(target, record, context, &mut findings);
    }
    for (channel, published) in &state.channels {
        for (target, publication) in published {
            let gap = state.builders.get(target).map(|record| record.provenance_gap(&publication.build_id));
            if gap != Some(None) {
                findings.push(StateFinding::new(
                    FindingCode::PublishedUntested,
                    target,
                    format!("channel {channel} offers {} without a passed test record", publication.build_id),
                    format!(
                        "run `hybrid test --targets {} --env {}`, or publish a tested build",
                        target.builder, target.env
                    ),
                ));
            }
        }
    }
    findings.extend(state.seals().filter_map(|(build, target, seal)| {
        let on_disk = context.records.get(build)?;
        let what = match on_disk {
            Some(digest) if *digest == seal => return None,
            Some(_) => "was changed after the build",
            None => "is gone",
        };
        Some(StateFinding::new(
            FindingCode::BuildRecordChanged,
            target,
            format!("the record of {build} {what}"),
            format!("put it back from a copy, or run `hybrid build --rebuild --targets {}`", target.builder),
        ))
    }));
    for (name, source) in &state.sources {
        match source.scan_status {
            ScanStatus::Clean => {}
            ScanStatus::NotScanned => findings.push(StateFinding::new(
                FindingCode::SourceNotScanned,
                name,
                format!("source {name} was not scanned for secrets at {}", short(&source.sha)),
                format!("run `hybrid sources scan {name}`, with a scanner under [scanners] of hybrid.toml"),
            )),
            ScanStatus::Findings => findings.push(StateFinding::new(
                FindingCode::SourceFindings,
                name,
                format!("source {name} holds what looks like secrets at {}", short(&source.sha)),
                "move the secrets out of the repository and rotate them",
            )),
        }
    }
    sort(&mut findings);
    // A build can be the last of its target and in several channels.
    findings.dedup();
    findings
}

fn inspect_builder(
    target: &Target,
    record: &BuilderRecord,
    context: &CheckContext,
    findings: &mut Vec<StateFinding>,
) {
    let mut found =
        |code, message: String, hint: String| findings.push(StateFinding::new(code, target, message, hint));
    let again =
        |command: &str| format!("run `hybrid {command} --targets {} --env {}`", target.builder, target.env);
    if record.template_id.is_none() {
        found(
            FindingCode::MissingTemplateId,
            format!("{target} does not name its template"),
            again("validate"),
        );
    }
    match &record.trusted {
        None => {
            found(FindingCode::MissingTrust, format!("{target} has no trusted inputs"), again("validate"))
        }
        Some(trusted) => {
            if trusted.git_sha.is_none() {
                found(
                    FindingCode::MissingGitSha,
                    format!("the trust of {target} names no commit"),
                    "keep the project in git, then validate again".into(),
                );
            }
            if let Some(current) = context.current_inputs.get(target)
                && *current != trusted.inputs
            {
                found(
                    FindingCode::DriftDetected,
                    format!(
                        "the inputs of {target} are {}, trusted are {}",
                        current.short(),
                        trusted.inputs.short()
                    ),
                    again("validate"),
                );
            }
        }
    }
    let Some(build) = record.last_build.as_ref().filter(|build| build.succeeded()) else { return };
    if let Some(trusted) = &record.trusted
        && trusted.inputs != build.inputs
    {
        found(
            FindingCode::StaleHash,
            format!(
                "{} was built from {}, trusted are {}",
                build.build_id,
                build.inputs.short(),
                trusted.inputs.short()
            ),
            again("build"),
        );
    }
    if build.git_sha.is_none() {
        found(
            FindingCode::MissingGitSha,
            format!("{} names no commit", build.build_id),
            "keep the project in git, then build again".into(),
        );
    }
    match (&build.manifest, context.manifests.get(target)) {
        (None, _) => {
            found(
                FindingCode::MissingManifest,
                format!("{} has no hash manifest", build.build_id),
                again("build"),
            );
        }
        (Some(recorded), Some(on_disk)) if on_disk.as_ref() != Some(recorded) => found(
            FindingCode::ManifestChanged,
            match on_disk {
                Some(_) => format!("the hash manifest of {} was changed after the build", build.build_id),
                None => format!("the hash manifest of {} is gone", build.build_id),
            },
            again("build"),
        ),
        _ => {}
    }
    match record.provenance_gap(&build.build_id) {
        None => {}
        Some(ProvenanceGap::Untested) => {
            found(
                FindingCode::MissingProvenance,
                format!("no test suite ran on {}", build.build_id),
                again("test"),
            );
        }
        Some(ProvenanceGap::NoLinks(suites)) => found(
            FindingCode::MissingProvenance,
            format!("the record of {} on {} names no artifacts", suites.join(", "), build.build_id),
            again("test"),
        ),
        Some(ProvenanceGap::Failed(suites)) => found(
            FindingCode::FailedProvenance,
            format!("{} failed on {}", suites.join(", "), build.build_id),
            "repair the template, then build and test again".into(),
        ),
    }
}

/// Runs that never said how they ended and of which no target is still being built.
pub(super) fn unfinished_runs(state: &State, building: &[Target]) -> Vec<StateFinding> {
    let open = state.runs.iter().filter(|run| run.outcome == RunOutcome::Running);
    open.filter(|run| !run.targets.iter().any(|target| building.contains(target)))
        .map(|run| {
            StateFinding::new(
                FindingCode::RunUnfinished,
                &run.run_id,
                format!("{} {} never said how it ended", run.command, run.run_id),
                "if it is not running any more it was killed: look for what it left on the platform, run it again",
            )
        })
        .collect()
}

fn short(sha: &str) -> &str {
    sha.get(..12).unwrap_or(sha)
}
