//! What the template of a target says of its sources: region, datacenter, node, where the platform's API is.

use std::collections::BTreeMap;

use hc_config::Value;
use hc_core::SecretString;
use hc_packer::images::Configured;
use hc_templates::closure::{self, Memory};

use super::Prepared;
use crate::project::Project;

/// What is known without any secret: for records, and for whatever else is shown.
pub fn open(project: &Project, prepared: &Prepared) -> Configured {
    let vars = prepared.resolution.vars.iter();
    let values = vars.filter(|(_, var)| var.secret.is_none() && !var.sensitive);
    of(project, prepared, values.map(|(name, var)| (name.clone(), var.value.clone())).collect())
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
