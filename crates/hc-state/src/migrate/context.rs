//! Values that a migrated state needs and its source does not have.

use hc_core::{EnvName, RunId};
use time::OffsetDateTime;

use crate::format::{State, WrittenBy};
use crate::lineage::Lineage;

/// Where and when a state is migrated.
pub(crate) struct Context<'a> {
    pub(crate) env: &'a EnvName,
    pub(crate) now: OffsetDateTime,
    pub(crate) run: &'a RunId,
    pub(crate) lineage: Lineage,
    pub(crate) created_with: &'a str,
    pub(crate) serial: u64,
}

impl Context<'_> {
    /// An empty state of the newest version.
    pub(crate) fn empty_state(&self) -> State {
        let mut state = State::new(self.lineage.clone(), self.created_with);
        state.serial = self.serial;
        state.written_by = Some(WrittenBy { at: self.now, run_id: self.run.clone() });
        state
    }
}
