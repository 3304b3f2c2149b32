//! The stage: one directory tree per target that packer runs on (TPL-3).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use hc_core::fs::{FsError, create_dirs, io_error, is_executable, open_regular, regular_metadata};
use hc_core::tree::Content;

use crate::closure::Closure;
use crate::inventory::Builder;

/// Name of the rendered variables for a legacy template.
pub const RENDERED_JSON: &str = "90-hybrid.json";
/// Name of the rendered variables in the stage.
pub const RENDERED: &str = "90-hybrid.auto.pkrvars.hcl";
/// Name of the generated `required_plugins` block.
const PLUGINS: &str = "05-plugins.pkr.hcl";

/// What a stage will hold; made without touching the disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StagePlan {
    /// Packer's directory argument, relative to the stage.
    pub packer_dir: PathBuf,
    /// Path in the stage → file of the project, both relative.
    pub copies: BTreeMap<PathBuf, PathBuf>,
    /// Directories of the project that the stage has as links to them.
    pub linked: BTreeSet<PathBuf>,
    /// Link in the stage → what stands in it; each leads to a place in the stage.
    pub links: BTreeMap<PathBuf, PathBuf>,
    /// Path in the stage → content that hybrid made.
    pub generated: BTreeMap<PathBuf, String>,
}

/// Two files of a builder would stand in the same place of its stage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is needed for a file of hybrid's own", path.display())]
pub struct StageCollision {
    /// The builder's file that stands in the way.
    pub path: PathBuf,
}

impl StageCollision {
    /// Stable code for `hybrid explain`.
    pub fn code(&self) -> &'static str {
        "StageCollision"
    }
}

/// How a stage has the directories of many files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Large {
    /// As copies: for a build.
    Copied,
    /// As links, and what only patterns of builder.toml name not at all: for a check of the template, which looks whether
    /// they are there.
    Linked,
}

/// Plans the stage of a builder. `with_plugins` adds the `required_plugins` block of `builder.toml`, for packers
/// that know it.
///
/// # Errors
/// [`StageCollision`].
pub fn plan(
    builder: &Builder,
    closure: &Closure,
    rendered: &str,
    (with_plugins, large): (bool, Large),
) -> Result<StagePlan, StageCollision> {
    let mut plan = StagePlan { packer_dir: builder.dir.clone(), ..StagePlan::default() };
    for file in &builder.files {
        plan.copies.insert(file.clone(), file.clone());
    }
    if large == Large::Linked {
        let dirs = closure.trees.iter().map(|tree| tree.base()).filter(|base| !base.as_os_str().is_empty());
        plan.linked.extend(dirs.filter(|dir| !builder.dir.starts_with(dir)).map(Path::to_owned));
    }
    let is_linked =
        |linked: &BTreeSet<PathBuf>, path: &Path| path.ancestors().any(|dir| linked.contains(dir));
    let inner = |dir: &&PathBuf| dir.parent().is_some_and(|above| is_linked(&plan.linked, above));
    let inner: Vec<PathBuf> = plan.linked.iter().filter(inner).cloned().collect();
    plan.linked.retain(|dir| !inner.contains(dir));
    let assets = match large {
        Large::Copied => closure.paths(),
        Large::Linked => {
            let few = closure.files.iter().map(|(path, _)| path.clone());
            let around = closure
                .trees
                .iter()
                .filter(|tree| builder.dir.starts_with(tree.base()) && tree.name.ends_with('/'));
            let mut assets: Vec<PathBuf> = few.collect();
            for tree in around {
                tree.node
                    .iter()
                    .for_each(|node| node.each_file(tree.base(), &mut |path, _| assets.push(path)));
            }
            assets
        }
    };
    let assets = assets.into_iter().filter(|asset| !is_linked(&plan.linked, asset));
    plan.copies.extend(assets.map(|asset| (asset.clone(), asset)));
    for link in closure.inside().filter(|link| !is_linked(&plan.linked, &link.path)) {
        plan.links.insert(link.path.clone(), link.target.clone());
    }
    for layer in &builder.layers {
        let name =
            if layer.ends_with("common.pkr.hcl") { "00-common.pkr.hcl" } else { "10-platform.pkr.hcl" };
        let place = builder.dir.join(name);
        if plan.copies.insert(place.clone(), layer.clone()).is_some() {
            return Err(StageCollision { path: place });
        }
    }
    let mut generated = vec![(RENDERED, rendered.to_owned())];
    if with_plugins && !builder.metadata.plugins.is_empty() {
        generated.push((PLUGINS, required_plugins(&builder.metadata.plugins)));
    }
    for (name, content) in generated {
        let place = builder.dir.join(name);
        if plan.copies.contains_key(&place) {
            return Err(StageCollision { path: place });
        }
        plan.generated.insert(place, content);
    }
    Ok(plan)
}

