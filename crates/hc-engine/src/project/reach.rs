//! Which variables of the caller's environment reach a packer: what is common to all, what the template takes, and what
//! `pass_env` names. Credentials of one platform never reach the packer of another.

use std::collections::{BTreeMap, BTreeSet};

use hc_config::variables::VariableDecl;
use hc_packer::environment::{self, Uses, VARIABLE};
use hc_templates::Builder;
use hc_templates::closure::Closure;

/// Which variables of the caller's environment reach a packer.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    uses: Uses,
    /// Variables that the template reads by their names, or declares.
    names: BTreeSet<String>,
}

impl Reach {
    /// Of a call that has no template.
    pub fn common() -> Self {
        Self::default()
    }

    /// Of a call that installs plugins.
    pub fn installing() -> Self {
        let names = environment::INSTALLING.map(str::to_owned).into();
        Self { names, ..Self::default() }
    }

    /// Of the calls on a builder with these variables.
    pub(crate) fn of_parts(
        builder: &Builder,
        declared: &BTreeMap<String, VariableDecl>,
        closure: &Closure,
    ) -> Self {
        let types = builder.types().chain(builder.data_sources.iter().map(String::as_str));
        let uses = types.fold(Uses::default(), Uses::component);
        let mut uses = builder.documents.iter().fold(uses, |uses, document| uses.text(document.syntax()));
        if closure.runs_here {
            // A command that starts Ansible names none of its settings.
            uses = uses.component("ansible");
        }
        let read = closure.env.iter().filter(|one| one.reaches && environment::passes(&one.name));
        let mentioned = closure.mentions.keys().filter(|name| name.starts_with(VARIABLE)).cloned();
        let names = read.map(|one| one.name.clone());
        let names = names.chain(declared.keys().map(|name| format!("{VARIABLE}{name}"))).chain(mentioned);
        Self { uses, names: names.collect() }
    }

    /// What reaches either of two: of a call on several targets.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.names.extend(other.names);
        Self { uses: self.uses.and(other.uses), ..self }
    }

    /// Whether a variable reaches packer where `pass_env` names `further`.
    pub fn lets(&self, name: &str, further: &[String]) -> bool {
        environment::is_named(name, further)
            || (environment::is_common(name) && !is_settled(name))
            || self.uses.takes(name)
            || self.names.contains(name)
    }

    /// Whether a component or a function of the template takes a variable.
    pub fn takes(&self, name: &str) -> bool {
        self.uses.takes(name)
    }
}

/// Whether a variable reaches packer of the templates that read it, without being named by `pass_env`.
pub fn may_reach(name: &str) -> bool {
    environment::passes(name) && !is_settled(name)
}

/// What hybrid gives all packers the same, unless `pass_env` names it.
fn is_settled(name: &str) -> bool {
    ["LANG", "LANGUAGE", "TZ"].contains(&name) || name.starts_with("LC_")
}
