//! One line of a log, in its two forms: for people and for programs (LOG-1).
//!
//! Promises: whatever a message holds, its line is one line, without control characters, terminal escapes or
//! marks that reorder text. Never redacts: what comes in here was redacted before.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use hc_core::RunId;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::macros::format_description;

/// Version of the JSON line format.
pub const LINE_VERSION: u32 = 1;

/// How much a line weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For those who debug the program itself.
    Trace,
    /// For those who want to know why.
    Debug,
    /// What happens.
    Info,
    /// What should not be.
    Warn,
    /// What failed.
    Error,
}

impl From<tracing::Level> for Level {
    fn from(level: tracing::Level) -> Self {
        match level {
            tracing::Level::TRACE => Self::Trace,
            tracing::Level::DEBUG => Self::Debug,
            tracing::Level::INFO => Self::Info,
            tracing::Level::WARN => Self::Warn,
            tracing::Level::ERROR => Self::Error,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        })
    }
}

/// One line of `logs/<component>.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LogLine {
    /// Version of this format.
    pub version: u32,
    /// When, in UTC.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub timestamp: OffsetDateTime,
    /// How much it weighs.
    pub level: Level,
    /// Which part of the program speaks: `packer`, `state`, `cli`.
    pub component: String,
    /// The run it belongs to.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub run_id: RunId,
    /// The target it belongs to, `<builder>@<env>`, if it belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What happened.
    pub message: String,
    /// Further values by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}

impl LogLine {
    /// `[timestamp] LEVEL component run_id message key=value …`, without a line end.
    pub fn to_text(&self) -> String {
        let mut line = String::with_capacity(128 + self.message.len());
        let _ = write!(line, "[{}] {} ", timestamp(self.timestamp), self.level);
        self.body(&mut line);
        line
    }

    /// Adds `component run_id message key=value …` to `line`.
    pub(crate) fn body(&self, line: &mut String) {
        let (component, message) = (neutralize(&self.component), neutralize(&self.message));
        let _ = write!(line, "{component} {} {message}", self.run_id);
        self.pairs(line);
    }

    /// Adds ` key=value …` to `line`.
    pub(crate) fn pairs(&self, line: &mut String) {
        let target = self.target.iter().map(|target| ("target", target));
        for (key, value) in target.chain(self.fields.iter().map(|(key, value)| (key.as_str(), value))) {
            let value = neutralize(value);
            let quote = value.is_empty() || value.contains([' ', '"', '=']);
            let value = if quote { format!("\"{}\"", value.replace('"', "\\\"")).into() } else { value };
            let _ = write!(line, " {}={value}", neutralize(key));
        }
    }

    /// One JSON object without a line end; control characters are escaped, so that even `cat` is safe.
    pub fn to_json(&self) -> String {
        // Strings, numbers and maps with string keys cannot fail to serialise.
        let json = serde_json::to_string(self).unwrap_or_default();
        if !json.chars().any(is_hostile) {
            return json;
        }
        let mut safe = String::with_capacity(json.len() + 16);
        for c in json.chars() {
            if is_hostile(c) {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    let _ = write!(safe, "\\u{unit:04x}");
                }
            } else {
                safe.push(c);
            }
        }
        safe
    }
}

/// RFC 3339 in UTC with milliseconds: `2026-11-20T22:56:20.123Z`.
pub fn timestamp(at: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    at.to_offset(time::UtcOffset::UTC).format(&format).unwrap_or_default()
}

/// Characters that move the cursor, change the terminal, or show text in another order than it has.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Makes a text safe to show on one line: control characters, escapes and reordering marks become visible.
///
/// ```
/// assert_eq!(hc_logs::line::neutralize("a\x1b[2Jb\nc"), "a\\x1b[2Jb\\nc");
/// ```
pub fn neutralize(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if is_hostile(c) && (c as u32) < 0x100 => {
                let _ = write!(safe, "\\x{:02x}", c as u32);
            }
            c if is_hostile(c) => {
                let _ = write!(safe, "\\u{{{:x}}}", c as u32);
            }
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(message: &str) -> LogLine {
        LogLine {
            version: LINE_VERSION,
            timestamp: time::macros::datetime!(2026-11-20 22:56:20.123456 UTC),
            level: Level::Warn,
            component: "packer".into(),
            run_id: "20261120T225620.123Z-1f2e3d4c".parse().unwrap(),
            target: Some("linux.qemu.base@dev".into()),
            message: message.into(),
            fields: BTreeMap::from([("attempt".into(), "2".into()), ("why".into(), "say \"no\"".into())]),
        }
    }

    #[test]
    fn the_two_forms() {
        assert_eq!(
            line("it\nbroke").to_text(),
            "[2026-11-20T22:56:20.123Z] WARN packer 20261120T225620.123Z-1f2e3d4c it\\nbroke \
             target=linux.qemu.base@dev attempt=2 why=\"say \\\"no\\\"\""
        );
        let json = line("a\u{9b}2J\u{202e}").to_json();
        assert!(json.contains("a\\u009b2J\\u202e"), "{json}");
        assert_eq!(serde_json::from_str::<LogLine>(&json).unwrap(), line("a\u{9b}2J\u{202e}"));
    }

    proptest! {
        #[test]
        fn no_message_breaks_its_line(message in any::<String>(), extra in prop::sample::select(vec!["\x1b]0;x\x07", "\u{2028}", "\u{85}", "\r\n"])) {
            let line = line(&format!("{message}{extra}{message}"));
            for form in [line.to_text(), line.to_json()] {
                prop_assert!(!form.chars().any(is_hostile), "{:?}", form);
            }
            prop_assert_eq!(&serde_json::from_str::<LogLine>(&line.to_json()).unwrap(), &line);
        }
    }
}
