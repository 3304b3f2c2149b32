//! `hybrid doctor --install`: lets the system's package manager install what is missing, and says of every failure what
//! to do. Running it again goes on where it stopped.
//!
//! Only Debian's apt is driven; for any other the line to type is part of the error.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use hc_packer::process::{self, Ending, Invocation};

use super::doctor::{DoctorOptions, doctor};
use super::packages::{MANAGERS, Manager};
use super::unfinished;
use crate::error::{AptTrouble, EngineError, InstallError, Result};
use crate::outcome::doctor::{DoctorReport, InstallDoc};
use crate::project::Project;

/// Longest time of one call of the package manager.
const TIMEOUT: Duration = Duration::from_secs(60 * 60);
/// What a call gets to stop in order.
const GRACE: Duration = Duration::from_secs(60);
/// Lines of the package manager that an error repeats.
const REPEATED: usize = 6;
/// Words of apt about a network that does not work.
const NETWORK: [&str; 8] = [
    "Could not resolve",
    "Temporary failure resolving",
    "Could not connect",
    "Cannot initiate the connection",
    "Connection timed out",
    "Network is unreachable",
    "Failed to fetch",
    "Unable to fetch",
];
/// How long apt waits for another program that installs.
const LOCK_WAIT: &str = "DPkg::Lock::Timeout=60";

/// Whether sudo may ask for a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sudo {
    /// A person sits at the terminal.
    MayAsk,
    /// Nobody could answer.
    Silent,
}

/// Installs what `doctor` finds missing, and checks again; does nothing when nothing is. `said` is given the lines of the
/// package manager.
///
/// # Errors
/// `CannotInstall` where this machine or this user cannot; `InstallFailed` when trying again can help.
pub fn install(
    project: &Project,
    options: &DoctorOptions,
    sudo: Sudo,
    said: &mut dyn FnMut(&str),
) -> Result<DoctorReport> {
    let before = doctor(project, options)?;
    let Some(wanted) = before.install else {
        return if before.missing.is_empty() { Ok(before) } else { Err(elsewhere(before.missing, project)) };
    };
    if wanted.manager != Manager::Apt.program() {
        return Err(elsewhere(before.missing, project));
    }
    said(&format!("installing: {}", wanted.packages.join(" ")));
    let privilege = privilege(project, &wanted, sudo)?;
    unfinished::begin(project, &wanted.packages)?;
    Apt { project, privilege, wanted: &wanted, said }.all()?;
    unfinished::end(project)?;
    let mut after = doctor(project, options)?;
    if !after.missing.is_empty() {
        let (packages, missing) = (wanted.packages, after.missing);
        return Err(InstallError::StillMissing { packages, missing }.into());
    }
    after.installed = wanted.packages;
    Ok(after)
}

/// The answer where apt is not.
fn elsewhere(missing: Vec<String>, project: &Project) -> EngineError {
    let manager = MANAGERS.into_iter().find(|one| project.host.find_tool(one.program()).is_some());
    let line = manager.map(|manager| {
        let packages = manager.packages_of(missing.iter().map(String::as_str));
        manager.line(&packages, (!project.host.is_root).then_some("sudo"))
    });
    InstallError::Elsewhere { missing, line }.into()
}

/// The words before a command that needs root.
fn privilege(project: &Project, wanted: &InstallDoc, interactive: Sudo) -> Result<Vec<PathBuf>> {
    if project.host.is_root {
        return Ok(Vec::new());
    }
    let Some(sudo) = project.host.find_program("sudo") else {
        let line = Manager::Apt.line(&wanted.packages, None);
        return Err(InstallError::Unprivileged { packages: wanted.packages.clone(), line }.into());
    };
    // sudo asks on the terminal, once; the calls below are in process groups of their own and cannot be asked.
    let asked = interactive == Sudo::MayAsk
        && Command::new(&sudo).arg("-v").status().is_ok_and(|status| status.success());
    tracing::debug!(asked, "sudo");
    Ok(vec![sudo, "-n".into()])
}

/// One installation by apt.
struct Apt<'a> {
    project: &'a Project,
    privilege: Vec<PathBuf>,
    wanted: &'a InstallDoc,
    said: &'a mut dyn FnMut(&str),
}

