//! TOML text → typed value, with a place and a suggestion for every problem.

use std::path::Path;

use serde::de::DeserializeOwned;

use super::Settings;
use crate::diagnostic::{Diagnostic, Location};
use crate::suggest;

/// Parses the text of `hybrid.toml`; `path` is how the file is shown to people.
///
/// # Errors
/// A diagnostic with the place of the first problem.
pub fn parse(path: &Path, text: &str) -> Result<Settings, Box<Diagnostic>> {
    let settings: Settings = parse_toml(path, text, "SettingsInvalid")?;
    if settings.packer.jobs == 0 {
        return Err(Box::new(
            Diagnostic::error("SettingsInvalid", "`packer.jobs` is 0, so nothing could ever build")
                .at(Location::whole_file(path))
                .hint("set it to 1 or more"),
        ));
    }
    Ok(settings)
}

/// Parses any TOML file of a project into `T`; `code` is the diagnostic's code.
///
/// # Errors
/// A diagnostic with the place of the problem and, for an unknown key, the nearest known one.
pub fn parse_toml<T: DeserializeOwned>(
    path: &Path,
    text: &str,
    code: &'static str,
) -> Result<T, Box<Diagnostic>> {
    toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let message = error.message();
        let mut diagnostic = Diagnostic::error(code, describe(message)).at(Location::new(path, text, span));
        if let Some(hint) = unknown_field_hint(message) {
            diagnostic = diagnostic.hint(hint);
        }
        Box::new(diagnostic)
    })
}

fn describe(message: &str) -> String {
    let first = message.lines().next().unwrap_or("invalid TOML");
    match first.split_once(", expected") {
        Some((head, _)) if first.starts_with("unknown field") => head.replace("unknown field", "unknown key"),
        _ => first.to_owned(),
    }
}

fn unknown_field_hint(message: &str) -> Option<String> {
    if !message.starts_with("unknown field") {
        return None;
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    let typed = quoted.next()?;
    let known: Vec<&str> = quoted.collect();
    Some(match suggest::nearest(typed, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("known keys here: {}", known.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_are_errors_with_a_suggestion() {
        let text = "[project]\nname = \"x\"\n\n[packer]\njbos = 3\n";
        let error = parse(Path::new("hybrid.toml"), text).unwrap_err();
        assert_eq!(error.message, "unknown key `jbos`");
        assert_eq!(error.hint.as_deref(), Some("did you mean `jobs`?"));
        assert_eq!(error.location.unwrap().to_string(), "hybrid.toml:5:1");
    }

    #[test]
    fn the_empty_file_is_all_defaults() {
        assert_eq!(parse(Path::new("hybrid.toml"), "").unwrap(), Settings::default());
    }

    #[test]
    fn wrong_values_name_what_was_expected() {
        let error = parse(Path::new("hybrid.toml"), "[packer]\ntimeout = \"soon\"\n").unwrap_err();
        assert!(error.message.contains("`soon` is not a duration"), "{}", error.message);
        let error = parse(Path::new("hybrid.toml"), "[builders.\"a.b\"]\npath = \"x\"\n").unwrap_err();
        assert!(error.message.contains("has 2 parts"), "{}", error.message);
        assert!(parse(Path::new("hybrid.toml"), "[packer]\njobs = 0\n").is_err());
    }
}
