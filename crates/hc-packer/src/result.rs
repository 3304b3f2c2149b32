//! The result of one packer command on one target, as automation reads it (PKR-3).

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::classify::Class;

/// How much of each stream a result keeps, in bytes; the raw log has everything.
pub const TAIL: usize = 16 << 10;

/// What one packer command on one target came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PackerResult {
    /// Packer's command line; secrets are never part of it.
    pub command: Vec<String>,
    /// 0 success, 1 validation or configuration, 2 infrastructure, 3 security, 130 interrupted.
    pub exit_code: u8,
    /// Class of the ending.
    pub classification: Class,
    /// The rule that classified a failure.
    pub rule: Option<String>,
    /// The line that the rule matched.
    pub evidence: Option<String>,
    /// End of standard output, redacted.
    pub stdout: String,
    /// End of standard error, redacted.
    pub stderr: String,
    /// Manifest of the last attempt, relative to the project where it lies inside.
    pub manifest_path: Option<String>,
    /// Image ids and files, as packer names them.
    pub artifacts: Vec<String>,
    /// When the first attempt began.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub started_at: OffsetDateTime,
    /// When the last attempt ended.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub finished_at: OffsetDateTime,
    /// Whether trying again without an edit can help.
    pub retryable: bool,
    /// How many attempts were made.
    pub attempts: u32,
    /// What the operator should do.
    pub hints: Vec<String>,
    /// Raw log of all attempts, relative to the project where it lies inside.
    pub log_path: Option<String>,
}

/// Keeps the end of a text, in whole lines.
#[derive(Debug, Default)]
pub(crate) struct Tail(String);

impl Tail {
    pub(crate) fn push(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
        if self.0.len() > 2 * TAIL {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let from = self.0.len().saturating_sub(TAIL);
        let from = self.0.bytes().skip(from).position(|b| b == b'\n').map_or(0, |at| from + at + 1);
        self.0.drain(..from);
    }

    pub(crate) fn finish(mut self) -> String {
        if self.0.len() > TAIL {
            self.cut();
        }
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_bounded_and_begin_with_a_whole_line() {
        let mut tail = Tail::default();
        for at in 0..10_000 {
            tail.push(&format!("line é {at}"));
        }
        let text = tail.finish();
        assert!(text.len() <= TAIL && text.starts_with("line é ") && text.ends_with("line é 9999\n"));
    }
}
