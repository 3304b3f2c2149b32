//! `hybrid provisioners …`, and what the stacks tell the templates.

use std::collections::BTreeMap;

use hc_config::{Diagnostic, Value, suggest};
use hc_core::fs::{create_dirs, read_text, write_atomic};
use hc_core::{EnvName, Target};
use hc_provisioners::{STACKS, Switches, checks, registry, switches};

use super::select::select;
use crate::command_error::{CommandError, Result};
use crate::report::provisioners::{ProvisionersReport, SwitchDoc};
use crate::session::Session;

fn read(session: &Session) -> Result<Switches> {
    let text = read_text(&session.root.join(switches::FILE), 1 << 20)?.unwrap_or_default();
    Ok(Switches::parse(&text)?)
}

/// Variables for a target. A broken switch file is reported by [`prepare`](super::prepare), not here.
///
/// # Errors
/// The problem of the switch file.
pub fn variables(session: &Session, target: &Target) -> Result<BTreeMap<String, Value>, Box<Diagnostic>> {
    let path = session.root.join(switches::FILE);
    let text = read_text(&path, 1 << 20)
        .map_err(|error| Box::new(Diagnostic::error(error.code(), error.to_string())))?;
    Ok(Switches::parse(&text.unwrap_or_default())?.variables(target))
}

/// Which stacks are on for the selected builders.
///
/// # Errors
/// The problem of the switch file.
pub fn status(session: &Session, targets: &str, env: &EnvName) -> Result<ProvisionersReport> {
    let selection = select(session, targets)?;
    let switches = read(session)?;
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
    Ok(ProvisionersReport { env: env.to_string(), switches: rows })
}

/// Moves a switch; a failed check changes nothing (PROV-2).
///
/// # Errors
/// `ProvisionerInvalid` with everything that is missing.
pub fn switch(
    session: &Session,
    stack: &str,
    env: Option<&str>,
    builder: Option<&str>,
    on: bool,
) -> Result<ProvisionersReport> {
    let names: Vec<&str> = STACKS.iter().map(|stack| stack.name).collect();
    let stack = registry::find(stack).ok_or_else(|| {
        let hint = match suggest::nearest(stack, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("stacks: {}", names.join(", ")),
        };
        CommandError::new("UnknownStack", format!("there is no stack `{stack}`")).hint(hint)
    })?;
    let env = env.map(|env| session.env(Some(env))).transpose()?;
    let selection = select(session, builder.unwrap_or_default())?;
    if on {
        let named = if builder.is_some() { selection.ids.as_slice() } else { &[] };
        let problems = checks::check(stack, &session.root, named);
        if !problems.is_empty() {
            return Err(CommandError::invalid(problems));
        }
    }
    let mut switches = read(session)?;
    switches.set(stack, env.as_ref().map(EnvName::as_str), builder, on);
    let text = switches.render().map_err(|error| {
        CommandError::new("ProvisionerInvalid", format!("the switches cannot be written: {error}"))
    })?;
    let path = session.root.join(switches::FILE);
    if let Some(parent) = path.parent() {
        create_dirs(parent)?;
    }
    write_atomic(&path, text.as_bytes(), 0o644)?;
    let env = env.unwrap_or_else(|| session.settings.project.default_env.clone());
    status(session, builder.unwrap_or_default(), &env)
}
