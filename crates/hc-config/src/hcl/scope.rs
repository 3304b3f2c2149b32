//! The names that an expression may use, and who computes its value in the end.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::value::Value;

/// Who computes the value that counts in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Author {
    /// We: packer gets the value (overlays).
    #[default]
    Hybrid,
    /// Packer: what it would compute is foretold (templates).
    Packer,
}

/// The names that an expression may use. `Debug` shows no values.
#[derive(Clone, Default)]
pub struct Scope {
    /// Shared, because every round of a `for` has a scope of its own.
    pub(super) names: BTreeMap<String, Arc<Value>>,
    /// Whether a name that is not in the scope is unknown (templates) or an error (overlays).
    pub open: bool,
    /// Who computes the value that counts in the end.
    pub(super) author: Author,
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("names", &self.names.keys()).field("open", &self.open).finish()
    }
}

impl Scope {
    /// A scope in which every other name is an error.
    pub fn closed() -> Self {
        Self::default()
    }

    /// A scope in which every other name is unknown.
    pub fn open() -> Self {
        Self { open: true, author: Author::Packer, ..Self::default() }
    }

    /// Adds a name.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.names.insert(name.to_owned(), Arc::new(value));
        self
    }
}
