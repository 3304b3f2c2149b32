//! The commit of the project, for provenance and for `git_sha` in overlays; and how git is spoken to for its sources.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use hc_sources::git::GitOptions;

use super::Project;

/// Variables of the caller that programs which git starts get.
const PASSED: [&str; 8] =
    ["PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "SSH_AUTH_SOCK", "XDG_CONFIG_HOME"];
/// Shortest time without progress after which a transfer is given up.
const SHORTEST_IDLE: Duration = Duration::from_secs(1);

/// Commit that is checked out; `None` outside git. A checkout that belongs to another user has one too: where git would
/// rather not run what such a repository configures, this runs nothing of it.
pub fn head(project: &Project) -> Option<String> {
    let sha = git(project, &["-c", "safe.directory=*", "rev-parse", "--verify", "HEAD"])?;
    let sha = sha.trim();
    (sha.len() >= 40 && sha.bytes().all(|b| b.is_ascii_hexdigit())).then(|| sha.to_owned())
}

/// What programs that ask git commonly learn, and no file of the project holds: the commit and the branch that are checked
/// out, the tags that lead to the commit, the settings of the repository, and what is staged; `None` outside git. What other
/// branches and remotes say is left out: fetching changes nothing here.
pub fn state(project: &Project) -> Option<String> {
    let head = head(project)?;
    let branch = git(project, &["symbolic-ref", "--quiet", "HEAD"]).unwrap_or_default();
    let tags = ["for-each-ref", "--merged=HEAD", "--format=%(objectname) %(refname)", "refs/tags"];
    let tags = git(project, &tags).unwrap_or_default();
    let settings = git(project, &["config", "--local", "--list"]).unwrap_or_default();
    let settings = settings.lines().filter(|line| !line.starts_with("branch."));
    let settings = settings.collect::<Vec<_>>().join("\n");
    let staged = git(project, &["diff-index", "--cached", "HEAD"]).unwrap_or_default();
    Some(format!("{head}\n{branch}{tags}{settings}{staged}"))
}

/// Whether the working tree has changes that no commit holds; `false` outside git.
pub fn is_dirty(project: &Project) -> bool {
    git(project, &["status", "--porcelain", "--untracked-files=normal"])
        .is_some_and(|status| !status.is_empty())
}

/// Those of `files` that git ignores; none outside git.
pub fn ignored(project: &Project, files: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
    let names: Vec<&str> = files.iter().filter_map(|file| file.to_str()).collect();
    let mut ignored = Vec::new();
    // In portions: a command line has an end.
    for portion in names.chunks(500) {
        let args = [&["-c", "core.quotePath=false", "check-ignore", "--"], portion].concat();
        ignored.extend(git(project, &args).unwrap_or_default().lines().map(PathBuf::from));
    }
    ignored
}

fn git(project: &Project, args: &[&str]) -> Option<String> {
    let path = project.host.var("PATH")?;
    let program = std::env::split_paths(path).map(|dir| dir.join("git")).find(|program| program.is_file())?;
    let output = Command::new(program)
        .arg("-C")
        .arg(Path::new(&project.root))
        .args(args)
        .env_clear()
        .env("PATH", path)
        .env("LC_ALL", "C")
        // A hostile repository must not run programs through its configuration.
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// How git is spoken to for sources, by the settings; `jobs` transfers share the cores.
pub fn git_options(project: &Project, jobs: usize) -> GitOptions {
    let settings = &project.settings.git;
    let program: Vec<_> = settings.credential_program.iter().map(Into::into).collect();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    GitOptions {
        idle_timeout: settings.idle_timeout.get().max(SHORTEST_IDLE),
        timeout: settings.timeout.map(|limit| limit.get()),
        ca_file: settings.ca_file.as_ref().map(|file| project.at(file)),
        proxy: settings.proxy.clone(),
        credential_program: (!program.is_empty()).then_some(program),
        ssh_command: settings.ssh_command.clone(),
        git_program: project.host.find_program("git"),
        environment: project.host.only(&PASSED).into_iter().collect(),
        threads: Some((cores / jobs.max(1)).max(1)),
    }
}