impl Apt<'_> {
    fn all(&mut self) -> Result<()> {
        // One broken source of many must not stop what the others have: only installing decides.
        let (_, lists) = self.run(&["apt-get", "update"])?;
        if refused_by_sudo(&lists) {
            return Err(self.failed(&lists));
        }
        let mut last = self.install()?;
        // What an interrupted run left half-done is finished first.
        for (sign, words) in [
            ("dpkg was interrupted", &["dpkg", "--configure", "-a"][..]),
            ("--fix-broken", &["apt-get", "install", "--yes", "--fix-broken"]),
        ] {
            if !last.0 && last.1.iter().any(|line| line.contains(sign)) {
                self.run(words)?;
                last = self.install()?;
            }
        }
        if last.0 {
            return Ok(());
        }
        let mut lines = last.1;
        // A package that is not found may be one whose list could not be fetched.
        lines.extend(lists.into_iter().filter(|line| is_error(line) || says(line, &NETWORK)));
        Err(self.failed(&lines))
    }

    fn install(&mut self) -> Result<(bool, Vec<String>)> {
        let packages = self.wanted.packages.clone();
        let words = ["-o", LOCK_WAIT];
        let command: Vec<&str> = Manager::Apt
            .install()
            .iter()
            .chain(&words)
            .copied()
            .chain(packages.iter().map(String::as_str))
            .collect();
        self.run(&command)
    }

    /// Runs a command as root: whether it succeeded, and what it said.
    fn run(&mut self, words: &[&str]) -> Result<(bool, Vec<String>)> {
        // sudo clears the environment.
        let with_env = ["env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8"];
        let all = self.privilege.iter().map(OsString::from);
        let mut all = all.chain(with_env.iter().chain(words).map(OsString::from));
        let first = all.next().unwrap_or_default();
        let host = &self.project.host;
        let program = host
            .find_tool(&first.to_string_lossy())
            .ok_or_else(|| InstallError::NoProgram { program: first.to_string_lossy().into_owned() })?;
        let invocation = Invocation {
            program,
            args: all.collect(),
            cwd: self.project.root.clone(),
            env: host.vars.clone(),
            timeout: TIMEOUT,
            grace: GRACE,
            inherit: None,
        };
        let mut lines = Vec::new();
        let ending = process::run(invocation, &self.project.host.cancel, |_, raw| {
            let line = String::from_utf8_lossy(raw).into_owned();
            (self.said)(&line);
            lines.push(line);
        })?;
        match ending {
            Ending::Exited(code) => Ok((code == 0, lines)),
            Ending::TimedOut | Ending::Killed(_) => Ok((false, lines)),
            Ending::Cancelled => Err(EngineError::Interrupted),
        }
    }

    /// What apt's words mean.
    fn failed(&self, lines: &[String]) -> EngineError {
        let errors: Vec<String> = lines.iter().filter(|line| is_error(line)).cloned().collect();
        let shown = if errors.is_empty() { lines.to_vec() } else { errors };
        let said = shown[shown.len().saturating_sub(REPEATED)..].to_vec();
        let line = Manager::Apt.line(&self.wanted.packages, None);
        let (packages, trouble) = (self.wanted.packages.clone(), meaning(lines));
        InstallError::Apt { packages, trouble, said, line }.into()
    }
}

fn is_error(line: &str) -> bool {
    ["E: ", "Err:", "sudo: ", "dpkg: error"].iter().any(|start| line.starts_with(start))
        || line.contains("No space left on device")
}

fn says(line: &str, signs: &[&str]) -> bool {
    signs.iter().any(|sign| line.contains(sign))
}

fn refused_by_sudo(lines: &[String]) -> bool {
    lines.iter().any(|line| line.starts_with("sudo: ") || line.contains("sudoers"))
}

/// What the words mean; the first that fits.
fn meaning(lines: &[String]) -> AptTrouble {
    let says = |signs: &[&str]| lines.iter().any(|line| says(line, signs));
    if refused_by_sudo(lines) {
        AptTrouble::SudoRefused
    } else if says(&["No space left on device", "You don't have enough free space"]) {
        AptTrouble::DiskFull
    } else if says(&["Could not get lock", "Unable to acquire the dpkg frontend lock"]) {
        AptTrouble::Locked
    } else if says(&NETWORK) {
        AptTrouble::Network
    } else if says(&["Unable to locate package", "has no installation candidate"]) {
        AptTrouble::UnknownPackage
    } else {
        AptTrouble::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_apt_have_a_meaning() {
        for (line, expected) in [
            (
                "E: Failed to fetch http://deb.example.org/x.deb  Temporary failure resolving 'deb.example.org'",
                AptTrouble::Network,
            ),
            ("E: You don't have enough free space in /var/cache/apt/archives/.", AptTrouble::DiskFull),
            (
                "dpkg: error processing archive x.deb (--unpack): cannot copy extracted data: failed to write (No space left on device)",
                AptTrouble::DiskFull,
            ),
            (
                "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1 (apt-get)",
                AptTrouble::Locked,
            ),
            ("E: Unable to locate package packer", AptTrouble::UnknownPackage),
            ("sudo: a password is required", AptTrouble::SudoRefused),
            ("E: Sub-process /usr/bin/dpkg returned an error code (1)", AptTrouble::Other),
        ] {
            assert_eq!(meaning(&[line.to_owned()]), expected, "{line}");
        }
    }
}
