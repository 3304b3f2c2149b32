//! Packer and its plugins as inputs, so that every machine counts the same (PKR-7).
//!
//! A pinned program counts by its version and by every checksum that the pin names, whichever of them is this machine's:
//! those are what the project trusts to make its images. Counting the version alone would let a checksum in the lock be
//! replaced without drift, and counting this machine's alone would make laptops and build machines disagree. The price:
//! a checksum added for another kind of machine is drift as well, because from then on one more program may make the
//! image. A program that is not pinned counts by its binary, and is told as such.

use std::collections::BTreeMap;

use hc_core::tree::Content;
use hc_packer::plugins::{Installed, LockedPlugin};
use hc_packer::{Packer, Platform};
use hc_records::{Input, InputKind};

use super::Digests;
use crate::error::Result;
use crate::project::Project;

/// Packer as an input.
///
/// # Errors
/// When it cannot be read.
pub(super) fn packer(project: &Project, packer: &Packer, digests: &mut Digests) -> Result<Input> {
    let (version, pinned) = (packer.version.to_string(), &project.settings.packer.sha256);
    if pinned.is_empty() {
        let program = digests.of(&project.root, &packer.path)?.digest;
        return Ok(Input::text(InputKind::Packer, "packer", &format!("{version} {program}")));
    }
    let found = digests.sha256(project, &packer.path)?;
    let other = (pinned.get(project.host.platform.as_str()) != Some(&found)).then_some(found);
    Ok(Input::text(InputKind::Packer, "packer", &text(&version, pinned, other.as_deref())))
}

/// A plugin as an input; `None` when it is neither locked nor installed.
///
/// # Errors
/// When its binary cannot be read.
pub(super) fn plugin(
    project: &Project,
    source: &str,
    locked: Option<&LockedPlugin>,
    installed: Option<&Installed>,
    digests: &mut Digests,
) -> Result<Option<Input>> {
    let name = |version: &str| format!("{source} {version}");
    let Some(locked) = locked else {
        let Some(plugin) = installed else { return Ok(None) };
        let content = digests.of(&project.root, &plugin.path)?;
        let name = name(&plugin.label());
        // How a program is started is no part of what it does.
        let content = Content { executable: false, ..content };
        return Ok(Some(Input::file(InputKind::Plugin, name, &content)));
    };
    let other = match installed {
        Some(plugin) => other_than(project, locked, plugin, &project.host.platform, digests)?,
        None => None,
    };
    let text = text(&locked.version, &locked.sha256, other.as_deref());
    Ok(Some(Input::text(InputKind::Plugin, name(&locked.version), &text)))
}

/// What is installed instead of the locked binary. Where the lock has none for this kind of machine, nothing can be said:
/// the gate of `validate` and `build` refuses.
fn other_than(
    project: &Project,
    locked: &LockedPlugin,
    plugin: &Installed,
    platform: &Platform,
    digests: &mut Digests,
) -> Result<Option<String>> {
    let version = plugin.label();
    if version != locked.version {
        return Ok(Some(format!("version {version}")));
    }
    let Some(wanted) = locked.sha256.get(platform.as_str()) else { return Ok(None) };
    let found = digests.sha256(project, &plugin.path)?;
    Ok((found != *wanted).then_some(found))
}

/// The content of a pinned program's input: version, every checksum, and what this machine has instead of its own. What
/// differs from its pin is refused before it runs, and until then it is drift.
fn text(version: &str, sums: &BTreeMap<String, String>, other: Option<&str>) -> String {
    let mut text = format!("version {version}\n");
    for (platform, sum) in sums {
        text.push_str(&format!("{platform} sha256:{sum}\n"));
    }
    if let Some(other) = other {
        text.push_str(&format!("here {other}\n"));
    }
    text
}
