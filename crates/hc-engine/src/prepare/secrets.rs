//! Secrets of a target, fetched at the last moment (CONFIG-4).

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use hc_config::hcl::eval::{Scope, evaluate};
use hc_config::hcl::types::Type;
use hc_config::secrets::{SecretRef, SecretSource, fetch, reference};
use hc_config::{Diagnostic, Value};
use hc_core::Cancel;
use hc_core::SecretString;
use hc_core::fs::read_text;
use hc_logs::names::{is_credential, is_telling};
use hc_logs::redact::{MAX_SECRET, MIN_SECRET};
use hc_packer::environment::VARIABLE;
use hc_packer::process::{self, Ending, Invocation, Pipe};
use hc_templates::inventory::TEXT_LIMIT;

use super::prepared::Prepared;
use super::{layers, weak};
use crate::error::{EngineError, Result};
use crate::project::Project;

/// What stands for a secret while templates are only checked.
const PLACEHOLDER: &str = "hybrid-placeholder-for-a-secret";

/// Shorter texts inside a secret, and shorter values of sensitive variables, are likely to be ordinary words, in bytes.
const TELLING: usize = 8;
/// How long a program may take to give a secret.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);

/// Fetches every secret of a target, and makes it known to every sink.
///
/// # Errors
/// `SecretUnavailable`, naming the variable and the reference.
pub fn fetch_all(project: &Project, prepared: &Prepared) -> Result<Vec<(String, SecretString)>> {
    let mut secrets = Vec::new();
    for (name, var) in &prepared.resolution.vars {
        let Some(reference) = &var.secret else { continue };
        if let SecretRef::Command(words) = reference {
            project.demand_trust(&format!("`{}`, which gives the secret `{name}`,", words.join(" ")))?;
        }
        let value = fetch(reference, &Source { project, cancel: &project.host.cancel }).map_err(|error| {
            EngineError::SecretUnavailable {
                target: prepared.target.clone(),
                name: name.clone(),
                source: error,
            }
        })?;
        let length = value.expose().trim().len();
        if length > MAX_SECRET {
            return Err(EngineError::SecretTooLarge { target: prepared.target.clone(), name: name.clone() });
        }
        if length < MIN_SECRET {
            tracing::warn!(target_id = %prepared.target, "secret `{name}` is too short to be hidden in logs");
        }
        if let Some(problem) = hide_unless_weak(project, prepared, name, value.expose()) {
            return Err(EngineError::Invalid(vec![problem]));
        }
        secrets.push((name.clone(), value));
    }
    Ok(secrets)
}

/// Makes known the values that layers and the environment give to sensitive variables, also those that others beat. One
/// that is an everyday word or a part of a name stays visible.
pub(super) fn of_sensitive(project: &Project, prepared: &Prepared) {
    for (name, _) in prepared.declared.iter().filter(|(_, declared)| declared.sensitive) {
        let var = prepared.resolution.vars.get(name);
        let mut texts = Vec::new();
        let chain = var.iter().flat_map(|var| &var.chain);
        chain.for_each(|origin| origin.value.each_text(&mut |text| texts.push(text)));
        texts.extend(project.host.text(&format!("{VARIABLE}{name}")));
        texts.into_iter().for_each(|text| hide_if_telling(project, prepared, text));
    }
}

/// Makes known what can be known where files of a target are broken: values of the whole ones, what the broken ones refer to,
/// and every text in those, because any of them may be a secret. Gives the broken files.
pub fn of_broken(project: &Project, prepared: &Prepared) -> Vec<PathBuf> {
    of_sensitive(project, prepared);
    let _ = at_hand(project, [prepared]);
    let source = Source { project, cancel: &Cancel::new() };
    let hide = |text: &str| hide_if_telling(project, prepared, text);
    let mut broken = Vec::new();
    for (path, _) in &prepared.layer_files {
        if layers::read(project, path).is_ok() {
            continue;
        }
        let text = read_text(&project.at(path), TEXT_LIMIT).ok().flatten().unwrap_or_default();
        for quoted in quoted_texts(&text) {
            source.env(&quoted).iter().for_each(|value| hide(value));
            let is_of = |function: &str| text.contains(&format!("{function}(\"{quoted}\""));
            if is_of("file") {
                source.file(&quoted).iter().for_each(|value| hide(value.trim_end()));
            } else if !is_of("env") {
                hide(&quoted);
            }
        }
        // Of here documents, and of quotes that are never closed.
        let values = text.lines().filter_map(|line| line.split(['=', '"']).next_back());
        values.map(str::trim).filter(|value| value.len() >= TELLING).for_each(hide);
        broken.push(path.clone());
    }
    broken
}

