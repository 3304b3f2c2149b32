//! Names that carry their rules: builders, environments, targets, runs, builds and selectors.
//!
//! Every type here is parsed once at the edge; holding one proves that the name is safe as a file name and
//! as a command-line word.

mod selector;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::macros::format_description;

pub use selector::Selector;

/// Longest accepted kebab-case part, in bytes; keeps `<builder>.hash.json` below every file-name limit.
pub const MAX_PART: usize = 48;

/// What is wrong with a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// A builder id needs exactly three dot-separated parts.
    #[error("builder id `{id}` has {found} parts, expected `<os>.<platform>.<variant>`")]
    Parts {
        /// The text as given.
        id: String,
        /// How many dot-separated parts it has.
        found: usize,
    },
    /// A part is not kebab-case.
    #[error("`{part}` in `{id}` is not kebab-case (lower-case letters, digits and single hyphens)")]
    NotKebab {
        /// The text as given.
        id: String,
        /// The offending part.
        part: String,
    },
    /// A selector is empty or holds characters that no id can have.
    #[error("selector `{0}` is neither a name nor a glob over builder ids")]
    Selector(String),
    /// A run or build id does not have its form.
    #[error("`{0}` is not a run id")]
    Run(String),
}

impl IdError {
    /// Stable code for `hybrid explain`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Parts { .. } | Self::NotKebab { .. } => "BadBuilderName",
            Self::Selector(_) => "BadSelector",
            Self::Run(_) => "BadRunId",
        }
    }
}

/// True for `a`, `web-01`, `24-04`; false for empty, upper case, leading, trailing or doubled hyphens.
pub fn is_kebab(part: &str) -> bool {
    !part.is_empty()
        && part.len() <= MAX_PART
        && !part.starts_with('-')
        && !part.ends_with('-')
        && !part.contains("--")
        && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn kebab(id: &str, part: &str) -> Result<String, IdError> {
    if is_kebab(part) {
        Ok(part.to_owned())
    } else {
        Err(IdError::NotKebab { id: id.to_owned(), part: part.to_owned() })
    }
}

/// One image definition: `<os>.<platform>.<variant>`, kebab-case parts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BuilderId {
    os: String,
    platform: String,
    variant: String,
}

impl BuilderId {
    /// Builds an id from its parts.
    ///
    /// # Errors
    /// [`IdError::NotKebab`] names the part that breaks the rule.
    pub fn new(os: &str, platform: &str, variant: &str) -> Result<Self, IdError> {
        let id = format!("{os}.{platform}.{variant}");
        Ok(Self { os: kebab(&id, os)?, platform: kebab(&id, platform)?, variant: kebab(&id, variant)? })
    }

    /// Operating system part.
    pub fn os(&self) -> &str {
        &self.os
    }

    /// Platform part: the hypervisor or cloud.
    pub fn platform(&self) -> &str {
        &self.platform
    }

    /// Variant part.
    pub fn variant(&self) -> &str {
        &self.variant
    }
}

impl fmt::Display for BuilderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{}.{}", self.os, self.platform, self.variant))
    }
}

impl fmt::Debug for BuilderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for BuilderId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let parts: Vec<&str> = text.split('.').collect();
        match parts.as_slice() {
            [os, platform, variant] => Self::new(os, platform, variant),
            other => Err(IdError::Parts { id: text.to_owned(), found: other.len() }),
        }
    }
}

impl TryFrom<String> for BuilderId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<BuilderId> for String {
    fn from(id: BuilderId) -> Self {
        id.to_string()
    }
}

/// Name of an environment (`dev`, `prod`), kebab-case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EnvName(String);

impl EnvName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EnvName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for EnvName {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        kebab(text, text).map(Self)
    }
}

impl TryFrom<String> for EnvName {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<EnvName> for String {
    fn from(env: EnvName) -> Self {
        env.0
    }
}

/// A builder in an environment; displayed as `linux.qemu.base@dev`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Target {
    /// The image definition.
    pub builder: BuilderId,
    /// Where it is built for.
    pub env: EnvName,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}@{}", self.builder, self.env))
    }
}

impl FromStr for Target {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (builder, env) =
            text.split_once('@').ok_or_else(|| IdError::Parts { id: text.to_owned(), found: 1 })?;
        Ok(Self { builder: builder.parse()?, env: env.parse()? })
    }
}

impl TryFrom<String> for Target {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}

/// One invocation of the CLI; sorts by time: `20261120T225620.123Z-1f2e3d4c`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

