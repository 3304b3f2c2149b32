//! What a template reads of the caller's environment, and what of that packer gets.

use std::collections::BTreeMap;
use std::path::Path;

use hc_config::Diagnostic;
use hc_core::EnvName;
use hc_packer::environment;
use hc_templates::closure::{Closure, EnvUse};

use crate::project::Project;
use crate::project::packer::{is_given, own_vars};
use crate::project::reach::{Reach, may_reach};

/// What every shell sets for itself.
const OF_SHELLS: [&str; 11] =
    ["PWD", "OLDPWD", "SHLVL", "IFS", "PS1", "COLUMNS", "LINES", "HOSTNAME", "UID", "EUID", "BASH_VERSION"];

/// The caller's environment, as far as it is text, in two parts.
pub(super) struct Caller<'a> {
    /// What `pass_env` names.
    further: &'a [String],
    passed: BTreeMap<String, String>,
    /// Names of what is set and may be kept from packer. Empty values count as absent: packer gets an empty text in both cases.
    set: Vec<String>,
}

impl<'a> Caller<'a> {
    /// Of the project's host.
    pub(super) fn of(project: &'a Project) -> Self {
        let further = &project.settings.packer.pass_env;
        let mut caller = Self { further, passed: BTreeMap::new(), set: Vec::new() };
        for (name, value) in &project.host.vars {
            let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { continue };
            if environment::is_named(name, further) || may_reach(name) {
                caller.passed.insert(name.to_owned(), value.to_owned());
            }
            if !value.is_empty() && !is_given(name, value) {
                caller.set.push(name.to_owned());
            }
        }
        caller
    }

    /// What packer can see for a target of `env`, if its templates read it.
    pub(super) fn packer(&self, env: &EnvName, workdir: &Path) -> BTreeMap<String, String> {
        let own = own_vars(env, workdir, self.further).into_iter();
        let own = own.map(|(name, value)| (name.to_owned(), value.to_string_lossy().into_owned()));
        self.passed.clone().into_iter().chain(own).collect()
    }

    /// Values that would reach the template, and do not, because packer may not see them.
    pub(super) fn stripped(&self, uses: &[EnvUse], reach: &Reach) -> Vec<Diagnostic> {
        let lost = |one: &&EnvUse| one.reaches && self.is_lost(&one.name, reach);
        let told = uses.iter().filter(lost).map(|one| {
            let message = format!("`{}` is set, but packer is not given its value", one.name);
            Diagnostic::error("EnvNotPassed", message)
                .at(one.location.clone())
                .label(format!("`{}` would get its value", one.variable))
                .hint(format!(
                    "add \"{}\" to `pass_env` below [packer] in hybrid.toml, or unset it",
                    one.name
                ))
        });
        told.collect()
    }

    fn is_lost(&self, name: &String, reach: &Reach) -> bool {
        self.set.contains(name) && !reach.lets(name, self.further)
    }

    /// Names in commands and scripts that are set, and that the programs of this machine do not get.
    pub(super) fn mentioned(&self, closure: &Closure, reach: &Reach) -> Vec<Diagnostic> {
        let lost = |name: &&String| self.is_lost(name, reach) && !OF_SHELLS.contains(&name.as_str());
        let mentions = closure.mentions.iter().filter(|(name, _)| lost(name));
        let told = mentions.map(|(name, place)| {
            let message = format!("`{name}` is set, but what packer starts is not given it");
            Diagnostic::warning("EnvNotPassed", message)
                .at(place.clone())
                .label(format!("`{name}` is empty here"))
                .hint(format!("add \"{name}\" to `pass_env` below [packer] in hybrid.toml, or unset it"))
        });
        told.collect()
    }
}
