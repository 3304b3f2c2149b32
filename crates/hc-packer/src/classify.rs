//! From packer's one exit code to the class of a failure, by rules over its error lines (PKR-4).

use hc_core::ExitClass;
use std::fmt;

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::error::PackerError;
use crate::machine;

/// What kind of ending a run had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Class {
    /// It worked.
    Success,
    /// The network, a service or a lock: trying again can help.
    Transient,
    /// No room at the other side: trying again later can help.
    Capacity,
    /// Credentials were refused.
    Auth,
    /// Template, variables or scripts: it will fail again until something is edited.
    Config,
    /// A secret or retention rule was violated.
    Security,
    /// Somebody stopped it.
    Cancelled,
    /// No rule knows the message.
    Unknown,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Success => "success",
            Self::Transient => "transient",
            Self::Capacity => "capacity",
            Self::Auth => "auth",
            Self::Config => "config",
            Self::Security => "security",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        })
    }
}

impl Class {
    /// How a build that failed like this ends for its caller (PKR-4).
    pub fn exit(self) -> ExitClass {
        match self {
            Self::Success => ExitClass::Success,
            Self::Transient | Self::Capacity => ExitClass::Infrastructure,
            Self::Security => ExitClass::Security,
            Self::Cancelled => ExitClass::Interrupted,
            // Never retried blindly: a second run of a broken build costs hours.
            Self::Auth | Self::Config | Self::Unknown => ExitClass::Invalid,
        }
    }

    /// Whether trying again without an edit can help.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Transient | Self::Capacity)
    }

    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "transient" => Self::Transient,
            "capacity" => Self::Capacity,
            "auth" => Self::Auth,
            "config" => Self::Config,
            "security" => Self::Security,
            _ => return None,
        })
    }
}

/// A rule as data.
#[derive(Debug, Clone, Deserialize)]
pub struct RuleSpec {
    /// Name that results quote.
    pub id: String,
    /// Platform; all when absent.
    #[serde(default)]
    pub platform: Option<String>,
    /// Regular expression over one error line.
    pub pattern: String,
    /// `transient`, `capacity`, `auth`, `config` or `security`.
    pub class: String,
    /// What the operator should do.
    #[serde(default)]
    pub hint: Option<String>,
}

/// What was recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The class.
    pub class: Class,
    /// The rule that matched.
    pub rule: Option<String>,
    /// The line that it matched.
    pub evidence: Option<String>,
    /// What the operator should do.
    pub hint: Option<String>,
}

#[derive(Debug)]
struct Rule {
    spec: RuleSpec,
    pattern: Regex,
    class: Class,
}

/// Compiled rules: the caller's first, then the built-in ones.
#[derive(Debug)]
pub struct Rules(Vec<Rule>);

#[derive(Deserialize)]
struct RuleFile {
    rule: Vec<RuleSpec>,
}

impl Rules {
    /// Compiles `own` and the built-in rules.
    ///
    /// # Errors
    /// [`PackerError::Rule`] for a rule of `own` that is none.
    pub fn new(own: &[RuleSpec]) -> Result<Self, PackerError> {
        let built_in: RuleFile = toml::from_str(include_str!("rules.toml"))
            .map_err(|error| PackerError::Rule { id: "built-in".into(), what: error.message().to_owned() })?;
        own.iter().cloned().chain(built_in.rule).map(compile).collect::<Result<_, _>>().map(Self)
    }

    /// Names of all rules, in the order in which they are tried.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|rule| rule.spec.id.as_str())
    }

    /// Recognises a failure by its error lines. The most telling class wins over the first line: a security
    /// finding, then what an edit must repair, then what a retry may cure.
    pub fn classify(&self, platform: &str, errors: &[String]) -> Finding {
        let mut best: Option<(u8, Finding)> = None;
        for line in errors {
            let fits = |rule: &&Rule| {
                rule.spec.platform.as_deref().is_none_or(|only| only == platform)
                    && rule.pattern.is_match(line)
            };
            let Some(rule) = self.0.iter().find(fits) else { continue };
            let weight = match rule.class {
                Class::Security => 4,
                Class::Auth => 3,
                Class::Transient | Class::Capacity => 1,
                _ => 2,
            };
            if best.as_ref().is_none_or(|(known, _)| weight > *known) {
                let finding = Finding {
                    class: rule.class,
                    rule: Some(rule.spec.id.clone()),
                    evidence: Some(line.chars().take(500).collect()),
                    hint: rule.spec.hint.clone(),
                };
                best = Some((weight, finding));
            }
        }
        best.map_or_else(
            || Finding { class: Class::Unknown, rule: None, evidence: errors.last().cloned(), hint: None },
            |(_, finding)| finding,
        )
    }
}