/// Makes known what programs of the project could print by themselves: secrets of the environment and of files, and
/// values of sensitive variables that no file holds. Nothing is asked for, and what cannot be had is left out. Those that
/// are too weak are not made known, and told.
pub fn at_hand<'a>(project: &Project, prepared: impl IntoIterator<Item = &'a Prepared>) -> Vec<Diagnostic> {
    let cancel = Cancel::new();
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for one in prepared {
        let fresh = one.layer_files.iter().map(|(path, _)| path).filter(|path| seen.insert((*path).clone()));
        fresh.for_each(|path| of_layer(project, one, path));
        for (name, var) in &one.resolution.vars {
            match (&var.secret, &var.value) {
                (Some(reference @ (SecretRef::Env(_) | SecretRef::File(_))), _) => {
                    if let Ok(secret) = fetch(reference, &Source { project, cancel: &cancel }) {
                        problems.extend(hide_unless_weak(project, one, name, secret.expose()));
                    }
                }
                // What a file or the environment gives is hidden where it can be, and never refused.
                (None, Value::String(value))
                    if value.len() >= TELLING
                        && var.chain.last().is_some_and(|origin| origin.location.is_none())
                        && one.declared.get(name).is_some_and(|declared| declared.sensitive) =>
                {
                    problems.extend(hide_unless_weak(project, one, name, value));
                }
                _ => {}
            }
        }
    }
    problems
}

/// Makes known what a layer refers to or calls a credential, whoever declares it and whatever beats it: scripts of one
/// builder can print what is another's.
fn of_layer(project: &Project, prepared: &Prepared, path: &Path) {
    let Ok((document, _)) = layers::read(project, path) else { return };
    let (cancel, closed) = (Cancel::new(), Scope::closed());
    for attribute in document.body().attributes() {
        match reference(&document, &attribute.value) {
            Some(Ok(reference @ (SecretRef::Env(_) | SecretRef::File(_)))) => {
                if let Ok(secret) = fetch(&reference, &Source { project, cancel: &cancel }) {
                    hide_if_telling(project, prepared, secret.expose().trim_end());
                }
            }
            None if is_credential(attribute.key.as_str()) => {
                let value = evaluate(&document, &attribute.value, &closed);
                value.iter().for_each(|value| {
                    value.each_text(&mut |text| hide_if_telling(project, prepared, text));
                });
            }
            _ => {}
        }
    }
}

/// Makes the value of a variable known, or says why it cannot be hidden.
fn hide_unless_weak(project: &Project, prepared: &Prepared, name: &str, value: &str) -> Option<Diagnostic> {
    if weak::is_weak(project, prepared, value) {
        return Some(weak::refused(prepared, name));
    }
    hide(project, value);
    None
}

/// Makes a text known that may be a secret, unless it is an everyday word or a part of a name.
fn hide_if_telling(project: &Project, prepared: &Prepared, text: &str) {
    if is_telling(text) && !weak::is_weak(project, prepared, text) {
        hide(project, text);
    }
}

/// Makes a secret known, and the texts in it where it is a list, a map or JSON: templates take them out one by one.
fn hide(project: &Project, secret: &str) {
    let mut all = vec![SecretString::new(secret)];
    let text = secret.trim_start();
    if text.starts_with(['[', '{']) {
        all.extend(quoted_texts(text).filter(|text| text.len() >= TELLING).map(SecretString::new));
    }
    project.redactor.add(&all);
}

