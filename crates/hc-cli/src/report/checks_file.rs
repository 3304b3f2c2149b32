//! `validate --report FORMAT=FILE`: what was found, written for other programs, also when it failed.

use std::path::PathBuf;

use hc_core::fs::write_atomic;
use hc_engine::Host;

use super::checks::{Findings, junit, sarif};
use crate::command_error::{CommandError, Result};
use crate::error_page;

/// A file that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChecksFile {
    /// JUnit's XML.
    Junit(PathBuf),
    /// SARIF 2.1.0.
    Sarif(PathBuf),
}

impl ChecksFile {
    /// Reads `junit=FILE` or `sarif=FILE`.
    ///
    /// # Errors
    /// `Usage` for anything else.
    pub(crate) fn parse(word: &str) -> Result<Self> {
        let (format, file) = word.split_once('=').unwrap_or((word, ""));
        match (format, file.is_empty()) {
            ("junit", false) => Ok(Self::Junit(file.into())),
            ("sarif", false) => Ok(Self::Sarif(file.into())),
            _ => Err(CommandError::new("Usage", format!("`--report {word}` names no format and file"))
                .hint("write --report junit=FILE or --report sarif=FILE")),
        }
    }
}

/// Writes all files that are asked for.
///
/// # Errors
/// When one cannot be written.
pub(crate) fn write(host: &Host, wanted: &[ChecksFile], findings: &Findings<'_>) -> Result<()> {
    for file in wanted {
        let (path, text) = match file {
            ChecksFile::Junit(path) => (path, junit(findings)),
            ChecksFile::Sarif(path) => {
                let findings = Findings { pages: &error_page::sections(), ..*findings };
                (path, format!("{:#}\n", sarif(&findings)))
            }
        };
        write_atomic(&host.typed(path), text.as_bytes(), 0o644)?;
    }
    Ok(())
}
