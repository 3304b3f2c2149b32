//! Runs the linters of provisioner stacks that are installed (PROV-2).

use std::io;
use std::time::Duration;

use hc_packer::answer::ask;
use hc_packer::process::{Ending, Invocation};
use hc_provisioners::lint::{CommandRunner, Ended, LinterRun};

use super::Project;

/// Longest time that a linter may take.
const TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// Time that it gets to clean up after a request to stop.
const GRACE: Duration = Duration::from_secs(2);

/// Starts linters from `PATH`, in a trusted project, without input and without colours.
pub struct InstalledLinters<'a>(pub &'a Project);

impl CommandRunner for InstalledLinters<'_> {
    fn run(&self, invocation: &LinterRun) -> io::Result<Ended> {
        self.0.demand_trust(invocation.program).map_err(io::Error::other)?;
        let program = self.0.host.find_program(invocation.program).ok_or(io::ErrorKind::NotFound)?;
        tracing::debug!(program = %program.display(), cwd = %invocation.cwd.display(), "linter runs");
        let plain = ["NO_COLOR", "ANSIBLE_NOCOLOR"].map(|name| (name.into(), "1".into()));
        let invocation = Invocation {
            program,
            args: invocation.args.clone(),
            cwd: invocation.cwd.clone(),
            env: self.0.host.vars.iter().cloned().chain(plain).collect(),
            timeout: TIMEOUT,
            grace: GRACE,
            inherit: None,
        };
        let answer = ask(invocation, &self.0.host.cancel).map_err(io::Error::other)?;
        let code = match answer.ending {
            Ending::Exited(code) => Some(code),
            Ending::Killed(_) => None,
            Ending::Cancelled => return Err(io::ErrorKind::Interrupted.into()),
            Ending::TimedOut => return Err(io::ErrorKind::TimedOut.into()),
        };
        Ok(Ended { code, stdout: answer.stdout, stderr: answer.stderr })
    }
}
