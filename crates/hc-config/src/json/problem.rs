//! What is wrong with a JSON file.

use std::ops::Range;

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged as _;

/// Something that packer cannot take, and where it stands.
pub(super) struct Problem {
    pub(super) at: Range<usize>,
    pub(super) what: String,
}

impl Problem {
    pub(super) fn new(node: &Value<'_>, what: impl Into<String>) -> Self {
        let range = node.range();
        Self { at: range.start..range.end, what: what.into() }
    }
}
