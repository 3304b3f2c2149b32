//! `hybrid init`.

use std::path::PathBuf;

use clap::Args;
use hc_engine::Host;
use hc_engine::outcome::adopt::AdoptedSecrets;
use hc_engine::setup::wizard::Dialogue as _;
use hc_engine::setup::{adopt, init};
use hc_engine::upkeep::scan::BaselineUse;

use crate::command_error::Result;
use crate::dialogue::Lines;
use crate::environment::Terminal;
use crate::report::{Outcome, Style};

/// Make a project: scaffold a new one, or map an existing repository of Packer templates
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid init images --platforms file,qemu --os linux\n  hybrid init --platforms vsphere,azure --os linux,windows\n  hybrid init --adopt\n  hybrid init --adopt --baseline   # plaintext secrets that are there now are known; what comes is stopped"
)]
pub(crate) struct InitArgs {
    /// Directory of the project; made when it does not exist. Nothing in it is ever overwritten
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Map the Packer templates of an existing repository; writes hybrid.toml and changes nothing else
    #[arg(long, conflicts_with_all = ["platforms", "os"])]
    adopt: bool,
    /// With --adopt: accept the plaintext secrets that are there now, each until its line changes
    #[arg(long, requires = "adopt")]
    baseline: bool,
    /// Platforms: file, null, rootfs, qemu, vsphere, proxmox, azure, aws, docker
    #[arg(long, value_delimiter = ',', default_value = "file")]
    platforms: Vec<String>,
    /// Operating systems: linux, windows
    #[arg(long, value_delimiter = ',', default_value = "linux")]
    os: Vec<String>,
}

impl InitArgs {
    /// Makes the project.
    pub(crate) fn run(&self, host: &Host, terminal: Terminal, style: &Style) -> Result<Outcome> {
        if self.adopt {
            let baseline = if self.baseline { BaselineUse::Write } else { BaselineUse::Read };
            let mut report = adopt::adopt(host, &self.dir, baseline)?;
            if terminal.asks
                && let Some(found) = report.secrets.take_if(|found| wants_baseline(found))
            {
                report.secrets = Some(adopt::accept(host, &self.dir, found)?);
            }
            return Ok(Outcome::new(&report, style));
        }
        Ok(Outcome::new(&init::init(host, &self.dir, &self.platforms, &self.os)?, style))
    }
}

/// Asks a person whether what was there before hybrid is to be accepted.
fn wants_baseline(secrets: &AdoptedSecrets) -> bool {
    if secrets.accepted {
        return false;
    }
    let question = format!(
        "{} plaintext secrets in {} files would stop `hybrid validate`. Accept those that are there now? [y/N] ",
        secrets.findings, secrets.files
    );
    Lines.ask(&question).is_some_and(|answer| matches!(answer.trim(), "y" | "Y" | "yes"))
}
