//! What provisioner stacks tell the templates of a target, and what is wrong with the file of their switches.

use std::collections::BTreeMap;

use hc_config::{Diagnostic, Value};
use hc_core::fs::read_text;
use hc_core::{BuilderId, Target};
use hc_provisioners::edited;
use hc_provisioners::{ProvisionerError, Switches};
use hc_records::layout;

use crate::project::Project;

/// Largest switch file that is read, in bytes.
const SWITCHES_LIMIT: u64 = 1 << 20;

/// Variables for a target. A switch file that can be read and is wrong is reported by [`problems`], not here.
///
/// # Errors
/// The problem of the switch file.
pub fn variables(project: &Project, target: &Target) -> Result<BTreeMap<String, Value>, Box<Diagnostic>> {
    match hc_provisioners::change::read(&project.root) {
        Ok(switches) => Ok(switches.variables(target)),
        Err(ProvisionerError::BrokenFile(problem)) => Err(problem),
        Err(error) => Err(Box::new(Diagnostic::error(error.code(), error.to_string()))),
    }
}

/// What is wrong with a switch file that was edited by hand; one that cannot be parsed is reported by [`variables`].
pub fn problems(project: &Project, known: &[BuilderId]) -> Vec<Diagnostic> {
    let path = project.at(layout::PROVISIONERS);
    let Some(text) = read_text(&path, SWITCHES_LIMIT).ok().flatten() else { return Vec::new() };
    Switches::parse(&text).map(|switches| edited::problems(&switches, &text, known)).unwrap_or_default()
}
