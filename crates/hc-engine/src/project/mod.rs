//! One opened project and the run that works on it: root, settings, run id, and what every operation needs of them.

mod confinement;
pub mod credentials;
pub mod git;
pub mod host;
mod leftovers;
pub mod linters;
pub mod named;
pub mod packer;
pub mod reach;
pub mod redaction;
pub mod sources;
pub mod store;
pub mod temp;
pub mod trust;
pub mod trusted;

use std::path::{Path, PathBuf};
use std::time::Duration;

use hc_config::settings::{self, Settings};
use hc_core::{Digest, EnvName, RunId};
use hc_logs::Redactor;
use hc_records::{layout, rendering};
use time::OffsetDateTime;

use crate::error::{EngineError, Result, UnknownEnv};

pub use host::Host;
pub use trust::Trust;

/// Largest hybrid.toml that is read, in bytes.
const SETTINGS_LIMIT: u64 = 4 << 20;

/// How a run treats its project.
#[derive(Debug, Clone, Default)]
pub struct ProjectOptions {
    /// How long to wait for the state lock; the settings' time when absent.
    pub lock_timeout: Option<Duration>,
    /// What to do on a file system without locks.
    pub locks: Locks,
    /// Whether digests of unchanged inputs are remembered.
    pub stat_cache: StatCacheUse,
    /// The run; made from the host when absent.
    pub run_id: Option<RunId>,
}

/// What to do on a file system without locks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Locks {
    /// Refuse to write.
    #[default]
    Required,
    /// Go on without: the caller makes sure that nothing else writes.
    Waived,
}

/// Whether digests of unchanged inputs are remembered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StatCacheUse {
    /// Remember.
    #[default]
    On,
    /// Read every file.
    Off,
}

/// An opened project and the run that works on it.
#[derive(Debug)]
pub struct Project {
    /// Directory of hybrid.toml, absolute, links resolved.
    pub root: PathBuf,
    /// Parsed hybrid.toml.
    pub settings: Settings,
    /// This run.
    pub run_id: RunId,
    /// The surroundings.
    pub host: Host,
    /// How long to wait for the state lock.
    pub lock_timeout: Duration,
    /// What to do on a file system without locks.
    pub locks: Locks,
    /// Whether digests of unchanged inputs are remembered.
    pub stat_cache: StatCacheUse,
    /// What every sink of this run goes through; learns the secrets as they are fetched.
    pub redactor: Redactor,
}

impl Project {
    /// Opens the project at `root`, as [`find_root`] finds it.
    ///
    /// # Errors
    /// `NotAProject`, the problems of hybrid.toml, and directories of hybrid that lead out of the project.
    pub fn open(root: &Path, host: Host, options: ProjectOptions) -> Result<Self> {
        let root = resolved(root)?;
        if !root.join(settings::FILE_NAME).is_file() {
            return Err(EngineError::NotAProject { dir: root });
        }
        confinement::check(&root)?;
        // Where this process may not write, another one completes what was begun.
        if let Err(error) = rendering::settle(&root) {
            tracing::warn!(%error, "rendered variables that a killed run began are not completed");
        }
        let text = hc_core::fs::read_text(&root.join(settings::FILE_NAME), SETTINGS_LIMIT)?;
        let settings = settings::parse(Path::new(settings::FILE_NAME), &text.unwrap_or_default())
            .map_err(EngineError::SettingsUnusable)?;
        confinement::of_settings(&root, &settings)?;
        // A hostile url or ref is refused before anything looks at it (SRC-1).
        sources::specs(&settings)?;
        let run_id = options.run_id.unwrap_or_else(|| run_id(&host));
        let lock_timeout = options.lock_timeout.unwrap_or(settings.state.lock_timeout.get());
        let redactor = Redactor::tokens_only();
        redactor.add(&credentials::of_project(&host, &root, &settings));
        let (locks, stat_cache) = (options.locks, options.stat_cache);
        Ok(Self { root, settings, run_id, host, lock_timeout, locks, stat_cache, redactor })
    }

    /// The environment to work in: the given one, else `project.default_env`.
    ///
    /// # Errors
    /// When the name is not kebab-case, or no overlay knows it.
    pub fn env(&self, given: Option<&str>) -> Result<EnvName> {
        let unknown = |name: &str, why| EngineError::UnknownEnvironment { name: name.into(), why };
        let env: EnvName = match given {
            Some(name) => name.parse().map_err(|_| unknown(name, UnknownEnv::NotAName))?,
            None => self.settings.project.default_env.clone(),
        };
        let known = self.environments()?;
        if known.is_empty() || known.contains(&env) {
            return Ok(env);
        }
        Err(unknown(env.as_str(), UnknownEnv::NoOverlay(known)))
    }

    /// Environments that have an overlay file or directory, sorted.
    ///
    /// # Errors
    /// When `configs/overlays` cannot be listed.
    pub fn environments(&self) -> Result<Vec<EnvName>> {
        let names = hc_core::fs::file_names(&self.at(layout::OVERLAYS))?;
        let env = |name: &String| name.strip_suffix(".pkrvars.hcl").unwrap_or(name).parse().ok();
        let mut found: Vec<EnvName> = names.iter().filter_map(env).collect();
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// Now, in UTC.
    pub fn now(&self) -> OffsetDateTime {
        (self.host.clock)()
    }

    /// The absolute path of something in the project.
    pub fn at(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// A path as shown to people: relative to the project where it lies inside.
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    /// A program that the project names, of a project that is trusted: a word with a slash is a path of the project, any
    /// other is looked for on `PATH`.
    ///
    /// # Errors
    /// `ProjectNotTrusted`.
    pub fn program(&self, word: &str) -> Result<Option<PathBuf>> {
        self.demand_trust(&format!("`{word}`"))?;
        Ok(if word.contains('/') {
            Some(self.at(word)).filter(|path| path.is_file())
        } else {
            self.host.find_program(word)
        })
    }

    /// An error when the run was asked to stop.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`].
    pub fn go_on(&self) -> Result<()> {
        if self.host.cancel.is_requested() { Err(EngineError::Interrupted) } else { Ok(()) }
    }
}

/// The id of a run on this host: its time, and bits that differ between processes.
pub fn run_id(host: &Host) -> RunId {
    let seed = format!("{} {} {}", host.pid, host.name, host.started.unix_timestamp_nanos());
    let digest = Digest::of(seed.as_bytes());
    let bits = digest.as_bytes()[..4].try_into().expect("a digest has 32 bytes");
    RunId::new(host.started, u32::from_le_bytes(bits))
}

/// The directory of the project that `given` names, or of the one around `cwd`; links resolved.
///
/// # Errors
/// `NotAProject`; when a directory cannot be opened.
pub fn find_root(given: Option<&Path>, cwd: &Path) -> Result<PathBuf> {
    let is_project = |dir: &Path| dir.join(settings::FILE_NAME).is_file();
    if let Some(dir) = given {
        let dir = resolved(&cwd.join(dir))?;
        return if is_project(&dir) { Ok(dir) } else { Err(EngineError::NotAProject { dir }) };
    }
    let cwd = resolved(cwd)?;
    match cwd.ancestors().find(|dir| is_project(dir)) {
        Some(dir) => Ok(dir.to_owned()),
        None => Err(EngineError::NotAProject { dir: cwd }),
    }
}

fn resolved(dir: &Path) -> Result<PathBuf> {
    Ok(std::fs::canonicalize(dir).map_err(hc_core::fs::io_error("open", dir))?)
}
