//! What a project names and commands run, and the one gate before all of it: nothing runs before a person trusted the
//! project on this machine.
//!
//! Everything asks [`Project::demand_trust`] that finds a program of the project ([`Project::program`]) or puts together a
//! call of packer (`packer::around`).

use std::fmt;
use std::path::Path;

use super::{Project, Trust, packer};
use crate::error::{Result, TrustError};

/// Something that a project names and that is run, or loaded by what is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// What it is for: `packer`, `publish hook`.
    pub purpose: String,
    /// Its words, as the project has them.
    pub words: String,
    /// Whether it lies in the project, where whoever writes the project decides what it does.
    pub inside: bool,
}

impl Named {
    /// A command line of the project. A word with a slash is a path of the project.
    pub fn command(purpose: impl Into<String>, words: &[String]) -> Option<Self> {
        let inside = words.iter().any(|word| word.contains('/') && !Path::new(word).is_absolute());
        (!words.is_empty()).then(|| Self { purpose: purpose.into(), words: words.join(" "), inside })
    }

    fn path(purpose: &str, path: &Path) -> Self {
        let inside = path.is_relative() && path.components().count() > 1;
        Self { purpose: purpose.into(), words: path.display().to_string(), inside }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inside = if self.inside { " (in the project)" } else { "" };
        write!(f, "{}: `{}`{inside}", self.purpose, self.words)
    }
}

impl Project {
    /// Goes on only in a project that a person trusts; `what` says what would run.
    ///
    /// # Errors
    /// [`TrustError::NotTrusted`].
    pub fn demand_trust(&self, what: &str) -> Result<()> {
        let given = match &self.host.trust {
            Trust::Given => true,
            Trust::Withheld => false,
            Trust::Asked(ask) => ask(&self.root, what),
        };
        if given {
            return Ok(());
        }
        let named = named(self).iter().map(ToString::to_string).collect();
        Err(TrustError::NotTrusted { root: self.root.clone(), what: what.to_owned(), named }.into())
    }
}

/// The programs that hybrid.toml names; those inside the project first.
pub fn named(project: &Project) -> Vec<Named> {
    let settings = &project.settings;
    let mut named = Vec::new();
    if packer::is_named(project) {
        named.push(Named::path("packer", &settings.packer.binary));
    }
    if let Some(dir) = &settings.packer.plugin_path {
        named.push(Named { inside: dir.is_relative(), ..Named::path("packer plugins", dir) });
    }
    named.extend(Named::command("credentials for git", &settings.git.credential_program));
    let ssh: Vec<String> = settings.git.ssh_command.iter().cloned().collect();
    named.extend(Named::command("ssh for git", &ssh));
    named.extend(settings.publish.hooks.iter().filter_map(|hook| Named::command("publish hook", hook)));
    for (platform, platform_settings) in &settings.packer.platforms {
        let purpose = format!("before a retry on {platform}");
        named.extend(Named::command(purpose, &platform_settings.before_retry));
    }
    for (name, scanner) in &settings.scanners {
        named.extend(Named::command(format!("scanner {name}"), &scanner.command));
    }
    named.sort_by_key(|one| !one.inside);
    named
}
