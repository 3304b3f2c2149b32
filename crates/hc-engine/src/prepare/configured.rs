//! What the template of a target says of its sources: region, datacenter, node, where the platform's API is.

use std::collections::BTreeMap;

use hc_config::Value;
use hc_core::SecretString;
use hc_packer::images::Configured;
use hc_packer::orphans::{COORDINATES, Coordinates};
use hc_templates::closure::{self, Memory};

use super::Prepared;
use crate::project::Project;

/// What is known without any secret: for records, and for whatever else is shown.
pub fn open(project: &Project, prepared: &Prepared) -> Configured {
    of(project, prepared, open_values(prepared))
}

fn open_values(prepared: &Prepared) -> BTreeMap<String, Value> {
    let vars = prepared.resolution.vars.iter();
    let values = vars.filter(|(_, var)| var.secret.is_none() && !var.sensitive);
    values.map(|(name, var)| (name.clone(), var.value.clone())).collect()
}

/// Where and under which names a build makes things on its platform, written down before it does. `injected` are the values of
/// `hybrid_…` variables. What is a secret, sensitive, or would be hidden is left out: this is stored.
pub fn coordinates(project: &Project, prepared: &Prepared, injected: &[(String, String)]) -> Coordinates {
    let mut values = open_values(prepared);
    values.extend(injected.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))));
    let stored = |(name, value): (String, Option<String>)| {
        let value = value.filter(|value| project.redactor.redact(value) == *value)?;
        COORDINATES.contains(&name.as_str()).then_some((name, value))
    };
    let sources = of(project, prepared, values).0.into_iter();
    sources
        .map(|(address, attributes)| (address, attributes.into_iter().filter_map(stored).collect()))
        .collect()
}

/// The same with secrets, for what is handed to a program by its environment and never shown.
pub fn with_secrets(
    project: &Project,
    prepared: &Prepared,
    secrets: &[(String, SecretString)],
) -> Configured {
    let vars = prepared.resolution.vars.iter();
    let mut values: BTreeMap<String, Value> =
        vars.map(|(name, var)| (name.clone(), var.value.clone())).collect();
    for (name, secret) in secrets {
        values.insert(name.clone(), Value::String(secret.expose().to_owned()));
    }
    of(project, prepared, values)
}

fn of(project: &Project, prepared: &Prepared, values: BTreeMap<String, Value>) -> Configured {
    Configured(closure::configured(&Memory::new(&project.root), &prepared.builder, values))
}
