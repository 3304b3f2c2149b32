//! What a check found, how bad it is, and where it is explained.

use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Severity"))]
pub enum StateSeverity {
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
            pub fn severity(self) -> StateSeverity {
                match self { $(Self::$name => StateSeverity::$severity,)+ }
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
    /// The record of a build is gone, or is not what the state sealed.
    BuildRecordChanged: Error,
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
    /// The command that explains it: users have the program, and need not have its repository.
    pub fn doc_anchor(self) -> String {
        format!("hybrid explain {}", self.as_str())
    }
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Finding"))]
pub struct StateFinding {
    /// What kind.
    pub code: FindingCode,
    /// How bad.
    pub severity: StateSeverity,
    /// About what: a target, a source, a file.
    pub subject: String,
    /// What was found.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// Where it is explained.
    pub doc_anchor: String,
}

impl StateFinding {
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

/// Worst first, then by subject.
pub(super) fn sort(findings: &mut [StateFinding]) {
    findings.sort_by(|a, b| {
        b.severity.cmp(&a.severity).then_with(|| a.subject.cmp(&b.subject)).then_with(|| a.code.cmp(&b.code))
    });
}
