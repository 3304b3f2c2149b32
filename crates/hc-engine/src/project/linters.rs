//! Runs the linters of provisioner stacks that are installed (PROV-2).

use std::io;
use std::process::{Command, Stdio};

use hc_provisioners::lint::{CommandRunner, Ended, LinterRun};

use super::Project;

/// Starts linters from `PATH`, in a trusted project, without input and without colours.
pub struct InstalledLinters<'a>(pub &'a Project);

impl CommandRunner for InstalledLinters<'_> {
    fn run(&self, invocation: &LinterRun) -> io::Result<Ended> {
        self.0.demand_trust(invocation.program).map_err(io::Error::other)?;
        let program = self.0.host.find_program(invocation.program).ok_or(io::ErrorKind::NotFound)?;
        tracing::debug!(program = %program.display(), cwd = %invocation.cwd.display(), "linter runs");
        let output = Command::new(program)
            .args(&invocation.args)
            .current_dir(&invocation.cwd)
            .env("NO_COLOR", "1")
            .env("ANSIBLE_NOCOLOR", "1")
            .stdin(Stdio::null())
            .output()?;
        Ok(Ended {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}
