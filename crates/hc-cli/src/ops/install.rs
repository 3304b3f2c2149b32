//! `hybrid doctor --install`: lets the system's package manager install what is missing, and says of every failure what
//! to do. Running it again goes on where it stopped.
//!
//! Only Debian's apt is driven; for any other the line to type is part of the error.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use hc_core::fs::{create_dirs, io_error, read_text, write_atomic};
use hc_packer::process::{self, Cancel, Ending, Invocation};

use super::doctor::{DoctorOptions, doctor};
use super::packages::Manager;
use super::validate;
use crate::command_error::{CommandError, Result};
use crate::exit_code::ExitCode;
use crate::report::doctor::{DoctorReport, InstallDoc};
use crate::session::Session;

/// Longest time of one call of the package manager.
const TIMEOUT: Duration = Duration::from_secs(60 * 60);
/// What a call gets to stop in order.
const GRACE: Duration = Duration::from_secs(60);
/// Packages that are being installed, relative to the project: a command of one may be there long before the rest is.
const BEGUN: &str = ".hybrid/cache/packages-begun";
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

/// Packages of an installation that broke off. Their commands may be there already and what those need is not.
///
/// # Errors
/// When the file of them cannot be read.
pub fn begun(session: &Session) -> Result<Vec<String>> {
    let text = read_text(&session.root.join(BEGUN), 1 << 20)?.unwrap_or_default();
    Ok(text.lines().map(str::to_owned).collect())
}

/// Installs what `doctor` finds missing, and checks again; does nothing when nothing is. `said` is given the lines of the
/// package manager.
///
/// # Errors
/// `CannotInstall` where this machine or this user cannot; `InstallFailed` when trying again can help.
pub fn install(
    session: &Session,
    options: &DoctorOptions,
    cancel: &Cancel,
    said: &mut dyn FnMut(&str),
) -> Result<DoctorReport> {
    let before = doctor(session, options)?;
    let Some(wanted) = before.install else {
        return if before.missing.is_empty() { Ok(before) } else { Err(elsewhere(&before.missing, session)) };
    };
    if wanted.manager != Manager::Apt.program() {
        return Err(elsewhere(&before.missing, session));
    }
    said(&format!("installing: {}", wanted.packages.join(" ")));
    let privilege = privilege(session, &wanted)?;
    let begun = session.root.join(BEGUN);
    begun.parent().map_or(Ok(()), create_dirs)?;
    write_atomic(&begun, format!("{}\n", wanted.packages.join("\n")).as_bytes(), 0o644)?;
    Apt { session, privilege, wanted: &wanted, cancel, said }.all()?;
    std::fs::remove_file(&begun).map_err(io_error("remove", &begun))?;
    let mut after = doctor(session, options)?;
    if !after.missing.is_empty() {
        let message = format!("{} installed, and still missing: {}", list(&wanted), after.missing.join(" "));
        return Err(CommandError::new("CannotInstall", message)
            .hint("install by hand what has these commands, and put it on PATH"));
    }
    after.installed = wanted.packages;
    Ok(after)
}

fn list(wanted: &InstallDoc) -> String {
    wanted.packages.join(" ")
}

/// The answer where apt is not.
fn elsewhere(missing: &[String], session: &Session) -> CommandError {
    let error = CommandError::new("CannotInstall", format!("this machine lacks {}", missing.join(" ")));
    let other = super::packages::MANAGERS
        .into_iter()
        .find(|manager| session.environment.find_tool(manager.program()).is_some());
    let Some(manager) = other else {
        return error
            .hint("install them with the package manager of this machine; hybrid itself drives only apt");
    };
    let packages = manager.packages_of(missing.iter().map(String::as_str));
    let sudo = (!session.environment.is_root).then_some("sudo");
    error.hint(format!("hybrid itself drives only apt; type: {}", manager.line(&packages, sudo)))
}

/// The words before a command that needs root.
fn privilege(session: &Session, wanted: &InstallDoc) -> Result<Vec<PathBuf>> {
    if session.environment.is_root {
        return Ok(Vec::new());
    }
    let Some(sudo) = session.environment.find_program("sudo") else {
        let line = Manager::Apt.line(&wanted.packages, None);
        let message = format!("{} can be installed neither as root nor by sudo", list(wanted));
        return Err(CommandError::new("CannotInstall", message).hint(format!("as root: {line}")));
    };
    // sudo asks on the terminal, once; the calls below are in process groups of their own and cannot be asked.
    let asked = session.environment.stderr_is_terminal
        && Command::new(&sudo).arg("-v").status().is_ok_and(|status| status.success());
    tracing::debug!(asked, "sudo");
    Ok(vec![sudo, "-n".into()])
}

