//! Where and under which names a build makes things on its platform, written down before it does.

use std::collections::BTreeMap;

use hc_config::Value;
use hc_packer::orphans::{COORDINATES, Coordinates};
use hc_templates::closure::{self, Memory};

use super::prepared::Prepared;
use crate::project::Project;

/// What the sources of a builder call and place what they make. `injected` are the values of `hybrid_…` variables. What
/// is a secret, sensitive, or would be hidden is left out: this is stored.
pub fn coordinates(project: &Project, prepared: &Prepared, injected: &[(String, String)]) -> Coordinates {
    let vars = prepared.resolution.vars.iter().filter(|(_, var)| var.secret.is_none() && !var.sensitive);
    let mut values: BTreeMap<String, Value> =
        vars.map(|(name, var)| (name.clone(), var.value.clone())).collect();
    values.extend(injected.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))));
    let mut found = closure::configured(&Memory::new(&project.root), &prepared.builder, values);
    for attributes in found.values_mut() {
        attributes.retain(|name, value| {
            COORDINATES.contains(&name.as_str()) && project.redactor.redact(value) == *value
        });
    }
    found
}
