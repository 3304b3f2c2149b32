//! Code, cure and exit code of every error, and what it means for a retry.

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

    /// The cure.
    pub fn hint(&self) -> String {
        match self {
            Self::Name(_) => "use lower-case letters, digits and single hyphens".into(),
            Self::Url { .. } => {
                "write the url with its scheme: https://host/path, ssh://git@host/path, file:///path".into()
            }
            Self::PlainUrl { .. } => "use https:// or ssh://; plain http:// and git:// work to this machine only".into(),
            Self::Credentials { .. } => {
                "take them out and revoke them; a credential program gives them at run time".into()
            }
            Self::Reference { .. } => "see `git check-ref-format`; a ref never begins with a hyphen".into(),
            Self::Subdir { .. } => "give a path below the repository's root, without `..`".into(),
            Self::Duplicate { .. } => "rename one of the two".into(),
            Self::LockInvalid { .. } => "restore sources.lock from version control, or remove it and sync again".into(),
            Self::LockTooNew { .. } => "upgrade hybrid".into(),
            Self::LockOutdated { .. } => "run `hybrid sources sync` and commit sources.lock".into(),
            Self::Busy { .. } => "wait for it, or let hybrid wait: `--lock-timeout 30s`".into(),
            Self::LocksUnsupported { .. } => "move the project to a local disk".into(),
            Self::Dirty { path, .. } => format!(
                "look with `git -C {0} status`; keep the changes by committing them upstream, or drop them with `git -C {0} stash -u`",
                path.display()
            ),
            Self::Diverged { path, expected, .. } => match expected {
                Some(sha) => format!(
                    "push your commits upstream and update the pin, or go back with `git -C {} checkout --detach {sha}`",
                    path.display()
                ),
                None => format!("move {} away and sync again", path.display()),
            },
            Self::MovedTag { name, now, .. } => format!(
                "ask upstream why; when it is meant, run `hybrid sources pin {name} {now} --reason … --approved-by …`, else pin a commit instead of the tag"
            ),
            Self::NotAClone { path, .. } => format!("move {} away and sync again", path.display()),
            Self::NotADirectory { path } => format!("remove {}; hybrid writes through no link", path.display()),
            Self::Obstructed { path } => format!("move {} away and sync again", path.display()),
            Self::Unreachable { .. } => "check the network and the url, then run `hybrid sources resume`".into(),
            Self::TimedOut { .. } | Self::TooSlow { .. } => {
                "run `hybrid sources resume`; raise the timeout, or make the source shallow, when the link is slow".into()
            }
            Self::Interrupted { .. } => "run `hybrid sources resume`".into(),
            Self::AccessDenied { .. } => "name a program in `[git] credential_program` of hybrid.toml, or use ssh:// with a key".into(),
            Self::Certificate { .. } => "name the company's CA file in `[git] ca_file` of hybrid.toml".into(),
            Self::RepositoryMissing { .. } => "correct the url, or ask for access".into(),
            Self::ReferenceMissing { .. } => "correct the ref in hybrid.toml".into(),
            Self::ReferenceAmbiguous { reference, .. } => {
                format!("write `refs/heads/{reference}` or `refs/tags/{reference}`")
            }
            Self::PinGone { .. } => {
                "history was rewritten upstream: unbundle a copy that has it, or run `hybrid sources sync --update`".into()
            }
            Self::HostileTree { .. } => "do not use this repository; tell its owners".into(),
            Self::SubdirMissing { .. } => "correct `subdir` in hybrid.toml, or pin a commit that has it".into(),
            Self::Repository { path, .. } => format!("move {} away and sync again", path.display()),
            Self::ProgramNeeded { .. } => "install git, or use a server with the smart protocol".into(),
            Self::PinInvalid { .. } => "give the whole commit id, `--reason`, `--approved-by` and an expiry within a year".into(),
            Self::PinExpired { name, .. } => format!(
                "go back to the ref with `hybrid sources sync --update {name}`, or pin again with `--reason` and `--approved-by`"
            ),
            Self::Offline { .. } => "leave out `--offline`, or unbundle a copy".into(),
            Self::Missing { .. } => "run `hybrid sources sync`".into(),
            Self::Unknown { known, .. } if known.is_empty() => "add `[[sources]]` to hybrid.toml".into(),
            Self::Unknown { known, .. } => format!("known sources: {}", known.join(", ")),
            Self::BundleInvalid { .. } => "copy the bundle again, or make it anew with `hybrid sources bundle`".into(),
            Self::NotAvailable { .. } => "run `hybrid sources sync` where there is a network, then bundle again".into(),
            Self::File(_) => "the cause is the system's own answer; look at the path".into(),
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
