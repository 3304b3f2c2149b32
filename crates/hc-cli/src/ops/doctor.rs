//! `hybrid doctor`: what this machine has, and lacks, for the targets of a project.

use hc_core::EnvName;
use hc_provisioners::change;
use hc_templates::{Builder, Inventory};

use super::packages::{MANAGERS, Manager};
use super::prepare::{Values, prepare};
use super::select::{Selection, select};
use super::tools::{self, Needs, Purpose};
use super::{install, packer, parent, state};
use crate::command_error::Result;
use crate::report::doctor::{CheckDoc, DoctorReport, InstallDoc, ToolDoc};
use crate::session::Session;

/// What the machine is checked for.
#[derive(Debug, Clone, Default)]
pub struct DoctorOptions {
    /// Selector; every builder when empty.
    pub targets: String,
    /// Environment, whose switches and secrets count; the default one when absent.
    pub env: Option<EnvName>,
    /// Also what the selected builders start from.
    pub with_parents: bool,
    /// Programs that are required besides.
    pub tools: Vec<String>,
    /// What becomes of programs that nothing fails without.
    pub optional: Optional,
}

/// What a program counts as that nothing fails without: linters of the stacks, git outside of a repository.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Optional {
    /// As what it is.
    #[default]
    Useful,
    /// As required.
    Required,
}

/// Checks packer, the tools that the targets require, and that the project can be read.
///
/// # Errors
/// `BadSelector`, `NothingSelected`; never for a machine that lacks something: that is the report.
pub fn doctor(session: &Session, options: &DoctorOptions) -> Result<DoctorReport> {
    let mut checks = Vec::new();
    let packer = packer::find(session);
    checks.push(match &packer {
        Ok(found) => check("packer", "ok", format!("{} at {}", found.version, found.path.display()), true),
        Err(error) => {
            let hint = error.hint.as_deref().unwrap_or_default();
            check("packer", "bad", format!("{} ({hint})", error.message), true)
        }
    });
    let (inventory, problems) = Inventory::load(&session.root, &session.settings.builders);
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    checks.push(if errors == 0 {
        check("builders", "ok", format!("{} can be read", inventory.builders.len()), true)
    } else {
        check("builders", "bad", format!("{errors} problems; see `hybrid validate`"), true)
    });
    let needs = needs(session, options, &inventory)?;
    let manager = MANAGERS.into_iter().find(|one| session.environment.find_tool(one.program()).is_some());
    let mut tools: Vec<ToolDoc> =
        needs.iter().map(|(command, purposes)| tool(session, command, purposes, manager)).collect();
    if options.optional == Optional::Required {
        tools.iter_mut().for_each(|tool| tool.required = true);
    }
    // What packer is was said above, with its version.
    checks.extend(tools.iter().filter(|tool| tool.command != packer::PROGRAM).map(of_tool));
    checks.push(match state::read(session) {
        Ok(Some(state)) => check("state", "ok", format!("serial {}", state.serial), true),
        Ok(None) => check("state", "ok", "not written yet".into(), true),
        Err(error) => check("state", "bad", error.message, true),
    });
    let missing: Vec<String> = tools
        .iter()
        .filter(|tool| tool.required && tool.path.is_none())
        .map(|tool| tool.command.clone())
        .collect();
    let begun = install::begun(session)?;
    if !begun.is_empty() {
        let detail =
            format!("an installation broke off; `hybrid doctor --install` goes on with {}", begun.join(" "));
        checks.push(check("packages", "bad", detail, true));
    }
    let install = manager.and_then(|manager| how(session, manager, &missing, begun));
    Ok(DoctorReport { checks, tools, missing, install, installed: Vec::new() })
}

/// Everything that is asked for, each program with its purposes.
fn needs(session: &Session, options: &DoctorOptions, inventory: &Inventory) -> Result<Needs> {
    let env = options.env.as_ref().unwrap_or(&session.settings.project.default_env);
    let selection = match (options.with_parents, options.targets.as_str()) {
        (true, targets) => Some(select(session, &parent::family(session, targets)?.targets)?),
        // Without targets every builder that can be read counts, also in a project that has none.
        (false, "") => None,
        (false, targets) => Some(select(session, targets)?),
    };
    let builders: Vec<&Builder> = match &selection {
        Some(selection) => selection.builders().collect(),
        None => inventory.builders.iter().collect(),
    };
    // A broken switch file is told by `validate`; until then the stacks are at their defaults.
    let switches = change::read(&session.root).unwrap_or_default();
    let mut needs = tools::of_project(session);
    let mut merge = |more: Needs| {
        for (program, purposes) in more {
            needs.entry(program).or_default().extend(purposes);
        }
    };
    for builder in builders {
        merge(tools::of_build(builder, env, &switches));
        merge(tools::of_suites(builder));
    }
    for prepared in selection.iter().flat_map(|selection| prepared(session, selection, env)) {
        merge(tools::of_secrets(&prepared));
    }
    for program in &options.tools {
        merge(Needs::from([(program.clone(), [Purpose::Asked].into())]));
    }
    if session.settings.packer.binary.as_os_str() == packer::PROGRAM {
        merge(Needs::from([(packer::PROGRAM.into(), [Purpose::Project("every build")].into())]));
    }
    Ok(needs)
}

/// The targets with their values, as far as they can be had.
fn prepared(session: &Session, selection: &Selection, env: &EnvName) -> Vec<super::prepare::Prepared> {
    prepare(session, selection, env, &Values::default()).map(|(prepared, _)| prepared).unwrap_or_default()
}

fn tool(
    session: &Session,
    command: &str,
    purposes: &std::collections::BTreeSet<Purpose>,
    manager: Option<Manager>,
) -> ToolDoc {
    let packages = manager.map(|manager| manager.packages(command)).unwrap_or_default();
    ToolDoc {
        command: command.to_owned(),
        path: session.environment.find_tool(command).map(|path| path.display().to_string()),
        required: purposes.iter().any(Purpose::is_required),
        needed_by: purposes.iter().map(ToString::to_string).collect(),
        packages: packages.into_iter().map(str::to_owned).collect(),
    }
}

fn of_tool(tool: &ToolDoc) -> CheckDoc {
    match (&tool.path, tool.required) {
        (Some(path), required) => check(&tool.command, "ok", path.clone(), required),
        (None, true) => {
            check(&tool.command, "missing", format!("needed by {}", tool.needed_by.join(", ")), true)
        }
        (None, false) => {
            check(&tool.command, "missing", format!("optional: {}", tool.needed_by.join(", ")), false)
        }
    }
}

fn how(session: &Session, manager: Manager, missing: &[String], begun: Vec<String>) -> Option<InstallDoc> {
    let mut packages = manager.packages_of(missing.iter().map(String::as_str));
    packages.extend(begun);
    packages.sort();
    packages.dedup();
    if packages.is_empty() {
        return None;
    }
    let privilege = (!session.environment.is_root).then_some("sudo");
    let command = manager.line(&packages, privilege);
    Some(InstallDoc { manager: manager.program().into(), packages, command })
}

fn check(name: &str, status: &str, detail: String, required: bool) -> CheckDoc {
    CheckDoc { name: name.into(), status: status.into(), detail, required }
}
