//! Plaintext secrets in tracked inputs stop `validate` with exit 3 (SEC-1).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hc_config::{Diagnostic, Location};
use hc_logs::scan::{self, Allow, AllowEntry, Severity};
use hc_templates::builder_toml;
use hc_templates::inventory::EXAMPLE_ENDINGS;

use super::prepare::Prepared;
use crate::command_error::{CommandError, Result};
use crate::session::Session;

/// Inputs larger than this are no configuration.
const LIMIT: u64 = 1 << 20;

/// Scans every text input of the prepared targets, each file once. An inline `hybrid:allow` comment with a
/// reason lets a line pass.
///
/// # Errors
/// When a file cannot be read.
pub fn plaintext_secrets<'a>(
    session: &Session,
    prepared: impl IntoIterator<Item = &'a Prepared>,
) -> Result<Vec<Diagnostic>> {
    let mut files: BTreeSet<PathBuf> = BTreeSet::new();
    for one in prepared {
        let builder = &one.builder;
        files.extend(builder.layers.iter().chain(&builder.files).cloned());
        files.extend(one.layer_files.iter().map(|(path, _)| path.clone()));
        files.extend(one.user_data.files.iter().chain(one.assets.keys()).cloned());
        if builder.has_metadata {
            files.insert(builder.dir.join(builder_toml::FILE_NAME));
        }
    }
    // An example shows a form, and what git ignores is tracked by nobody.
    files.retain(|file| !EXAMPLE_ENDINGS.iter().any(|ending| file.to_string_lossy().ends_with(ending)));
    for ignored in super::git::ignored(session, &files) {
        files.remove(&ignored);
    }
    let allow = allowed(session)?;
    let mut diagnostics = Vec::new();
    for file in files {
        let full = session.root.join(&file);
        let small = hc_core::fs::regular_metadata(&full)?.is_some_and(|meta| meta.len() <= LIMIT);
        let bytes = if small { hc_core::fs::read_limited(&full, LIMIT)? } else { None };
        let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) else { continue };
        for finding in scan::scan(&file, &text, &allow) {
            let message = format!("{} in clear text", finding.description);
            let diagnostic = match finding.severity {
                Severity::Error => Diagnostic::error("PlaintextSecret", message),
                _ => continue,
            };
            diagnostics.push(
                diagnostic
                    .at(Location::new(&file, &text, finding.span))
                    .label(format!("rule `{}`", finding.rule))
                    .hint("refer to it by env(\"NAME\") in an overlay and revoke the value; a false alarm gets a comment `hybrid:allow RULE reason`, or an entry in [[security.allow]] of hybrid.toml"),
            );
        }
    }
    Ok(diagnostics)
}

fn allowed(session: &Session) -> Result<Allow> {
    let entries: Vec<AllowEntry> = session
        .settings
        .security
        .allow
        .iter()
        .map(|entry| AllowEntry {
            rule: entry.rule.clone(),
            path: entry.path.clone(),
            reason: entry.reason.clone(),
        })
        .collect();
    Allow::new(Path::new(hc_config::settings::FILE_NAME), &entries).map_err(|error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        let mut wrapped = CommandError::new(error.code(), error.to_string())
            .hint("an entry of [[security.allow]] needs a rule, a glob over paths, and a reason");
        wrapped.causes.extend(cause);
        wrapped
    })
}
