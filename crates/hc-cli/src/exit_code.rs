//! The exit codes of `hybrid`, in one place (SPEC PKR-4).

/// What the process tells its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitCode {
    /// Everything asked for was done.
    Success,
    /// Validation, configuration, usage or drift: the same command will fail again until something is edited.
    Invalid,
    /// Infrastructure, a held lock, a full disk: trying again later can help.
    Infrastructure,
    /// A secret where none may be, or evidence about to be lost: somebody has to look.
    Security,
    /// SIGINT or SIGTERM ended the run.
    Interrupted,
}

impl ExitCode {
    /// The number.
    pub const fn get(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Invalid => 1,
            Self::Infrastructure => 2,
            Self::Security => 3,
            Self::Interrupted => 130,
        }
    }

    /// The code that stands for `number`; unknown numbers count as infrastructure.
    pub const fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Success,
            1 => Self::Invalid,
            3 => Self::Security,
            130 => Self::Interrupted,
            _ => Self::Infrastructure,
        }
    }
}
