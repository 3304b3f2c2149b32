//! Sentences of errors that depend on their data.

use std::path::Path;

use hc_config::Diagnostic;

use super::parts::UnknownEnv;
use crate::outcome::gate::Refused;

pub(super) fn invalid(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let noun = if errors == 1 { "problem" } else { "problems" };
    format!("{errors} {noun} found, nothing was changed")
}

pub(super) fn unknown_env(name: &str, why: &UnknownEnv) -> String {
    match why {
        UnknownEnv::NotAName => format!("`{name}` is not an environment name"),
        UnknownEnv::NoOverlay(_) => format!("environment `{name}` has no overlay"),
    }
}

pub(super) fn nothing(term: Option<&str>) -> String {
    match term {
        Some(term) => format!("`{term}` selects no builder"),
        None => "the project has no builders".into(),
    }
}

pub(super) fn drift(refused: &[Refused]) -> String {
    let noun = match refused.len() {
        1 => "1 target has".to_owned(),
        count => format!("{count} targets have"),
    };
    format!("{noun} inputs that nobody validated; nothing was run")
}

pub(super) fn nothing_to_adopt(dir: &Path, found: Option<&[hc_templates::adopt::Unmapped]>) -> String {
    match found {
        None => format!("{} is not a directory", dir.display()),
        Some(_) => format!("no Packer template below {} can be mapped", dir.display()),
    }
}
