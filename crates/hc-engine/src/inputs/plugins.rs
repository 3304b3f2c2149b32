//! Packer plugins as inputs, and the gate that builds pass (SRC-6).

use std::collections::BTreeMap;
use std::path::PathBuf;

use hc_core::Constraints;
use hc_core::tree::Content;
use hc_packer::Packer;
use hc_packer::plugins::{self, Installed, PluginLock};
use hc_records::{Input, InputKind};
use hc_state::PluginRecord;
use hc_templates::{Builder, requirements};

use super::Digests;
use crate::error::Result;
use crate::prepare::Prepared;
use crate::project::Project;
use crate::project::packer::Dirs;

/// Constraints of all builders by source address.
pub type WantedPlugins = BTreeMap<String, Vec<Constraints>>;

/// What is installed where packer will look for it.
pub fn installed(project: &Project) -> (Option<PathBuf>, Vec<Installed>) {
    let dir = Dirs::of(project).plugins.or_else(|| plugins::default_dir(&project.host.vars));
    let found = dir.as_deref().map(plugins::installed).unwrap_or_default();
    (dir, found)
}

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
/// everything is taken.
///
/// # Errors
/// `PluginDiffers` (exit code 3), `PluginNotLocked`.
pub fn enforce(
    project: &Project,
    packer: &Packer,
    prepared: &[&Prepared],
) -> Result<BTreeMap<String, PluginRecord>> {
    let mut started = BTreeMap::new();
    if !packer.has_init() {
        return Ok(started);
    }
    let lock = PluginLock::load(&project.root)?;
    let (_, found) = installed(project);
    for (source, constraints) in wanted(prepared.iter().map(|one| &one.builder)) {
        // One that is missing is packer's to report: it may be bundled.
        let Some(plugin) = plugins::chosen(&found, &source, &constraints) else { continue };
        let sum = match &lock {
            Some(lock) => lock.require(plugin)?,
            None => plugins::sha256(&plugin.path)?,
        };
        let checksum = Some(format!("sha256:{sum}"));
        started.insert(source, PluginRecord { checksum, version: plugin.version.to_string() });
    }
    Ok(started)
}

/// The plugins of a target as inputs: another binary can make another image.
///
/// # Errors
/// When a binary cannot be read.
pub fn inputs(project: &Project, prepared: &Prepared, digests: &mut Digests) -> Result<Vec<Input>> {
    let mut wanted = requirements::plugins(&prepared.builder);
    let (_, found) = installed(project);
    // Packer also starts plugins that no template asks for by their source, when it knows a type by them alone.
    for plugin in &found {
        if !wanted.contains_key(&plugin.source) && gives_a_type(&plugin.source, &prepared.builder) {
            wanted.insert(plugin.source.clone(), Vec::new());
        }
    }
    let chosen =
        wanted.iter().filter_map(|(source, constraints)| plugins::chosen(&found, source, constraints));
    chosen
        .map(|plugin| {
            let name = format!("{} {}", plugin.source, plugin.version);
            let Content { digest, size, .. } = digests.of(&project.root, &plugin.path)?;
            Ok(Input { name, kind: InputKind::Plugin, blake3: digest, size, executable: false })
        })
        .collect()
}

/// Whether a builder has a type of a plugin: `vsphere` gives `vsphere`, `vsphere-iso`, `vsphere-clone`.
fn gives_a_type(source: &str, builder: &Builder) -> bool {
    let plugin = source.rsplit('/').next().unwrap_or(source);
    let mut types = builder.types();
    types.any(|kind| kind.strip_prefix(plugin).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')))
}
