//! Versions of packer and its plugins, and the constraints that templates put on them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A version of three numbers; pre-release suffixes are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version {
    /// Major.
    pub major: u64,
    /// Minor.
    pub minor: u64,
    /// Patch.
    pub patch: u64,
}

/// A text that is not a version, or not a constraint on versions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a version")]
pub struct VersionError(String);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        match segments(text)?.as_slice() {
            [major, minor, patch] => Ok(Self { major: *major, minor: *minor, patch: *patch }),
            _ => Err(VersionError(text.to_owned())),
        }
    }
}

/// The numbers of a version, without a leading `v` and whatever follows `-`, `+` or a blank.
fn segments(text: &str) -> Result<Vec<u64>, VersionError> {
    let core = text.trim().trim_start_matches('v').split(['-', '+', ' ']).next().unwrap_or_default();
    core.split('.')
        .map(|part| part.parse())
        .collect::<Result<_, _>>()
        .map_err(|_| VersionError(text.to_owned()))
}

/// Constraints as templates write them: `>= 1.7, < 2.0`, `~> 1.2`, `1.0.4`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraints(Vec<(Operator, Vec<u64>)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// The last number that is written may grow.
    Pessimistic,
}

impl FromStr for Constraints {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let one = |part: &str| {
            let part = part.trim();
            let start = part.find(|c: char| !"=!<>~".contains(c)).unwrap_or(part.len());
            let (operator, version) = part.split_at(start);
            let operator = match operator {
                "" | "=" => Operator::Equal,
                "!=" => Operator::NotEqual,
                "<" => Operator::Less,
                "<=" => Operator::LessOrEqual,
                ">" => Operator::Greater,
                ">=" => Operator::GreaterOrEqual,
                "~>" => Operator::Pessimistic,
                _ => return Err(VersionError(text.to_owned())),
            };
            let version = segments(version)?;
            if version.len() > 3 { Err(VersionError(text.to_owned())) } else { Ok((operator, version)) }
        };
        text.split(',').map(one).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Constraints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (operator, wanted)) in self.0.iter().enumerate() {
            let version: Vec<String> = wanted.iter().map(u64::to_string).collect();
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{} {}", operator.sign(), version.join("."))?;
        }
        Ok(())
    }
}

impl Operator {
    fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Pessimistic => "~>",
        }
    }
}

impl Constraints {
    /// Whether a version meets all of them.
    pub fn allow(&self, version: Version) -> bool {
        let found = [version.major, version.minor, version.patch];
        self.0.iter().all(|(operator, wanted)| {
            let mut full = [0; 3];
            full[..wanted.len()].copy_from_slice(wanted);
            match operator {
                Operator::Equal => found == full,
                Operator::NotEqual => found != full,
                Operator::Less => found < full,
                Operator::LessOrEqual => found <= full,
                Operator::Greater => found > full,
                Operator::GreaterOrEqual => found >= full,
                Operator::Pessimistic => {
                    let fixed = wanted.len().saturating_sub(1);
                    found >= full && found[..fixed] == full[..fixed]
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_read_and_print() {
        let version: Version = "v1.11.2-dev".parse().unwrap();
        assert_eq!(version.to_string(), "1.11.2");
        assert!("1.11".parse::<Version>().is_err() && "1.2.3.4".parse::<Version>().is_err());
        assert!("1.9.0".parse::<Version>().unwrap() < version);
    }

    #[test]
    fn constraints_are_packers() {
        let allows = |constraints: &str, version: &str| {
            constraints.parse::<Constraints>().unwrap().allow(version.parse().unwrap())
        };
        for (constraints, yes, no) in [
            ("1.2.3", "1.2.3", "1.2.4"),
            ("= 1.2", "1.2.0", "1.2.1"),
            ("!= 1.2.3", "1.2.4", "1.2.3"),
            (">= 1.7, < 2.0", "1.16.0", "2.0.0"),
            ("~> 1", "1.99.0", "0.9.0"),
            ("~> 1.2", "1.9.0", "2.0.0"),
            ("~> 1.2.3", "1.2.9", "1.3.0"),
            (">1.0.0", "1.0.1", "1.0.0"),
            ("<= v1.2.0-beta", "1.2.0", "1.2.1"),
        ] {
            assert!(allows(constraints, yes), "{constraints} {yes}");
            assert!(!allows(constraints, no), "{constraints} {no}");
            let read: Constraints = constraints.parse().unwrap();
            assert_eq!(read.to_string().parse::<Constraints>().unwrap(), read, "{read}");
        }
        for bad in ["", "new", "=> 1", "~> 1.2.3.4", ">= 1,", "> "] {
            assert!(bad.parse::<Constraints>().is_err(), "{bad}");
        }
    }
}
