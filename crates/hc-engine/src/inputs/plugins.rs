//! Packer plugins as inputs, and the gate that builds pass (SRC-6).

use std::collections::BTreeMap;
use std::path::Path;

use hc_core::Constraints;
use hc_packer::Packer;
use hc_packer::checksum::Sums;
use hc_packer::plugins;
use hc_records::Input;
use hc_state::PluginRecord;
use hc_templates::{Builder, requirements};

use super::Digests;
use super::installed::Plugins;
use super::programs;
use crate::error::Result;
use crate::prepare::Prepared;
use crate::project::Project;

/// Constraints of all builders by source address.
pub type WantedPlugins = BTreeMap<String, Vec<Constraints>>;

/// What builders ask for.
pub fn wanted<'a>(builders: impl IntoIterator<Item = &'a hc_templates::Builder>) -> WantedPlugins {
    let mut all = WantedPlugins::new();
    for builder in builders {
        for (source, constraints) in requirements::plugins(builder) {
            all.entry(source).or_default().extend(constraints);
        }
    }
    all
}

/// Plugins that targets will start, with their checksums, once all of them are what plugins.lock says. Without a lock
/// everything is taken. What `sums` remembers is not read again.
///
/// # Errors
/// `PluginDiffers` (exit code 3), `PluginNotLocked`.
pub fn enforce<'a>(
    project: &Project,
    packer: &Packer,
    prepared: impl IntoIterator<Item = &'a Prepared>,
    sums: &mut Sums,
) -> Result<BTreeMap<String, PluginRecord>> {
    let mut started = BTreeMap::new();
    if !packer.has_init() {
        return Ok(started);
    }
    let plugins = Plugins::of(project)?;
    for (source, constraints) in wanted(prepared.into_iter().map(|one| &one.builder)) {
        // One that is missing is packer's to report: it may be bundled.
        let Some(plugin) = plugins::chosen(&plugins.installed, &source, &constraints) else { continue };
        let mut sum = |path: &Path| sums.of(path, project.now().into());
        let sum = match &plugins.lock {
            Some(lock) => lock.require(plugin, &project.host.platform, sum)?,
            None => sum(&plugin.path)?,
        };
        let checksum = Some(format!("sha256:{sum}"));
        started.insert(source, PluginRecord { checksum, version: plugin.version.to_string() });
    }
    Ok(started)
}

/// The plugins of a target as inputs: another binary can make another image.
///
/// # Errors
/// When a binary cannot be read, or the lock.
pub fn inputs(project: &Project, prepared: &Prepared, digests: &mut Digests) -> Result<Vec<Input>> {
    let mut wanted = requirements::plugins(&prepared.builder);
    let plugins = digests.plugins(project)?;
    // Packer also starts plugins that no template asks for by their source, when it knows a type by them alone.
    for plugin in &plugins.installed {
        if !wanted.contains_key(&plugin.source) && gives_a_type(&plugin.source, &prepared.builder) {
            wanted.insert(plugin.source.clone(), Vec::new());
        }
    }
    let mut inputs = Vec::new();
    for (source, constraints) in &wanted {
        let installed = plugins::chosen(&plugins.installed, source, constraints);
        inputs.extend(programs::plugin(project, source, plugins.locked(source), installed, digests)?);
    }
    Ok(inputs)
}

/// Whether a builder has a type of a plugin: `vsphere` gives `vsphere`, `vsphere-iso`, `vsphere-clone`.
fn gives_a_type(source: &str, builder: &Builder) -> bool {
    let plugin = source.rsplit('/').next().unwrap_or(source);
    let mut types = builder.types();
    types.any(|kind| kind.strip_prefix(plugin).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')))
}
