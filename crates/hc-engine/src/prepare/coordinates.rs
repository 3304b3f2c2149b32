//! Where and under which names a build makes things on its platform, written down before it does.

use std::collections::BTreeMap;

use hc_config::Value;
use hc_config::resolve::ResolvedVar;
use hc_packer::orphans::{COORDINATES, Coordinates};
use hc_templates::closure::{self, Memory, Search};

use super::environment::Caller;
use super::prepared::Prepared;
use crate::project::Project;

/// What the sources of a builder call and place what they make. `injected` are the values of `hybrid_…` variables. What
/// the redactor would hide is left out: this is stored.
pub fn coordinates(project: &Project, prepared: &Prepared, injected: &[(String, String)]) -> Coordinates {
    let mut vars = prepared.resolution.vars.clone();
    for (name, value) in injected {
        let value = Value::String(value.clone());
        vars.insert(name.clone(), ResolvedVar { value, secret: None, sensitive: false, chain: Vec::new() });
    }
    let workdir = project.at(&prepared.builder.workdir);
    let search = Search {
        memory: &Memory::new(&project.root),
        builder: &prepared.builder,
        vars: &vars,
        env: &Caller::of(project).packer(&prepared.target.env, &workdir),
    };
    let mut found: BTreeMap<_, BTreeMap<String, String>> = closure::coordinates(&search, COORDINATES);
    for attributes in found.values_mut() {
        attributes.retain(|_, value| project.redactor.redact(value) == *value);
    }
    found
}
