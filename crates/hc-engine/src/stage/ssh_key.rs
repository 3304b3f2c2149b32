//! The SSH key of one run: made for a build, handed to packer by path, gone with the work directory.
//!
//! For templates that declare `hybrid_ssh_private_key_file`. Written by `ssh-keygen`, which is there wherever ssh is.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hc_core::fs::{create_dirs, io_error, read_text};

use crate::error::{EngineError, Needs, Result};
use crate::prepare::Prepared;
use crate::project::Project;

/// Program that makes it.
pub const PROGRAM: &str = "ssh-keygen";
/// Variable that takes the path of the private key.
pub const PRIVATE: &str = "hybrid_ssh_private_key_file";
/// Variable that takes the public key, one line.
pub const PUBLIC: &str = "hybrid_ssh_public_key";

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
    let output = Command::new(program)
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "hybrid", "-f"])
        .arg(&private)
        .stdin(Stdio::null())
        .output()
        .map_err(io_error("make the ssh key", &private))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(EngineError::KeyNotMade { said });
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
