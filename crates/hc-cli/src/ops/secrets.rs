//! Secrets of a target, fetched at the last moment (CONFIG-4).

use std::process::{Command, Stdio};

use hc_config::hcl::types::Type;
use hc_config::secrets::{SecretRef, SecretSource, fetch};
use hc_core::SecretString;

use super::prepare::Prepared;
use crate::command_error::{CommandError, Result};
use crate::session::Session;

/// What stands for a secret while templates are only checked.
const PLACEHOLDER: &str = "hybrid-placeholder-for-a-secret";

/// Fetches every secret of a target.
///
/// # Errors
/// `SecretUnavailable`, naming the variable and the reference.
pub fn fetch_all(session: &Session, prepared: &Prepared) -> Result<Vec<(String, SecretString)>> {
    let mut secrets = Vec::new();
    for (name, var) in &prepared.resolution.vars {
        let Some(reference) = &var.secret else { continue };
        let value = fetch(reference, &Source { session }).map_err(|error| {
            let hint = error.hint();
            let mut wrapped = CommandError::new(
                error.code(),
                format!("{}: secret `{name}` is not available", prepared.target),
            )
            .hint(hint);
            wrapped.causes.push(error.to_string());
            wrapped
        })?;
        secrets.push((name.clone(), value));
    }
    session.redactor.add(secrets.iter().map(|(_, secret)| secret));
    Ok(secrets)
}

/// The secrets that programs of the project could print by themselves: those of the environment and of files. Nothing is
/// asked for, and what cannot be had is left out.
pub fn at_hand<'a>(
    session: &Session,
    prepared: impl IntoIterator<Item = &'a Prepared>,
) -> Vec<(String, SecretString)> {
    let mut secrets = Vec::new();
    for (name, var) in prepared.into_iter().flat_map(|one| &one.resolution.vars) {
        if let Some(reference @ (SecretRef::Env(_) | SecretRef::File(_))) = &var.secret {
            secrets.extend(fetch(reference, &Source { session }).ok().map(|secret| (name.clone(), secret)));
        }
    }
    session.redactor.add(secrets.iter().map(|(_, secret)| secret));
    secrets
}

/// A value for every secret, without looking at one: enough for `packer validate`.
pub fn placeholders(prepared: &Prepared) -> Vec<(String, SecretString)> {
    let names = prepared.resolution.vars.iter().filter(|(_, var)| var.secret.is_some());
    names
        .map(|(name, _)| {
            let value =
                prepared.declared.get(name).map_or(PLACEHOLDER.into(), |declared| fitting(&declared.kind));
            (name.clone(), SecretString::new(value))
        })
        .collect()
}

/// A value of this type, as packer reads it from the environment: text for `string` and `any`, else an expression.
fn fitting(kind: &Type) -> String {
    match kind {
        Type::Any | Type::String => PLACEHOLDER.into(),
        Type::Number => "0".into(),
        Type::Bool => "false".into(),
        Type::List(_) | Type::Set(_) => "[]".into(),
        Type::Map(_) => "{}".into(),
        Type::Tuple(kinds) => format!("[{}]", kinds.iter().map(quoted).collect::<Vec<_>>().join(", ")),
        Type::Object(fields) => {
            let needed = fields.iter().filter(|(_, field)| field.optional.is_none());
            let fields: Vec<String> =
                needed.map(|(name, field)| format!("{name} = {}", quoted(&field.kind))).collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}

fn quoted(kind: &Type) -> String {
    match kind {
        Type::Any | Type::String => format!("\"{PLACEHOLDER}\""),
        other => fitting(other),
    }
}

struct Source<'a> {
    session: &'a Session,
}

impl SecretSource for Source<'_> {
    fn env(&self, name: &str) -> Option<String> {
        self.session.environment.text(name).map(str::to_owned)
    }

    fn file(&self, path: &str) -> std::io::Result<String> {
        std::fs::read_to_string(self.session.root.join(path))
    }

    fn command(&self, words: &[String]) -> std::io::Result<String> {
        let (program, args) = words.split_first().ok_or(std::io::ErrorKind::InvalidInput)?;
        let output = Command::new(program)
            .args(args)
            .current_dir(&self.session.root)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err(std::io::Error::other(format!("{program} ended with {}", output.status)));
        }
        String::from_utf8(output.stdout).map_err(|_| std::io::Error::other(format!("{program} gave no text")))
    }
}
