//! `validate --report FORMAT=FILE`: what was found, written for other programs, also when it failed.

use std::path::PathBuf;

use hc_core::fs::write_atomic;

use super::explain::sections;
use crate::command_error::{CommandError, Result};
use crate::report::checks::{Findings, junit, sarif};
use crate::session::Session;

/// A file that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// JUnit's XML.
    Junit(PathBuf),
    /// SARIF 2.1.0.
    Sarif(PathBuf),
}

impl Wanted {
    /// Reads `junit=FILE` or `sarif=FILE`.
    ///
    /// # Errors
    /// `Usage` for anything else.
    pub fn parse(word: &str) -> Result<Self> {
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
pub fn write(session: &Session, wanted: &[Wanted], findings: &Findings<'_>) -> Result<()> {
    for one in wanted {
        let (path, text) = match one {
            Wanted::Junit(path) => (path, junit(findings)),
            Wanted::Sarif(path) => {
                (path, format!("{:#}\n", sarif(&Findings { pages: &sections(), ..*findings })))
            }
        };
        write_atomic(&session.environment.cwd.join(path), text.as_bytes(), 0o644)?;
    }
    Ok(())
}
