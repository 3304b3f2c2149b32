//! Which history of states, and which state in it.
//!
//! A lineage is made once, when a project's first state is written, and never changes; a serial alone would
//! let two histories be mixed up (STATE-1).

use std::fmt;
use std::str::FromStr;

use hc_core::digest::Combiner;
use serde::{Deserialize, Serialize};

/// Name of a history of states: 32 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Lineage(String);

/// The text is not 32 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a lineage (32 lower-case hex digits)")]
pub struct LineageError(String);

impl Lineage {
    /// Makes a new name from the caller's entropy, told apart further by `salt` (host, pid, time).
    pub fn new(entropy: u64, salt: &str) -> Self {
        let digest =
            Combiner::new("hybrid lineage").field(&entropy.to_le_bytes()).field(salt.as_bytes()).finish();
        let mut text = digest.to_string();
        text.truncate(32);
        Self(text)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Lineage {
    type Err = LineageError;

    fn from_str(text: &str) -> Result<Self, LineageError> {
        let fits = text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if fits { Ok(Self(text.to_owned())) } else { Err(LineageError(text.to_owned())) }
    }
}

impl TryFrom<String> for Lineage {
    type Error = LineageError;

    fn try_from(text: String) -> Result<Self, LineageError> {
        text.parse()
    }
}

impl From<Lineage> for String {
    fn from(lineage: Lineage) -> Self {
        lineage.0
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Lineage {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Lineage".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "pattern": "^[0-9a-f]{32}$", "description": "Name of a history of states"
        })
    }
}

/// One state of one history; what a plan was made on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Revision {
    /// The history.
    pub lineage: Lineage,
    /// The serial in it.
    pub serial: u64,
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "serial {} of lineage {}", self.serial, &self.lineage.as_str()[..8])
    }
}
