//! What is wrong with a project's files, as values: code, place, cause and cure.
//!
//! Checks collect diagnostics and go on, so that one run reports every problem at once; only `hc-cli` turns
//! them into text.

use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};

use hc_core::fs::FsError;

/// How much a diagnostic weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Reported; fails only under `--strict`.
    Warning,
    /// Stops the command before anything is written or run.
    Error,
}

/// A place in a file of the project.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    /// Path as shown to people: relative to the project root, `/`-separated.
    pub path: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Byte range in the file, for the source snippet.
    pub span: Range<usize>,
}

impl Location {
    /// Finds line and column of `span` in the text of the file at `path`.
    pub fn new(path: &Path, text: &str, span: Range<usize>) -> Self {
        let start = floor_boundary(text, span.start);
        let end = floor_boundary(text, span.end.max(start));
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            path: path.to_owned(),
            line: before.bytes().filter(|b| *b == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            span: start..end,
        }
    }

    /// The first position of a file that has no better one.
    pub fn whole_file(path: &Path) -> Self {
        Self { path: path.to_owned(), line: 1, column: 1, span: 0..0 }
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.path.display(), self.line, self.column)
    }
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it weighs.
    pub severity: Severity,
    /// Stable CamelCase code for `hybrid explain`.
    pub code: &'static str,
    /// What happened to what: lower case, no full stop, never a secret value.
    pub message: String,
    /// Where; `None` for problems that no file holds (a missing `--set`).
    pub location: Option<Location>,
    /// The short text under the marked source.
    pub label: Option<String>,
    /// The cure, an imperative.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            location: None,
            label: None,
            hint: None,
        }
    }

    /// A warning.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// The problem of a file of the project that cannot be read.
    pub fn unreadable(path: &Path, error: &FsError) -> Self {
        let cure = match (error, error.io_kind()) {
            (FsError::NotUtf8 { .. }, _) => "convert it: `iconv -f latin1 -t utf-8`",
            (FsError::TooLarge { .. }, _) => "look at what was written there",
            (FsError::Outside { .. }, _) => "put a file into the project instead of the link",
            (_, Some(ErrorKind::PermissionDenied)) => "give this user read access to the file",
            (_, Some(_)) => "look at the cause",
            (_, None) => "put a regular file there",
        };
        Self::error(error.code(), error.to_string()).at(Location::whole_file(path)).hint(cure)
    }

    /// Sets the place.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }

    /// Sets the text under the marked source.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Sets the cure.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether it stops the command.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let text = "a = 1\n\"é\" = 2\n";
        let location = Location::new(Path::new("x.hcl"), text, 10..11);
        assert_eq!(location.to_string(), "x.hcl:2:4");
        assert_eq!(Location::new(Path::new("x.hcl"), text, 900..999).line, 3);
    }
}
