//! What commands change, so that the run log covers exactly those that change something.

/// What a command changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writes {
    /// Nothing that is kept: at most caches, and files that the caller names.
    Nothing,
    /// The project: its files, state, records, logs, sources or downloads.
    Project,
}

impl Writes {
    /// [`Self::Project`] when `yes`.
    pub(super) fn when(yes: bool) -> Self {
        if yes { Self::Project } else { Self::Nothing }
    }
}
