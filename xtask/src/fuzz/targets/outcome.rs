//! What kind of outcome an input had: inputs of one kind tell nothing new.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use hc_config::Diagnostic;

/// A number that stands for an outcome.
pub(super) fn kind(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// A message without what is different in every file: numbers and what is quoted.
pub(super) fn plain(message: &str) -> String {
    let outside: String = message.split(['`', '"']).step_by(2).collect();
    outside.chars().filter(|c| c.is_alphabetic() || *c == ' ').take(120).collect()
}

/// What kind of diagnostics these are; each must name a place in `text`, the file at `path`.
pub(super) fn placed<'a>(
    path: &Path,
    text: &str,
    diagnostics: impl IntoIterator<Item = &'a Diagnostic>,
) -> u64 {
    let mut seen = Vec::new();
    for diagnostic in diagnostics {
        let place = diagnostic.location.as_ref().unwrap_or_else(|| panic!("no place: {diagnostic:?}"));
        assert_eq!(place.path, path, "another file: {diagnostic:?}");
        let line = text.split('\n').nth(place.line.checked_sub(1).expect("lines count from 1"));
        let line = line.unwrap_or_else(|| panic!("no such line: {diagnostic:?}"));
        let columns = line.chars().count() + 1;
        assert!((1..=columns).contains(&place.column), "no such column of {columns}: {diagnostic:?}");
        assert!(place.span.start <= place.span.end && place.span.end <= text.len(), "{diagnostic:?}");
        seen.push(format!("{} {}", diagnostic.code, plain(&diagnostic.message)));
    }
    seen.sort_unstable();
    seen.dedup();
    kind(seen)
}
