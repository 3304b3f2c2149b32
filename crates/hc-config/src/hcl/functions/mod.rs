//! The pure functions of Packer's HCL. What depends on time, chance, servers or the environment is unknown.

mod arguments;
mod base64;
mod charsets;
mod collections;
mod csv;
mod dates;
mod encoding;
mod format;
mod network;
mod numbers;
pub mod paths;
mod refused;
mod regexp;
mod text;
mod yaml;

use self::arguments::{Arguments, Function};

use super::convert::normalized;
use crate::value::Value;

/// Why a call has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FunctionError {
    /// Packer has no such function.
    #[error("there is no function `{0}`")]
    NotAFunction(String),
    /// The arguments do not fit.
    #[error("{0}() does not take these arguments: {1}")]
    Arguments(String, String),
}

/// Functions that see their arguments unevaluated; the evaluator owns them.
pub const LAZY: &[&str] = &["can", "convert", "try"];

/// Functions that depend on files, with how many arguments they take; a [`World`](super::world::World) answers them.
pub(super) const FILES: &[(&str, usize)] = &[
    ("abspath", 1),
    ("file", 1),
    ("filebase64", 1),
    ("fileexists", 1),
    ("fileset", 2),
    ("pathexpand", 1),
    ("templatefile", 2),
];

/// Functions that packer 1.6.6 does not have, with the version that brought them.
const LATER: &[(&str, (u64, u64))] = &[
    ("alltrue", (1, 12)),
    ("anytrue", (1, 12)),
    ("aws_secretsmanager_raw", (1, 12)),
    ("base64gzip", (1, 12)),
    ("endswith", (1, 13)),
    ("filebase64", (1, 13)),
    ("legacy_isotime", (1, 7)),
    ("legacy_strftime", (1, 7)),
    ("regex", (1, 7)),
    ("regexall", (1, 7)),
    ("rfc3339_parse", (1, 16)),
    ("startswith", (1, 13)),
    ("strcontains", (1, 12)),
    ("sum", (1, 13)),
    ("templatefile", (1, 7)),
    ("textdecodebase64", (1, 11)),
    ("textencodebase64", (1, 11)),
    ("unix_timestamp_parse", (1, 16)),
];

/// The first packer that has the function, as major and minor version; `None` when 1.6.6 has it.
pub fn since(name: &str) -> Option<(u64, u64)> {
    LATER.iter().find(|(known, _)| *known == name).map(|(_, version)| *version)
}

/// Everything that is evaluated here.
fn table() -> impl Iterator<Item = &'static Function> {
    let tables = [
        charsets::TABLE,
        collections::TABLE,
        csv::TABLE,
        dates::TABLE,
        encoding::TABLE,
        network::TABLE,
        numbers::TABLE,
        paths::TABLE,
        text::TABLE,
        yaml::TABLE,
    ];
    tables.into_iter().flatten()
}

/// Whether the function depends on more than files and arguments: packer alone, or a
/// [`World`](super::world::World), can say what it gives.
pub(super) fn is_impure(name: &str) -> bool {
    refused::why(name).is_some()
}

/// Why no file of the project decides what a function gives: `depends on the time of the run`. `None` for one of which that is
/// not so.
pub fn why_impure(name: &str) -> Option<&'static str> {
    refused::why(name).map(|(why, _)| why)
}

/// Every function name of packer, for suggestions.
pub fn names() -> impl Iterator<Item = &'static str> {
    let evaluated = table().map(|function| function.0).chain(LAZY.iter().copied());
    let refused = refused::TABLE.iter().map(|refused| refused.0);
    evaluated.chain(FILES.iter().map(|(name, _)| *name)).chain(refused)
}

/// Why a call whose arguments are known has no known value: the rest of a sentence that begins with the function,
/// and the cure.
pub(super) fn why_unknown(name: &str) -> (&'static str, Option<&'static str>) {
    match refused::why(name) {
        Some((why, hint)) => (why, Some(hint)),
        None => ("gives a value here that only packer can compute", None),
    }
}

/// Calls a function that depends on its arguments alone. Unknown arguments give an unknown result.
///
/// # Errors
/// [`FunctionError`].
pub fn call(name: &str, arguments: &[Value]) -> Result<Value, FunctionError> {
    let wrong = || {
        let kinds: Vec<&str> = arguments.iter().map(Value::kind).collect();
        FunctionError::Arguments(name.to_owned(), kinds.join(", "))
    };
    if let Some((_, fewest, most, ..)) = refused::TABLE.iter().find(|refused| refused.0 == name) {
        return (*fewest..=*most).contains(&arguments.len()).then_some(Value::Unknown).ok_or_else(wrong);
    }
    let Some((_, fewest, most, compute)) = table().find(|function| function.0 == name) else {
        return Err(FunctionError::NotAFunction(name.to_owned()));
    };
    let fits = (*fewest..=*most).contains(&arguments.len());
    if fits && arguments.iter().any(Value::has_unknown) {
        return Ok(Value::Unknown);
    }
    fits.then(|| compute(&Arguments(arguments))).flatten().map(normalized).ok_or_else(wrong)
}
