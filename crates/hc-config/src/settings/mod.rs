//! `hybrid.toml`: the settings of a project, as types with a JSON Schema.
//!
//! Unknown keys are errors with a suggestion; every problem has its place in the file. What a setting means
//! is said here once, in its doc comment, which becomes the schema's description.

mod duration;
mod parse;

use std::collections::BTreeMap;
use std::path::PathBuf;

use hc_core::{BuilderId, EnvName};
use serde::{Deserialize, Serialize};

pub use duration::HumanDuration;
pub use parse::{parse, parse_toml};

/// File name of the settings; a directory that holds it is a project.
pub const FILE_NAME: &str = "hybrid.toml";

/// Settings of a `hybrid` project (`hybrid.toml`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Settings {
    /// Name and defaults of the project.
    pub project: Project,
    /// Which packer runs, and how.
    pub packer: PackerSettings,
    /// How variables are checked.
    pub config: ConfigSettings,
    /// cloud-init user data for every builder that takes it (CONFIG-6).
    pub cloudinit: CloudinitSettings,
    /// Git repositories that are pinned (SRC-1).
    pub sources: Vec<Source>,
    /// Url prefixes that are replaced before anything is fetched (SRC-4): `"https://github.com/" = "https://git.corp/"`.
    pub mirrors: BTreeMap<String, String>,
    /// How git servers are reached (SRC-3).
    pub git: GitSettings,
    /// Programs that look through sources for what should not be there, by name.
    pub scanners: BTreeMap<String, Scanner>,
    /// Extra source types that a platform may use (TPL-2): `rootfs = ["null"]`.
    pub naming: BTreeMap<String, Vec<String>>,
    /// Builders that live elsewhere in the repository (`hybrid init --adopt`), by builder id.
    pub builders: BTreeMap<BuilderId, AdoptedBuilder>,
    /// Logs: how large, how long, where else.
    pub logs: LogSettings,
    /// State: locks and backups.
    pub state: StateSettings,
    /// What `hybrid publish` does with an accepted image.
    pub publish: PublishSettings,
    /// What the search for plaintext secrets accepts (SEC-1).
    pub security: SecuritySettings,
}

/// cloud-init user data (CONFIG-6).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CloudinitSettings {
    /// Files relative to the project, weakest first. A builder's own files, then `--cloudinit`, are merged over them.
    pub files: Vec<PathBuf>,
}

/// Name and defaults of the project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Project {
    /// Name, for people.
    pub name: String,
    /// Environment that commands take without `--env`.
    pub default_env: EnvName,
}

impl Default for Project {
    fn default() -> Self {
        Self { name: "images".into(), default_env: "dev".parse().expect("`dev` is kebab-case") }
    }
}

/// Which packer runs, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PackerSettings {
    /// Program name on `PATH`, or a path (relative to the project).
    pub binary: PathBuf,
    /// Exact version that this project is built with; another one is refused. Moved by `hybrid packer pin`.
    pub version: Option<String>,
    /// SHA-256 of its program in hex by system and architecture, `linux_amd64`: one with another is refused, and images count
    /// these instead of the program of one machine. Written by `hybrid packer pin`.
    pub sha256: BTreeMap<String, String>,
    /// How many targets build at once.
    pub jobs: usize,
    /// Longest time one attempt of one target may take: `"2h"`, `"90m"`.
    pub timeout: HumanDuration,
    /// How often a transient failure is tried again (PKR-4).
    pub retries: u32,
    /// Time that packer gets to clean up after an interrupt, before its process group is killed (PKR-10).
    pub grace: HumanDuration,
    /// Directory for `PACKER_CACHE_DIR`, relative to the project; shared by all targets (PKR-9).
    pub cache_dir: PathBuf,
    /// Whether downloads are kept between builds (PKR-9).
    pub use_cache: bool,
    /// Directory of packer plugins (`PACKER_PLUGIN_PATH`), relative to the project.
    pub plugin_path: Option<PathBuf>,
    /// Environment variables that packer may see beside the built-in allow-list; a trailing `*` matches a prefix.
    pub pass_env: Vec<String>,
    /// Whether builders without shared layers see nothing of the repository but their inputs (CLO-1). Otherwise they see
    /// all of it, and what they use is noticed.
    pub hermetic: bool,
    /// Limits and hooks per platform.
    pub platforms: BTreeMap<String, PlatformSettings>,
    /// Failure rules that are tried before the built-in ones (PKR-4).
    pub rules: Vec<FailureRule>,
}

