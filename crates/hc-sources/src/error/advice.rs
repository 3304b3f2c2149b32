//! Code and exit class of every error, and what it means for a retry.

use super::SourceError;
use hc_core::ExitClass;

impl SourceError {
    /// Stable code for `hybrid explain`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name(_)
            | Self::Url { .. }
            | Self::PlainUrl { .. }
            | Self::Credentials { .. }
            | Self::Reference { .. }
            | Self::Subdir { .. }
            | Self::Duplicate { .. } => "BadSource",
            Self::LockInvalid { .. } => "SourceLockInvalid",
            Self::LockTooNew { .. } => "SourceLockTooNew",
            Self::LockOutdated { .. } => "SourceLockOutdated",
            Self::Busy { .. } => "SourcesBusy",
            Self::LocksUnsupported { .. } => "SourceLocksUnsupported",
            Self::Dirty { .. } | Self::Obstructed { .. } => "SourceDirty",
            Self::Diverged { .. } => "SourceDiverged",
            Self::MovedTag { .. } => "SourceTagMoved",
            Self::NotAClone { .. } | Self::NotADirectory { .. } => "SourceNotAClone",
            Self::Unreachable { .. } => "SourceUnreachable",
            Self::TimedOut { .. } | Self::TooSlow { .. } => "SourceTimeout",
            Self::Interrupted { .. } => "Interrupted",
            Self::AccessDenied { .. } => "SourceAccessDenied",
            Self::Certificate { .. } => "SourceCertificate",
            Self::RepositoryMissing { .. } => "SourceNotFound",
            Self::ReferenceMissing { .. } | Self::ReferenceAmbiguous { .. } => "SourceRefMissing",
            Self::PinGone { .. } => "SourcePinGone",
            Self::HostileTree { .. } => "SourceHostile",
            Self::SubdirMissing { .. } => "SourceSubdirMissing",
            Self::Repository { .. } => "SourceRepository",
            Self::ProgramNeeded { .. } => "GitProgramNeeded",
            Self::PinInvalid { .. } => "SourcePinInvalid",
            Self::PinExpired { .. } => "SourcePinExpired",
            Self::Offline { .. } => "SourceOffline",
            Self::Missing { .. } => "SourceMissing",
            Self::Unknown { .. } => "UnknownSource",
            Self::BundleInvalid { .. } => "SourceBundleInvalid",
            Self::NotAvailable { .. } => "SourceNotAvailable",
            Self::File(error) => error.code(),
        }
    }

    /// How a run that fails by it ends (PKR-4): invalid when it was refused or wrong, infrastructure when trying again can help.
    pub fn class(&self) -> ExitClass {
        match self {
            Self::HostileTree { .. } => ExitClass::Security,
            Self::Interrupted { .. } => ExitClass::Interrupted,
            Self::File(error) => error.class(),
            Self::Busy { .. } | Self::Repository { .. } => ExitClass::Infrastructure,
            other if other.is_transient() || other.is_remote() => ExitClass::Infrastructure,
            _ => ExitClass::Invalid,
        }
    }

    /// Whether the same attempt can succeed a little later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::TimedOut { .. })
    }

    /// Whether the tree is left as it is because a person has to decide (SRC-2).
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Dirty { .. }
                | Self::Diverged { .. }
                | Self::MovedTag { .. }
                | Self::NotAClone { .. }
                | Self::Obstructed { .. }
                | Self::LockOutdated { .. }
                | Self::HostileTree { .. }
        )
    }

    fn is_remote(&self) -> bool {
        matches!(
            self,
            Self::TooSlow { .. }
                | Self::AccessDenied { .. }
                | Self::Certificate { .. }
                | Self::RepositoryMissing { .. }
        )
    }
}
