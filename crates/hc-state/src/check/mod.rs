//! What is wrong with a state that can be read, and with what lies beside it (STATE-4, STATE-5).
//!
//! [`inspect`] is a function of values: it reads the schema's fields and nothing else. [`Store::check`] adds
//! what only the disk knows. Every finding has a code, a cure, and the command that explains it.

mod disk;
mod finding;
mod records;

pub use self::finding::{FindingCode, StateFinding, StateSeverity};
pub use self::records::{CheckContext, ProvenanceGap, inspect};
use crate::store::Store;

impl Store {
    /// Everything that is wrong, worst first; empty means that `state check` passes. A state that cannot be
    /// used is a finding too, never an error.
    pub fn check(&self, context: &CheckContext) -> Vec<StateFinding> {
        let mut findings = disk::inspect(self);
        match self.read() {
            Err(error) => findings.push(disk::unusable(&error)),
            Ok(None) => {}
            Ok(Some(state)) => {
                findings.extend(inspect(&state, context));
                findings.extend(disk::sidecars(self, &state));
                findings.extend(records::unfinished_runs(&state, &disk::building(self)));
            }
        }
        finding::sort(&mut findings);
        findings
    }
}
