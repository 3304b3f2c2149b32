//! What is wrong with a state that can be read, and with what lies beside it (STATE-4, STATE-5).
//!
//! [`inspect`] is a function of values: it reads the schema's fields and nothing else. [`Store::check`] adds
//! what only the disk knows. Every finding has a code, a cure, and an anchor in `docs/open-issues.md`.

use std::collections::BTreeMap;

use hc_core::{BuildId, Digest, Target};
use serde::Serialize;

use crate::format::{BuilderRecord, Provenance, RunOutcome, ScanStatus, State};
use crate::store::Store;

mod disk;

/// The page that explains every finding.
pub const DOC: &str = "docs/open-issues.md";

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Severity {
    /// Good to know.
    Info,
    /// Something will have to be done.
    Warning,
    /// `state check` and `publish` fail.
    Error,
}

macro_rules! finding_codes {
    ($($(#[$doc:meta])* $name:ident: $severity:ident,)+) => {
        /// What kind of thing was found.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum FindingCode { $($(#[$doc])* $name,)+ }

        impl FindingCode {
            /// Every code, for the documentation and its tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code as text.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// How bad it is.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }
        }
    };
}

finding_codes! {
    /// The state cannot be used; the message has the reason.
    StateUnusable: Error,
    /// A target has no trusted inputs.
    MissingTrust: Warning,
    /// A good build has no hash manifest.
    MissingManifest: Error,
    /// A record does not name its commit.
    MissingGitSha: Warning,
    /// A record does not name its template.
    MissingTemplateId: Warning,
    /// A good build has no complete, passed test record (STATE-4).
    MissingProvenance: Error,
    /// A test suite failed on the last build.
    FailedProvenance: Error,
    /// A published build has no complete, passed test record.
    PublishedUntested: Error,
    /// The last build was made from other inputs than are trusted now.
    StaleHash: Warning,
    /// The inputs are not the trusted ones.
    DriftDetected: Error,
    /// The trusted manifest is not on disk.
    TrustedManifestMissing: Error,
    /// The trusted manifest is not what `validate` wrote.
    TrustedManifestChanged: Error,
    /// The hash manifest is not what the build wrote.
    ManifestChanged: Error,
    /// A run never said how it ended.
    RunUnfinished: Warning,
    /// A source was never scanned for secrets.
    SourceNotScanned: Info,
    /// A source holds what looks like secrets.
    SourceFindings: Error,
    /// A build's child outlived its run.
    BuildOrphaned: Warning,
    /// A backup cannot be restored.
    BadBackup: Warning,
    /// The audit log is not intact.
    AuditBroken: Error,
    /// A crash left an unfinished line in the audit log; the entries around it are intact.
    AuditTorn: Warning,
    /// A killed writer left temporary files.
    Leftovers: Info,
}

impl FindingCode {
    /// Where it is explained: `docs/open-issues.md#missingprovenance`.
    pub fn doc_anchor(self) -> String {
        format!("{DOC}#{}", self.as_str().to_lowercase())
    }
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// What kind.
    pub code: FindingCode,
    /// How bad.
    pub severity: Severity,
    /// About what: a target, a source, a file.
    pub subject: String,
    /// What was found.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// Where it is explained.
    pub doc_anchor: String,
}

impl Finding {
    pub(crate) fn new(
        code: FindingCode,
        subject: impl ToString,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity: code.severity(),
            subject: subject.to_string(),
            message: message.into(),
            hint: hint.into(),
            doc_anchor: code.doc_anchor(),
        }
    }
}

/// What the caller knows and the state does not; an empty context compares nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckContext {
    /// Combined digest of each target's inputs as they are now.
    pub current_inputs: BTreeMap<Target, Digest>,
    /// Digest of each target's hash manifest as it is on disk; `None` when it is missing.
    pub manifests: BTreeMap<Target, Option<Digest>>,
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
    pub fn results_of(&self, build: &BuildId) -> BTreeMap<&str, &Provenance> {
        // Oldest first: later results replace earlier ones.
        self.provenance.iter().filter(|p| p.build_id == *build).map(|p| (p.suite.as_str(), p)).collect()
    }

    /// What keeps `build` from counting as tested (STATE-4); `None` when nothing does.
    pub fn provenance_gap(&self, build: &BuildId) -> Option<ProvenanceGap> {
        let results = self.results_of(build);
        let suites = |wanted: fn(&Provenance) -> bool| -> Vec<String> {
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
pub fn inspect(state: &State, context: &CheckContext) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (target, record) in &state.builders {
        inspect_builder(target, record, context, &mut findings);
    }
    for (channel, published) in &state.channels {
        for (target, publication) in published {
            let gap = state.builders.get(target).map(|record| record.provenance_gap(&publication.build_id));
            if gap != Some(None) {
                findings.push(Finding::new(
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
    for (name, source) in &state.sources {
        match source.scan_status {
            ScanStatus::Clean => {}
            ScanStatus::NotScanned => findings.push(Finding::new(
                FindingCode::SourceNotScanned,
                name,
                format!("source {name} was not scanned for secrets at {}", short(&source.sha)),
                "run `hybrid sources sync`",
            )),
            ScanStatus::Findings => findings.push(Finding::new(
                FindingCode::SourceFindings,
                name,
                format!("source {name} holds what looks like secrets at {}", short(&source.sha)),
                "move the secrets out of the repository and rotate them",
            )),
        }
    }
    sort(&mut findings);
    findings
}

fn inspect_builder(
    target: &Target,
    record: &BuilderRecord,
    context: &CheckContext,
    findings: &mut Vec<Finding>,
) {
    let mut found =
        |code, message: String, hint: String| findings.push(Finding::new(code, target, message, hint));
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
fn unfinished_runs(state: &State, building: &[Target]) -> Vec<Finding> {
    let open = state.runs.iter().filter(|run| run.outcome == RunOutcome::Running);
    open.filter(|run| !run.targets.iter().any(|target| building.contains(target)))
        .map(|run| {
            Finding::new(
                FindingCode::RunUnfinished,
                &run.run_id,
                format!("{} {} never said how it ended", run.command, run.run_id),
                "if it is not running any more it was killed: look for what it left on the platform, run it again",
            )
        })
        .collect()
}

fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        b.severity.cmp(&a.severity).then_with(|| a.subject.cmp(&b.subject)).then_with(|| a.code.cmp(&b.code))
    });
}

fn short(sha: &str) -> &str {
    sha.get(..12).unwrap_or(sha)
}

impl Store {
    /// Everything that is wrong, worst first; empty means that `state check` passes. A state that cannot be
    /// used is a finding too, never an error.
    pub fn check(&self, context: &CheckContext) -> Vec<Finding> {
        let mut findings = disk::inspect(self);
        match self.read() {
            Err(error) => findings.push(disk::unusable(&error)),
            Ok(None) => {}
            Ok(Some(state)) => {
                findings.extend(inspect(&state, context));
                findings.extend(disk::sidecars(self, &state));
                findings.extend(unfinished_runs(&state, &disk::building(self)));
            }
        }
        sort(&mut findings);
        findings
    }
}
