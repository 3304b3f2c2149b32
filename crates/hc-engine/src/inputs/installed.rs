//! Plugins that are installed here, beside what the project locks them to.

use std::path::PathBuf;

use hc_packer::plugins::{self, Installed, LockedPlugin, PluginLock};

use crate::error::Result;
use crate::project::Project;
use crate::project::packer::Dirs;

/// Plugins that are installed, and what the project locks them to.
#[derive(Debug)]
pub struct Plugins {
    /// Where packer looks for them.
    pub dir: Option<PathBuf>,
    /// What is there.
    pub installed: Vec<Installed>,
    /// `plugins.lock`.
    pub lock: Option<PluginLock>,
}

impl Plugins {
    /// Looks at both.
    ///
    /// # Errors
    /// `PluginInvalid` for a lock that cannot be read.
    pub fn of(project: &Project) -> Result<Self> {
        let dir = Dirs::of(project).plugins.or_else(|| plugins::default_dir(&project.host.vars));
        let find = |dir| plugins::installed(dir, &project.host.platform);
        let installed = dir.as_deref().map(find).unwrap_or_default();
        Ok(Self { dir, installed, lock: PluginLock::load(&project.root)? })
    }

    /// What a plugin is locked to; a lock without a single checksum names nothing.
    pub fn locked(&self, source: &str) -> Option<&LockedPlugin> {
        self.lock.as_ref()?.plugins.get(source).filter(|locked| !locked.sha256.is_empty())
    }
}
