//! The first field of every stored document and of every answer: which format it follows, and the form of JSON that
//! is stored.

use serde::{Deserialize, Serialize};

/// Which schema a document follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SchemaTag {
    /// Name of the file in `schemas/` without its ending.
    pub name: String,
    /// Version of the format; readers refuse newer ones.
    pub version: u32,
}

impl SchemaTag {
    /// Version 1 of a format.
    pub fn v1(name: &str) -> Self {
        Self { name: name.into(), version: 1 }
    }
}

/// A record as it is stored: indented, with a newline at the end.
pub(crate) fn json(record: &impl Serialize) -> String {
    let mut json =
        serde_json::to_string_pretty(record).expect("records hold only text keys and plain values");
    json.push('\n');
    json
}
