//! What this machine has for a project: packer, the tools that builders require, files that can be read.

use std::collections::BTreeMap;

use hc_templates::Inventory;

use crate::error::Result;
use crate::outcome::doctor::{CheckDoc, CheckStatus, DoctorReport};
use crate::project::{Project, packer, store};

/// Programs that are of use, and that a build can do without.
const OPTIONAL: [&str; 5] = ["git", "ansible-playbook", "ansible-lint", "puppet", "qemu-system-x86_64"];

/// Checks packer, the tools that builders require, and that builders and state can be read.
///
/// # Errors
/// Never for a machine that lacks something; that is the report.
pub fn doctor(project: &Project) -> Result<DoctorReport> {
    let (inventory, problems) = Inventory::load(&project.root, &project.settings.builders);
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    let builders = match errors {
        0 => needed("builders", CheckStatus::Ok, format!("{} can be read", inventory.builders.len())),
        _ => needed("builders", CheckStatus::Bad, format!("{errors} problems; see `hybrid validate`")),
    };
    let mut checks = vec![the_packer(project), builders];
    checks.extend(tools(project, &inventory));
    checks.push(the_state(project));
    Ok(DoctorReport { checks })
}

fn the_packer(project: &Project) -> CheckDoc {
    match packer::find(project) {
        Ok(found) => {
            let detail = format!("{} at {}", found.version, found.path.display());
            needed("packer", CheckStatus::Ok, detail)
        }
        Err(error) => {
            let check = needed("packer", CheckStatus::Bad, error.to_string());
            CheckDoc { problem: Some(error), ..check }
        }
    }
}

/// Every program that a builder requires or that is of use, by name.
fn tools(project: &Project, inventory: &Inventory) -> Vec<CheckDoc> {
    let mut tools: BTreeMap<&str, bool> = OPTIONAL.into_iter().map(|tool| (tool, false)).collect();
    let required = inventory.builders.iter().flat_map(|builder| &builder.metadata.requires);
    tools.extend(required.map(|tool| (tool.as_str(), true)));
    let check = |(tool, required): (&str, bool)| {
        let (status, detail) = match project.host.find_program(tool) {
            Some(path) => (CheckStatus::Ok, path.display().to_string()),
            None if required => (CheckStatus::Missing, "a builder requires it".into()),
            None => (CheckStatus::Missing, "optional".into()),
        };
        CheckDoc { required, ..needed(tool, status, detail) }
    };
    tools.into_iter().map(check).collect()
}

fn the_state(project: &Project) -> CheckDoc {
    match store::read(project) {
        Ok(Some(state)) => needed("state", CheckStatus::Ok, format!("serial {}", state.serial)),
        Ok(None) => needed("state", CheckStatus::Ok, "not written yet".into()),
        Err(error) => needed("state", CheckStatus::Bad, error.to_string()),
    }
}

/// A check of something that a build cannot do without.
fn needed(name: &str, status: CheckStatus, detail: String) -> CheckDoc {
    CheckDoc { name: name.into(), status, detail, required: true, problem: None }
}