impl RunId {
    /// Makes the id of a run that starts at `now`; `entropy` keeps two runs of one millisecond apart.
    pub fn new(now: OffsetDateTime, entropy: u32) -> Self {
        let format = format_description!("[year][month][day]T[hour][minute][second].[subsecond digits:3]Z");
        let stamp = now
            .to_offset(time::UtcOffset::UTC)
            .format(&format)
            .unwrap_or_else(|_| "00000000T000000.000Z".to_owned());
        Self(format!("{stamp}-{entropy:08x}"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for RunId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let fits = text.len() == 29
            && text.bytes().enumerate().all(|(i, b)| match i {
                8 => b == b'T',
                15 => b == b'.',
                19 => b == b'Z',
                20 => b == b'-',
                i if i > 20 => b.is_ascii_digit() || (b'a'..=b'f').contains(&b),
                _ => b.is_ascii_digit(),
            });
        if fits { Ok(Self(text.to_owned())) } else { Err(IdError::Run(text.to_owned())) }
    }
}

impl TryFrom<String> for RunId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.0
    }
}

/// One build of one target in one run; the stem of `artifacts/<build>.json` (PKR-6).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BuildId(String);

impl BuildId {
    /// Names the build of `target` in `run`: `linux.qemu.base-dev-<run id>`.
    pub fn new(target: &Target, run: &RunId) -> Self {
        Self(format!("{}-{}-{run}", target.builder, target.env))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for BuildId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = || IdError::Run(text.to_owned());
        let at = text.len().checked_sub(29).filter(|at| text.is_char_boundary(*at)).ok_or_else(wrong)?;
        let (head, run) = text.split_at(at);
        run.parse::<RunId>()?;
        let head = head.strip_suffix('-').ok_or_else(wrong)?;
        // The variant and the environment may both hold hyphens, so only their union can be checked.
        let safe = head.split('.').count() == 3 && head.split('.').all(is_kebab_loose);
        if safe { Ok(Self(text.to_owned())) } else { Err(wrong()) }
    }
}

fn is_kebab_loose(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

impl TryFrom<String> for BuildId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<BuildId> for String {
    fn from(id: BuildId) -> Self {
        id.0
    }
}

#[cfg(feature = "schema")]
mod schema {
    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    macro_rules! string_schema {
        ($type:ident, $pattern:expr, $doc:expr) => {
            impl JsonSchema for super::$type {
                fn schema_name() -> std::borrow::Cow<'static, str> {
                    stringify!($type).into()
                }
                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    json_schema!({ "type": "string", "pattern": $pattern, "description": $doc })
                }
            }
        };
    }

    string_schema!(
        BuilderId,
        r"^[a-z0-9-]+\.[a-z0-9-]+\.[a-z0-9-]+$",
        "Builder id `<os>.<platform>.<variant>`"
    );
    string_schema!(EnvName, r"^[a-z0-9]+(-[a-z0-9]+)*$", "Environment name");
    string_schema!(Target, r"^[a-z0-9-]+\.[a-z0-9-]+\.[a-z0-9-]+@[a-z0-9-]+$", "Builder in an environment");
    string_schema!(
        RunId,
        r"^[0-9]{8}T[0-9]{6}\.[0-9]{3}Z-[0-9a-f]{8}$",
        "Time-sortable id of one invocation"
    );
    string_schema!(BuildId, r"^[a-z0-9.-]+-[0-9]{8}T[0-9]{6}\.[0-9]{3}Z-[0-9a-f]{8}$", "Id of one build");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(text: &str) -> BuilderId {
        text.parse().unwrap()
    }

    #[test]
    fn builder_ids_parse_and_print() {
        assert_eq!(id("linux.qemu.base").to_string(), "linux.qemu.base");
        assert_eq!(id("linux.qemu.web-24-04").variant(), "web-24-04");
        for bad in ["linux.qemu", "Linux.qemu.base", "linux.qemu.", "a.b.c.d", "a.b.-c", "a.b.c--d", "../x.y"]
        {
            assert!(bad.parse::<BuilderId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn run_and_build_ids_round_trip_and_sort_by_time() {
        let early = RunId::new(OffsetDateTime::UNIX_EPOCH, 7);
        let late = RunId::new(OffsetDateTime::UNIX_EPOCH + time::Duration::milliseconds(1), 0);
        assert!(early < late);
        assert_eq!(early.as_str(), "19700101T000000.000Z-00000007");
        assert_eq!(early.as_str().parse::<RunId>().unwrap(), early);
        let target: Target = "linux.file.motd@dev".parse().unwrap();
        let build = BuildId::new(&target, &early);
        assert_eq!(build.as_str().parse::<BuildId>().unwrap(), build);
        assert!("../../etc-19700101T000000.000Z-00000007".parse::<BuildId>().is_err());
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "\\PC{0,80}") {
            let _ = text.parse::<BuilderId>();
            let _ = text.parse::<Target>();
            let _ = text.parse::<RunId>();
            let _ = text.parse::<BuildId>();
        }
    }
}
