//! One invocation on one project: root, settings, run id, and what every operation needs of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hc_config::settings::{self, Settings};
use hc_core::{EnvName, RunId};
use hc_logs::Redactor;
use time::OffsetDateTime;

use crate::args::{Format, GlobalArgs};
use crate::command_error::{CommandError, Result};
use crate::confinement;
use crate::environment::Environment;
use crate::report::Style;

/// Largest hybrid.toml that is read, in bytes.
const SETTINGS_LIMIT: u64 = 4 << 20;

/// An opened project and the run that works on it.
#[derive(Debug)]
pub struct Session {
    /// Directory of hybrid.toml, absolute, links resolved.
    pub root: PathBuf,
    /// Parsed hybrid.toml.
    pub settings: Settings,
    /// This run.
    pub run_id: RunId,
    /// The process environment.
    pub environment: Environment,
    /// How text may look.
    pub style: Style,
    /// How long to wait for the state lock.
    pub lock_timeout: Duration,
    /// Whether a file system without locks is put up with.
    pub unsafe_no_lock: bool,
    /// Whether digests of unchanged inputs are remembered.
    pub stat_cache: bool,
    /// Whether the answer is for programs.
    pub json: bool,
    /// `-v` minus `-q`.
    pub verbosity: i8,
    /// What every sink of this run goes through; learns the secrets as they are fetched.
    pub redactor: Redactor,
}

impl Session {
    /// Finds and opens the project.
    ///
    /// # Errors
    /// `NotAProject` with the cure, or the diagnostics of hybrid.toml.
    pub fn open(globals: &GlobalArgs, environment: Environment, run_id: RunId) -> Result<Self> {
        let root = find_root(globals.project.as_deref(), &environment.cwd)?;
        confinement::check(&root)?;
        let path = root.join(settings::FILE_NAME);
        let text = hc_core::fs::read_text(&path, SETTINGS_LIMIT)?.unwrap_or_default();
        let settings = settings::parse(Path::new(settings::FILE_NAME), &text).map_err(|diagnostic| {
            let mut error = CommandError::from(diagnostic);
            error.message = "hybrid.toml is invalid, nothing was done".into();
            error
        })?;
        check_sources(&settings)?;
        let lock_timeout = globals.lock_timeout.unwrap_or(settings.state.lock_timeout).get();
        let style = Style::decide(globals.color, &environment);
        let verbosity =
            i8::try_from(globals.verbose).unwrap_or(i8::MAX) - i8::try_from(globals.quiet).unwrap_or(0);
        let json = globals.format == Format::Json;
        let (unsafe_no_lock, stat_cache) = (globals.unsafe_no_lock, !globals.no_stat_cache);
        Ok(Self {
            root,
            settings,
            run_id,
            environment,
            style,
            lock_timeout,
            unsafe_no_lock,
            stat_cache,
            json,
            verbosity,
            redactor: Redactor::tokens_only(),
        })
    }

    /// The environment to work in: `--env`, else `project.default_env`.
    ///
    /// # Errors
    /// When the name is not kebab-case, or no overlay knows it.
    pub fn env(&self, given: Option<&str>) -> Result<EnvName> {
        let env: EnvName = match given {
            Some(name) => name.parse().map_err(|_| {
                CommandError::new("UnknownEnvironment", format!("`{name}` is not an environment name"))
                    .hint("environment names are kebab-case: dev, prod, eu-west")
            })?,
            None => self.settings.project.default_env.clone(),
        };
        let known = self.environments()?;
        if known.is_empty() || known.contains(&env) {
            return Ok(env);
        }
        let names: Vec<&str> = known.iter().map(EnvName::as_str).collect();
        let hint = match hc_config::suggest::nearest(env.as_str(), names.iter().copied()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!(
                "known environments: {}; a new one begins with configs/overlays/{env}.pkrvars.hcl",
                names.join(", ")
            ),
        };
        Err(CommandError::new("UnknownEnvironment", format!("environment `{env}` has no overlay")).hint(hint))
    }

    /// Environments that have an overlay file or directory, sorted.
    ///
    /// # Errors
    /// When `configs/overlays` cannot be listed.
    pub fn environments(&self) -> Result<Vec<EnvName>> {
        let dir = self.root.join("configs/overlays");
        if !dir.is_dir() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&dir).map_err(hc_core::fs::io_error("list", &dir))? {
            let entry = entry.map_err(hc_core::fs::io_error("list", &dir))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let name = name.strip_suffix(".pkrvars.hcl").unwrap_or(&name);
            found.extend(name.parse::<EnvName>().ok());
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// Now, in UTC.
    pub fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    /// A path as shown to people: relative to the project where it lies inside.
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}

/// A hostile url or ref is refused before anything looks at it (SRC-1).
fn check_sources(settings: &Settings) -> Result<()> {
    crate::ops::sources::specs(settings)?;
    Ok(())
}

fn find_root(given: Option<&Path>, cwd: &Path) -> Result<PathBuf> {
    let canonical = |dir: &Path| {
        std::fs::canonicalize(dir)
            .map_err(|source| CommandError::from(hc_core::fs::io_error("open", dir)(source)))
    };
    if let Some(dir) = given {
        let dir = canonical(&cwd.join(dir))?;
        return if dir.join(settings::FILE_NAME).is_file() { Ok(dir) } else { Err(not_a_project(&dir)) };
    }
    let cwd = canonical(cwd)?;
    match cwd.ancestors().find(|dir| dir.join(settings::FILE_NAME).is_file()) {
        Some(dir) => Ok(dir.to_owned()),
        None => Err(not_a_project(&cwd)),
    }
}

fn not_a_project(dir: &Path) -> CommandError {
    CommandError::new(
        "NotAProject",
        format!("{} is not a hybrid project: it has no hybrid.toml", dir.display()),
    )
    .hint("go to a project, name one with `--project DIR`, or make one: `hybrid init`, and `hybrid init --adopt` where templates exist")
}
