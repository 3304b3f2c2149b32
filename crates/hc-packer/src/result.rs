//! The result of one packer command on one target, as automation reads it (PKR-3).

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::classify::Class;
use crate::process::Ending;

/// How much of each stream a result keeps, in bytes; the raw log has everything.
pub const TAIL: usize = 16 << 10;

/// How the last process of a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum EndingKind {
    /// By itself.
    Exited,
    /// It was stopped because it ran longer than it may: the attempt, or all attempts together.
    TimedOut,
    /// It was stopped by request.
    Cancelled,
    /// By a signal from elsewhere: a killer of memory hogs, a person.
    Killed,
}

impl From<Ending> for EndingKind {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Exited(_) => Self::Exited,
            Ending::Killed(_) => Self::Killed,
            Ending::Cancelled => Self::Cancelled,
            Ending::TimedOut => Self::TimedOut,
        }
    }
}

/// What one packer command on one target came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PackerResult {
    /// Packer's command line; secrets are never part of it.
    pub command: Vec<String>,
    /// 0 success, 1 validation or configuration, 2 infrastructure, 3 security, 130 interrupted.
    pub exit_code: u8,
    /// Class of the ending.
    pub classification: Class,
    /// How the last process ended; absent in results of versions that did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<EndingKind>,
    /// Sources that failed in the last attempt, where packer named them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_sources: Vec<String>,
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
    fn a_result_of_the_version_before_is_read() {
        let old = r#"{"command":["packer"],"exit_code":2,"classification":"transient","rule":"network","evidence":"EOF",
            "stdout":"","stderr":"","manifest_path":null,"artifacts":[],"started_at":"2026-01-01T00:00:00Z",
            "finished_at":"2026-01-01T00:00:01Z","retryable":true,"attempts":1,"hints":[],"log_path":"raw.log"}"#;
        let mut result: PackerResult = serde_json::from_str(old).unwrap();
        assert_eq!((result.ending, result.failed_sources.len()), (None, 0));
        // What is not known is not written either: the version before would refuse it.
        let again = serde_json::to_value(&result).unwrap();
        assert_eq!(again, serde_json::from_str::<serde_json::Value>(old).unwrap());
        result.ending = Some(EndingKind::TimedOut);
        assert_eq!(serde_json::to_value(&result).unwrap()["ending"], "timed_out");
    }

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
