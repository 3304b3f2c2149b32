//! Packer plugins: which are needed, installed and locked; locking and installing them (SRC-6).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use hc_core::{Constraints, Selector};
use hc_packer::Packer;
use hc_packer::plugins::{self, Installed, LockedPlugin, PluginError, PluginLock};
use hc_packer::release::Release;
use hc_records::layout;
use hc_templates::compose;

use crate::error::{EngineError, Result};
use crate::inputs::installed::Plugins;
use crate::inputs::plugins::{needed, needs, wanted};
use crate::outcome::plugins::{PluginDoc, PluginVerdict, PluginsAction, PluginsReport};
use crate::project::Project;
use crate::project::packer::{self, Dirs, Scene};
use crate::project::reach::Reach;
use crate::project::redaction::Redaction;
use crate::select::Selection;

/// The first packer with `plugins install --path`.
const INSTALLS_FILES: (u64, u64) = (1, 11);
/// What plugins.lock says of itself.
const COMMENT: &str = "Written by `hybrid packer plugins lock`; commit it.";

fn installs_files(packer: &Packer) -> bool {
    (packer.version.major, packer.version.minor) >= INSTALLS_FILES
}

/// What builders ask for, what is there, what is locked.
///
/// # Errors
/// When the lock cannot be read.
pub fn status(project: &Project) -> Result<PluginsReport> {
    report(project, PluginsAction::Status)
}

fn report(project: &Project, action: PluginsAction) -> Result<PluginsReport> {
    let selection = project.select(&Selector::all())?;
    let Plugins { dir, installed: found, lock } = Plugins::of(project)?;
    // Builders may ask for different versions of one plugin.
    let mut rows: BTreeMap<(String, String), PluginDoc> = BTreeMap::new();
    for need in selection.builders().flat_map(|builder| needs(builder, &found)) {
        let installed = need.installed.map(Installed::label);
        let key = (need.source.clone(), installed.clone().unwrap_or_default());
        let locked = locked(lock.as_ref(), &need.source);
        let doc = || PluginDoc {
            verdict: verdict(project, need.installed, lock.as_ref()),
            installed,
            path: need.installed.map(|plugin| plugin.path.display().to_string()),
            locked: locked.map(|locked| locked.version.clone()),
            platforms: locked.map_or_else(Vec::new, |locked| locked.sha256.keys().cloned().collect()),
            asked_for: false,
            source: need.source.clone(),
        };
        rows.entry(key).or_insert_with(doc).asked_for |= need.asked;
    }
    let directory = dir.map(|dir| dir.display().to_string());
    Ok(PluginsReport { action, directory, plugins: rows.into_values().collect() })
}

fn locked<'a>(lock: Option<&'a PluginLock>, source: &str) -> Option<&'a LockedPlugin> {
    lock?.plugins.get(source)
}

fn verdict(project: &Project, plugin: Option<&Installed>, lock: Option<&PluginLock>) -> PluginVerdict {
    let Some(plugin) = plugin else { return PluginVerdict::Missing };
    match lock.map(|lock| lock.require(plugin, &project.host.platform, plugins::sha256)) {
        None | Some(Err(PluginError::NotLocked { .. })) => PluginVerdict::NotLocked,
        Some(Ok(_)) => PluginVerdict::AsLocked,
        Some(Err(_)) => PluginVerdict::Differs,
    }
}

/// Locks every plugin that builders ask for: to the installed binary, and to the binaries in the publisher's archives in
/// `from`, for every kind of machine that has one there. Checksums for other kinds of machines stay while the version does.
///
/// Of the builders that are selected; what others ask for stays locked as it is.
///
/// # Errors
/// `PluginInvalid` naming all that are neither installed nor in `from`, or an archive is not what its checksum says:
/// nothing is locked then.
pub fn lock(project: &Project, selector: &Selector, from: Option<&Path>) -> Result<PluginsReport> {
    let selection = project.select(selector)?;
    let Plugins { installed: found, lock, .. } = Plugins::of(project)?;
    let mut lock = lock.unwrap_or_default();
    let all = needed(&selection.inventory.builders, &found);
    let wanted = needed(selection.builders(), &found);
    // A builder that cannot be read now may ask for what nobody else does.
    if selection.inventory.broken.is_empty() {
        lock.plugins.retain(|source, _| all.contains_key(source));
    }
    let mut missing = Vec::new();
    for (source, constraints) in &wanted {
        let plugin = plugins::chosen(&found, source, constraints);
        let mut sums = BTreeMap::new();
        if let Some(plugin) = plugin {
            sums.insert(project.host.platform.to_string(), plugins::sha256(&plugin.path)?);
        }
        let (version, label) = match (plugin, from) {
            (Some(plugin), _) => (plugin.version, plugin.label()),
            (None, Some(dir)) => {
                let version = plugins::newest_release(&project.host.typed(dir), source, constraints, None)?;
                (version, version.to_string())
            }
            (None, None) => {
                missing.push(source.as_str());
                continue;
            }
        };
        if let Some(dir) = from {
            // What the publisher's archive holds counts; an installed binary that differs is refused from then on.
            sums.extend(Release::of_plugin(source, version).programs(&project.host.typed(dir))?);
        }
        lock.lock(source, &label, sums);
    }
    if !missing.is_empty() {
        return Err(EngineError::PluginMissing { source_address: missing.join(", ") });
    }
    lock.save(&project.root, COMMENT)?;
    report(project, PluginsAction::Lock)
}

