//! How an operation or a whole run ended, as its caller has to know it (PKR-4): the one type for it, and the one
//! place where it has a number.

/// What a caller can do about the end of an operation. Ordered by what matters more when several come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExitClass {
    /// Everything asked for was done.
    Success,
    /// Validation, configuration, usage or drift: the same command will fail again until something is edited.
    Invalid,
    /// Infrastructure, a held lock, a full disk: trying again later can help.
    Infrastructure,
    /// A secret where none may be, or evidence about to be lost: a person has to look.
    Security,
    /// A request to stop ended the run.
    Interrupted,
}

impl ExitClass {
    /// The exit code of a process that ends like this.
    pub const fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Invalid => 1,
            Self::Infrastructure => 2,
            Self::Security => 3,
            Self::Interrupted => 130,
        }
    }

    /// The class that `number` stands for; unknown numbers count as infrastructure.
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
