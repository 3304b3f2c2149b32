//! Everything that decides an image: the input manifest of a prepared target (PKR-7).

mod compare;
mod digests;
mod elsewhere;
mod environment;
mod files;
pub mod installed;
mod known;
mod naming;
pub mod observed;
pub mod plugins;
pub mod portable;
pub mod programs;
mod sources;
pub mod suite;
mod tree;

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use hc_core::Digest;
use hc_core::fs::io_error;
use hc_core::tree::Content;
use hc_packer::Packer;
use hc_records::{Input, InputKind, InputManifest, layout};
use hc_templates::closure::Closure;

use crate::error::Result;
use crate::prepare::Prepared;
use crate::project::Project;

pub use compare::{compare, is_same};
pub use digests::{Digests, Remembered, remembered_sums};
pub use files::{outside, told_apart};
pub use known::Known;

/// How paths below the sources begin. As text: taking paths apart takes longer than all the rest.
const SOURCES: &[u8] = b"sources/";

/// Everything that decides the image of a target (PKR-7).
///
/// Packer itself is an input: another one can make another image.
///
/// # Errors
/// When a file cannot be read.
pub fn collect(
    project: &Project,
    prepared: &Prepared,
    packer: &Packer,
    digests: &mut Digests,
) -> Result<InputManifest> {
    let seen = observed::known(project, &prepared.target)?;
    demand_readable(project, &prepared.closure)?;
    let files = files::but_written(prepared, &seen);
    let trees = files::trees(prepared, &seen);
    let mut inputs = Vec::with_capacity(files.len() + seen.paths.len() + 4);
    // A commit stands for all files of its tree (SRC-1).
    let paths = files.iter().map(|(path, _)| path.as_path()).chain(seen.paths.iter().map(Path::new));
    let paths = paths.chain(prepared.closure.trees.iter().map(|tree| tree.base()));
    for pin in sources::referred(project, paths)? {
        inputs.push(Input::text(InputKind::Source, layout::source(&pin.name), pin.sha.as_str()));
    }
    if !seen.paths.is_empty() {
        let named: BTreeSet<&str> = files.iter().filter_map(|(path, _)| path.to_str()).collect();
        // What was named later is an input by its name.
        let unnamed = |path: &String| {
            let in_tree = || trees.iter().any(|tree| tree.has(Path::new(path)));
            !named.contains(path.as_str()) && !path.as_bytes().starts_with(SOURCES) && !in_tree()
        };
        let unnamed = seen.paths.into_iter().filter(unnamed).collect();
        inputs.extend(observed::inputs(project, &unnamed, digests)?);
    }
    for (path, kind) in files {
        if path.as_os_str().as_encoded_bytes().starts_with(SOURCES) {
            continue;
        }
        let content = seen_twice(prepared.read.texts.get(&path), digests.of(&project.root, &path)?);
        let name = match path.is_absolute() {
            true => naming::name(project, &path, &path),
            false => {
                let name = path.into_os_string().into_string();
                name.unwrap_or_else(|name| name.to_string_lossy().into_owned())
            }
        };
        let name = if cfg!(windows) { name.replace('\\', "/") } else { name };
        inputs.push(Input::file(kind, name, &content));
    }
    // Values without a file of their own: switches, answers, --set. A secret's reference counts, never its value.
    for (name, var) in &prepared.resolution.vars {
        let Some(origin) = var.chain.last().filter(|origin| origin.location.is_none()) else { continue };
        let value = if var.late.is_some() { &origin.value } else { &var.value };
        inputs.push(Input::text(InputKind::Value, name, &format!("{} {}", origin.layer, value.to_hcl())));
    }
    inputs.extend(elsewhere::inputs(project, prepared, digests)?);
    inputs.extend(environment::inputs(project, prepared));
    inputs.extend(plugins::inputs(project, packer, prepared, digests)?);
    inputs.push(programs::packer(project, packer, digests)?);
    inputs.extend(mapping(prepared));
    inputs.extend(prepared.read.git_sha.iter().map(|sha| Input::text(InputKind::Value, "git_sha", sha)));
    let trees = trees.into_iter().map(|tree| digests.tree(tree)).collect();
    Ok(InputManifest::with_trees(prepared.target.clone(), inputs, trees))
}

/// Everything that a closure names can be read.
///
/// # Errors
/// Of the first file that cannot.
fn demand_readable(project: &Project, closure: &Closure) -> Result<()> {
    let Some(path) = closure.unread.first() else { return Ok(()) };
    let path = project.at(path);
    let why = hc_core::fs::open_regular(&path).err().unwrap_or_else(|| ErrorKind::Other.into());
    Err(io_error("read", &path)(why).into())
}

/// What hybrid.toml says of an adopted builder: which of its sources, which var files in which order.
fn mapping(prepared: &Prepared) -> Option<Input> {
    let builder = &prepared.builder;
    let files = builder.var_files.iter().map(|file| file.to_string_lossy());
    let mut said: Vec<_> = builder.only.iter().map(|only| only.as_str().into()).chain(files).collect();
    said.extend(builder.except.iter().map(|except| format!("except {except}").into()));
    said.extend(builder.vars.iter().map(|(name, value)| format!("{name} = {value}").into()));
    let name = || format!("hybrid.toml, builder {}", builder.id);
    builder.adopted.then(|| Input::text(InputKind::Metadata, name(), &said.join("\n")))
}

/// The digest of a file that was read for its values before it was hashed. When it changed in between, the two together
/// are something that nobody ever trusted.
fn seen_twice(read: Option<&(Digest, u64)>, hashed: Content) -> Content {
    match read {
        Some((read, _)) if *read != hashed.digest => {
            let both = [*read, hashed.digest].map(|digest| *digest.as_bytes()).concat();
            Content { digest: Digest::of(&both), ..hashed }
        }
        _ => hashed,
    }
}