/// Lets packer install what is missing or differs from the lock; from archives in `from`, or from the publisher. Where `from`
/// is a file, it is the binary of one plugin, as a compiler made it, and is installed whatever is there. Of the builders that
/// are selected; one plugin that cannot be installed keeps none of the others away.
///
/// # Errors
/// The gravest of all, the others are told as warnings: `PackerTooOld` without the ability; `PluginInvalid` for an archive that
/// is not what its checksum says, for a binary that no builder takes; `PluginDiffers` for what is not locked;
/// `PluginInstallFailed` with packer's words.
pub fn install(project: &Project, selector: &Selector, from: Option<&Path>) -> Result<PluginsReport> {
    project.demand_trust(packer::RUNS)?;
    let packer = packer::find(project)?;
    let (able, lacks) = match from {
        Some(_) => (installs_files(&packer), "cannot install plugins from files"),
        None => (packer.has_init(), "brings its plugins along"),
    };
    if !able {
        return Err(EngineError::PackerTooOld { found: packer.version, lacks });
    }
    let selection = project.select(selector)?;
    let Plugins { installed: found, lock, .. } = Plugins::of(project)?;
    let from = from.map(|from| project.host.typed(from));
    let binary = from.as_deref().filter(|from| from.is_file());
    let mut asked = asked(&selection);
    if let Some(binary) = binary {
        asked.retain(|(source, _)| is_binary_of(binary, source));
        if asked.is_empty() {
            return Err(unwanted(binary, "it is named after no plugin that a builder asks for".into()));
        }
    }
    let mut failed: Vec<(String, EngineError)> = Vec::new();
    for (source, constraints) in asked {
        let locked = locked(lock.as_ref(), &source);
        let plugin = plugins::chosen(&found, &source, &constraints);
        let good = plugin.is_some_and(|plugin| match (&lock, locked) {
            (Some(lock), Some(_)) => lock.require(plugin, &project.host.platform, plugins::sha256).is_ok(),
            _ => plugins::sha256(&plugin.path).is_ok_and(|sum| plugin.require_noted(&sum).is_ok()),
        });
        if !good || binary.is_some() {
            project.go_on()?;
            let installation =
                Installation { project, packer: &packer, source: &source, constraints: &constraints, locked };
            if let Err(error) = installation.run(from.as_deref()) {
                failed.push((source, error));
            }
        }
    }
    let gravest =
        failed.iter().enumerate().rev().max_by_key(|(_, (_, error))| error.class()).map(|(at, _)| at);
    if let Some(at) = gravest {
        let (_, gravest) = failed.swap_remove(at);
        failed.iter().for_each(|(source, error)| tracing::warn!("{source}: {error}"));
        return Err(gravest);
    }
    report(project, PluginsAction::Install)
}

/// What builders ask for, each combination of constraints once: not all have to take the same version.
fn asked(selection: &Selection) -> Vec<(String, Vec<Constraints>)> {
    let mut asked = Vec::new();
    for one in selection.builders().flat_map(|builder| wanted([builder])) {
        if !asked.contains(&one) {
            asked.push(one);
        }
    }
    asked
}

/// Whether a file is called as the program of a plugin is: `packer-plugin-qemu`, or with version and platform behind it.
fn is_binary_of(file: &Path, source: &str) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = name.strip_suffix(".exe").unwrap_or(name);
    let rest = name
        .strip_prefix("packer-plugin-")
        .and_then(|rest| rest.strip_prefix(source.rsplit('/').next().unwrap_or(source)));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

fn unwanted(file: &Path, what: String) -> EngineError {
    PluginError::Unwanted { path: file.to_owned(), what }.into()
}

/// One plugin that is to be installed.
struct Installation<'a> {
    project: &'a Project,
    packer: &'a Packer,
    source: &'a str,
    constraints: &'a [Constraints],
    locked: Option<&'a LockedPlugin>,
}

