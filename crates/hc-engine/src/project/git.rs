//! The commit of the project, for provenance and for `git_sha` in overlays; and how git is spoken to for its sources.
//!
//! The project's own repository is read by hc-sources, which runs nothing of it, whoever it belongs to. What cannot be
//! read is unknown, which is not the same as "outside git" and "not dirty".

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use hc_config::Diagnostic;
use hc_sources::SourceError;
use hc_sources::git::{Around, GitOptions};

use super::Project;
use crate::error::{EngineError, Result};

/// Variables of the caller that programs which git starts get.
const PASSED: [&str; 7] = ["HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "SSH_AUTH_SOCK", "XDG_CONFIG_HOME"];
/// Shortest time without progress after which a transfer is given up.
const SHORTEST_IDLE: Duration = Duration::from_secs(1);

/// What is known of the commit of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commit {
    /// The commit that is checked out; `None` outside git, before the first commit, and where it is unknown.
    pub sha: Option<String>,
    /// Why it is unknown.
    pub unknown: Option<String>,
}

impl Commit {
    /// A warning where it is unknown.
    pub fn warning(&self) -> Option<Diagnostic> {
        let why = self.unknown.as_ref()?;
        let said = format!("the commit of the project is unknown: {why}");
        Some(Diagnostic::warning("GitUnreadable", said).hint(
            "`git status` in the project says more; until it can be read, records name no commit and count the project as changed",
        ))
    }

    /// What records say of it where it is unknown.
    pub fn unrecorded(&self) -> Option<String> {
        self.unknown.as_ref().map(|why| format!("the commit of the project: {why}"))
    }
}

/// The commit that is checked out.
pub fn commit(project: &Project) -> Commit {
    let head = |around: Around| around.head();
    match Around::find(&project.root).and_then(|around| around.map(head).transpose()) {
        Ok(sha) => Commit { sha: sha.flatten().map(|sha| sha.to_string()), unknown: None },
        Err(error) => Commit { sha: None, unknown: Some(told(&error)) },
    }
}

/// Commit that is checked out; `None` outside git, and where it is unknown.
pub fn head(project: &Project) -> Option<String> {
    commit(project).sha
}

/// What programs that ask git commonly learn, and no file of the project holds; `None` outside git.
///
/// # Errors
/// When the repository cannot be read, or the run was asked to stop.
pub fn state(project: &Project) -> Result<Option<String>> {
    let told = |around: Around| around.told(project.host.cancel.flag());
    let found = Around::find(&project.root).and_then(|around| around.map(told).transpose());
    Ok(found.map_err(stopped)?.flatten())
}

/// The commit, and whether the working tree has changes that no commit holds; not so outside git. What is unknown counts
/// as changed.
///
/// # Errors
/// [`EngineError::Interrupted`].
pub fn commit_and_dirt(project: &Project) -> Result<(Commit, bool)> {
    let commit = commit(project);
    let dirty = |around: Around| around.is_dirty(&project.host.cancel.shared_flag());
    match Around::find(&project.root).and_then(|around| around.map(dirty).transpose()) {
        Ok(dirty) => Ok((commit, dirty.unwrap_or(false))),
        Err(SourceError::Interrupted { .. }) => Err(EngineError::Interrupted),
        Err(error) => Ok((Commit { unknown: Some(told(&error)), ..commit }, true)),
    }
}

/// Those of `files` that git ignores; none outside git, and where that is unknown: what is perhaps tracked counts.
pub fn ignored(project: &Project, files: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
    let ignored = |around: Around| around.ignored(files.iter().map(PathBuf::as_path));
    let found = Around::find(&project.root).and_then(|around| around.map(ignored).transpose());
    found.ok().flatten().unwrap_or_default()
}

fn stopped(error: SourceError) -> EngineError {
    match error {
        SourceError::Interrupted { .. } => EngineError::Interrupted,
        other => other.into(),
    }
}

/// An error with what lies beneath, in one line.
fn told(error: &SourceError) -> String {
    let mut said = error.to_string();
    let mut beneath = std::error::Error::source(error);
    while let Some(cause) = beneath {
        let text = cause.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        beneath = cause.source();
    }
    said
}

/// How clones of sources are looked at: nothing is transferred, and no program has a part in it.
pub fn git_options(project: &Project, jobs: usize) -> GitOptions {
    let settings = &project.settings.git;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    GitOptions {
        idle_timeout: settings.idle_timeout.get().max(SHORTEST_IDLE),
        timeout: settings.timeout.map(|limit| limit.get()),
        ca_file: settings.ca_file.as_ref().map(|file| project.at(file)),
        proxy: settings.proxy.clone(),
        credential_program: None,
        ssh_command: None,
        git_program: None,
        environment: environment(project),
        threads: Some((cores / jobs.max(1)).max(1)),
    }
}

/// How git is spoken to for sources, by the settings; `jobs` transfers share the cores.
///
/// # Errors
/// `ProjectNotTrusted` where the settings name a program.
pub fn transfers(project: &Project, jobs: usize) -> Result<GitOptions> {
    let settings = &project.settings.git;
    let named = settings.credential_program.first().or(settings.ssh_command.as_ref());
    if let Some(program) = named {
        project.demand_trust(&format!("`{program}`, which hybrid.toml names for git,"))?;
    }
    let program: Vec<_> = settings.credential_program.iter().map(Into::into).collect();
    Ok(GitOptions {
        credential_program: (!program.is_empty()).then_some(program),
        ssh_command: settings.ssh_command.clone(),
        git_program: project.host.find_program("git"),
        ..git_options(project, jobs)
    })
}

/// What programs that are started for transfers get. Relative directories of `PATH` are those of whatever directory they
/// run in, which may be one that a server filled.
fn environment(project: &Project) -> std::collections::BTreeMap<OsString, OsString> {
    let passed = project.host.only(&PASSED).into_iter();
    passed.chain(project.host.search_path().map(|path| ("PATH".into(), path))).collect()
}