/// One installation by apt.
struct Apt<'a> {
    session: &'a Session,
    privilege: Vec<PathBuf>,
    wanted: &'a InstallDoc,
    cancel: &'a Cancel,
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
        let environment = &self.session.environment;
        let program = environment.find_tool(&first.to_string_lossy()).ok_or_else(|| {
            CommandError::new("CannotInstall", format!("`{}` is not on PATH", first.display()))
                .hint("put the system's own programs on PATH")
        })?;
        let invocation = Invocation {
            program,
            args: all.collect(),
            cwd: self.session.root.clone(),
            env: environment.vars.clone(),
            timeout: TIMEOUT,
            grace: GRACE,
            inherit: None,
        };
        let mut lines = Vec::new();
        let ending = process::run(invocation, self.cancel, |_, raw| {
            let line = String::from_utf8_lossy(raw).into_owned();
            (self.said)(&line);
            lines.push(line);
        })?;
        match ending {
            Ending::Exited(code) => Ok((code == 0, lines)),
            Ending::TimedOut => Ok((false, lines)),
            Ending::Cancelled => Err(validate::interrupted()),
        }
    }

    /// What apt's words mean, and what to do.
    fn failed(&self, lines: &[String]) -> CommandError {
        let (code, exit, what, hint) = meaning(lines);
        let by_hand = Manager::Apt.line(&self.wanted.packages, None);
        let mut error = CommandError::new(code, format!("{}: {what}", list(self.wanted)))
            .exit(exit)
            .hint(hint.replace("{line}", &by_hand));
        let errors: Vec<String> = lines.iter().filter(|line| is_error(line)).cloned().collect();
        let shown = if errors.is_empty() { lines.to_vec() } else { errors };
        error.causes = shown.into_iter().rev().take(REPEATED).rev().collect();
        error
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

/// Code, exit code, what happened, what to do. The first that fits.
fn meaning(lines: &[String]) -> (&'static str, ExitCode, &'static str, &'static str) {
    let says = |signs: &[&str]| lines.iter().any(|line| says(line, signs));
    if refused_by_sudo(lines) {
        return ("CannotInstall", ExitCode::Invalid, "sudo refused", "as root: {line}");
    }
    if says(&["No space left on device", "You don't have enough free space"]) {
        let hint = "make room (`apt-get clean`, `hybrid clean`), then run the same command again: it goes on";
        return ("InstallFailed", ExitCode::Infrastructure, "the disk is full", hint);
    }
    if says(&["Could not get lock", "Unable to acquire the dpkg frontend lock"]) {
        let hint =
            "wait until the other program that installs packages has ended, then run the same command again";
        return ("InstallFailed", ExitCode::Infrastructure, "apt is locked", hint);
    }
    if says(&NETWORK) {
        let hint = "look at the network, at apt's sources and its proxy, then run the same command again: it goes on";
        return ("InstallFailed", ExitCode::Infrastructure, "apt cannot fetch packages", hint);
    }
    if says(&["Unable to locate package", "has no installation candidate"]) {
        let hint = "add a package source that has it, or install it by hand and put it on PATH (packer: see HashiCorp's installation page)";
        return ("CannotInstall", ExitCode::Invalid, "apt's sources do not have every package", hint);
    }
    let hint = "mend what apt says, then run the same command again: it goes on";
    ("InstallFailed", ExitCode::Infrastructure, "apt could not install every package", hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_apt_have_a_meaning() {
        let code = |line: &str| {
            let (code, exit, what, _) = meaning(&[line.to_owned()]);
            (code, exit.get(), what)
        };
        for (line, expected) in [
            (
                "E: Failed to fetch http://deb.example.org/x.deb  Temporary failure resolving 'deb.example.org'",
                ("InstallFailed", 2, "apt cannot fetch packages"),
            ),
            (
                "E: You don't have enough free space in /var/cache/apt/archives/.",
                ("InstallFailed", 2, "the disk is full"),
            ),
            (
                "dpkg: error processing archive x.deb (--unpack): cannot copy extracted data: failed to write (No space left on device)",
                ("InstallFailed", 2, "the disk is full"),
            ),
            (
                "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1 (apt-get)",
                ("InstallFailed", 2, "apt is locked"),
            ),
            (
                "E: Unable to locate package packer",
                ("CannotInstall", 1, "apt's sources do not have every package"),
            ),
            ("sudo: a password is required", ("CannotInstall", 1, "sudo refused")),
            (
                "E: Sub-process /usr/bin/dpkg returned an error code (1)",
                ("InstallFailed", 2, "apt could not install every package"),
            ),
        ] {
            assert_eq!(code(line), expected, "{line}");
        }
    }
}
