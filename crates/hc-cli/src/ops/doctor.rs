//! `hybrid doctor`: what this machine has for this project.

use std::collections::BTreeSet;

use super::{packer, state};
use crate::command_error::Result;
use crate::report::explain::{CheckDoc, DoctorReport};
use crate::session::Session;
use hc_templates::Inventory;

/// Checks packer, the tools that builders require, and that the project can be written.
///
/// # Errors
/// Never for a machine that lacks something; that is the report.
pub fn doctor(session: &Session) -> Result<DoctorReport> {
    let mut checks = Vec::new();
    checks.push(match packer::find(session) {
        Ok(found) => check("packer", "ok", format!("{} at {}", found.version, found.path.display()), true),
        Err(error) => {
            check("packer", "bad", format!("{} ({})", error.message, error.hint.unwrap_or_default()), true)
        }
    });
    let (inventory, problems) = Inventory::load(&session.root, &session.settings.builders);
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    checks.push(if errors == 0 {
        check("builders", "ok", format!("{} can be read", inventory.builders.len()), true)
    } else {
        check("builders", "bad", format!("{errors} problems; see `hybrid validate`"), true)
    });
    let mut tools: BTreeSet<(&str, bool)> = inventory
        .builders
        .iter()
        .flat_map(|builder| &builder.metadata.requires)
        .map(|tool| (tool.as_str(), true))
        .collect();
    for optional in ["git", "ansible-playbook", "ansible-lint", "puppet", "qemu-system-x86_64"] {
        if !tools.contains(&(optional, true)) {
            tools.insert((optional, false));
        }
    }
    for (tool, required) in tools {
        checks.push(match session.environment.find_program(tool) {
            Some(path) => check(tool, "ok", path.display().to_string(), required),
            None => check(
                tool,
                "missing",
                if required { "a builder requires it" } else { "optional" }.into(),
                required,
            ),
        });
    }
    checks.push(match state::read(session) {
        Ok(Some(state)) => check("state", "ok", format!("serial {}", state.serial), true),
        Ok(None) => check("state", "ok", "not written yet".into(), true),
        Err(error) => check("state", "bad", error.message, true),
    });
    Ok(DoctorReport { checks })
}

fn check(name: &str, status: &str, detail: String, required: bool) -> CheckDoc {
    CheckDoc { name: name.into(), status: status.into(), detail, required }
}
