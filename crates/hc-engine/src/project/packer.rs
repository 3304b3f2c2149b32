//! The packer of a project: which one, which directories it is given, which rules judge its failures.

use std::path::PathBuf;

use hc_packer::classify::{RuleSpec, Rules};
use hc_packer::{Packer, PackerError};
use hc_records::layout;

use super::Project;
use crate::error::Result;

/// Finds packer and checks it against the project's pin.
///
/// # Errors
/// `PackerNotFound`, `PackerTooOld`, `PackerPinned`.
pub fn find(project: &Project) -> Result<Packer> {
    let packer = unpinned(project)?;
    match &project.settings.packer.version {
        Some(pinned) if *pinned != packer.version.to_string() => {
            Err(PackerError::Pinned { path: packer.path, found: packer.version, pinned: pinned.clone() }
                .into())
        }
        _ => Ok(packer),
    }
}

/// Finds packer, whatever the project is pinned to.
///
/// # Errors
/// `PackerNotFound`, `PackerTooOld`.
pub fn unpinned(project: &Project) -> Result<Packer> {
    let memory = project.at(layout::PACKER_VERSION);
    let binary = &project.settings.packer.binary;
    Ok(Packer::find(binary, &project.root, project.host.var("PATH"), Some(&memory))?)
}

/// The project's failure rules before the built-in ones.
///
/// # Errors
/// When a rule of hybrid.toml cannot be used.
pub fn rules(project: &Project) -> Result<Rules> {
    let own = project.settings.packer.rules.iter().map(|rule| RuleSpec {
        id: rule.id.clone(),
        platform: rule.platform.clone(),
        pattern: rule.pattern.clone(),
        class: rule.class.clone(),
        hint: rule.hint.clone(),
    });
    Ok(Rules::new(&own.collect::<Vec<_>>())?)
}

/// Directories of the settings, absolute.
#[derive(Debug, Clone)]
pub struct Dirs {
    /// `PACKER_CACHE_DIR`.
    pub cache: Option<PathBuf>,
    /// `PACKER_PLUGIN_PATH`.
    pub plugins: Option<PathBuf>,
}

impl Dirs {
    /// Of a project.
    pub fn of(project: &Project) -> Self {
        let settings = &project.settings.packer;
        Self {
            cache: settings.use_cache.then(|| project.at(&settings.cache_dir)),
            plugins: settings.plugin_path.as_ref().map(|path| project.at(path)),
        }
    }
}
