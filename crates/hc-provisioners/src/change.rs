//! Moving a switch: read, check, write, in this order, and nothing written unless every check passed (PROV-2).

use std::path::Path;

use hc_config::{Diagnostic, suggest};
use hc_core::fs::{create_dirs, read_text, write_atomic};
use hc_core::{BuilderId, EnvName};

use crate::checks;
use crate::error::ProvisionerError;
use crate::lint::{CommandRunner, lint};
use crate::registry::{self, Stack};
use crate::switches::{FILE, Switches};

/// Largest switch file, in bytes.
const FILE_LIMIT: u64 = 1 << 20;

/// Which switch to move, and how.
#[derive(Debug, Clone)]
pub struct Change<'a> {
    /// Name of the stack.
    pub stack: &'a str,
    /// On or off.
    pub on: bool,
    /// Only in this environment.
    pub env: Option<&'a EnvName>,
    /// Only for this builder.
    pub builder: Option<&'a BuilderId>,
}

/// What a change did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The stack.
    pub stack: &'static str,
    /// The switches now.
    pub switches: Switches,
    /// Whether the file is another than before.
    pub written: bool,
    /// Linters that ran.
    pub linted_with: Vec<&'static str>,
    /// Linters that this machine does not have.
    pub linters_missing: Vec<&'static str>,
}

/// Reads the switches of a project; without the file everything is at its default.
///
/// # Errors
/// [`ProvisionerError::BrokenFile`] with the place, [`ProvisionerError::Fs`].
pub fn read(root: &Path) -> Result<Switches, ProvisionerError> {
    let text = read_text(&root.join(FILE), FILE_LIMIT)?.unwrap_or_default();
    Switches::parse(&text).map_err(ProvisionerError::BrokenFile)
}

/// Finds a stack by its name.
///
/// # Errors
/// [`ProvisionerError::UnknownStack`] with the nearest name.
pub fn stack(name: &str) -> Result<&'static Stack, ProvisionerError> {
    registry::find(name).ok_or_else(|| ProvisionerError::UnknownStack {
        name: name.to_owned(),
        near: suggest::nearest(name, registry::names()),
    })
}

/// Moves a switch. Switching off needs no checks: a broken stack is a reason to.
///
/// # Errors
/// [`ProvisionerError::Refused`] with every problem of checks and linters; then nothing was changed.
pub fn change(
    root: &Path,
    change: &Change<'_>,
    runner: &dyn CommandRunner,
) -> Result<Changed, ProvisionerError> {
    let stack = stack(change.stack)?;
    let before = read(root)?;
    let mut changed = Changed {
        stack: stack.name,
        switches: before.with(stack, change.env, change.builder, change.on),
        written: false,
        linted_with: Vec::new(),
        linters_missing: Vec::new(),
    };
    if change.on {
        let builders: Vec<BuilderId> = change.builder.into_iter().cloned().collect();
        let mut diagnostics = checks::check(stack, root, &builders);
        // A linter says of a missing role or manifest what the checks have said better.
        if diagnostics.is_empty() {
            let report = lint(stack, root, runner);
            diagnostics = report.diagnostics;
            changed.linted_with = report.ran;
            changed.linters_missing = report.missing;
        }
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Err(ProvisionerError::Refused { stack: stack.name, diagnostics });
        }
    }
    if changed.switches != before {
        let path = root.join(FILE);
        if let Some(parent) = path.parent() {
            create_dirs(parent)?;
        }
        write_atomic(&path, changed.switches.render()?.as_bytes(), 0o644)?;
        changed.written = true;
    }
    Ok(changed)
}
