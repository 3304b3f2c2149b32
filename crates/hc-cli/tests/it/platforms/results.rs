//! What was really run, for the table of docs/platforms.md: a test that has shown something appends a line to the file that
//! `HYBRID_TEST_RESULTS` names; `cargo xtask platforms FILE…` makes the table of such files.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// What stood at the other end of the plugin.
#[derive(Debug, Clone, Copy)]
pub(crate) enum How {
    /// The platform itself: a hypervisor, a container engine.
    Built,
    /// A program that answers as the platform's API does.
    Simulator,
    /// A server of the test that answers as a written-down API does, or a fake packer that repeats what a real one prints.
    Recorded,
    /// Nothing: packer and the plugin looked at the template.
    Syntax,
}

impl How {
    fn word(self) -> &'static str {
        match self {
            Self::Built => "built",
            Self::Simulator => "simulator",
            Self::Recorded => "recorded",
            Self::Syntax => "syntax",
        }
    }
}

/// What packer brings along itself, in place of a plugin's name.
const CORE: &str = "core";

/// Writes down that `what` was shown on `platform` (`AWS`, `QEMU`) with this packer and the plugin of this name (`amazon`, or
/// `core`);
/// the last statement of a test, or of its turn with one packer.
#[track_caller]
pub(crate) fn report(platform: &str, plugin: &str, packer: &Path, how: How, what: &str) {
    let Some(path) = std::env::var_os("HYBRID_TEST_RESULTS") else { return };
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    // Where tests run one after the other, all threads are called so.
    let test = if test == "main" { std::panic::Location::caller().file().to_owned() } else { test };
    let packer = packer_version(packer);
    // Packers of before plugins bring their own.
    let bundled = plugin == CORE || packer.starts_with("1.6.");
    let program = (!bundled).then(|| super::plugin(plugin)).flatten();
    let plugin_version = program.and_then(|program| plugin_version(&program));
    let line = json!({
        "date": today(),
        "platform": platform,
        "packer": packer,
        "plugin": plugin,
        "plugin_version": plugin_version,
        "how": how.word(),
        "what": what,
        "test": test,
    });
    let mut file = std::fs::File::options().create(true).append(true).open(path).unwrap();
    // One write: tests run side by side.
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// The day, as RFC 3339 has it.
fn today() -> String {
    let now = time::OffsetDateTime::now_utc().date();
    format!("{:04}-{:02}-{:02}", now.year(), u8::from(now.month()), now.day())
}

/// `1.16.0` of `Packer v1.16.0`.
pub(crate) fn packer_version(packer: &Path) -> String {
    let output = Command::new(packer).arg("version").env("CHECKPOINT_DISABLE", "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let version = said.lines().next().and_then(|line| line.strip_prefix("Packer v"));
    version.unwrap_or_else(|| panic!("{} says {said}", packer.display())).to_owned()
}

/// The version that a plugin's program says of itself.
pub(crate) fn plugin_version(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("describe").output().ok()?;
    let said: Value = serde_json::from_slice(&output.stdout).ok()?;
    Some(said["version"].as_str()?.to_owned())
}
