//! Which processes hold a lock: those that have the very descriptor that was locked, or inherited it. One that has only
//! opened the file, to read who holds it, is none of them.
//!
//! Best effort, Linux only, by looking through `/proc`; processes of other users stay invisible. The kernel
//! lock decides, this only informs.

use std::fmt;
use std::path::Path;

/// A process that was seen.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Process {
    /// Its id on this host.
    pub pid: u32,
    /// Name of its program, without arguments: they may hold secrets.
    pub name: String,
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", self.name, self.pid)
    }
}

/// Processes other than this one that hold the lock on `path`, by pid; none for a link, which could name anybody's file.
pub fn that_hold(path: &Path) -> Vec<Process> {
    if !path.symlink_metadata().is_ok_and(|meta| meta.is_file()) {
        return Vec::new();
    }
    let Ok(path) = std::fs::canonicalize(path) else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let mut found: Vec<Process> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != std::process::id() && holds(*pid, &path))
        .map(|pid| Process { pid, name: name_of(pid) })
        .collect();
    found.sort_by_key(|process| process.pid);
    found
}

/// Whether a process with this id exists; `None` where that cannot be told.
pub fn exists(pid: u32) -> Option<bool> {
    let proc = Path::new("/proc");
    proc.join("self").exists().then(|| proc.join(pid.to_string()).exists())
}

fn holds(pid: u32, path: &Path) -> bool {
    let Ok(descriptors) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    let is_it = |entry: &std::fs::DirEntry| {
        std::fs::read_link(entry.path()).is_ok_and(|target| target == path)
            && std::fs::read_to_string(format!("/proc/{pid}/fdinfo/{}", entry.file_name().display()))
                .is_ok_and(|info| info.lines().any(is_exclusive_lock))
    };
    descriptors.flatten().any(|entry| is_it(&entry))
}

/// Whether a line of `/proc/PID/fdinfo/FD` tells of a lock as hybrid takes them, held by this descriptor or a copy of it.
fn is_exclusive_lock(line: &str) -> bool {
    line.starts_with("lock:") && line.contains(" FLOCK ") && line.contains(" WRITE ")
}

fn name_of(pid: u32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    if name.trim().is_empty() { "a process".to_owned() } else { name.trim().to_owned() }
}
