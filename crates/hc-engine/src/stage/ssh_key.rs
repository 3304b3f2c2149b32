//! The SSH key of one run: made for a build, handed to packer by path, gone with the work directory.
//!
//! For templates that declare `hybrid_ssh_private_key_file`. Written by `ssh-keygen`, which is there wherever ssh is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hc_core::fs::{create_dirs, read_text};
use hc_packer::answer::ask;
use hc_packer::process::{Ending, Invocation};

use crate::error::{EngineError, Needs, Result};
use crate::prepare::Prepared;
use crate::project::Project;

/// Program that makes it.
pub const PROGRAM: &str = "ssh-keygen";
/// Variable that takes the path of the private key.
pub const PRIVATE: &str = "hybrid_ssh_private_key_file";
/// Variable that takes the public key, one line.
pub const PUBLIC: &str = "hybrid_ssh_public_key";

/// Longest time that it may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Time that it gets to clean up after a request to stop.
const GRACE: Duration = Duration::from_secs(1);

/// A key pair; its files are removed with it, also when the build fails and its work directory stays.
#[derive(Debug)]
pub struct SshKey {
    /// Path of the private key, readable by this user only.
    pub private: PathBuf,
    /// Public key, one line.
    pub public: String,
}

/// Makes a key below the work directory when the template wants one.
///
/// # Errors
/// `ToolMissing` without ssh-keygen, and when it fails.
pub fn make(project: &Project, prepared: &Prepared, work: &Path) -> Result<Option<SshKey>> {
    if !prepared.declared.contains_key(PRIVATE) && !prepared.declared.contains_key(PUBLIC) {
        return Ok(None);
    }
    let program = project.host.find_program(PROGRAM).ok_or_else(|| {
        let needs = Needs::RunKey(prepared.target.clone());
        EngineError::ToolMissing { needs, tool: PROGRAM.into() }
    })?;
    let dir = work.join("ssh");
    create_dirs(&dir)?;
    let private = dir.join("id_ed25519");
    let words = ["-q", "-t", "ed25519", "-N", "", "-C", "hybrid", "-f"].into_iter().map(Into::into);
    let invocation = Invocation {
        program,
        args: words.chain([private.clone().into()]).collect(),
        cwd: project.root.clone(),
        env: project.host.vars.clone(),
        timeout: TIMEOUT,
        grace: GRACE,
        inherit: None,
    };
    let answer = ask(invocation, &project.host.cancel)?;
    match answer.ending {
        Ending::Exited(0) => {}
        Ending::Cancelled => return Err(EngineError::Interrupted),
        Ending::TimedOut => {
            let said = format!("it did not end within {} seconds", TIMEOUT.as_secs());
            return Err(EngineError::KeyNotMade { said });
        }
        Ending::Exited(_) | Ending::Killed(_) => {
            return Err(EngineError::KeyNotMade { said: answer.stderr.trim().to_owned() });
        }
    }
    let public = read_text(&private.with_extension("pub"), 64 << 10)?.unwrap_or_default().trim().to_owned();
    Ok(Some(SshKey { private, public }))
}

impl Drop for SshKey {
    fn drop(&mut self) {
        if let Some(dir) = self.private.parent() {
            let _ = std::fs::remove_dir_all(dir);
        }
    }
}
