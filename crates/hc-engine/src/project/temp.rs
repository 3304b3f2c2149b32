//! Where the packers of a project have their temporary files: a directory of the project for each call, removed by the call
//! itself, and by later runs where it was killed.
//!
//! Its path follows from the work directory of the call, and is short: plugins put sockets there, whose paths may have 107
//! bytes, and packer 1.6 finds them by a line of words. Below a project whose own path is too long for that, or has other
//! characters than those of names, the directory is one of the system's temporary directory.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use hc_core::Digest;
use hc_packer::{environment, temp};
use hc_records::layout;

use super::Project;

/// Longest path of a directory in which packer's plugins and programs of scripts can still make sockets, in bytes.
const LONGEST: usize = 72;
/// Where temporary files go on a system that names no place.
const SYSTEM: &str = "/tmp";

/// The directory of the call that works in `work`; `None` where `pass_env` names the caller's own.
pub(super) fn of_work(project: &Project, work: &Path) -> Option<PathBuf> {
    let further = &project.settings.packer.pass_env;
    let is_theirs = environment::TEMPORARY.iter().any(|name| environment::is_named(name, further));
    (!is_theirs).then(|| path(project, work))
}

/// Removes what killed runs left, but what packers of builds may still use that are in the journal.
pub fn sweep(project: &Project) {
    let entries = hc_records::journal::entries(&project.root);
    let used: Vec<PathBuf> = entries.iter().map(|entry| path(project, &project.at(&entry.work))).collect();
    let keep = |name: &OsStr| used.iter().any(|path| path.file_name() == Some(name));
    temp::sweep(&project.at(layout::TEMPORARY), "", keep);
    temp::sweep(&system(project), &of_root(project), keep);
}

/// Removes the directory of a call that is over.
pub(crate) fn remove(project: &Project, work: &Path) {
    let path = path(project, work);
    let _ = std::fs::remove_dir_all(path);
}

fn path(project: &Project, work: &Path) -> PathBuf {
    let name = short(work);
    let own = project.at(layout::TEMPORARY).join(&name);
    if own.as_os_str().len() <= LONGEST && is_plain(&own) {
        return own;
    }
    system(project).join(of_root(project) + &name)
}

/// Whether a path means the same in a url, a shell and a list of words.
fn is_plain(path: &Path) -> bool {
    path.to_str().is_some_and(|path| path.chars().all(|c| c.is_alphanumeric() || "/._-+@=,".contains(c)))
}

fn system(project: &Project) -> PathBuf {
    let named = project.host.text("TMPDIR").map(PathBuf::from);
    named.filter(|dir| dir.is_absolute() && dir.as_os_str().len() <= LONGEST / 2).unwrap_or(SYSTEM.into())
}

/// How the names of this project's directories in that of the system begin.
fn of_root(project: &Project) -> String {
    format!("hybrid-{}-", short(&project.root))
}

fn short(path: &Path) -> String {
    Digest::of(path.as_os_str().as_encoded_bytes()).to_string().chars().rev().take(8).collect()
}
