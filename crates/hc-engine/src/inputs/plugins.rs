//! Packer plugins as inputs, and the gate that builds pass (SRC-6).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hc_core::Constraints;
use hc_packer::Packer;
use hc_packer::checksum::Sums;
use hc_packer::plugins::{self, Installed, PluginError};
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

/// A plugin that packer starts for a builder.
#[derive(Debug, Clone)]
pub struct Need<'a> {
    /// Source address.
    pub source: String,
    /// What the builder asks of its version.
    pub constraints: Vec<Constraints>,
    /// Whether the builder names it, in `required_plugins` or in builder.toml. Packer also starts what is installed and
    /// gives a type that a template uses.
    pub asked: bool,
    /// The one that packer would start.
    pub installed: Option<&'a Installed>,
}

impl Need<'_> {
    /// Packer of a builder that it runs in place is not told what builder.toml asks for.
    fn demand_asked(&self, plugin: &Installed) -> Result<()> {
        if plugin.source == self.source && self.constraints.iter().all(|one| one.allow(plugin.version)) {
            return Ok(());
        }
        let wanted: Vec<_> = self.constraints.iter().map(ToString::to_string).collect();
        let (source_address, path, wanted) = (self.source.clone(), plugin.path.clone(), wanted.join(", "));
        Err(PluginError::NotAsked { source_address, path, wanted }.into())
    }
}

/// What builders ask for by name.
pub fn wanted<'a>(builders: impl IntoIterator<Item = &'a Builder>) -> WantedPlugins {
    let mut all = WantedPlugins::new();
    for builder in builders {
        for (source, constraints) in requirements::plugins(builder) {
            add(&mut all, source, constraints);
        }
    }
    all
}

fn add(all: &mut WantedPlugins, source: String, constraints: Vec<Constraints>) {
    let known = all.entry(source).or_default();
    let new: Vec<_> = constraints.into_iter().filter(|one| !known.contains(one)).collect();
    known.extend(new);
}

/// What packer starts for a builder: what it asks for by name, and of what else is installed, what gives it a type.
pub fn needs<'a>(builder: &Builder, installed: &'a [Installed]) -> Vec<Need<'a>> {
    let told = requirements::required_plugins(builder);
    let asked = requirements::plugins(builder).into_iter().map(|(source, constraints)| {
        let name = source.rsplit('/').next().unwrap_or(&source);
        let installed = match told.get(&source) {
            // What builder.toml says reaches packer in a stage that is composed, and in no other.
            Some(told) if builder.in_place => plugins::chosen(installed, &source, told),
            None if builder.in_place && gives_a_type(name, builder) => plugins::unasked(installed, name),
            _ => plugins::chosen(installed, &source, &constraints),
        };
        Need { source, constraints, asked: true, installed }
    });
    let mut needs: Vec<Need<'_>> = asked.collect();
    let further: BTreeSet<&str> = installed.iter().map(Installed::name).collect();
    for name in further {
        // Parts of a plugin that is asked for come from that one, whatever else is called like it.
        let is_asked = needs.iter().any(|need| need.asked && need.source.rsplit('/').next() == Some(name));
        if let Some(plugin) =
            plugins::unasked(installed, name).filter(|_| !is_asked && gives_a_type(name, builder))
        {
            let source = plugin.source.clone();
            needs.push(Need { source, constraints: Vec::new(), asked: false, installed: Some(plugin) });
        }
    }
    needs.sort_by(|one, other| one.source.cmp(&other.source));
    needs
}

/// What all builders need, by source address; with the constraints of all that ask for it.
pub fn needed<'a>(builders: impl IntoIterator<Item = &'a Builder>, installed: &[Installed]) -> WantedPlugins {
    let mut all = WantedPlugins::new();
    for need in builders.into_iter().flat_map(|builder| needs(builder, installed)) {
        add(&mut all, need.source, need.constraints);
    }
    all
}

/// Plugins that targets will start, with their checksums, once all of them are what plugins.lock says. Without a lock
/// everything is taken that packer itself takes. What `sums` remembers is not read again.
///
/// # Errors
/// `PluginDiffers` (exit code 3), `PluginNotLocked`; `PluginInvalid` for one that packer would pass over, because its checksum
/// is not the one beside it.
pub fn enforce<'a>(
    project: &Project,
    packer: &Packer,
    prepared: impl IntoIterator<Item = &'a Prepared>,
    sums: &mut Sums,
) -> Result<BTreeMap<String, PluginRecord>> {
    let mut started: BTreeMap<String, PluginRecord> = BTreeMap::new();
    if !packer.has_init() {
        return Ok(started);
    }
    let plugins = Plugins::of(project)?;
    let mut seen: BTreeSet<&Path> = BTreeSet::new();
    for one in prepared {
        // One that is missing is packer's to report: it may be bundled.
        for need in needs(&one.builder, &plugins.installed) {
            let Some(plugin) = need.installed else { continue };
            need.demand_asked(plugin)?;
            if !seen.insert(&plugin.path) {
                continue;
            }
            let mut sum = |path: &Path| sums.of(path, project.now().into());
            let sum = match &plugins.lock {
                Some(lock) => lock.require(plugin, &project.host.platform, sum)?,
                None => sum(&plugin.path)?,
            };
            plugin.require_noted(&sum)?;
            let checksum = Some(format!("sha256:{sum}"));
            started.insert(plugin.source.clone(), PluginRecord { checksum, version: plugin.label() });
        }
    }
    Ok(started)
}

/// The plugins of a target as inputs: another binary can make another image.
///
/// # Errors
/// When a binary cannot be read, or the lock.
pub fn inputs(
    project: &Project,
    packer: &Packer,
    prepared: &Prepared,
    digests: &mut Digests,
) -> Result<Vec<Input>> {
    let plugins = digests.plugins(project)?;
    let mut inputs = Vec::new();
    for need in needs(&prepared.builder, &plugins.installed) {
        // A packer that brings its plugins along starts only what it is told to.
        if need.asked || packer.has_init() {
            let locked = plugins.locked(&need.source);
            inputs.extend(programs::plugin(project, &need.source, locked, need.installed, digests)?);
        }
    }
    Ok(inputs)
}

/// Whether a builder has a type of a plugin: `vsphere` gives `vsphere`, `vsphere-iso`, `vsphere-clone`.
fn gives_a_type(plugin: &str, builder: &Builder) -> bool {
    let types = builder.types().chain(builder.data_sources.iter().map(String::as_str));
    let mut rests = types.filter_map(|kind| kind.strip_prefix(plugin));
    rests.any(|rest| rest.is_empty() || rest.starts_with('-'))
}
