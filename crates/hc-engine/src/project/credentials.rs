//! Credentials that are known before anything is read: those of the caller's environment, by the names of its variables
//! (LOG-2).
//!
//! A value that is an everyday word, a place, or a part of the names of this project stays visible: hidden, it would take
//! ids and paths with it.

use std::path::Path;

use hc_config::settings::Settings;
use hc_core::SecretString;
use hc_logs::names::{is_credential, is_telling};
use hc_records::layout;

use hc_packer::environment::VARIABLE;

use super::Host;

/// Where the templates are, one directory of each builder: `<os>/<platform>/<variant>`.
const TEMPLATES: &str = "templates";
/// How deep these lie.
const DEPTH: usize = 3;
/// Longer values are not parts of names.
const LONGEST_NAME: usize = 48;

/// The credentials among the variables of `host`.
pub fn of_environment(host: &Host) -> Vec<SecretString> {
    let mut found = Vec::new();
    for (name, value) in &host.vars {
        let name = name.to_string_lossy();
        if !is_credential(name.strip_prefix(VARIABLE).unwrap_or(&name)) {
            continue;
        }
        // Programs print what is not text with a sign in its place.
        let value = value.to_string_lossy();
        let value = value.trim();
        if is_telling(value) && !is_place(&host.cwd, value) {
            found.push(SecretString::new(value));
            found.extend(inside(value));
        }
    }
    found
}

/// Those of them that hiding does not take the project's own names with.
pub(super) fn of_project(host: &Host, root: &Path, settings: &Settings) -> Vec<SecretString> {
    let mut found = of_environment(host);
    let may_be_name = |value: &str| {
        value.len() <= LONGEST_NAME
            && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.@/".contains(&b))
    };
    if found.iter().any(|secret| may_be_name(secret.expose())) {
        let names = names(root, settings);
        let is_part = |value: &str| names.iter().any(|name| name.contains(value));
        found.retain(|secret| !(may_be_name(secret.expose()) && is_part(secret.expose())));
    }
    found
}

/// Credentials in a value that is JSON, such as the key file of a service account.
fn inside(value: &str) -> Vec<SecretString> {
    fn walk(value: &serde_json::Value, is_secret: bool, found: &mut Vec<SecretString>) {
        match value {
            serde_json::Value::String(text) if is_secret && is_telling(text) => {
                found.push(SecretString::new(text.as_str()));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| walk(item, is_secret, found)),
            serde_json::Value::Object(entries) => {
                for (name, value) in entries {
                    walk(value, is_secret || is_credential(name), found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    if value.starts_with(['{', '['])
        && let Ok(value) = serde_json::from_str(value)
    {
        walk(&value, false, &mut found);
    }
    found
}

/// Whether a value says where something is: a path that exists, or would in a directory that does.
fn is_place(cwd: &Path, value: &str) -> bool {
    if !value.contains('/') || value.contains(['\n', '\0']) {
        return false;
    }
    let path = cwd.join(value);
    path.exists() || path.parent().is_some_and(|parent| parent != Path::new("/") && parent.exists())
}

/// What this project calls things, as far as it can be said before its templates are read.
fn names(root: &Path, settings: &Settings) -> Vec<String> {
    let fixed = [layout::IMAGES, layout::LOGS, layout::OVERLAYS, "hybrid"].map(str::to_owned);
    let mut names = Vec::from(fixed);
    names.push(settings.project.name.clone());
    names.push(settings.project.default_env.to_string());
    names.extend(settings.builders.keys().map(ToString::to_string));
    names.extend(settings.sources.iter().map(|source| source.name.clone()));
    names.extend(hc_core::fs::file_names(&root.join(layout::OVERLAYS)).unwrap_or_default());
    directories(&root.join(TEMPLATES), "", DEPTH, &mut names);
    names
}

/// Paths below a directory, and the ids that builders there have.
fn directories(dir: &Path, at: &str, depth: usize, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let path = format!("{at}/{}", entry.file_name().to_string_lossy());
        if depth > 1 {
            directories(&entry.path(), &path, depth - 1, names);
        }
        names.push(path.trim_start_matches('/').replace('/', "."));
        names.push(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(vars: &[(&str, &str)]) -> Vec<String> {
        let host = Host::new("/", vars.iter().copied());
        of_environment(&host).iter().map(|secret| secret.expose().to_owned()).collect()
    }

    #[test]
    fn credentials_are_known_by_the_names_of_variables() {
        assert_eq!(
            found(&[("PROXMOX_PASSWORD", "hunter2"), ("PKR_VAR_api_token", " t0ken-1 ")]),
            ["hunter2", "t0ken-1"]
        );
        let places = [("SSH_KEY", "/usr/bin"), ("TOKEN", "/usr/nothing-there"), ("X_SECRET", "true")];
        assert!(found(&places).is_empty());
        assert_eq!(found(&[("A_SECRET", "/x8Kd/+9Q==")]), ["/x8Kd/+9Q=="]);
    }

    #[test]
    fn of_json_only_its_credentials_are_hidden_one_by_one() {
        let json =
            r#"{"type": "service_account", "private_key": "line-1\nline-2", "client_email": "a@b.example"}"#;
        assert_eq!(found(&[("GOOGLE_CREDENTIALS", json)]), [json, "line-1\nline-2"]);
    }
}
