//! Secret references: where a value comes from, never the value (CONFIG-4).

use std::fmt;

use hc_core::SecretString;
use hcl_edit::expr::{Expression, FuncCall};

use crate::diagnostic::Diagnostic;
use crate::hcl::Document;

/// Where a secret comes from. Prints no more of a command than its program: arguments may hold tokens.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretRef {
    /// `env("NAME")`: a variable of the environment of `hybrid build`.
    Env(String),
    /// `file("PATH")`: the content of a file, without a final newline.
    File(String),
    /// `command("op", "read", …)`: standard output of a program, without a final newline.
    Command(Vec<String>),
    /// `vault("path", "field")`: `vault kv get -field=field path`.
    Vault(String, String),
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env({name:?})"),
            Self::File(path) => write!(f, "file({path:?})"),
            Self::Command(words) => {
                write!(f, "command({})", words.first().map_or(String::new(), |word| format!("{word:?}, …")))
            }
            Self::Vault(path, field) => write!(f, "vault({path:?}, {field:?})"),
        }
    }
}

impl fmt::Debug for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

const FUNCTIONS: [&str; 4] = ["env", "file", "command", "vault"];

/// Reads `expression` as a secret reference: `None` when it is something else.
///
/// # Errors
/// `BadSecretReference` when the arguments are not literal strings of the right number.
pub fn reference(document: &Document, expression: &Expression) -> Option<Result<SecretRef, Box<Diagnostic>>> {
    let Expression::FuncCall(call) = expression else { return None };
    let name = call.name.name.as_str();
    if !FUNCTIONS.contains(&name) {
        return None;
    }
    Some(parse(call).ok_or_else(|| {
        Box::new(
            Diagnostic::error("BadSecretReference", format!("{name}() needs literal strings"))
                .at(document.location(expression))
                .hint("use env(\"NAME\"), file(\"PATH\"), command(\"program\", \"argument\") or vault(\"path\", \"field\")"),
        )
    }))
}

fn parse(call: &FuncCall) -> Option<SecretRef> {
    let words: Vec<String> = call
        .args
        .iter()
        .map(|argument| match argument {
            Expression::String(text) => Some(text.as_str().to_owned()),
            _ => None,
        })
        .collect::<Option<_>>()?;
    match (call.name.name.as_str(), words.as_slice()) {
        ("env", [name]) => Some(SecretRef::Env(name.clone())),
        ("file", [path]) => Some(SecretRef::File(path.clone())),
        ("command", [_, ..]) => Some(SecretRef::Command(words)),
        ("vault", [path, field]) => Some(SecretRef::Vault(path.clone(), field.clone())),
        _ => None,
    }
}

/// How the edge of the program gets at secrets.
pub trait SecretSource {
    /// A variable of the environment.
    fn env(&self, name: &str) -> Option<String>;
    /// A file, relative to the project.
    ///
    /// # Errors
    /// What the system says.
    fn file(&self, path: &str) -> std::io::Result<String>;
    /// Standard output of a program that ended with 0.
    ///
    /// # Errors
    /// What the system says, or that the program failed.
    fn command(&self, words: &[String]) -> std::io::Result<String>;
}

/// A secret that could not be had. Never carries a value or a program's output.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is unset or empty.
    #[error("environment variable {0} is not set")]
    Unset(String),
    /// The file or program could not be read.
    #[error("{reference} gave no value")]
    Unavailable {
        /// The reference.
        reference: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The value is empty.
    #[error("{0} gave an empty value")]
    Empty(String),
}

impl SecretError {
    /// Stable code for `hybrid explain`.
    pub fn code(&self) -> &'static str {
        "SecretUnavailable"
    }
}

/// Fetches one secret.
///
/// # Errors
/// [`SecretError`]; messages name the reference, never a value.
pub fn fetch(reference: &SecretRef, source: &dyn SecretSource) -> Result<SecretString, SecretError> {
    let unavailable = |error| SecretError::Unavailable { reference: reference.to_string(), source: error };
    let value = match reference {
        SecretRef::Env(name) => source.env(name).ok_or_else(|| SecretError::Unset(name.clone()))?,
        SecretRef::File(path) => source.file(path).map_err(unavailable)?,
        SecretRef::Command(words) => source.command(words).map_err(unavailable)?,
        SecretRef::Vault(path, field) => {
            let words = ["vault", "kv", "get", &format!("-field={field}"), path].map(str::to_owned);
            source.command(&words).map_err(unavailable)?
        }
    };
    let value =
        value.strip_suffix('\n').map_or(value.as_str(), |value| value.strip_suffix('\r').unwrap_or(value));
    if value.is_empty() {
        return Err(SecretError::Empty(reference.to_string()));
    }
    Ok(SecretString::new(value))
}
