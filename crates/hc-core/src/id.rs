//! Names that carry their rules: builders, environments, targets, runs, builds and selectors.
//!
//! Every type here is parsed once at the edge; holding one proves that the name is safe as a file name and
//! as a command-line word.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::macros::format_description;

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

/// What `--targets linux,qemu,linux.*.base` selects: bare part names or globs over the whole id.
///
/// `*` stands for any run of characters inside one part, `?` for one character. The empty selector selects
/// everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    terms: Vec<String>,
}

impl Selector {
    /// Parses a comma-separated list; blank terms are skipped.
    ///
    /// # Errors
    /// [`IdError::Selector`] for a term that no builder id could ever match.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let mut terms = Vec::new();
        for term in text.split(',').map(str::trim).filter(|term| !term.is_empty()) {
            let legal = term.bytes().all(|b| {
                b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'*' | b'?')
            });
            if !legal || !matches!(term.split('.').count(), 1 | 3) {
                return Err(IdError::Selector(term.to_owned()));
            }
            terms.push(term.to_owned());
        }
        Ok(Self { terms })
    }

    /// Selects everything.
    pub fn all() -> Self {
        Self { terms: Vec::new() }
    }

    /// Selects one builder.
    pub fn only(id: &BuilderId) -> Self {
        Self { terms: vec![id.to_string()] }
    }

    /// The terms as given.
    pub fn terms(&self) -> &[String] {
        &self.terms
    }

    /// True when nothing narrows the selection.
    pub fn is_everything(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether `id` is selected by any term.
    pub fn matches(&self, id: &BuilderId) -> bool {
        self.is_everything() || self.terms.iter().any(|term| term_matches(term, id))
    }

    /// Terms that match none of `ids`: a typo that must not select nothing in silence.
    pub fn unmatched<'a>(&'a self, ids: &'a [BuilderId]) -> impl Iterator<Item = &'a str> {
        self.terms.iter().map(String::as_str).filter(|term| !ids.iter().any(|id| term_matches(term, id)))
    }
}

fn term_matches(term: &str, id: &BuilderId) -> bool {
    let parts: Vec<&str> = term.split('.').collect();
    match parts.as_slice() {
        [bare] => [&id.os, &id.platform, &id.variant].into_iter().any(|part| glob(bare, part)),
        [os, platform, variant] => {
            glob(os, &id.os) && glob(platform, &id.platform) && glob(variant, &id.variant)
        }
        _ => false,
    }
}

/// Matches `pattern` (`*`, `?`) against the whole of `text` in linear time by greedy backtracking.
fn glob(pattern: &str, text: &str) -> bool {
    let (p, t) = (pattern.as_bytes(), text.as_bytes());
    let (mut pi, mut ti, mut star) = (0, 0, None);
    while ti < t.len() {
        if pi < p.len() && (p[pi] == b'?' || p[pi] == t[ti]) {
            (pi, ti) = (pi + 1, ti + 1);
        } else if pi < p.len() && p[pi] == b'*' {
            star = Some((pi, ti));
            pi += 1;
        } else if let Some((star_pi, star_ti)) = star {
            (pi, ti) = (star_pi + 1, star_ti + 1);
            star = Some((star_pi, star_ti + 1));
        } else {
            return false;
        }
    }
    p[pi..].iter().all(|b| *b == b'*')
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
    fn selectors_match_bare_names_and_globs() {
        let base = id("linux.qemu.base");
        for yes in ["linux", "qemu", "base", "linux.*.base", "*.*.*", "lin*", "windows,qemu", "", "ba?e"] {
            assert!(Selector::parse(yes).unwrap().matches(&base), "{yes}");
        }
        for no in ["windows", "linux.azure.*", "lin", "linux.*.web"] {
            assert!(!Selector::parse(no).unwrap().matches(&base), "{no}");
        }
        assert!(Selector::parse("linux/qemu").is_err());
        assert!(Selector::parse("a.b").is_err());
        let ids = [base];
        let selector = Selector::parse("qemu,qmeu").unwrap();
        assert_eq!(selector.unmatched(&ids).collect::<Vec<_>>(), ["qmeu"]);
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
            let _ = Selector::parse(&text);
        }

        #[test]
        fn star_matches_everything(text in "[a-z0-9-]{0,40}") {
            prop_assert!(glob("*", &text));
            prop_assert!(glob(&text, &text));
        }
    }
}
