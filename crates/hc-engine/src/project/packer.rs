//! The packer of a project: which one, which directories it is given, which rules judge its failures.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use hc_config::settings::RuleScope;
use hc_core::{EnvName, SecretString};
use hc_packer::call::Call;
use hc_packer::classify::Scope;
use hc_packer::environment;
use hc_packer::probe::Locate;
use hc_packer::{Clock, Packer, RuleSpec, Rules};
use hc_records::layout;
use hc_templates::Builder;

use super::reach::Reach;
use super::{Project, StatCacheUse, Trust, temp};
use crate::error::Result;

/// Its name, where hybrid.toml gives no other.
pub const PROGRAM: &str = "packer";

/// Finds packer and checks it against the project's pin.
///
/// # Errors
/// `ProjectNotTrusted` where the project names the program; `PackerNotFound`, `PackerTooOld`, `PackerPinned`; `PackerDiffers` and `PackerNotPinned` before it is run.
pub fn find(project: &Project) -> Result<Packer> {
    let settings = &project.settings.packer;
    let locate = remembering(project)?.pinned(settings.sha256.clone(), &project.host.platform);
    let packer = match project.stat_cache {
        StatCacheUse::On => locate.sums(project.at(layout::CHECKSUMS)),
        StatCacheUse::Off => locate,
    };
    let packer = packer.find()?;
    match &settings.version {
        Some(pinned) => Ok(packer.pinned_to(pinned)?),
        None => Ok(packer),
    }
}

/// Finds packer, whatever the project is pinned to.
///
/// # Errors
/// `PackerNotFound`, `PackerTooOld`.
pub fn unpinned(project: &Project) -> Result<Packer> {
    Ok(remembering(project)?.find()?)
}

/// Whether the project names a packer of its own, instead of the one on `PATH`.
pub fn is_named(project: &Project) -> bool {
    project.settings.packer.binary.as_os_str() != PROGRAM
}

fn remembering(project: &Project) -> Result<Locate> {
    let binary = &project.settings.packer.binary;
    if is_named(project) {
        let what =
            format!("the version of packer is unknown: `{}`, which hybrid.toml names,", binary.display());
        project.demand_trust(&what)?;
    }
    Ok(located(project, binary).memory(project.at(layout::PACKER_VERSION)))
}

/// A packer that is looked for as the project has it; a relative path is one of the project.
pub fn located(project: &Project, binary: &Path) -> Locate {
    let locate = Packer::locate(binary).base(&project.root);
    // A version manager's shim looks around where it runs; in a project that is not trusted it sees nothing.
    let locate = match project.host.trust {
        Trust::Given => locate.asked_in(project.at(layout::work_of_run(&project.run_id)).join("version")),
        Trust::Withheld | Trust::Asked(_) => locate,
    };
    locate
        .path(project.host.var("PATH").unwrap_or_default())
        .env(project.host.vars.iter().cloned())
        .cancel(&project.host.cancel)
        .clock(Clock::new(project.host.clock))
}

/// The project's failure rules before the built-in ones.
///
/// # Errors
/// When a rule of hybrid.toml cannot be used.
pub fn rules(project: &Project) -> Result<Rules> {
    let own = project.settings.packer.rules.iter().map(|rule| {
        let mut spec = RuleSpec::new(&rule.id, &rule.pattern, &rule.class);
        spec.platform.clone_from(&rule.platform);
        spec.hint.clone_from(&rule.hint);
        spec.scope = match rule.scope {
            RuleScope::Final => Scope::Final,
            RuleScope::Provisioner => Scope::Provisioner,
        };
        spec
    });
    Ok(Rules::new(&own.collect::<Vec<_>>())?)
}

/// What is said where packer would run.
pub const RUNS: &str = "packer";
/// Variables that hybrid sets for every call of packer, whatever the caller's environment says.
const OWN_VARS: [&str; 3] = ["HYBRID_ENV", "HYBRIDCORE_ENV", "PWD"];
/// What is the same on every machine unless `pass_env` names it: language and time zone, so that lists and dates do not depend
/// on who builds; and that git only looks.
const SETTLED: [(&str, &str); 3] = [("LANG", "C.UTF-8"), ("TZ", "UTC"), ("GIT_OPTIONAL_LOCKS", "0")];

/// Whether hybrid gives packer just this value, so that nothing is lost if the caller's does not reach it.
pub fn is_given(name: &str, value: &str) -> bool {
    OWN_VARS.contains(&name) || SETTLED.contains(&(name, value))
}

/// What hybrid sets for a call of packer.
pub fn own_vars(env: &EnvName, cwd: &Path, further: &[String]) -> Vec<(&'static str, OsString)> {
    let [ours, older, dir] = OWN_VARS;
    let settled = SETTLED.iter().filter(|(name, _)| !environment::is_named(name, further));
    let settled = settled.map(|(name, value)| (*name, (*value).into()));
    [(ours, env.as_str().into()), (older, env.as_str().into()), (dir, cwd.into())]
        .into_iter()
        .chain(settled)
        .collect()
}

/// What is around a call of packer.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The environment that the target is of.
    pub env: &'a EnvName,
    /// Packer's working directory.
    pub cwd: &'a Path,
    /// Where the call writes things down; its own.
    pub work: &'a Path,
    /// Directories of the project.
    pub dirs: &'a Dirs,
    /// Which variables of the caller's it gets.
    pub reach: Reach,
}

/// Gives a call of packer what is around it, in a project that is trusted.
///
/// # Errors
/// `ProjectNotTrusted`: packer runs what templates say.
pub fn around<'a, W>(call: Call<'a, W>, project: &Project, scene: &Scene<'_>) -> Result<Call<'a, W>> {
    project.demand_trust(RUNS)?;
    let settings = &project.settings.packer;
    let Scene { env, cwd, work, dirs, reach } = scene;
    let further = &settings.pass_env;
    let lets = |name: &OsString| name.to_str().is_some_and(|name| reach.lets(name, further));
    let reaching = project.host.vars.iter().filter(|(name, _)| lets(name));
    let call = call
        .cwd(*cwd)
        .work(*work)
        .env(reaching.cloned())
        .pass(further.iter().cloned())
        .timeout(settings.timeout.get())
        .grace(settings.grace.get())
        .clock(Clock::new(project.host.clock));
    let call =
        own_vars(env, cwd, further).into_iter().fold(call, |call, (name, value)| call.set(name, value));
    let call = temp::of_work(project, work).into_iter().fold(call, Call::temp_dir);
    // Without a cache of the project packer would put one beside the templates.
    let call = call.cache_dir(dirs.cache.clone().unwrap_or_else(|| work.join("cache")));
    Ok(dirs.plugins.iter().fold(call, |call, dir| call.plugin_path(dir)))
}

/// Gives a call the secrets of its target.
pub fn with_secrets<'a, W>(
    call: Call<'a, W>,
    builder: &Builder,
    secrets: &[(String, SecretString)],
) -> Call<'a, W> {
    secrets.iter().fold(call, |call, (name, value)| call.secret(builder.packer_name(name), value.clone()))
}

/// Directories of the settings, absolute.
#[derive(Debug, Clone)]
pub struct Dirs {
    /// `PACKER_CACHE_DIR`; without it, one of the run.
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