/// Classifies a whole log, raw machine-readable or as people see it. Only errors are read: in good builds, too, logs
/// speak of timeouts and refused connections.
pub fn classify_text(rules: &Rules, platform: &str, log: &str) -> Finding {
    let (mut last, mut other) = (Vec::new(), Vec::new());
    for line in log.lines() {
        match machine::parse(line) {
            Some(record) => match (record.kind.as_str(), record.data.as_slice()) {
                ("error", [message, ..]) => last.extend(message.lines().map(str::to_owned)),
                // A source's own lines hold the standard error of provisioners, in good builds too.
                ("ui", [level, message, ..]) if level == "error" && machine::speaker(message).is_none() => {
                    let list = if is_final(message) { &mut last } else { &mut other };
                    list.extend(message.lines().map(str::to_owned));
                }
                _ => {}
            },
            None if is_final(line) => last.push(line.to_owned()),
            None => {}
        }
    }
    rules.classify(platform, if last.is_empty() { &other } else { &last })
}

/// Whether a line says why packer failed, and is not a provisioner's own word.
pub(crate) fn is_final(line: &str) -> bool {
    let line = line.trim_start_matches(['=', '-', '>', ' ']);
    line.starts_with("Build '") && line.contains("' errored") || line.starts_with("Error: ")
}

fn compile(spec: RuleSpec) -> Result<Rule, PackerError> {
    let invalid = |what: String| PackerError::Rule { id: spec.id.clone(), what };
    let pattern = Regex::new(&spec.pattern).map_err(|error| invalid(error.to_string()))?;
    let class = Class::parse(&spec.class).ok_or_else(|| invalid(format!("`{}` is no class", spec.class)))?;
    Ok(Rule { spec, pattern, class })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(platform: &str, line: &str) -> Class {
        Rules::new(&[]).unwrap().classify(platform, &[line.to_owned()]).class
    }

    #[test]
    fn real_messages_have_their_class() {
        for (platform, line, expected) in [
            ("qemu", "Build 'qemu.base' errored after 5 minutes: Timeout waiting for SSH.", Class::Transient),
            ("vsphere", "Timeout waiting for WinRM.", Class::Transient),
            (
                "qemu",
                "Packer experienced an authentication error when trying to connect via SSH.",
                Class::Auth,
            ),
            ("vsphere", "Post \"https://vc/sdk\": EOF", Class::Transient),
            ("vsphere", "503 Service Unavailable", Class::Transient),
            ("file", "503 Service Unavailable", Class::Unknown),
            (
                "proxmox",
                "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout",
                Class::Transient,
            ),
            ("azure", "Code=\"AllocationFailed\"", Class::Capacity),
            ("azure", "Code=\"SkuNotAvailable\"", Class::Config),
            ("aws", "InsufficientInstanceCapacity: We currently do not have sufficient", Class::Capacity),
            ("aws", "RequestLimitExceeded: Request limit exceeded.", Class::Transient),
            ("qemu", "Error connecting to QMP socket: dial unix", Class::Transient),
            ("qemu", "Qemu failed to start. Please run with PACKER_LOG=1", Class::Config),
            ("null", "Script exited with non-zero exit status: 7.Allowed exit codes are: [0]", Class::Config),
            ("null", "write /x: no space left on device", Class::Capacity),
            ("null", "something nobody has seen", Class::Unknown),
        ] {
            assert_eq!(class(platform, line), expected, "{line}");
        }
    }

    #[test]
    fn own_rules_come_first_and_bad_ones_are_named() {
        let own = |pattern: &str, class: &str| RuleSpec {
            id: "mine".into(),
            platform: None,
            pattern: pattern.into(),
            class: class.into(),
            hint: None,
        };
        let rules = Rules::new(&[own("SkuNotAvailable", "transient")]).unwrap();
        let finding = rules.classify("azure", &["SkuNotAvailable".into()]);
        assert_eq!((finding.class, finding.rule.as_deref()), (Class::Transient, Some("mine")));
        assert!(Rules::new(&[own("(", "transient")]).is_err());
        assert!(Rules::new(&[own("x", "maybe")]).is_err());
    }
}
