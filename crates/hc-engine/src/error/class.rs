//! What an error is to a program: its code, how a run ends by it, the diagnostics that led to it.

use hc_config::Diagnostic;
use hc_core::fs::FsError;
use hc_core::{BuilderId, ExitClass};

use super::EngineError;
use crate::outcome::gate::{Refused, never_validated};

impl EngineError {
    /// Stable code for `hybrid explain`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(diagnostics) => first_error(diagnostics).map_or("Invalid", |first| first.code),
            Self::SettingsUnusable(diagnostic) => diagnostic.code,
            Self::NotAProject { .. } => "NotAProject",
            Self::UnknownEnvironment { .. } => "UnknownEnvironment",
            Self::NothingSelected { .. } => "NothingSelected",
            Self::Trust(error) => error.code(),
            Self::NotOneBuilder { .. } | Self::BadSet { .. } => "Usage",
            Self::BadAnswers { .. } => "BadAnswers",
            Self::CloudinitOutside { .. } => "BadCloudinit",
            Self::Refused { targets, .. } => refusal(targets),
            Self::Partly { error, .. } => error.code(),
            Self::ToolsMissing { .. } | Self::ToolMissing { .. } | Self::KeyNotMade { .. } => "ToolMissing",
            Self::SecretUnavailable { source, .. } => source.code(),
            Self::SecretTooLarge { .. } => "SecretUnavailable",
            Self::SecretInArtifact { .. } => "SecretInArtifact",
            Self::Interrupted => "Interrupted",
            Self::NotRecorded { source, .. } => source.code(),
            Self::Install(error) => error.code(),
            Self::PackerHung { .. } => "PackerProcess",
            Self::NotFormatted { .. } => "HclSyntax",
            Self::PackerTooOld { .. } => "PackerTooOld",
            Self::BadVersion { .. } => "BadVersion",
            Self::PluginMissing { .. } => "PluginInvalid",
            Self::PluginArchiveDiffers { .. } => "PluginDiffers",
            Self::PluginNotInstalled { .. } => "PluginInstallFailed",
            Self::ParentUnpublished { .. } | Self::ParentNotPublishedYet { .. } => "ParentUnpublished",
            Self::Evidence(error) => error.code(),
            Self::SuiteWithoutCommand { .. } => "SettingsInvalid",
            Self::BadChannel { .. } => "BadChannel",
            Self::HookFailed { .. } => "PublishHookFailed",
            Self::NothingToTest { .. }
            | Self::ArtifactNotFound { .. }
            | Self::OrphanNotFound { .. }
            | Self::InputsNotKept { .. } => "ArtifactNotFound",
            Self::OrphanLives { .. } => "OrphanLives",
            Self::BadReason => "BadReason",
            Self::EvidenceKept { .. } => "EvidenceKept",
            Self::NoRunLogged => "BadRunId",
            Self::NoSuchFile { .. } => "FileUnavailable",
            Self::ScannerInvalid { .. } => "ScannerInvalid",
            Self::UnknownSuite { .. } | Self::UnknownVariable { .. } => unknown_name(self),
            Self::UnknownScaffold { noun, .. } => unknown_scaffold(noun),
            Self::UnsupportedCombination { .. } => "UnsupportedCombination",
            Self::WouldOverwrite { .. } | Self::AnswersExist { .. } => "WouldOverwrite",
            Self::NothingToAdopt { .. } => "NothingToAdopt",
            Self::WizardEnded => "WizardEnded",
            Self::Accepted(error) => error.source.code(),
            Self::Id(error) => error.code(),
            Self::File(error) => error.code(),
            Self::Record(error) => error.code(),
            Self::State(error) => error.code(),
            Self::Packer(error) => error.code(),
            Self::Plugin(error) => error.code(),
            Self::Iso(error) => error.code(),
            Self::Source(error) => error.code(),
            Self::Log(error) => error.code(),
            Self::Provisioner(error) => error.code(),
            Self::Stage(error) => error.code(),
        }
    }

    /// How a run that fails by it ends (PKR-4).
    pub fn class(&self) -> ExitClass {
        match self {
            Self::Invalid(diagnostics) => {
                let secret = |one: &Diagnostic| one.is_error() && one.code == "PlaintextSecret";
                if diagnostics.iter().any(secret) { ExitClass::Security } else { ExitClass::Invalid }
            }
            Self::SecretInArtifact { .. } | Self::PluginArchiveDiffers { .. } | Self::EvidenceKept { .. } => {
                ExitClass::Security
            }
            Self::Interrupted => ExitClass::Interrupted,
            Self::NotRecorded { source, .. } => source.class(),
            Self::Install(error) => error.class(),
            Self::PackerHung { .. }
            | Self::PluginNotInstalled { .. }
            | Self::HookFailed { .. }
            | Self::OrphanLives { .. } => ExitClass::Infrastructure,
            Self::Partly { class, .. } => *class,
            Self::Accepted(_) => ExitClass::Invalid,
            Self::File(error) => error.class(),
            Self::Record(error) => error.class(),
            Self::State(error) => error.class(),
            Self::Packer(error) => error.class(),
            Self::Plugin(error) => error.class(),
            Self::Iso(error) => error.class(),
            Self::Source(error) => error.class(),
            Self::Log(error) => error.class(),
            _ => ExitClass::Invalid,
        }
    }

    /// What is wrong with one target alone, and no reason to stop its neighbours: its files cannot be used.
    ///
    /// # Errors
    /// The error itself, where it is everybody's.
    pub(crate) fn of_one_target(self, builder: &BuilderId) -> Result<Vec<Diagnostic>, Self> {
        let is_own = match &self {
            Self::Invalid(diagnostics) => return Ok(diagnostics.clone()),
            Self::File(FsError::Io { action, .. }) => *action == "read",
            Self::File(FsError::NotRegular { .. } | FsError::TooLarge { .. }) | Self::Stage(_) => true,
            _ => false,
        };
        if !is_own {
            return Err(self);
        }
        let cause = std::error::Error::source(&self).map(|cause| format!(": {cause}")).unwrap_or_default();
        Ok(vec![Diagnostic::error(self.code(), format!("{builder}: {self}{cause}"))])
    }

    /// The same refusal with warnings that were found on the way.
    #[must_use]
    pub(crate) fn with_warnings(self, warnings: Vec<Diagnostic>) -> Self {
        match self {
            Self::Refused { targets, .. } => Self::Refused { targets, warnings },
            other => other,
        }
    }

    /// Problems in files that led here, with their places.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match self {
            Self::Invalid(diagnostics) | Self::Refused { warnings: diagnostics, .. } => diagnostics,
            Self::Partly { error, .. } => error.diagnostics(),
            Self::SettingsUnusable(diagnostic) => std::slice::from_ref(diagnostic),
            Self::Provisioner(error) => error.diagnostics(),
            _ => &[],
        }
    }
}

/// The code of a word that is neither a platform nor a system.
fn unknown_scaffold(noun: &str) -> &'static str {
    if noun == "platform" { "UnknownPlatform" } else { "UnknownSystem" }
}

/// The code of a suite or a variable that is not there.
fn unknown_name(error: &EngineError) -> &'static str {
    if matches!(error, EngineError::UnknownSuite { .. }) { "UnknownSuite" } else { "UnknownVariable" }
}

fn first_error(diagnostics: &[Diagnostic]) -> Option<&Diagnostic> {
    diagnostics.iter().find(|diagnostic| diagnostic.is_error())
}

fn refusal(targets: &[Refused]) -> &'static str {
    if never_validated(targets) { "NeverValidated" } else { "DriftDetected" }
}
