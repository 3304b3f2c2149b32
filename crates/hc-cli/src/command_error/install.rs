//! What to do when missing programs could not be installed.

use hc_engine::error::{AptTrouble, InstallError};

/// The cure.
pub(super) fn hint(error: &InstallError) -> String {
    match error {
        InstallError::Elsewhere { line: None, .. } => {
            "install them with the package manager of this machine; hybrid itself drives only apt".into()
        }
        InstallError::Elsewhere { line: Some(line), .. } => {
            format!("hybrid itself drives only apt; type: {line}")
        }
        InstallError::Unprivileged { line, .. } => format!("as root: {line}"),
        InstallError::NoProgram { .. } => "put the system's own programs on PATH".into(),
        InstallError::StillMissing { .. } => {
            "install by hand what has these commands, and put it on PATH".into()
        }
        InstallError::Apt { trouble, line, .. } => apt(*trouble, line),
    }
}

fn apt(trouble: AptTrouble, line: &str) -> String {
    match trouble {
        AptTrouble::SudoRefused => format!("as root: {line}"),
        AptTrouble::DiskFull => {
            "make room (`apt-get clean`, `hybrid clean`), then run the same command again: it goes on".into()
        }
        AptTrouble::Locked => {
            "wait until the other program that installs packages has ended, then run the same command again"
                .into()
        }
        AptTrouble::Network => {
            "look at the network, at apt's sources and its proxy, then run the same command again: it goes on"
                .into()
        }
        AptTrouble::UnknownPackage => {
            "add a package source that has it, or install it by hand and put it on PATH \
                                       (packer: see HashiCorp's installation page)"
                .into()
        }
        AptTrouble::Other => "mend what apt says, then run the same command again: it goes on".into(),
    }
}
