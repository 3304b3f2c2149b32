//! What keeps a factory in order: packer, state, records, logs, downloads, leftovers.

use clap::Subcommand;

use super::TargetArgs;

/// `hybrid packer`.
#[derive(Debug, Subcommand)]
pub enum PackerCommand {
    /// Show the packer that commands use, and the pin
    #[command(after_help = "Example:\n  hybrid packer show")]
    Show,
    /// Say what a failed build's log means, by the rules that decide about retries
    #[command(
        after_help = "Examples:\n  hybrid packer classify logs/packer/linux.qemu.base-dev-….log\n  hybrid packer classify ci.log --platform vsphere"
    )]
    Classify {
        /// The log: a raw log of hybrid, or what packer printed
        log: std::path::PathBuf,
        /// Platform whose rules apply (default: from the name of a raw log)
        #[arg(long)]
        platform: Option<String>,
    },
    /// Run fmt, validate and smoke builds under two packers and say what differs and who has to agree
    #[command(
        after_help = "Example:\n  hybrid packer upgrade-check --from /opt/packer-1.11.2/packer --to /opt/packer-1.16.0/packer --smoke linux.file.motd"
    )]
    UpgradeCheck {
        /// Which builders, which environment
        #[command(flatten)]
        targets: TargetArgs,
        /// The packer that is used now
        #[arg(long, value_name = "BIN")]
        from: std::path::PathBuf,
        /// The packer that is to be used
        #[arg(long, value_name = "BIN")]
        to: std::path::PathBuf,
        /// Builders that are really built under both
        #[arg(long, value_name = "SELECTOR", default_value = "")]
        smoke: String,
    },
    /// Plugins: which are needed, installed and locked
    #[command(subcommand)]
    Plugins(PluginsCommand),
    /// Pin the project to a version of packer: another one is refused
    #[command(
        after_help = "Examples:\n  hybrid packer pin            the one that is found\n  hybrid packer pin 1.11.2"
    )]
    Pin {
        /// The version; the one that is found when absent
        #[arg(value_name = "VERSION")]
        to: Option<String>,
    },
}

/// `hybrid packer plugins`.
#[derive(Debug, Subcommand)]
pub enum PluginsCommand {
    /// Show what builders ask for, what is installed, and what plugins.lock says
    #[command(
        after_help = "Examples:\n  hybrid packer plugins status\n  hybrid packer plugins status --format json"
    )]
    Status,
    /// Write version and SHA-256 of the installed plugins to plugins.lock
    #[command(after_help = "Example:\n  hybrid packer plugins lock && git add plugins.lock")]
    Lock,
    /// Install what is missing or differs from the lock, by packer itself
    #[command(
        after_help = "Examples:\n  hybrid packer plugins install                        from the publisher\n  hybrid packer plugins install --from /media/plugins  archives with their SHA256SUMS, without a network"
    )]
    Install {
        /// Directory of archives `packer-plugin-….zip` with `…_SHA256SUMS` beside them
        #[arg(long, value_name = "DIR")]
        from: Option<std::path::PathBuf>,
    },
}

/// `hybrid cache`.
#[derive(Debug, Subcommand)]
pub enum CacheCommand {
    /// List downloads and the builders that want them
    #[command(after_help = "Example:\n  hybrid cache list")]
    List,
    /// Read every download again and compare its checksum
    #[command(after_help = "Example:\n  hybrid cache verify")]
    Verify,
    /// Remove what no builder wants any more
    #[command(after_help = "Examples:\n  hybrid cache prune\n  hybrid cache prune --older-than 30d")]
    Prune {
        /// Only what was not used for so long: 12h, 30d
        #[arg(long, value_name = "DURATION")]
        older_than: Option<hc_config::settings::HumanDuration>,
    },
}

/// `hybrid logs`.
#[derive(Debug, clap::Args)]
pub struct LogsArgs {
    /// Run id, or `last`; all runs when absent
    pub run: Option<String>,
    /// Only lines about this target, builder or environment
    #[arg(long, short = 't')]
    pub target: Option<String>,
    /// Print lines as they come, until the run ends or Ctrl-C; with --format json one line of JSON each
    #[arg(long, short = 'f')]
    pub follow: bool,
}

/// What `hybrid clean` cleans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ScopeArg {
    /// Superseded builds: images, records, kept inputs
    Artifacts,
    /// Raw logs of builds and tests
    Logs,
    /// Packer's own downloads
    Cache,
    /// Work directories of failed and killed runs
    Work,
    /// All of these
    All,
}

/// `hybrid clean`.
#[derive(Debug, clap::Args)]
pub struct CleanArgs {
    /// What is cleaned
    #[arg(long, value_enum, required_unless_present = "build")]
    pub scope: Option<ScopeArg>,
    /// Only what is older: 12h, 30d
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    pub older_than: hc_config::settings::HumanDuration,
    /// One build, whatever its age; evidence is refused with exit code 3
    #[arg(long, value_name = "BUILD", conflicts_with = "scope")]
    pub build: Option<String>,
    /// Remove; without it only the plan is shown
    #[arg(long)]
    pub yes: bool,
}