/// A `packer` block that asks for plugins: constraints by source address.
pub fn required_plugins(plugins: &BTreeMap<String, String>) -> String {
    let mut text = String::from("packer {\n  required_plugins {\n");
    for (source, version) in plugins {
        let name = source.rsplit('/').next().unwrap_or(source);
        let mut quoted = [String::new(), String::new()];
        hc_config::value::quote_into(version, &mut quoted[0]);
        hc_config::value::quote_into(source, &mut quoted[1]);
        text.push_str(&format!(
            "    {} = {{\n      version = {}\n      source  = {}\n    }}\n",
            hc_config::value::map_key(name),
            quoted[0],
            quoted[1]
        ));
    }
    text.push_str("  }\n}\n");
    text
}

/// Makes the stage at `dest`, which must not exist. Returns the digest and size of every copied file of the
/// project, computed from the very bytes that were copied: what was hashed is what is built.
///
/// # Errors
/// [`FsError`]; a partly made stage is removed.
pub fn write(root: &Path, plan: &StagePlan, dest: &Path) -> Result<BTreeMap<PathBuf, Content>, FsError> {
    if let Some(parent) = dest.parent() {
        create_dirs(parent)?;
    }
    std::fs::create_dir(dest).map_err(io_error("create", dest))?;
    let result = fill(root, plan, dest);
    if result.is_err() {
        let _ = std::fs::remove_dir_all(dest);
    }
    result
}

fn fill(root: &Path, plan: &StagePlan, dest: &Path) -> Result<BTreeMap<PathBuf, Content>, FsError> {
    let mut digests = BTreeMap::new();
    for (place, source) in &plan.copies {
        let to = dest.join(place);
        if let Some(parent) = to.parent() {
            create_dirs(parent)?;
        }
        digests.insert(source.clone(), copy(&root.join(source), &to)?);
    }
    let real = std::fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    for (place, target) in &plan.links {
        let to = dest.join(place);
        if let Some(parent) = to.parent() {
            create_dirs(parent)?;
        }
        // An absolute one leads back into the project; its stage has a place of its own.
        let inside = target.strip_prefix(root).or_else(|_| target.strip_prefix(&real));
        link(&inside.map_or_else(|_| target.clone(), |rest| dest.join(rest)), &to)?;
    }
    for dir in &plan.linked {
        let to = dest.join(dir);
        if let Some(parent) = to.parent() {
            create_dirs(parent)?;
        }
        link(&root.join(dir), &to)?;
    }
    for (place, content) in &plan.generated {
        let to = dest.join(place);
        if let Some(parent) = to.parent() {
            create_dirs(parent)?;
        }
        new_file(&to, 0o644)?.write_all(content.as_bytes()).map_err(io_error("write", &to))?;
    }
    Ok(digests)
}

#[cfg(unix)]
fn link(target: &Path, path: &Path) -> Result<(), FsError> {
    std::os::unix::fs::symlink(target, path).map_err(io_error("link", path))
}

#[cfg(not(unix))]
fn link(target: &Path, path: &Path) -> Result<(), FsError> {
    std::os::windows::fs::symlink_file(target, path).map_err(io_error("link", path))
}

fn new_file(path: &Path, mode: u32) -> Result<std::fs::File, FsError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options.open(path).map_err(io_error("create", path))
}

#[cfg(unix)]
fn mode_of(meta: &std::fs::Metadata) -> u32 {
    let mode = std::os::unix::fs::PermissionsExt::mode(&meta.permissions());
    let all = if mode & 0o111 == 0 { 0o644 } else { 0o755 };
    // Keys: ssh takes none that others may read.
    if mode & 0o077 == 0 { all & 0o700 } else { all }
}

#[cfg(not(unix))]
fn mode_of(_: &std::fs::Metadata) -> u32 {
    0o644
}

/// Copies a file to a place that must not exist yet: its bytes and whether it is executable, and for its owner only what
/// was for its owner only. Returns digest and size of what was copied.
///
/// # Errors
/// [`FsError`].
pub fn copy(from: &Path, to: &Path) -> Result<Content, FsError> {
    let missing =
        || FsError::Io { action: "read", path: from.to_owned(), source: std::io::ErrorKind::NotFound.into() };
    let meta = regular_metadata(from)?.ok_or_else(missing)?;
    let mut input = open_regular(from).map_err(io_error("read", from))?;
    let mut output = new_file(to, mode_of(&meta))?;
    let mut hasher = hc_core::digest::Stream::new();
    // As large as the file, and one byte to see its end.
    let mut buffer = vec![0; usize::try_from(meta.len() + 1).unwrap_or(usize::MAX).min(64 << 10)];
    let mut size = 0;
    loop {
        let count = input.read(&mut buffer).map_err(io_error("read", from))?;
        if count == 0 {
            return Ok(Content { digest: hasher.finish(), size, executable: is_executable(&meta) });
        }
        hasher.update(&buffer[..count]);
        output.write_all(&buffer[..count]).map_err(io_error("write", to))?;
        size += count as u64;
    }
}
