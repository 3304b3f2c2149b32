//! `hybrid provisioners …`, and what the stacks tell the templates.

use std::collections::BTreeMap;

use hc_config::{Diagnostic, Value};
use hc_core::fs::read_text;
use hc_core::{BuilderId, EnvName, Target};
use hc_provisioners::edited;
use hc_provisioners::switches::FILE;
use hc_provisioners::{Change, ProvisionerError, STACKS, Switches};

use super::linters::InstalledLinters;
use super::select::{Selection, select};
use crate::command_error::Result;
use crate::report::provisioners::{ChangedDoc, ProvisionersReport, SwitchDoc};
use crate::session::Session;

/// Variables for a target. A broken switch file is reported by [`prepare`](super::prepare), not here.
///
/// # Errors
/// The problem of the switch file.
pub fn variables(session: &Session, target: &Target) -> Result<BTreeMap<String, Value>, Box<Diagnostic>> {
    match hc_provisioners::change::read(&session.root) {
        Ok(switches) => Ok(switches.variables(target)),
        Err(ProvisionerError::BrokenFile(problem)) => Err(problem),
        Err(error) => Err(Box::new(Diagnostic::error(error.code(), error.to_string()))),
    }
}

/// What is wrong with a switch file that somebody edited; one that cannot be parsed is reported by
/// [`variables`].
pub fn problems(session: &Session, known: &[BuilderId]) -> Vec<Diagnostic> {
    let Some(text) = read_text(&session.root.join(FILE), 1 << 20).ok().flatten() else { return Vec::new() };
    Switches::parse(&text).map(|switches| edited::problems(&switches, &text, known)).unwrap_or_default()
}

/// Which stacks are on for the selected builders.
///
/// # Errors
/// The problem of the switch file.
pub fn status(session: &Session, targets: &str, env: &EnvName) -> Result<ProvisionersReport> {
    let selection = select(session, targets)?;
    Ok(table(&hc_provisioners::change::read(&session.root)?, &selection, env))
}

/// Moves a switch; a failed check or linter changes nothing (PROV-2).
///
/// # Errors
/// `UnknownStack`, `ProvisionerInvalid` with everything that stands against it.
pub fn switch(
    session: &Session,
    stack: &str,
    env: Option<&str>,
    builder: Option<&str>,
    on: bool,
) -> Result<ProvisionersReport> {
    let env = env.map(|env| session.env(Some(env))).transpose()?;
    let selection = select(session, builder.unwrap_or_default())?;
    let builder_id = builder.map(str::parse::<BuilderId>).transpose()?;
    let linters = InstalledLinters(&session.environment);
    let change = Change { stack, on, env: env.as_ref(), builder: builder_id.as_ref() };
    let changed = hc_provisioners::change(&session.root, &change, &linters)?;
    let shown = env.unwrap_or_else(|| session.settings.project.default_env.clone());
    let mut report = table(&changed.switches, &selection, &shown);
    report.switches.retain(|switch| switch.stack == changed.stack);
    report.changed = Some(ChangedDoc {
        stack: changed.stack.into(),
        on,
        written: changed.written,
        linted_with: changed.linted_with.into_iter().map(str::to_owned).collect(),
        linters_missing: changed.linters_missing.into_iter().map(str::to_owned).collect(),
    });
    Ok(report)
}

fn table(switches: &Switches, selection: &Selection, env: &EnvName) -> ProvisionersReport {
    let mut rows = Vec::new();
    for target in selection.targets(env) {
        for stack in STACKS {
            let effective = switches.effective(stack, &target);
            rows.push(SwitchDoc {
                builder: target.builder.to_string(),
                stack: effective.stack.into(),
                on: effective.on,
                because: effective.because,
            });
        }
    }
    ProvisionersReport { env: env.to_string(), switches: rows, changed: None }
}
