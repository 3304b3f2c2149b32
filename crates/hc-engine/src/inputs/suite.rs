//! What decides the verdict of a test suite: its command, and the files of the project that it names (STATE-4). A verdict
//! counts for the suite that gave it, and for no later one.

use hc_core::Digest;
use hc_records::{Input, InputKind, InputManifest};
use hc_templates::builder_toml::Suite;
use hc_templates::closure::{self, Memory};

use super::{Digests, demand_readable};
use crate::error::Result;
use crate::project::Project;

/// The digest of a suite of `target`: it changes with the command, the limit, and every file of the project that the
/// command or one of its scripts names. Programs of the machine do not count.
///
/// # Errors
/// When a file cannot be read.
pub fn digest(project: &Project, target: &hc_core::Target, name: &str, suite: &Suite) -> Result<Digest> {
    let closure = closure::of_command(&Memory::new(&project.root), &suite.command);
    demand_readable(project, &closure)?;
    let timeout = suite.timeout.map(|timeout| timeout.get().as_millis().to_string()).unwrap_or_default();
    let words = serde_json::to_string(&(name, &suite.command, timeout, &suite.requires));
    let words = words.expect("words and names are text");
    let mut inputs = vec![Input::text(InputKind::Value, "suite", &words)];
    let mut digests = Digests::default();
    for (path, kind) in &closure.files {
        let content = digests.of(&project.root, path)?;
        inputs.push(Input::file(*kind, path.to_string_lossy().into_owned(), &content));
    }
    Ok(InputManifest::with_trees(target.clone(), inputs, closure.trees).combined)
}