/// `hybrid orphans`.
#[derive(Debug, clap::Args)]
pub struct OrphansArgs {
    /// End what still runs and remove what lies on this machine
    #[arg(long, conflicts_with = "forget")]
    pub stop: bool,
    /// Close a build whose things on the platform were removed by hand
    #[arg(long, value_name = "BUILD")]
    pub forget: Option<String>,
}

/// `hybrid state`.
#[derive(Debug, Subcommand)]
pub enum StateCommand {
    /// Print the state
    #[command(after_help = "Example:\n  hybrid state show")]
    Show,
    /// Check the state: integrity, schema, missing or stale hashes, provenance
    #[command(after_help = "Examples:\n  hybrid state check\n  hybrid state check --deep")]
    Check {
        /// Also hash every input anew and compare it with what was trusted and with the stat cache
        #[arg(long)]
        deep: bool,
    },
    /// List backups, newest first
    #[command(after_help = "Example:\n  hybrid state backups")]
    Backups,
    /// Bring a backup back; the replaced file is kept beside it
    #[command(after_help = "Examples:\n  hybrid state restore\n  hybrid state restore 41")]
    Restore {
        /// Serial of the backup; the newest good one when absent
        serial: Option<u64>,
    },
    /// Bring the state to this version's schema, or back
    #[command(after_help = "Examples:\n  hybrid state migrate --dry-run\n  hybrid state migrate")]
    Migrate {
        /// Say what would change, change nothing
        #[arg(long)]
        dry_run: bool,
        /// Target schema version (default: the newest)
        #[arg(long)]
        to: Option<u32>,
    },
    /// Say who holds the locks, and what to do about it
    #[command(after_help = "Example:\n  hybrid state unlock")]
    Unlock,
}

/// `hybrid artifacts`.
#[derive(Debug, Subcommand)]
pub enum ArtifactsCommand {
    /// List built images, newest first
    #[command(after_help = "Example:\n  hybrid artifacts list --targets linux")]
    List {
        /// Builders: names or id globs, comma separated
        #[arg(long, short = 't', default_value = "")]
        targets: String,
    },
    /// Show the record of one build
    #[command(
        after_help = "Examples:\n  hybrid artifacts show linux.qemu.web\n  hybrid artifacts show linux.qemu.web --lineage"
    )]
    Show {
        /// Build id, or a builder id for its newest build
        build: String,
        /// Draw the chain of images that it was made from
        #[arg(long)]
        lineage: bool,
    },
    /// Say which inputs differ between two builds
    #[command(
        after_help = "Example:\n  hybrid artifacts diff linux.qemu.base-dev-20261120T101500.000Z-1a2b3c4d linux.qemu.base-dev-20261121T101500.000Z-5e6f7a8b"
    )]
    Diff {
        /// First build id
        left: String,
        /// Second build id
        right: String,
    },
    /// Take a build back: it and everything made from it cannot be published any more
    #[command(
        after_help = "Example:\n  hybrid artifacts revoke linux.qemu.base-dev-20261120T101500.000Z-1a2b3c4d --reason CVE-2026-1234"
    )]
    Revoke {
        /// Build id
        build: String,
        /// Why, for whoever meets it later
        #[arg(long)]
        reason: String,
    },
    /// Read every recorded file again and compare its digest
    #[command(after_help = "Example:\n  hybrid artifacts verify")]
    Verify {
        /// Builders: names or id globs, comma separated
        #[arg(long, short = 't', default_value = "")]
        targets: String,
    },
}

/// `hybrid diag`.
#[derive(Debug, Subcommand)]
pub enum DiagCommand {
    /// Report missing or stale hashes, drift and provenance, with remediation links
    #[command(after_help = "Example:\n  hybrid diag state --format json")]
    State,
    /// Write logs, manifests, state and versions into one scrubbed archive
    #[command(
        after_help = "Examples:\n  hybrid diag bundle\n  hybrid diag bundle --run 20261120T101500.000Z-1a2b3c4d --out bundle.tar.zst"
    )]
    Bundle {
        /// Only logs and records of this run
        #[arg(long)]
        run: Option<String>,
        /// Where to (default: `artifacts/diag-RUN.tar.zst`)
        #[arg(long, value_name = "FILE")]
        out: Option<std::path::PathBuf>,
    },
}

/// `hybrid doctor`.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// Which builders, which environment
    #[command(flatten)]
    pub targets: TargetArgs,
    /// Also what the selected builders start from
    #[arg(long)]
    pub with_parents: bool,
    /// Also this command; may be repeated
    #[arg(long, value_name = "COMMAND")]
    pub tool: Vec<String>,
    /// Count what is only useful as required: linters, git
    #[arg(long)]
    pub optional: bool,
    /// Let apt install what is missing, with sudo for anybody but root
    #[arg(long)]
    pub install: bool,
}
