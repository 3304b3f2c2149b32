//! `hybrid init`.

use std::path::PathBuf;

use clap::Args;
use hc_engine::Host;
use hc_engine::setup::{adopt, init};

use crate::command_error::Result;
use crate::report::{Outcome, Style};

/// Make a project: scaffold a new one, or map an existing repository of Packer templates
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid init images --platforms file,qemu --os linux\n  hybrid init --platforms vsphere,azure --os linux,windows\n  hybrid init --adopt"
)]
pub(crate) struct InitArgs {
    /// Directory of the project; made when it does not exist. Nothing in it is ever overwritten
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Map the Packer templates of an existing repository; writes hybrid.toml and changes nothing else
    #[arg(long, conflicts_with_all = ["platforms", "os"])]
    adopt: bool,
    /// Platforms: file, null, rootfs, qemu, vsphere, proxmox, azure, aws, docker
    #[arg(long, value_delimiter = ',', default_value = "file")]
    platforms: Vec<String>,
    /// Operating systems: linux, windows
    #[arg(long, value_delimiter = ',', default_value = "linux")]
    os: Vec<String>,
}

impl InitArgs {
    /// Makes the project.
    pub(crate) fn run(&self, host: &Host, style: &Style) -> Result<Outcome> {
        if self.adopt {
            return Ok(Outcome::new(&adopt::adopt(host, &self.dir)?, style));
        }
        Ok(Outcome::new(&init::init(host, &self.dir, &self.platforms, &self.os)?, style))
    }
}