impl Default for PackerSettings {
    fn default() -> Self {
        Self {
            binary: "packer".into(),
            version: None,
            sha256: BTreeMap::new(),
            jobs: 2,
            timeout: HumanDuration::from_secs(4 * 3600),
            retries: 1,
            grace: HumanDuration::from_secs(120),
            cache_dir: ".hybrid/cache/packer".into(),
            use_cache: true,
            plugin_path: None,
            pass_env: Vec::new(),
            hermetic: false,
            platforms: BTreeMap::new(),
            rules: Vec::new(),
        }
    }
}

/// Limits and hooks of one platform.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlatformSettings {
    /// How many targets of this platform build at once, within `packer.jobs`.
    pub jobs: Option<usize>,
    /// Program and arguments that run before a retry on this platform; its failure ends the retries.
    pub before_retry: Vec<String>,
}

/// A failure rule of the project (PKR-4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FailureRule {
    /// Name that results quote.
    pub id: String,
    /// Platform that it applies to; all when absent.
    #[serde(default)]
    pub platform: Option<String>,
    /// Regular expression over one line.
    pub pattern: String,
    /// `transient`, `auth`, `config`, `capacity` or `security`.
    pub class: String,
    /// What the operator should do.
    #[serde(default)]
    pub hint: Option<String>,
    /// Which lines it reads.
    #[serde(default)]
    pub scope: RuleScope,
}

/// Which lines of a failed build a failure rule reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RuleScope {
    /// Those that say why packer failed; what scripts print is not among them.
    #[default]
    Final,
    /// The last lines of the script or tool at which a source failed, where packer says only that it failed.
    Provisioner,
}

/// How variables are checked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigSettings {
    /// JSON Schema that the final variables of every builder must meet (CONFIG-3), relative to the project.
    pub schema: Option<PathBuf>,
    /// Treats unknown keys as errors, as `--strict` does.
    pub strict: bool,
}

/// A pinned git repository (SRC-1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Source {
    /// Directory name below `sources/`, kebab-case.
    pub name: String,
    /// Where it is cloned from: https, ssh or file.
    pub url: String,
    /// Branch, tag or commit.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Directory of the repository that builders use; the whole when absent.
    #[serde(default)]
    pub subdir: Option<String>,
    /// Fetches the pinned commit without its history.
    #[serde(default)]
    pub shallow: bool,
}

/// How git servers are reached (SRC-3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GitSettings {
    /// How many sources are fetched at once.
    pub jobs: usize,
    /// How often a transfer that broke off is tried again.
    pub retries: u32,
    /// A transfer that stands still for this long has failed: `"60s"`.
    pub idle_timeout: HumanDuration,
    /// Longest time of one transfer; no limit when absent.
    pub timeout: Option<HumanDuration>,
    /// Further trusted certificate authorities (PEM), relative to the project.
    pub ca_file: Option<PathBuf>,
    /// Proxy for https: `http://proxy.corp:3128`. The environment's proxies are not used.
    pub proxy: Option<String>,
    /// Program and arguments that speak git's credential protocol; `get` is appended.
    pub credential_program: Vec<String>,
    /// Command line for ssh urls; one that never asks when absent.
    pub ssh_command: Option<String>,
}

impl Default for GitSettings {
    fn default() -> Self {
        Self {
            jobs: 4,
            retries: 3,
            idle_timeout: HumanDuration::from_secs(60),
            timeout: None,
            ca_file: None,
            proxy: None,
            credential_program: Vec::new(),
            ssh_command: None,
        }
    }
}