impl Installation<'_> {
    fn run(&self, from: Option<&Path>) -> Result<()> {
        let of_run = self.project.at(layout::work_of_run(&self.project.run_id));
        let work = of_run.join("plugins");
        hc_core::fs::create_dirs(&work)?;
        let done = self.run_in(&work, from);
        let _ = std::fs::remove_dir_all(&work);
        // Fails, as it should, while something else of the run is there.
        let _ = std::fs::remove_dir(&of_run);
        done
    }

    fn run_in(&self, work: &Path, from: Option<&Path>) -> Result<()> {
        let args = match from {
            Some(file) if file.is_file() => self.install_file(file, file)?,
            Some(dir) => {
                let platform = &self.project.host.platform;
                let constraints = self.all_constraints();
                let (_, binary) = plugins::from_archive(dir, self.source, &constraints, platform, work)?;
                self.install_file(&binary, dir)?
            }
            None if installs_files(self.packer) => self.install_published(),
            None => self.by_init(work)?,
        };
        let project = self.project;
        let dirs = Dirs { cache: None, ..Dirs::of(project) };
        let env = &project.settings.project.default_env;
        let reach = Reach::installing();
        let scene = Scene { env, cwd: &project.root, work, dirs: &dirs, reach };
        let call = packer::around(self.packer.words(args), project, &scene)?;
        let done = call.redact(Redaction::new(&project.redactor)).run(&project.host.cancel)?;
        if done.code() != Some(0) {
            let (source_address, said) = (self.source.to_owned(), done.output.trim().to_owned());
            return Err(EngineError::PluginNotInstalled { source_address, said });
        }
        self.demand_use(from)
    }

    /// Packer installs a file whatever its version: what nobody takes would only be found missing later.
    fn demand_use(&self, from: Option<&Path>) -> Result<()> {
        let (Some(file), found) = (from.filter(|from| from.is_file()), Plugins::of(self.project)?.installed)
        else {
            return Ok(());
        };
        let sum = plugins::sha256(file)?;
        let fits = plugins::chosen(&found, self.source, self.constraints);
        let mut same = found.iter().filter(|one| one.source == self.source);
        let same = same.find(|one| plugins::sha256(&one.path).is_ok_and(|found| found == sum));
        match (same, fits) {
            (Some(installed), Some(fits)) if installed.path == fits.path => Ok(()),
            (installed, fits) => {
                let version = installed.map_or_else(|| "unknown".into(), Installed::label);
                let constraints: Vec<_> = self.constraints.iter().map(ToString::to_string).collect();
                let mut what =
                    format!("it is version {version}, builders ask for {}", constraints.join(", "));
                if let Some(fits) = fits {
                    what.push_str(&format!(
                        ", and packer starts {} of those that are installed",
                        fits.label()
                    ));
                }
                Err(unwanted(file, what))
            }
        }
    }

    /// What builders ask for, and the lock.
    fn all_constraints(&self) -> Vec<Constraints> {
        let locked = self.locked.and_then(|locked| locked.version.parse::<Constraints>().ok());
        self.constraints.iter().cloned().chain(locked).collect()
    }

    /// A binary that was given, or lies in what was given.
    fn install_file(&self, binary: &Path, from: &Path) -> Result<Vec<OsString>> {
        // What is locked is compared before packer runs any of it.
        let platform = &self.project.host.platform;
        if let Some(wanted) = self.locked.and_then(|locked| locked.sha256.get(platform.as_str())) {
            let found = plugins::sha256(binary)?;
            if found != *wanted {
                return Err(EngineError::PluginArchiveDiffers {
                    source_address: self.source.to_owned(),
                    from: from.to_owned(),
                    found,
                    wanted: wanted.clone(),
                });
            }
        }
        Ok(vec!["plugins".into(), "install".into(), "--path".into(), binary.into(), self.source.into()])
    }

    fn install_published(&self) -> Vec<OsString> {
        let version = self.version();
        ["plugins", "install", self.source]
            .into_iter()
            .map(OsString::from)
            .chain(version.map(OsString::from))
            .collect()
    }

    /// Before 1.11 only `init` installs, and only what a template asks for.
    fn by_init(&self, work: &Path) -> Result<Vec<OsString>> {
        let version = self.version().unwrap_or_else(|| "> 0.0.0".to_owned());
        let block = compose::required_plugins(&BTreeMap::from([(self.source.to_owned(), version)]));
        hc_core::fs::write_atomic(&work.join("plugins.pkr.hcl"), block.as_bytes(), 0o644)?;
        Ok(vec!["init".into(), work.into()])
    }

    /// What packer is told of the version.
    fn version(&self) -> Option<String> {
        let asked: Vec<String> = self.constraints.iter().map(ToString::to_string).collect();
        match self.locked {
            Some(locked) => Some(format!("= {}", locked.version)),
            None => (!asked.is_empty()).then(|| asked.join(", ")),
        }
    }
}
