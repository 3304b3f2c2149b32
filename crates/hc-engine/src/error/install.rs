//! Why missing programs could not be installed.

use hc_core::ExitClass;

/// What apt's words mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AptTrouble {
    /// sudo does not let this user act as root.
    SudoRefused,
    /// There is no room left.
    DiskFull,
    /// Another program installs.
    Locked,
    /// Packages cannot be fetched.
    Network,
    /// No source has a package of that name.
    UnknownPackage,
    /// Anything else.
    Other,
}

impl AptTrouble {
    /// What happened.
    pub fn words(self) -> &'static str {
        match self {
            Self::SudoRefused => "sudo refused",
            Self::DiskFull => "the disk is full",
            Self::Locked => "apt is locked",
            Self::Network => "apt cannot fetch packages",
            Self::UnknownPackage => "apt's sources do not have every package",
            Self::Other => "apt could not install every package",
        }
    }

    /// Whether the same command can work a little later.
    fn can_pass(self) -> bool {
        !matches!(self, Self::SudoRefused | Self::UnknownPackage)
    }
}

/// Why missing programs could not be installed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InstallError {
    /// The machine's package manager is not apt, or not known.
    #[error("this machine lacks {}", missing.join(" "))]
    Elsewhere {
        /// The programs.
        missing: Vec<String>,
        /// The line that installs them, where the package manager is known.
        line: Option<String>,
    },
    /// Neither root nor sudo.
    #[error("{} can be installed neither as root nor by sudo", packages.join(" "))]
    Unprivileged {
        /// The packages.
        packages: Vec<String>,
        /// The line that root types.
        line: String,
    },
    /// A program of the system itself is not on PATH.
    #[error("`{program}` is not on PATH")]
    NoProgram {
        /// The program.
        program: String,
    },
    /// Everything was installed and something is missing still.
    #[error("{} installed, and still missing: {}", packages.join(" "), missing.join(" "))]
    StillMissing {
        /// The packages.
        packages: Vec<String>,
        /// The programs.
        missing: Vec<String>,
    },
    /// apt failed.
    #[error("{}: {}", packages.join(" "), trouble.words())]
    Apt {
        /// The packages.
        packages: Vec<String>,
        /// What its words mean.
        trouble: AptTrouble,
        /// Its last words.
        said: Vec<String>,
        /// The line that root types.
        line: String,
    },
}

impl InstallError {
    /// Stable code for `hybrid explain`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Apt { trouble, .. } if trouble.can_pass() => "InstallFailed",
            _ => "CannotInstall",
        }
    }

    /// How a run that fails by it ends (PKR-4).
    pub fn class(&self) -> ExitClass {
        match self {
            Self::Apt { trouble, .. } if trouble.can_pass() => ExitClass::Infrastructure,
            _ => ExitClass::Invalid,
        }
    }
}