/// A program that looks through the tree of a source; it is started there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Scanner {
    /// Program and arguments. Exit code 0 means that nothing was found, `findings_exit` that something was.
    pub command: Vec<String>,
    /// Exit code that means findings; any other than it and 0 means that the scan did not work.
    #[serde(default = "exit_code_one")]
    pub findings_exit: i32,
    /// Age at which a result is stale: `"7d"`.
    #[serde(default = "a_week")]
    pub max_age: HumanDuration,
    /// Longest time of one scan.
    #[serde(default = "ten_minutes")]
    pub timeout: HumanDuration,
    /// Names of the sources that it scans; all when empty.
    #[serde(default)]
    pub sources: Vec<String>,
}

fn exit_code_one() -> i32 {
    1
}

fn a_week() -> HumanDuration {
    HumanDuration::from_secs(7 * 86_400)
}

fn ten_minutes() -> HumanDuration {
    HumanDuration::from_secs(600)
}

/// A builder whose directory does not follow the layout of `templates/`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdoptedBuilder {
    /// Packer directory, relative to the project, or one file that stands alone: `.pkr.hcl`, `.pkr.json`, or a legacy
    /// template in JSON; packer runs in a mirror of the repository.
    pub path: PathBuf,
    /// Var files in the order in which packer gets them, relative to the project.
    #[serde(default)]
    pub var_files: Vec<PathBuf>,
    /// The one source of the directory that this builder stands for (`-only`); all when absent. In a legacy template the
    /// name of the builder.
    #[serde(default)]
    pub only: Option<String>,
    /// Builds and post-processors that packer leaves out (`-except`).
    #[serde(default)]
    pub except: Vec<String>,
    /// Values over those of the var files and below those of the overlays: what a script gives packer by `-var`.
    #[serde(default)]
    pub vars: BTreeMap<String, String>,
    /// Packer's working directory, relative to the project: where relative paths of its templates start from. What
    /// `builder.toml` says when absent, else the project itself.
    #[serde(default)]
    pub workdir: Option<PathBuf>,
}

/// Logs: how large, how long, where else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LogSettings {
    /// Days that rotated logs are kept.
    pub keep_days: u32,
    /// Size in bytes at which a log file is rotated.
    pub max_bytes: u64,
    /// The log of the system that gets the run log too: one record for each line.
    pub system: Option<SystemLog>,
    /// Its socket, when it is not `/dev/log` or `/run/systemd/journal/socket`; relative to the project.
    pub system_socket: Option<PathBuf>,
}

/// A log of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum SystemLog {
    /// RFC 3164 on `/dev/log`.
    Syslog,
    /// The native protocol of systemd's journal.
    Journald,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { keep_days: 30, max_bytes: 16 << 20, system: None, system_socket: None }
    }
}

/// State: locks and backups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StateSettings {
    /// How many backups of the state are kept.
    pub backups: usize,
    /// How long a second writer waits for the state lock.
    pub lock_timeout: HumanDuration,
}

impl Default for StateSettings {
    fn default() -> Self {
        Self { backups: 20, lock_timeout: HumanDuration::from_secs(0) }
    }
}

/// What `hybrid publish` does with an accepted image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PublishSettings {
    /// Channel that an image is moved into without `--channel`.
    pub channel: String,
    /// Commands that run after the checks and before the channel moves; the first that fails stops the publish.
    pub hooks: Vec<Vec<String>>,
}

impl Default for PublishSettings {
    fn default() -> Self {
        Self { channel: "stable".into(), hooks: Vec::new() }
    }
}

/// What the search for plaintext secrets accepts (SEC-1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SecuritySettings {
    /// Findings that are not secrets, for files that cannot carry a `hybrid:allow` comment.
    pub allow: Vec<AllowedFinding>,
    /// Findings that were there when searching began, relative to the project; `hybrid templates scan --write-baseline`
    /// writes it.
    pub baseline: PathBuf,
}

impl Default for SecuritySettings {
    fn default() -> Self {
        Self { allow: Vec::new(), baseline: "configs/secret-baseline.json".into() }
    }
}

/// An accepted finding, by place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AllowedFinding {
    /// The rule, as the finding names it.
    pub rule: String,
    /// Glob over paths relative to the project.
    pub path: String,
    /// Why it may stay; must not be empty.
    pub reason: String,
}
