//! Real plugins of real platforms, on simulators of their APIs and on today's packer. What is needed is named by variables:
//! `HYBRID_TEST_PACKERS` (packer programs, separated by colons), `HYBRID_TEST_PLUGINS` (a directory with
//! `<name>/packer-plugin-<name>`), `HYBRID_TEST_MOTO` and `HYBRID_TEST_VCSIM` (programs). Without them nothing is shown, and
//! every test says so.

mod aws;
mod azure;
mod docker;
mod errors;
mod examples;
mod http;
mod left;
mod plugins;
mod proxmox;
mod qemu;
pub(crate) mod results;
mod upgrade;
mod vsphere;

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::project::Project;

/// How long a simulator may take to listen.
const PATIENCE: Duration = Duration::from_secs(120);

/// Says that a test shows nothing.
#[expect(clippy::print_stderr, reason = "a test that shows nothing says so")]
pub(crate) fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

/// The packers to try, those that exist.
pub(crate) fn packers() -> Vec<PathBuf> {
    let listed = std::env::var_os("HYBRID_TEST_PACKERS").unwrap_or_default();
    let found: Vec<PathBuf> = std::env::split_paths(&listed).filter(|path| path.is_file()).collect();
    if found.is_empty() {
        skipped("HYBRID_TEST_PACKERS names no packer");
    }
    found
}

/// The program of a plugin: `amazon`, `vsphere`.
pub(crate) fn plugin(name: &str) -> Option<PathBuf> {
    let dir = std::env::var_os("HYBRID_TEST_PLUGINS").unwrap_or_default();
    let path = Path::new(&dir).join(name).join(format!("packer-plugin-{name}"));
    let found = path.is_file().then_some(path);
    if found.is_none() {
        skipped(&format!("HYBRID_TEST_PLUGINS has no plugin {name}"));
    }
    found
}

/// The program that a variable names.
pub(crate) fn program(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_file());
    if path.is_none() {
        skipped(&format!("{variable} names no program"));
    }
    path
}

/// A simulator that listens on this machine; ended when dropped.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) port: u16,
}

impl Server {
    /// Starts a program that is told its port, and waits until it listens.
    pub(crate) fn start(program: &Path, args: impl Fn(u16) -> Vec<String>) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program);
        command.args(args(port)).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let mut server = Self { child, port };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = server.child.try_wait().unwrap() {
                panic!("{} ended with {status}", program.display());
            }
            assert!(start.elapsed() < PATIENCE, "{} does not listen", program.display());
            std::thread::sleep(Duration::from_millis(100));
        }
        server
    }

    /// AWS: `HYBRID_TEST_MOTO`.
    pub(crate) fn moto() -> Option<Self> {
        let args = |port: u16| vec!["-H".into(), "127.0.0.1".into(), "-p".into(), port.to_string()];
        Some(Self::start(&program("HYBRID_TEST_MOTO")?, args))
    }

    /// vSphere: `HYBRID_TEST_VCSIM`, with `user` and `pass`.
    pub(crate) fn vcsim() -> Option<Self> {
        let args = |port: u16| vec!["-l".into(), format!("127.0.0.1:{port}")];
        Some(Self::start(&program("HYBRID_TEST_VCSIM")?, args))
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An empty project that builds with this packer and these plugins; `None` where one of them is missing.
pub(crate) fn project(packer: &Path, plugins: &[&str]) -> Option<Project> {
    let programs: Vec<PathBuf> = plugins.iter().map(|name| plugin(name)).collect::<Option<_>>()?;
    let project = Project::empty();
    project.write(
        "hybrid.toml",
        &format!(
            "[project]\nname = \"test\"\n\n[packer]\nbinary = \"{}\"\nplugin_path = \"plugins\"\nretries = 0\n",
            packer.display()
        ),
    );
    project.write("configs/overlays/dev.pkrvars.hcl", "");
    for (name, program) in plugins.iter().zip(programs) {
        let source = format!("github.com/hashicorp/{name}");
        let mut install = Command::new(packer);
        install.args(["plugins", "install", "--path"]).arg(program).arg(source);
        install.env_clear().env("HOME", project.root()).env("PATH", std::env::var_os("PATH").unwrap());
        install.env("PACKER_PLUGIN_PATH", project.path("plugins")).env("CHECKPOINT_DISABLE", "1");
        let output = install.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    Some(project)
}
