//! The processes of a killed run: ended by their groups.

use std::time::{Duration, Instant};

use crate::error::PackerError;

/// Ends the process groups of `pids`: TERM, up to `grace` for packer to clean up, then KILL. Returns whether all
/// of them are gone.
///
/// # Errors
/// [`PackerError::Wait`] when a process of ours cannot be signalled.
pub fn end(pids: &[u32], grace: Duration) -> Result<bool, PackerError> {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, getpid, kill_process_group, test_kill_process};
        let pids: Vec<Pid> = pids.iter().filter_map(|pid| Pid::from_raw(i32::try_from(*pid).ok()?)).collect();
        let mut groups: Vec<Pid> = pids.iter().filter_map(|pid| group_of(*pid)).collect();
        groups.sort_unstable_by_key(|group| group.as_raw_nonzero());
        groups.dedup();
        // A lock that was inherited by our own group would be ours to release, not to kill.
        let own = group_of(getpid());
        groups.retain(|group| Some(*group) != own);
        let alive = || pids.iter().any(|pid| test_kill_process(*pid).is_ok());
        let signal = |signal: Signal| -> Result<(), PackerError> {
            for group in &groups {
                match kill_process_group(*group, signal) {
                    Ok(()) | Err(rustix::io::Errno::SRCH) => {}
                    Err(source) => return Err(PackerError::Wait { source: source.into() }),
                }
            }
            Ok(())
        };
        signal(Signal::TERM)?;
        if wait_until_gone(grace, &alive) {
            return Ok(true);
        }
        signal(Signal::KILL)?;
        Ok(wait_until_gone(Duration::from_secs(5), &alive))
    }
    #[cfg(not(unix))]
    {
        let _ = grace;
        Ok(pids.is_empty())
    }
}

/// The process group of a process; `None` when it is gone, or when its group began outside of this container: there the
/// kernel says 0, which `getpgid` of rustix takes for impossible.
#[cfg(target_os = "linux")]
fn group_of(pid: rustix::process::Pid) -> Option<rustix::process::Pid> {
    group_in(&std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?)
}

#[cfg(all(unix, not(target_os = "linux")))]
fn group_of(pid: rustix::process::Pid) -> Option<rustix::process::Pid> {
    rustix::process::getpgid(Some(pid)).ok()
}

/// The group in a line of `/proc/PID/stat`. The name before it may hold anything, parentheses too.
#[cfg(target_os = "linux")]
fn group_in(stat: &str) -> Option<rustix::process::Pid> {
    let (_, fields) = stat.rsplit_once(')')?;
    rustix::process::Pid::from_raw(fields.split_ascii_whitespace().nth(2)?.parse().ok()?)
}

#[cfg(unix)]
fn wait_until_gone(limit: Duration, alive: &dyn Fn() -> bool) -> bool {
    let start = Instant::now();
    while alive() {
        if start.elapsed() >= limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_group_that_began_outside_of_the_container_is_none() {
        let group = |stat| group_in(stat).map(|pid| pid.as_raw_nonzero().get());
        assert_eq!(group("7 (packer) S 1 42 42 0 -1 4194560"), Some(42));
        assert_eq!(group("7 (a) b) c) S 1 42 42 0"), Some(42));
        assert_eq!(group("7 (hybrid) S 0 0 0 0 -1 4194560"), None);
        assert_eq!(group("7 (hybrid"), None);
        assert_eq!(group_of(rustix::process::getpid()), rustix::process::getpgid(None).ok());
    }
}
