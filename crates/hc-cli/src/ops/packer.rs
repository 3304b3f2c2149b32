//! The packer of a session, and what its runs have in common.

use std::path::{Path, PathBuf};

use hc_config::cloudinit::FILE_VARIABLE;
use hc_core::{SecretString, Target};
use hc_packer::Packer;
use hc_packer::args::Subject;
use hc_packer::classify::{RuleSpec, Rules};
use hc_packer::process::Cancel;
use hc_packer::run::Context;
use hc_templates::compose;

use super::parent::Parent;
use super::prepare::Prepared;
use super::ssh_key::{self, SshKey};
use crate::command_error::Result;
use crate::session::Session;

/// Its name, where hybrid.toml gives no other.
pub const PROGRAM: &str = "packer";

/// Finds packer and checks it against the project's pin.
///
/// # Errors
/// `PackerNotFound`, `PackerTooOld`, `PackerPinned`.
pub fn find(session: &Session) -> Result<Packer> {
    let settings = &session.settings.packer;
    let packer = unpinned(session)?;
    match &settings.version {
        Some(pinned) if *pinned != packer.version.to_string() => Err(hc_packer::PackerError::Pinned {
            path: packer.path,
            found: packer.version,
            pinned: pinned.clone(),
        }
        .into()),
        _ => Ok(packer),
    }
}

/// Finds packer, whatever the project is pinned to.
///
/// # Errors
/// `PackerNotFound`, `PackerTooOld`.
pub fn unpinned(session: &Session) -> Result<Packer> {
    let memory = session.root.join(".hybrid/cache/packer-version.json");
    let binary = &session.settings.packer.binary;
    Ok(Packer::find(binary, &session.root, session.environment.var("PATH"), Some(&memory))?)
}

/// The project's failure rules before the built-in ones.
///
/// # Errors
/// When a rule of hybrid.toml is none.
pub fn rules(session: &Session) -> Result<Rules> {
    let own: Vec<RuleSpec> = session
        .settings
        .packer
        .rules
        .iter()
        .map(|rule| RuleSpec {
            id: rule.id.clone(),
            platform: rule.platform.clone(),
            pattern: rule.pattern.clone(),
            class: rule.class.clone(),
            hint: rule.hint.clone(),
        })
        .collect();
    Ok(Rules::new(&own)?)
}

/// Where one target of a run works.
#[derive(Debug, Clone)]
pub struct Place {
    /// `.hybrid/work/<run>/<builder>@<env>`.
    pub work: PathBuf,
    /// Working directory of packer: the stage, or the project for a builder that runs in place.
    pub cwd: PathBuf,
    /// Packer's directory argument.
    pub packer_dir: PathBuf,
    /// Var files that packer gets by `-var-file`.
    pub var_files: Vec<PathBuf>,
}

impl Place {
    /// The place of a target; nothing is created.
    pub fn of(session: &Session, prepared: &Prepared) -> Self {
        let work =
            session.root.join(".hybrid/work").join(session.run_id.as_str()).join(prepared.target.to_string());
        if prepared.builder.in_place {
            let rendered = work.join(compose::RENDERED);
            // Packer tells the language of a var file by its ending; the values of an example are in the rendered file.
            let named = |path: &&PathBuf| path.extension().is_some_and(|ending| ending == "hcl");
            // A var file would beat PKR_VAR_…, so one that sets a variable which is a secret now stays out; the
            // rendered file has its other values.
            let beats = |path: &&PathBuf| prepared.secrets_beaten_by(path).next().is_none();
            let own = prepared
                .builder
                .var_files
                .iter()
                .filter(named)
                .filter(beats)
                .map(|path| session.root.join(path));
            let var_files = own.chain([rendered]).collect();
            Self {
                cwd: session.root.clone(),
                packer_dir: session
                    .root
                    .join(prepared.builder.file.as_ref().unwrap_or(&prepared.builder.dir)),
                var_files,
                work,
            }
        } else {
            let cwd = work.join("stage");
            Self { packer_dir: cwd.join(&prepared.builder.dir), cwd, var_files: Vec::new(), work }
        }
    }

    /// The file with the merged user data (CONFIG-6).
    pub fn user_data(&self) -> PathBuf {
        self.work.join("user-data")
    }

    /// Removes the work directory, and the run's when this was its last target.
    pub fn remove(&self) {
        let _ = std::fs::remove_dir_all(&self.work);
        if let Some(run) = self.work.parent() {
            // Fails, as it should, while another target works there.
            let _ = std::fs::remove_dir(run);
        }
    }

    /// What packer works on.
    pub fn subject(&self, prepared: &Prepared, vars: Vec<(String, String)>) -> Subject {
        Subject {
            path: self.packer_dir.clone(),
            var_files: self.var_files.clone(),
            vars,
            only: prepared.builder.only.iter().cloned().collect(),
        }
    }
}

/// What a build is given beyond the project's files.
#[derive(Debug, Default)]
pub struct Given<'a> {
    /// Published image that it starts from.
    pub parent: Option<&'a Parent>,
    /// Key of the run.
    pub key: Option<&'a SshKey>,
    /// Installation medium in the store.
    pub iso: Option<&'a Path>,
}

/// Values of the `hybrid_…` variables that the template declares. The manifest's path is set per attempt.
pub fn injected(
    session: &Session,
    prepared: &Prepared,
    place: &Place,
    build_id: &str,
    output_dir: &Path,
    given: &Given<'_>,
) -> Vec<(String, String)> {
    let Given { parent, key, iso } = given;
    let values = [
        (FILE_VARIABLE, place.user_data().display().to_string()),
        ("hybrid_output_dir", output_dir.display().to_string()),
        ("hybrid_build_id", build_id.to_owned()),
        ("hybrid_run_id", session.run_id.to_string()),
        ("hybrid_env", prepared.target.env.to_string()),
        ("hybrid_root", session.root.display().to_string()),
        ("hybrid_iso_path", iso.map_or("iso".to_owned(), |path| path.display().to_string())),
        ("hybrid_parent_image", parent.map_or("parent-image".to_owned(), |parent| parent.location.clone())),
        ("hybrid_parent_build_id", parent.map_or(String::new(), |parent| parent.image.build_id.to_string())),
        (ssh_key::PRIVATE, key.map_or(String::new(), |key| key.private.display().to_string())),
        (ssh_key::PUBLIC, key.map_or(String::new(), |key| key.public.clone())),
    ];
    values
        .into_iter()
        .filter(|(name, _)| prepared.declared.contains_key(*name))
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// What all of packer's runs on a target share.
pub fn context<'a>(
    session: &'a Session,
    packer: &'a Packer,
    target: &'a Target,
    place: &'a Place,
    secrets: &'a [(String, SecretString)],
    dirs: &'a Dirs,
    cancel: &'a Cancel,
) -> Context<'a> {
    let settings = &session.settings.packer;
    Context {
        packer,
        env: &target.env,
        cwd: &place.cwd,
        work: &place.work,
        caller_env: &session.environment.vars,
        pass_env: &settings.pass_env,
        secrets,
        cache_dir: dirs.cache.as_deref(),
        plugin_path: dirs.plugins.as_deref(),
        timeout: settings.timeout.get(),
        grace: settings.grace.get(),
        cancel,
    }
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
    /// Of a session.
    pub fn of(session: &Session) -> Self {
        let settings = &session.settings.packer;
        Self {
            cache: settings.use_cache.then(|| session.root.join(&settings.cache_dir)),
            plugins: settings.plugin_path.as_ref().map(|path| session.root.join(path)),
        }
    }
}
