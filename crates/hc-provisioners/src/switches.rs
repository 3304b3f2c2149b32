//! Where stacks are switched on and off: `configs/provisioners.toml`, committed (PROV-1, PROV-3).
//!
//! Pure: reads and writes text, never the disk. [`crate::change()`] moves switches in a project.

use std::collections::BTreeMap;
use std::path::Path;

use hc_config::{Diagnostic, Value};
use hc_core::{BuilderId, EnvName, Target};
use serde::{Deserialize, Serialize};

use crate::registry::{STACKS, Stack};

/// Path of the switches, relative to the project.
pub const FILE: &str = "configs/provisioners.toml";

/// The switches of a project (`configs/provisioners.toml`). The most exact one wins: builder and environment,
/// builder, environment, project, and then the default of the stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Switches {
    /// For the whole project, by stack: `ansible = true`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub project: BTreeMap<String, bool>,
    /// By environment, then stack: `[env.prod]`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, BTreeMap<String, bool>>,
    /// By builder id, then stack: `[builder."linux.qemu.base"]`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub builder: BTreeMap<String, BTreeMap<String, bool>>,
    /// By builder and environment, then stack: `[target."linux.qemu.base@dev"]`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub target: BTreeMap<String, BTreeMap<String, bool>>,
}

/// Whether a stack is on for a target, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The stack.
    pub stack: &'static str,
    /// Whether it is on.
    pub on: bool,
    /// `default`, `project`, `env dev`, `builder linux.qemu.base`, `target linux.qemu.base@dev`, or why it cannot
    /// be on there at all.
    pub because: String,
}

impl Switches {
    /// Parses the file's text.
    ///
    /// # Errors
    /// A diagnostic with the place of the problem.
    pub fn parse(text: &str) -> Result<Self, Box<Diagnostic>> {
        hc_config::settings::parse_toml(Path::new(FILE), text, "SettingsInvalid")
    }

    /// The file's text: sorted, commented, the same for the same switches.
    ///
    /// # Errors
    /// Never for switches that were parsed or set here.
    pub fn render(&self) -> Result<String, toml::ser::Error> {
        let body = toml::to_string(self)?;
        Ok(format!(
            "# Written by `hybrid provisioners enable|disable`; the most exact switch wins.\n\n{body}"
        ))
    }

    /// Whether a stack is on for a target. Where it cannot work it is off, whatever the switches say: a switch for
    /// a whole environment means the builders that can.
    pub fn effective(&self, stack: &Stack, target: &Target) -> Effective {
        let builder = target.builder.to_string();
        let levels = [
            (self.target.get(&target.to_string()), format!("target {target}")),
            (self.builder.get(&builder), format!("builder {builder}")),
            (self.env.get(target.env.as_str()), format!("env {}", target.env)),
            (Some(&self.project), "project".to_owned()),
        ];
        let said =
            levels.into_iter().find_map(|(switches, because)| Some((*switches?.get(stack.name)?, because)));
        let (on, because) = said.unwrap_or((stack.default_on, "default".to_owned()));
        match stack.unsupported_on(target.builder.os(), target.builder.platform()) {
            Some(reason) if on => {
                Effective { stack: stack.name, on: false, because: format!("unsupported: {reason}") }
            }
            _ => Effective { stack: stack.name, on, because },
        }
    }

    /// Sets a switch at the level that `env` and `builder` name.
    pub fn set(&mut self, stack: &Stack, env: Option<&str>, builder: Option<&str>, on: bool) {
        let level = match (env, builder) {
            (None, None) => &mut self.project,
            (Some(env), None) => self.env.entry(env.to_owned()).or_default(),
            (None, Some(builder)) => self.builder.entry(builder.to_owned()).or_default(),
            (Some(env), Some(builder)) => self.target.entry(format!("{builder}@{env}")).or_default(),
        };
        level.insert(stack.name.to_owned(), on);
    }

    /// These switches with one moved.
    #[must_use]
    pub fn with(&self, stack: &Stack, env: Option<&EnvName>, builder: Option<&BuilderId>, on: bool) -> Self {
        let mut moved = self.clone();
        moved.set(stack, env.map(EnvName::as_str), builder.map(ToString::to_string).as_deref(), on);
        moved
    }

    /// What the stacks tell the templates: a disabled stack emits nothing but its `false` (PROV-3).
    pub fn variables(&self, target: &Target) -> BTreeMap<String, Value> {
        let mut variables = BTreeMap::new();
        for stack in STACKS {
            let on = self.effective(stack, target).on;
            variables.insert(stack.variable.to_owned(), Value::Bool(on));
            if on {
                for variable in stack.variables {
                    variables.insert(variable.name.to_owned(), Value::String(variable.default.to_owned()));
                }
            }
        }
        variables
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::find;

    #[test]
    fn the_most_exact_switch_wins_and_disabled_stacks_say_only_false() {
        let target: Target = "linux.qemu.base@dev".parse().unwrap();
        let puppet = find("puppet").unwrap();
        let mut switches = Switches::default();
        let variables = switches.variables(&target);
        assert_eq!(variables.keys().collect::<Vec<_>>(), ["enable_ansible", "enable_puppet"]);
        assert_eq!(variables["enable_ansible"], Value::Bool(true));
        switches.set(puppet, None, None, true);
        assert_eq!(switches.variables(&target)["puppet_mode"], Value::String("apply".into()));
        let levels: [(Option<&str>, Option<&str>, &str); 3] = [
            (Some("dev"), None, "env dev"),
            (None, Some("linux.qemu.base"), "builder linux.qemu.base"),
            (Some("dev"), Some("linux.qemu.base"), "target linux.qemu.base@dev"),
        ];
        let mut on = true;
        for (env, builder, because) in levels {
            on = !on;
            switches.set(puppet, env, builder, on);
            assert_eq!(
                switches.effective(puppet, &target),
                Effective { stack: "puppet", on, because: because.into() }
            );
        }
        let text = switches.render().unwrap();
        assert_eq!(Switches::parse(&text).unwrap(), switches);
    }

    #[test]
    fn a_stack_is_off_where_it_cannot_work() {
        let file: Target = "linux.file.motd@dev".parse().unwrap();
        let mut switches = Switches::default();
        switches.set(find("puppet").unwrap(), None, None, true);
        for stack in STACKS {
            let effective = switches.effective(stack, &file);
            assert!(!effective.on && effective.because.starts_with("unsupported: "), "{effective:?}");
        }
        assert_eq!(switches.variables(&file).keys().collect::<Vec<_>>(), ["enable_ansible", "enable_puppet"]);
    }

    #[test]
    fn unknown_levels_are_errors() {
        assert!(Switches::parse("[projct]\nansible = true\n").is_err());
        assert_eq!(Switches::parse("").unwrap(), Switches::default());
    }
}
