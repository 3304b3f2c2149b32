//! `hybrid packer plugins …`, and the gate that builds pass (SRC-6).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use hc_core::Cancel;
use hc_core::Constraints;
use hc_packer::Packer;
use hc_packer::plugins::{self, Installed, PluginLock};
use hc_packer::run::{Context, words};
use hc_records::{Input, InputKind};
use hc_state::PluginRecord;
use hc_templates::requirements;

use super::inputs::Digests;
use super::packer::{self, Dirs};
use super::prepare::Prepared;
use super::select::select;
use crate::command_error::{CommandError, Result};
use crate::redaction::Redaction;
use crate::report::plugins::{PluginDoc, PluginsReport};
use crate::session::Session;
use hc_core::ExitClass;

/// The first packer with `plugins install --path`.
const INSTALLS_FILES: (u64, u64) = (1, 11);

fn installs_files(packer: &Packer) -> bool {
    (packer.version.major, packer.version.minor) >= INSTALLS_FILES
}

type Wanted = BTreeMap<String, Vec<Constraints>>;

/// What is installed where packer will look for it.
fn installed(session: &Session) -> (Option<PathBuf>, Vec<Installed>) {
    let dir = Dirs::of(session).plugins.or_else(|| plugins::default_dir(&session.environment.vars));
    let found = dir.as_deref().map(plugins::installed).unwrap_or_default();
    (dir, found)
}

fn wanted<'a>(builders: impl IntoIterator<Item = &'a hc_templates::Builder>) -> Wanted {
    let mut all = Wanted::new();
    for builder in builders {
        for (source, constraints) in requirements::plugins(builder) {
            all.entry(source).or_default().extend(constraints);
        }
    }
    all
}

/// What builders ask for, what is there, what is locked.
///
/// # Errors
/// When the lock cannot be read.
pub fn status(session: &Session) -> Result<PluginsReport> {
    let selection = select(session, "")?;
    let (dir, found) = installed(session);
    let lock = PluginLock::load(&session.root)?;
    let describe = |(source, constraints): (String, Vec<Constraints>)| {
        let plugin = plugins::chosen(&found, &source, &constraints);
        let locked =
            lock.as_ref().and_then(|lock| lock.plugins.get(&source)).map(|locked| locked.version.clone());
        let verdict = match (plugin, &lock) {
            (None, _) => "missing".to_owned(),
            (Some(_), None) => "not locked".into(),
            (Some(plugin), Some(lock)) => match lock.require(plugin) {
                Ok(_) => "as locked".into(),
                Err(error) if error.code() == "PluginNotLocked" => "not locked".into(),
                Err(_) => "differs".into(),
            },
        };
        PluginDoc {
            source,
            installed: plugin.map(|plugin| plugin.version.to_string()),
            path: plugin.map(|plugin| plugin.path.display().to_string()),
            locked,
            verdict,
        }
    };
    Ok(PluginsReport {
        action: "status".into(),
        directory: dir.map(|dir| dir.display().to_string()),
        plugins: wanted(selection.builders()).into_iter().map(describe).collect(),
    })
}

/// Locks every plugin that builders ask for to the installed binary.
///
/// # Errors
/// `PluginInvalid` when one of them is not installed: nothing is locked then.
pub fn lock(session: &Session) -> Result<PluginsReport> {
    let selection = select(session, "")?;
    let (_, found) = installed(session);
    let mut lock = PluginLock::load(&session.root)?.unwrap_or_default();
    let wanted = wanted(selection.builders());
    lock.plugins.retain(|source, _| wanted.contains_key(source));
    for (source, constraints) in &wanted {
        let plugin = plugins::chosen(&found, source, constraints).ok_or_else(|| missing(source))?;
        lock.lock(plugin, plugins::sha256(&plugin.path)?);
    }
    lock.save(&session.root)?;
    Ok(PluginsReport { action: "lock".into(), ..status(session)? })
}

fn missing(source: &str) -> CommandError {
    CommandError::new(
        "PluginInvalid",
        format!("plugin {source} is not installed in a version that all builders take"),
    )
    .hint("run `hybrid packer plugins install`")
}

/// Lets packer install what is missing or differs from the lock; from archives in `from`, or from the publisher.
///
/// # Errors
/// `PackerTooOld` without the ability; `PluginInvalid` for an archive that is not what its checksum says or not what is
/// locked; `PluginInstallFailed` with packer's words.
pub fn install(session: &Session, from: Option<&Path>, cancel: &Cancel) -> Result<PluginsReport> {
    let packer = packer::find(session)?;
    let able = match from {
        Some(_) => installs_files(&packer),
        None => packer.has_init(),
    };
    if !able {
        let what =
            if from.is_some() { "cannot install plugins from files" } else { "brings its plugins along" };
        return Err(CommandError::new("PackerTooOld", format!("packer {} {what}", packer.version))
            .hint("use packer 1.11 or newer"));
    }
    let selection = select(session, "")?;
    let (_, found) = installed(session);
    let lock = PluginLock::load(&session.root)?;
    for (source, mut constraints) in wanted(selection.builders()) {
        let locked = lock.as_ref().and_then(|lock| lock.plugins.get(&source));
        if let Some(locked) = locked {
            constraints.extend(locked.version.parse::<Constraints>().ok());
        }
        let plugin = plugins::chosen(&found, &source, &constraints);
        let good = plugin.is_some_and(|plugin| match (&lock, locked) {
            (Some(lock), Some(_)) => lock.require(plugin).is_ok(),
            _ => true,
        });
        if !good {
            let locked =
                locked.map(|locked| (locked.version.as_str(), locked.sha256.get(&plugins::platform())));
            one(session, &packer, &source, &constraints, locked, from, cancel)?;
        }
    }
    Ok(PluginsReport { action: "install".into(), ..status(session)? })
}

