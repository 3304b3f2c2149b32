//! What a killed run may have left behind: processes that still work, and things that its log says it made.
//!
//! The rules are data: a pattern over one log line, whose first group is a name, and the command that removes
//! what bears it. Only [`end`] acts, and only on processes that the caller found holding a build lock.

use std::time::{Duration, Instant};

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::error::PackerError;

/// Platform, what it is, pattern with the name as its first group, removal with `{}` for the name.
const RULES: &[(&str, &str, &str, &str)] = &[
    ("azure", "resource group", r"ResourceGroupName\s*:\s*'([^']+)'", "az group delete --name {} --yes"),
    ("aws", "instance", r"Instance ID: (i-[0-9a-f]+)", "aws ec2 terminate-instances --instance-ids {}"),
    ("aws", "key pair", r"Creating temporary keypair: (\S+)", "aws ec2 delete-key-pair --key-name {}"),
    (
        "aws",
        "security group",
        r"Creating temporary security group for this instance: (\S+)",
        "aws ec2 delete-security-group --group-name {}",
    ),
    ("docker", "container", r"Container ID: ([0-9a-f]{12,64})", "docker rm --force {}"),
    ("proxmox", "virtual machine", r"(?:Creating|Created) VM \(?(?:id )?(\d+)\)?", "qm destroy {}"),
    ("*", "temporary script", r"(/tmp/packer-shell\d+)\b", "rm -f {}"),
];

/// Something that a build made and that may still be there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Leftover {
    /// What it is: `resource group`, `instance`, …
    pub what: String,
    /// Its name or id on the platform.
    pub name: String,
    /// The command that removes it.
    pub remove: String,
}

/// What a raw log says was made on `platform`, each once, in the order of the log.
pub fn made(platform: &str, log: &str) -> Vec<Leftover> {
    let mut found: Vec<Leftover> = Vec::new();
    for (on, what, pattern, remove) in RULES {
        // Names of platforms differ by who chose them: `aws`, `amazon`, `aws-eu`.
        let applies = *on == "*" || platform.contains(on) || (*on == "aws" && platform.contains("amazon"));
        let Some(pattern) = applies.then(|| Regex::new(pattern).ok()).flatten() else { continue };
        for capture in pattern.captures_iter(log) {
            let name = &capture[1];
            let leftover =
                Leftover { what: (*what).into(), name: name.into(), remove: remove.replace("{}", name) };
            if !found.contains(&leftover) {
                found.push(leftover);
            }
        }
    }
    found
}

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

    #[test]
    fn logs_tell_what_was_made() {
        let log = "azure-arm.base: Creating resource group ...\n  -> ResourceGroupName : 'pkr-Resource-Group-x1'\n\
                   ==> amazon-ebs.a: Creating temporary keypair: packer_65\n    amazon-ebs.a: Instance ID: i-0ab1\n\
                   ResourceGroupName: 'pkr-Resource-Group-x1'\n";
        let azure = made("azure", log);
        assert_eq!(azure.len(), 1, "{azure:?}");
        assert_eq!(azure[0].remove, "az group delete --name pkr-Resource-Group-x1 --yes");
        let names: Vec<String> = made("amazon-eu", log).into_iter().map(|one| one.name).collect();
        assert_eq!(names, ["i-0ab1", "packer_65"]);
        assert!(made("qemu", log).is_empty());
    }

    #[test]
    fn every_rule_is_a_pattern_with_one_group_and_a_place_for_the_name() {
        for (_, what, pattern, remove) in RULES {
            assert_eq!(Regex::new(pattern).unwrap().captures_len(), 2, "{what}");
            assert!(remove.contains("{}"), "{what}");
        }
    }
}