/// The quoted texts of a JSON or HCL value, unescaped; names of fields are none.
fn quoted_texts(text: &str) -> impl Iterator<Item = String> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let begin = rest.find('"')?;
            let mut escaped = false;
            let closes = |c: char| {
                let close = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                close
            };
            let length = rest[begin + 1..].find(closes)?;
            let quoted = &rest[begin..begin + length + 2];
            rest = &rest[begin + length + 2..];
            if rest.trim_start().starts_with([':', '=']) {
                continue;
            }
            return Some(
                serde_json::from_str(quoted).unwrap_or_else(|_| quoted[1..quoted.len() - 1].to_owned()),
            );
        }
    })
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
    project: &'a Project,
    cancel: &'a Cancel,
}

fn too_large() -> std::io::Error {
    std::io::Error::other("it is larger than 64 KiB and could not be hidden in logs")
}

impl SecretSource for Source<'_> {
    fn env(&self, name: &str) -> Option<String> {
        self.project.host.text(name).map(str::to_owned)
    }

    /// Through links, as mounted secrets are; but no pipe that could make it wait, and no endless device.
    fn file(&self, path: &str) -> std::io::Result<String> {
        let path = self.project.root.join(path);
        let meta = std::fs::metadata(&path)?;
        if !meta.is_file() {
            return Err(std::io::Error::other("it is not a regular file"));
        }
        let mut text = String::new();
        hc_core::fs::open_regular(&path)?.take(MAX_SECRET as u64 + 1).read_to_string(&mut text)?;
        if text.len() > MAX_SECRET { Err(too_large()) } else { Ok(text) }
    }

    fn command(&self, words: &[String]) -> std::io::Result<String> {
        let (program, args) = words.split_first().ok_or(std::io::ErrorKind::InvalidInput)?;
        let project = self.project;
        let found = project.program(program).map_err(std::io::Error::other)?;
        let invocation = Invocation {
            program: found.ok_or_else(|| std::io::Error::other(format!("{program} was not found")))?,
            args: args.iter().map(Into::into).collect(),
            cwd: project.root.clone(),
            env: project.host.vars.clone(),
            timeout: PATIENCE,
            grace: std::time::Duration::from_secs(2),
            inherit: None,
        };
        let (mut value, mut said) = (Vec::new(), Vec::new());
        let ending = process::run(invocation, self.cancel, |pipe, line| {
            let into = if pipe == Pipe::Stdout { &mut value } else { &mut said };
            // What is beyond is read and dropped: it is too large already.
            let room = (MAX_SECRET + 2usize).saturating_sub(into.len());
            into.extend_from_slice(&line[..line.len().min(room)]);
            into.push(b'\n');
        })
        .map_err(std::io::Error::other)?;
        let value =
            String::from_utf8(value).map_err(|_| std::io::Error::other(format!("{program} gave no text")))?;
        hide(project, value.trim_end());
        for line in String::from_utf8_lossy(&said).lines().filter(|line| !line.trim().is_empty()) {
            tracing::warn!(%program, "{line}");
        }
        match ending {
            Ending::Exited(0) if value.len() > MAX_SECRET + 1 => Err(too_large()),
            Ending::Exited(0) => Ok(value),
            Ending::Killed(signal) => {
                Err(std::io::Error::other(format!("{program} ended with exit code {}", 128 + signal)))
            }
            Ending::Exited(code) => {
                Err(std::io::Error::other(format!("{program} ended with exit code {code}")))
            }
            Ending::TimedOut => Err(std::io::Error::other(format!("{program} took longer than two minutes"))),
            Ending::Cancelled => Err(std::io::ErrorKind::Interrupted.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::quoted_texts;

    #[test]
    fn texts_in_lists_maps_and_json_are_found() {
        let texts = |text| quoted_texts(text).collect::<Vec<_>>();
        assert_eq!(texts(r#"["one-aaa", "two\n\"x\""]"#), ["one-aaa", "two\n\"x\""]);
        assert_eq!(texts(r#"{ a = "b-c-d", e = ["f", "\q"] }"#), ["b-c-d", "f", "\\q"]);
        assert_eq!(texts(r#"{"username": "b-c-d", "key" = "e"}"#), ["b-c-d", "e"]);
        assert_eq!(texts(r#"{"open"#), [""; 0]);
    }
}