fn one(
    session: &Session,
    packer: &Packer,
    source: &str,
    constraints: &[Constraints],
    locked: Option<(&str, Option<&String>)>,
    from: Option<&Path>,
    cancel: &Cancel,
) -> Result<()> {
    let work = session.root.join(".hybrid/work").join(session.run_id.as_str()).join("plugins");
    hc_core::fs::create_dirs(&work)?;
    let mut args: Vec<OsString> = vec!["plugins".into(), "install".into()];
    if let Some(dir) = from {
        let dir = session.environment.cwd.join(dir);
        let (_, binary) = plugins::from_archive(&dir, source, constraints, &work)?;
        // What is locked is compared before packer runs any of it.
        if let Some((_, Some(wanted))) = locked {
            let found = plugins::sha256(&binary)?;
            if found != **wanted {
                let _ = std::fs::remove_dir_all(&work);
                return Err(CommandError::new(
                    "PluginDiffers",
                    format!(
                        "{source} in {} has sha256:{found}, plugins.lock has sha256:{wanted}",
                        dir.display()
                    ),
                )
                .exit(ExitClass::Security)
                .hint("bring the archive of the locked release, or lock the new one on purpose"));
            }
        }
        args.extend(["--path".into(), binary.into_os_string(), source.into()]);
    } else if installs_files(packer) {
        args.push(source.into());
        args.extend(locked.map(|(version, _)| OsString::from(version)));
    } else {
        // Before 1.11 only `init` installs, and only what a template asks for.
        let version = locked.map_or_else(|| "> 0.0.0".to_owned(), |(version, _)| format!("= {version}"));
        let block = hc_templates::compose::required_plugins(&BTreeMap::from([(source.to_owned(), version)]));
        let path = work.join("plugins.pkr.hcl");
        hc_core::fs::write_atomic(&path, block.as_bytes(), 0o644)?;
        args = vec!["init".into(), work.clone().into_os_string()];
    }
    let dirs = Dirs::of(session);
    let settings = &session.settings.packer;
    let context = Context {
        packer,
        env: &session.settings.project.default_env,
        cwd: &session.root,
        work: &work,
        caller_env: &session.environment.vars,
        pass_env: &settings.pass_env,
        secrets: &[],
        cache_dir: None,
        plugin_path: dirs.plugins.as_deref(),
        timeout: settings.timeout.get(),
        grace: settings.grace.get(),
        cancel,
    };
    let done = words(&context, args, &Redaction::new(&session.redactor))?;
    let _ = std::fs::remove_dir_all(&work);
    if let Some(run) = work.parent() {
        // Fails, as it should, while something else of the run is there.
        let _ = std::fs::remove_dir(run);
    }
    if done.code == Some(0) {
        return Ok(());
    }
    Err(CommandError::new("PluginInstallFailed", format!("packer did not install {source}: {}", done.output.trim()))
        .exit(ExitClass::Infrastructure)
        .hint("without a network, use `--from DIR` with the publisher's archives; a rate limit asks for PACKER_GITHUB_API_TOKEN"))
}

/// Plugins that targets will start, with their checksums, once all of them are what plugins.lock says. Without a lock
/// everything is taken.
///
/// # Errors
/// `PluginDiffers` (exit code 3), `PluginNotLocked`.
pub fn enforce(
    session: &Session,
    packer: &Packer,
    prepared: &[&Prepared],
) -> Result<BTreeMap<String, PluginRecord>> {
    let mut started = BTreeMap::new();
    if !packer.has_init() {
        return Ok(started);
    }
    let lock = PluginLock::load(&session.root)?;
    let (_, found) = installed(session);
    for (source, constraints) in wanted(prepared.iter().map(|one| &one.builder)) {
        // One that is missing is packer's to report: it may be bundled.
        let Some(plugin) = plugins::chosen(&found, &source, &constraints) else { continue };
        let sum = match &lock {
            Some(lock) => lock.require(plugin)?,
            None => plugins::sha256(&plugin.path)?,
        };
        let checksum = Some(format!("sha256:{sum}"));
        started.insert(source, PluginRecord { checksum, version: plugin.version.to_string() });
    }
    Ok(started)
}

/// The plugins of a target as inputs: another binary can make another image.
///
/// # Errors
/// When a binary cannot be read.
pub fn inputs(session: &Session, prepared: &Prepared, digests: &mut Digests) -> Result<Vec<Input>> {
    let wanted = requirements::plugins(&prepared.builder);
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let (_, found) = installed(session);
    let chosen =
        wanted.iter().filter_map(|(source, constraints)| plugins::chosen(&found, source, constraints));
    chosen
        .map(|plugin| {
            let (blake3, size) = digests.of(&session.root, &plugin.path)?;
            let name = format!("{} {}", plugin.source, plugin.version);
            Ok(Input { name, kind: InputKind::Plugin, blake3, size })
        })
        .collect()
}
