//! Which inputs of a target mean something on this machine alone, in words that name the cure. Reports what the manifest
//! counts; changes nothing of it.

use std::collections::BTreeSet;

use hc_packer::Packer;
use hc_records::{Input, InputKind, InputManifest};
use hc_templates::closure::OutsideKind;
use hc_templates::requirements;

use super::files;
use super::installed::Plugins;
use crate::prepare::Prepared;
use crate::project::Project;

/// Kinds of inputs that are files which templates, values or builders name.
const FILES: [InputKind; 9] = [
    InputKind::Template,
    InputKind::Layer,
    InputKind::Vars,
    InputKind::Overlay,
    InputKind::Script,
    InputKind::Asset,
    InputKind::Ansible,
    InputKind::Puppet,
    InputKind::Cloudinit,
];

/// Everything among the inputs that another machine may count differently; empty when the combined digest is the same
/// wherever the project is checked out.
pub fn not_portable(
    project: &Project,
    prepared: &Prepared,
    packer: &Packer,
    manifest: &InputManifest,
    plugins: &Plugins,
) -> Vec<String> {
    let asked = requirements::plugins(&prepared.builder);
    let mut said: Vec<String> = programs(project, manifest, plugins)
        .map(|(name, command)| match name.split_once(' ') {
            Some((source, _)) if !asked.contains_key(source) => format!(
                "plugin {name}, which is started because it is installed: name it in `required_plugins` of the template or in \
                 `[plugins]` of builder.toml, then run `{command}`"
            ),
            Some(_) => format!("plugin {name} counts by the binary of this machine: `{command}` pins it"),
            None => format!("{name} counts by the binary of this machine: `{command}` pins it"),
        })
        .collect();
    if !packer.bundles_plugins() {
        let counted =
            of_kind(manifest, InputKind::Plugin).iter().filter_map(|input| input.name.split(' ').next());
        let counted: BTreeSet<&str> = counted.collect();
        let absent = asked.keys().filter(|source| !counted.contains(source.as_str()));
        said.extend(absent.map(|source| {
            format!("plugin {source} is not installed on this machine: `hybrid packer plugins lock` pins it where it is")
        }));
    }
    let told = |path| {
        format!("`{path}` is a path of this machine: keep the file in the project, and name it from there")
    };
    said.extend(paths(project, prepared, manifest).into_iter().map(told));
    let of_environment = of_kind(manifest, InputKind::Environment);
    said.extend(of_environment.iter().map(|input| format!("`{}` of the environment", input.name)));
    said
}

/// Paths that lead out of the project, and absolute ones into it.
fn paths(project: &Project, prepared: &Prepared, manifest: &InputManifest) -> BTreeSet<String> {
    let mut paths: BTreeSet<String> = files::outside_as_named(project, prepared).into_values().collect();
    let absolute =
        prepared.closure.problems.outside.iter().filter(|one| matches!(one.what, OutsideKind::Absolute(_)));
    paths.extend(absolute.map(|one| one.path.display().to_string()));
    for (kind, mark) in FILES.into_iter().flat_map(|kind| [(kind, "/"), (kind, "~/")]) {
        let inputs = of_kind(manifest, kind);
        let start = inputs.partition_point(|input| input.name.as_str() < mark);
        let marked = inputs[start..].iter().take_while(|input| input.name.starts_with(mark));
        paths.extend(marked.map(|input| input.name.clone()));
    }
    paths
}

/// The inputs of a kind. A manifest is sorted by it: there may be very many others.
fn of_kind(manifest: &InputManifest, kind: InputKind) -> &[Input] {
    let start = manifest.inputs.partition_point(|input| input.kind < kind);
    let length = manifest.inputs[start..].partition_point(|input| input.kind == kind);
    &manifest.inputs[start..start + length]
}

/// Programs among the inputs that no pin names, each with the command that pins it.
pub fn programs<'a>(
    project: &'a Project,
    manifest: &'a InputManifest,
    plugins: &'a Plugins,
) -> impl Iterator<Item = (&'a str, &'static str)> {
    let packer = of_kind(manifest, InputKind::Packer).iter();
    let packer = packer.filter(|_| project.settings.packer.sha256.is_empty());
    let unlocked = of_kind(manifest, InputKind::Plugin)
        .iter()
        .filter(|input| input.name.split(' ').next().is_some_and(|source| plugins.locked(source).is_none()));
    packer
        .map(|input| (&*input.name, "hybrid packer pin"))
        .chain(unlocked.map(|input| (&*input.name, "hybrid packer plugins lock")))
}
