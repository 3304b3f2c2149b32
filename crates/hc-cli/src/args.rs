//! Options that every command takes, and groups of options that several share.

use std::path::PathBuf;

use clap::ValueEnum;
use clap_complete::ArgValueCompleter;
use hc_core::Selector;
use hc_core::id::IdError;

use crate::completing;

/// Options that every command takes.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct GlobalArgs {
    /// How results are printed; json is one document on stdout
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    /// Project directory (default: the nearest parent with a hybrid.toml)
    #[arg(long, short = 'C', global = true, value_name = "DIR")]
    pub(crate) project: Option<PathBuf>,
    /// Print less; twice: only errors
    #[arg(long, short, global = true, action = clap::ArgAction::Count, conflicts_with = "verbose")]
    pub(crate) quiet: u8,
    /// Print more; twice: debug events
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// When to colour output
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
    /// How long to wait for the state lock: 30s, 2m (default: `state.lock_timeout`, 0s)
    #[arg(long, global = true, value_name = "DURATION")]
    pub(crate) lock_timeout: Option<hc_config::settings::HumanDuration>,
    /// Go on where the file system of the project has no locks; no other process may write to it meanwhile
    #[arg(long, global = true)]
    pub(crate) unsafe_no_lock: bool,
    /// Days that rotated logs are kept (also HYBRID_LOG_MAX_DAYS; default: `logs.keep_days`)
    #[arg(long, global = true, value_name = "DAYS")]
    pub(crate) log_keep: Option<u32>,
    /// Trust the project for this run: let programs run that it names (also HYBRID_TRUST=1, or a list of directories)
    #[arg(long, global = true)]
    pub(crate) trust: bool,
    /// Read every input again, also those that did not change since they were hashed
    #[arg(long, global = true, env = "HYBRID_NO_STAT_CACHE", value_parser = clap::builder::BoolishValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub(crate) no_stat_cache: bool,
}

/// Output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Tables and messages for people
    Human,
    /// One JSON document, valid against `schemas/`
    Json,
}

/// Colour choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On terminals, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Which builders.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct BuilderArgs {
    /// Builders: names or id globs
    #[arg(value_name = "BUILDER", conflicts_with = "targets", add = ArgValueCompleter::new(completing::builders))]
    builders: Vec<String>,
    /// The same, comma separated
    #[arg(long, short = 't', default_value = "", add = ArgValueCompleter::new(completing::builders))]
    targets: String,
}

impl BuilderArgs {
    /// The same as a selector.
    ///
    /// # Errors
    /// `BadSelector`.
    pub(crate) fn parsed(&self) -> Result<Selector, IdError> {
        Selector::parse(&self.selector())
    }

    /// Which builders, comma separated.
    pub(crate) fn selector(&self) -> String {
        selector(&self.builders, &self.targets)
    }
}

/// Which targets.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct TargetArgs {
    /// Builders: names or id globs (`qemu`, `linux.*`, `linux.*.base`)
    #[arg(value_name = "BUILDER", conflicts_with = "targets", add = ArgValueCompleter::new(completing::builders))]
    builders: Vec<String>,
    /// The same, comma separated (`linux,qemu,linux.*.base`)
    #[arg(long, short = 't', default_value = "", add = ArgValueCompleter::new(completing::builders))]
    targets: String,
    /// Environment (default: `project.default_env`)
    #[arg(long, short = 'e', add = ArgValueCompleter::new(completing::environments))]
    pub(crate) env: Option<String>,
}

impl TargetArgs {
    /// Which builders, comma separated.
    pub(crate) fn selector(&self) -> String {
        selector(&self.builders, &self.targets)
    }
}

fn selector(builders: &[String], targets: &str) -> String {
    if builders.is_empty() { targets.to_owned() } else { builders.join(",") }
}

/// Values beyond the files, highest precedence last.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct VarArgs {
    /// JSON object of variable values; stronger than overlays
    #[arg(long, value_name = "ANSWERS.json")]
    pub(crate) from: Option<PathBuf>,
    /// One variable value; strongest of all; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// cloud-init user data, merged over that of the project and the builder; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) cloudinit: Vec<PathBuf>,
    /// Treat unknown keys as errors
    #[arg(long)]
    pub(crate) strict: bool,
}
