//! Durations as people write them: `30d`, `2h`, `1h30m`, `90s`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A duration that reads and prints as `1h30m`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HumanDuration(Duration);

/// The text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration, expected forms like `30d`, `2h`, `1h30m`, `90s`")]
pub struct DurationError(String);

const UNITS: [(char, u64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

impl HumanDuration {
    /// A duration of whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// The duration itself.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl FromStr for HumanDuration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let wrong = || DurationError(text.to_owned());
        let mut total: u64 = 0;
        let mut digits = String::new();
        for c in text.trim().chars() {
            if c.is_ascii_digit() {
                digits.push(c);
                continue;
            }
            let (_, unit) = UNITS.iter().find(|(name, _)| *name == c).ok_or_else(wrong)?;
            let count: u64 = std::mem::take(&mut digits).parse().map_err(|_| wrong())?;
            total = count.checked_mul(*unit).and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
        }
        if text.trim() == "0" {
            return Ok(Self::default());
        }
        if text.trim().is_empty() || !digits.is_empty() {
            return Err(wrong());
        }
        Ok(Self::from_secs(total))
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_secs();
        if rest == 0 {
            return f.write_str("0s");
        }
        for (name, unit) in UNITS {
            if rest >= unit {
                write!(f, "{}{name}", rest / unit)?;
                rest %= unit;
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for HumanDuration {
    type Error = DurationError;

    fn try_from(text: String) -> Result<Self, DurationError> {
        text.parse()
    }
}

impl From<HumanDuration> for String {
    fn from(duration: HumanDuration) -> Self {
        duration.to_string()
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for HumanDuration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HumanDuration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "pattern": "^(0|([0-9]+[wdhms])+)$", "description": "Duration: `30d`, `1h30m`, `90s`"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print() {
        for (text, seconds) in
            [("30d", 2_592_000), ("1h30m", 5400), ("90s", 90), ("0", 0), ("0s", 0), ("2w", 1_209_600)]
        {
            let duration: HumanDuration = text.parse().unwrap();
            assert_eq!(duration.get().as_secs(), seconds, "{text}");
            assert_eq!(duration.to_string().parse::<HumanDuration>().unwrap(), duration);
        }
        for bad in ["", "h", "10", "1x", "-1h", "99999999999999999999d", "1h30"] {
            assert!(bad.parse::<HumanDuration>().is_err(), "{bad}");
        }
    }
}
