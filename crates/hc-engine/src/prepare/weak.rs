//! Secrets that are words of hybrid's own names: hidden everywhere, they would take ids and paths with them (SEC-2).

use hc_config::Diagnostic;
use hc_logs::redact::MIN_SECRET;
use hc_records::layout;

use super::prepared::Prepared;
use crate::project::Project;

/// Whether hiding a value would hide a part of what names a target and what it makes.
pub(super) fn is_weak(project: &Project, prepared: &Prepared, value: &str) -> bool {
    let value = value.trim();
    let builder = &prepared.builder;
    let texts = [
        prepared.target.to_string(),
        builder.dir.display().to_string(),
        layout::IMAGES.to_owned(),
        layout::LOGS.to_owned(),
        project.settings.project.name.clone(),
    ];
    value.len() >= MIN_SECRET && texts.iter().any(|text| text.contains(value))
}

/// What people are told; not which name it is.
pub(super) fn refused(prepared: &Prepared, name: &str) -> Diagnostic {
    let message = format!("the secret `{name}` of {} is a word of hybrid's own names", prepared.target);
    let place = prepared.resolution.vars.get(name).and_then(|var| var.chain.last()?.location.clone());
    let problem = Diagnostic::error("SecretTooWeak", message).hint(
        "choose another value: whoever reads the id of a builder reads it, and hiding it would hide ids and paths of images",
    );
    place.into_iter().fold(problem, Diagnostic::at)
}
