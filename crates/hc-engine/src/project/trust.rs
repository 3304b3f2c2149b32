//! A person's word on a project: whether programs that it names may run.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Asks a person whether the project in a directory is to be trusted; told what would run.
pub type Asker = Arc<dyn Fn(&Path, &str) -> bool + Send + Sync>;

/// A person's word on a project.
#[derive(Clone, Default)]
pub enum Trust {
    /// Nobody gave it: nothing that the project names is run.
    #[default]
    Withheld,
    /// It is trusted.
    Given,
    /// A person is there and can be asked, at the first program.
    Asked(Asker),
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Withheld => "Withheld",
            Self::Given => "Given",
            Self::Asked(_) => "Asked",
        })
    }
}
