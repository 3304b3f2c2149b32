//! Secrets on command lines: every process of the machine can read the arguments of every other (SEC-2). A warning, because
//! the program that is started may know no other way.

use hc_config::Diagnostic;
use hc_config::secrets::SecretRef;
use hc_config::settings;
use hc_core::SecretString;
use hc_core::fs::read_text;
use hc_logs::names::{is_credential, is_telling};

use super::prepared::Prepared;
use super::values::Values;
use crate::project::Project;

/// Code of the warning.
const CODE: &str = "SecretOnCommandLine";
/// What may stand around a word of a shell.
const QUOTES: [char; 2] = ['"', '\''];
/// Largest file in which a place is looked for, in bytes.
const LIMIT: u64 = 4 << 20;

/// What `--set`, hooks, suites and programs that give secrets have on their command lines.
pub(super) fn warnings(project: &Project, prepared: &[Prepared], values: &Values) -> Vec<Diagnostic> {
    let sensitive = |name: &str| {
        prepared.iter().any(|one| one.declared.get(name).is_some_and(|declared| declared.sensitive))
    };
    let sets = values.sets.iter().filter(|(name, _)| is_credential(name) || sensitive(name));
    let mut found: Vec<Diagnostic> = sets
        .map(|(name, _)| {
            Diagnostic::warning(CODE, format!("`--set {name}=…` gives a secret on the command line of hybrid")).hint(
                format!("every process of this machine can read it: write `{name} = env(\"NAME\")` into an overlay, or set PKR_VAR_{name}"),
            )
        })
        .collect();
    let file = settings::FILE_NAME.as_ref();
    let settings = &project.settings;
    for hook in &settings.publish.hooks {
        found.extend(warning(project, file, "a hook of [publish]", hook));
    }
    for (name, platform) in &settings.packer.platforms {
        found.extend(warning(project, file, &format!("before_retry of {name}"), &platform.before_retry));
    }
    for one in prepared {
        let metadata = one.builder.dir.join(hc_templates::builder_toml::FILE_NAME);
        for (name, suite) in &one.builder.metadata.suites {
            found.extend(warning(project, &metadata, &format!("the suite {name}"), &suite.command));
        }
        for (name, var) in &one.resolution.vars {
            let place = var.chain.last().and_then(|origin| origin.location.as_ref());
            if let (Some(SecretRef::Command(words)), Some(place)) = (&var.secret, place) {
                found.extend(warning(project, &place.path, &format!("the program of `{name}`"), words));
            }
        }
    }
    found
}

fn warning(project: &Project, file: &std::path::Path, what: &str, words: &[String]) -> Option<Diagnostic> {
    let (option, secret) = secret_option(words)?;
    if is_telling(secret) {
        project.redactor.add(&[SecretString::new(secret)]);
    }
    let message = format!("{what} gets a secret on its command line, behind `{option}`");
    let found = Diagnostic::warning(CODE, message)
        .hint("every process of this machine can read it: let the program take it from its environment or from a file");
    let text = read_text(&project.at(file), LIMIT).ok().flatten().unwrap_or_default();
    let place = text.find(option).map(|at| hc_config::Location::new(file, &text, at..at + option.len()));
    Some(place.into_iter().fold(found, Diagnostic::at))
}

/// The option or variable of a command line that has a literal secret behind it, and that secret.
fn secret_option(words: &[String]) -> Option<(&str, &str)> {
    words.iter().enumerate().skip(1).find_map(|(at, word)| {
        let next = words.get(at + 1).map_or("", String::as_str);
        let is_option = word.starts_with('-') && !word.contains(['=', ' ']) && is_credential(word);
        let whole = Some((word.as_str(), next)).filter(|_| is_option && is_literal(next));
        whole.or_else(|| {
            // One word may be a whole command of a shell.
            let following = word.split_whitespace().skip(1).chain([""]);
            let mut pairs = word.split_whitespace().zip(following);
            pairs.find_map(|(one, next)| {
                let assigned = one.split_once('=').map(|(name, value)| (name, value.trim_matches(QUOTES)));
                let given = Some((one, next.trim_matches(QUOTES))).filter(|_| one.starts_with("--"));
                assigned.or(given).filter(|(name, value)| is_credential(name) && is_literal(value))
            })
        })
    })
}

/// Whether a word is the secret, and not a place or a name where it is.
fn is_literal(value: &str) -> bool {
    !value.is_empty() && !value.starts_with(['-', '$', '{', '/', '@', '<'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_secrets_behind_options_are_found_and_references_are_not() {
        let found = |line: &str| {
            let words: Vec<String> = line.split('|').map(str::to_owned).collect();
            secret_option(&words).map(|(option, secret)| format!("{option} {secret}"))
        };
        assert_eq!(found("curl|--password|abc"), Some("--password abc".into()));
        assert_eq!(found("upload|--api-token=abc|x"), Some("--api-token abc".into()));
        assert_eq!(found("sh|-c|DB_PASSWORD=abc run it"), Some("DB_PASSWORD abc".into()));
        assert_eq!(found("sh|-c|run --password abc"), Some("--password abc".into()));
        for line in [
            "curl|--password",
            "curl|--password-file|abc",
            "curl|--password|$X",
            "sh|-c|run --password \"$X\" --token=${Y}",
            "x|--user=abc",
            "op|read|op://vault/password",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
    }
}
