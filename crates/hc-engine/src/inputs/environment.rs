//! What packer and its plugins take from the environment, as inputs (CLO-4).
//!
//! A value counts by its digest, where it is no secret: of those only the name counts, because they change with every
//! session and must not be told apart by anybody who reads a manifest.

use hc_logs::names::is_credential;
use hc_packer::environment::{self, VARIABLE};
use hc_records::{Input, InputKind};

use crate::prepare::Prepared;
use crate::project::Project;
use crate::project::reach::Reach;

/// Where things lie on a machine: another place is not another image.
const PLACES: [&str; 13] = [
    "PATH",
    "HOME",
    "SHELL",
    "TERM",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SSH_AUTH_SOCK",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SYSTEMROOT",
    "USERPROFILE",
    "KRB5CCNAME",
];
/// Parts of further names whose values change with every session.
const SECRET: [&str; 9] =
    ["SECRET", "TOKEN", "PASSWORD", "PASSWD", "PASSPHRASE", "KEY", "CREDENTIAL", "SESSION", "AUTH"];

/// Everything that a build of the target takes from the environment of its caller.
pub(super) fn inputs(project: &Project, prepared: &Prepared) -> Vec<Input> {
    let allowed = &project.settings.packer.pass_env;
    let reach = prepared.reach();
    let mut inputs = Vec::new();
    for (name, value) in &project.host.vars {
        let Some(name) = name.to_str().filter(|name| reach.lets(name, allowed)) else { continue };
        let Some(secrecy) = use_of(name, prepared, &reach, allowed) else { continue };
        let value = value.to_string_lossy();
        let told = match secrecy {
            Secrecy::Value if !is_secret(name) => value.as_ref(),
            _ => "",
        };
        inputs.push(Input::text(InputKind::Environment, name, told));
    }
    inputs
}

/// What of a variable counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrecy {
    /// Its value.
    Value,
    /// That it is there.
    Name,
}

/// How a variable that reaches packer counts; `None` when nothing of the target takes it.
fn use_of(name: &str, prepared: &Prepared, reach: &Reach, allowed: &[String]) -> Option<Secrecy> {
    if let Some(variable) = name.strip_prefix(VARIABLE) {
        let mentioned = || prepared.closure.mentions.contains_key(name);
        let Some(declared) = prepared.declared.get(variable) else {
            return mentioned().then_some(Secrecy::Value);
        };
        // What hybrid renders beats it.
        let beaten = prepared.resolution.vars.get(variable).is_some_and(|var| !var.is_default());
        return (!beaten).then_some(if declared.sensitive { Secrecy::Name } else { Secrecy::Value });
    }
    let mut read = prepared.closure.env.iter().filter(|one| one.reaches && one.name == name).peekable();
    if read.peek().is_some() {
        let sensitive = |variable: &str| prepared.declared.get(variable).is_some_and(|found| found.sensitive);
        return Some(if read.any(|one| sensitive(&one.variable)) { Secrecy::Name } else { Secrecy::Value });
    }
    let is_named = environment::is_named(name, allowed);
    let mentioned = prepared.closure.mentions.contains_key(name) && !PLACES.contains(&name);
    (is_named || reach.takes(name) || mentioned).then_some(Secrecy::Value)
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    is_credential(&name) || SECRET.iter().any(|part| name.contains(part))
}
