//! The command line, as types. Help texts are the user's first manual page: imperative, with examples.

mod globals;
mod sources;
mod upkeep;

use clap::{Parser, Subcommand};
use std::path::PathBuf;

pub use globals::{Color, Format, GlobalArgs, TargetArgs, VarArgs};
pub use sources::SourcesCommand;
pub use upkeep::{
    ArtifactsCommand, CacheCommand, CleanArgs, DiagCommand, DoctorArgs, LogsArgs, OrphansArgs, PackerCommand,
    PluginsCommand, ScopeArg, StateCommand,
};

/// Turns a git repository of Packer templates into a dependable image factory.
#[derive(Debug, Parser)]
#[command(name = "hybrid", version, propagate_version = true, disable_help_subcommand = true)]
#[command(after_help = "Examples:
  hybrid templates list                       what can be built
  hybrid validate --env dev                   check everything and record trust
  hybrid build --targets linux.file.motd      build one image
  hybrid status                               what was built, from what, and whether it is stale
  hybrid explain DriftDetected                cause and cure of an error code

Exit codes: 0 done, 1 invalid input or drift, 2 infrastructure (try again), 3 security, 130 interrupted.")]
pub struct Args {
    /// Options that every command takes.
    #[command(flatten)]
    pub globals: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a project: scaffold a new one, or map an existing repository of Packer templates
    #[command(
        after_help = "Examples:\n  hybrid init images --platforms file,qemu --os linux\n  hybrid init --platforms vsphere,azure --os linux,windows\n  hybrid init --adopt"
    )]
    Init(InitArgs),
    /// Render, show and compare the variables of builders
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Ask for the values that a builder lacks and keep the answers in a file
    #[command(
        after_help = "Examples:\n  hybrid wizard --targets linux.vsphere.base --env prod\n  hybrid wizard --targets linux.qemu.base --from answers.json --all"
    )]
    Wizard(WizardArgs),
    /// List what can be built
    #[command(subcommand)]
    Templates(TemplatesCommand),
    /// Switch provisioner stacks (Ansible, Puppet) on and off
    #[command(subcommand)]
    Provisioners(ProvisionersCommand),
    /// Format templates with `packer fmt`
    #[command(after_help = "Examples:\n  hybrid fmt\n  hybrid fmt --check")]
    Fmt(FmtArgs),
    /// Check templates, variables and inputs, and record them as trusted
    #[command(
        after_help = "Examples:\n  hybrid validate --env dev\n  hybrid validate --targets linux --env prod --strict\n  hybrid validate --report sarif=hybrid.sarif --report junit=hybrid.xml"
    )]
    Validate(ValidateArgs),
    /// Say what a build would do and why, without doing it
    #[command(after_help = "Examples:\n  hybrid plan --env prod\n  hybrid plan --format json")]
    Plan(PlanArgs),
    /// Build images from trusted inputs
    #[command(
        after_help = "Examples:\n  hybrid build --targets linux.file.motd\n  hybrid build --env prod --stale --jobs 4\n  hybrid build --rebuild --retries 3\n  hybrid build --targets linux.qemu.web --with-parents"
    )]
    Build(BuildArgs),
    /// Run the test suites of builder.toml against the newest images, and record what they said
    #[command(
        after_help = "Examples:\n  hybrid test --targets linux.rootfs.minimal\n  hybrid test --suite smoke --env prod"
    )]
    Test(TestArgs),
    /// Move tested images into a channel, when state, manifests, images and inputs agree
    #[command(
        after_help = "Examples:\n  hybrid publish --targets linux.rootfs.minimal\n  hybrid publish --env prod --channel stable"
    )]
    Publish(PublishArgs),
    /// Show what was built and whether it is stale
    #[command(after_help = "Examples:\n  hybrid status\n  hybrid status --env prod --format json")]
    Status(StatusArgs),
    /// List, show and compare built images
    #[command(subcommand)]
    Artifacts(ArtifactsCommand),
    /// Inspect, check, back up and repair the state
    #[command(subcommand)]
    State(StateCommand),
    /// Diagnose a project
    #[command(subcommand)]
    Diag(DiagCommand),
    /// Show and pin packer, and say what its failures mean
    #[command(subcommand)]
    Packer(PackerCommand),
    /// Keep git repositories at their pins: sync, status, verify, bundle
    #[command(subcommand)]
    Sources(SourcesCommand),
    /// List, verify and prune downloads
    #[command(subcommand)]
    Cache(CacheCommand),
    /// Show what killed runs left behind, and clear it away
    #[command(
        after_help = "Examples:\n  hybrid orphans             what is left: processes, directories, things on the platform\n  hybrid orphans --stop      end the processes, remove the directories\n  hybrid orphans --forget linux.azure.base@dev.20261120T101500Z-1a2b3c4d"
    )]
    Orphans(OrphansArgs),
    /// Show what runs did
    #[command(after_help = "Examples:\n  hybrid logs last\n  hybrid logs --target linux.qemu.base@dev")]
    Logs(LogsArgs),
    /// Show what may be removed, and with --yes remove it; evidence stays
    #[command(
        after_help = "Examples:\n  hybrid clean --scope work\n  hybrid clean --scope artifacts --older-than 90d --yes"
    )]
    Clean(CleanArgs),
    /// Check this machine: packer, the tools that targets need, permissions; exit 1 when something required is missing
    #[command(
        after_help = "Examples:\n  hybrid doctor\n  hybrid doctor --targets linux.qemu.web --with-parents --env prod\n  hybrid doctor --targets linux.rootfs.minimal --install"
    )]
    Doctor(DoctorArgs),
    /// Explain an error code: cause, cure, example
    #[command(
        after_help = "Examples:\n  hybrid explain DriftDetected\n  hybrid explain        lists all codes"
    )]
    Explain {
        /// The code, as printed in `error[CODE]`
        code: Option<String>,
    },
    /// Print a completion script
    #[command(after_help = "Example:\n  hybrid completions bash > /etc/bash_completion.d/hybrid")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write man pages, one per command
    #[command(after_help = "Example:\n  hybrid man /usr/local/share/man/man1")]
    Man {
        /// Directory, which has to exist
        dir: PathBuf,
    },
}

/// `hybrid init`.
#[derive(Debug, clap::Args)]
pub struct InitArgs {
    /// Directory of the project; made when it does not exist. Nothing in it is ever overwritten
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Map the Packer templates of an existing repository; writes hybrid.toml and changes nothing else
    #[arg(long, conflicts_with_all = ["platforms", "os"])]
    pub adopt: bool,
    /// Platforms: file, null, rootfs, qemu, vsphere, proxmox, azure, aws, docker
    #[arg(long, value_delimiter = ',', default_value = "file")]
    pub platforms: Vec<String>,
    /// Operating systems: linux, windows
    #[arg(long, value_delimiter = ',', default_value = "linux")]
    pub os: Vec<String>,
}

/// `hybrid wizard`.
#[derive(Debug, clap::Args)]
pub struct WizardArgs {
    /// Which builder, which environment
    #[command(flatten)]
    pub targets: TargetArgs,
    /// Values beyond the files
    #[command(flatten)]
    pub vars: VarArgs,
    /// File for the answers
    #[arg(long, value_name = "ANSWERS.json", default_value = "answers.json")]
    pub out: PathBuf,
    /// Ask for every variable, not only for those without a value
    #[arg(long)]
    pub all: bool,
}

/// `hybrid config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Write `configs/<env>/<builder>.auto.pkrvars.hcl`, all files or none
    #[command(
        after_help = "Examples:\n  hybrid config render --env dev\n  hybrid config render --env dev --check"
    )]
    Render {
        /// Which builders, which environment
        #[command(flatten)]
        targets: TargetArgs,
        /// Values beyond the files
        #[command(flatten)]
        vars: VarArgs,
        /// Write nothing; exit 1 with a diff when a rendered file is not up to date
        #[arg(long)]
        check: bool,
    },
    /// Show final values; with --explain, where they come from
    #[command(
        after_help = "Examples:\n  hybrid config show --targets linux.file.motd\n  hybrid config show --explain hostname"
    )]
    Show {
        /// Which builders, which environment
        #[command(flatten)]
        targets: TargetArgs,
        /// Values beyond the files
        #[command(flatten)]
        vars: VarArgs,
        /// Print the chain of values of one key, lowest precedence first
        #[arg(long, value_name = "KEY")]
        explain: Option<String>,
    },
    /// Print the JSON Schema of one builder's variables, for editors and forms
    #[command(
        after_help = "Example:\n  hybrid config schema --targets linux.file.motd > answers.schema.json"
    )]
    Schema {
        /// The builder: its id
        #[arg(long, short = 't', default_value = "")]
        targets: String,
    },
    /// Compare the final values of two environments
    #[command(after_help = "Example:\n  hybrid config diff dev prod")]
    Diff {
        /// First environment
        left: String,
        /// Second environment
        right: String,
        /// Builders: names or id globs, comma separated
        #[arg(long, short = 't', default_value = "")]
        targets: String,
    },
}

/// `hybrid templates`.
#[derive(Debug, Subcommand)]
pub enum TemplatesCommand {
    /// List builders with their files, sources, provisioners and metadata
    #[command(
        after_help = "Examples:\n  hybrid templates list\n  hybrid templates list --targets 'linux.*.base' --format json"
    )]
    List {
        /// Builders: names or id globs, comma separated
        #[arg(long, short = 't', default_value = "")]
        targets: String,
    },
    /// Look for plaintext secrets in the inputs, guesses too; exit 3 when one would stop validate
    #[command(
        after_help = "Examples:\n  hybrid templates scan\n  hybrid templates scan --format json\n  hybrid templates scan --write-baseline   # an old project: what is there is known, what comes is stopped"
    )]
    Scan {
        /// Which builders
        #[command(flatten)]
        targets: TargetArgs,
        /// Values beyond the files
        #[command(flatten)]
        vars: VarArgs,
        /// Accept what is there now, each until its line changes
        #[arg(long)]
        write_baseline: bool,
    },
    /// Write the composed stage of one builder into a directory, exactly as packer would get it
    #[command(after_help = "Example:\n  hybrid templates compose --targets linux.file.motd --out /tmp/stage")]
    Compose {
        /// Which builder
        #[command(flatten)]
        targets: TargetArgs,
        /// Values beyond the files
        #[command(flatten)]
        vars: VarArgs,
        /// Directory to create; must not exist
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

/// `hybrid provisioners`.
#[derive(Debug, Subcommand)]
pub enum ProvisionersCommand {
    /// Show which stacks are on, and why
    #[command(after_help = "Example:\n  hybrid provisioners status --env prod --targets qemu")]
    Status {
        /// Which builders, which environment
        #[command(flatten)]
        targets: TargetArgs,
    },
    /// Switch a stack on after checking its assets; a failed check changes nothing
    #[command(
        after_help = "Examples:\n  hybrid provisioners enable puppet --builder linux.rootfs.minimal\n  hybrid provisioners enable ansible --env prod"
    )]
    Enable(ToggleArgs),
    /// Switch a stack off
    #[command(after_help = "Example:\n  hybrid provisioners disable ansible --builder linux.qemu.base")]
    Disable(ToggleArgs),
}

/// What a toggle applies to.
#[derive(Debug, clap::Args)]
pub struct ToggleArgs {
    /// The stack: ansible or puppet
    pub stack: String,
    /// Only in this environment
    #[arg(long, short = 'e')]
    pub env: Option<String>,
    /// Only for this builder
    #[arg(long, short = 'b')]
    pub builder: Option<String>,
}

/// `hybrid test`.
#[derive(Debug, clap::Args)]
pub struct TestArgs {
    /// Which builders, which environment
    #[command(flatten)]
    pub targets: TargetArgs,
    /// Only these suites (repeatable); all of a builder without it
    #[arg(long, value_name = "NAME")]
    pub suite: Vec<String>,
    /// A build other than the newest
    #[arg(long, value_name = "BUILD")]
    pub build: Option<String>,
}

/// `hybrid publish`.
#[derive(Debug, clap::Args)]
pub struct PublishArgs {
    /// Which builders, which environment
    #[command(flatten)]
    pub targets: TargetArgs,
    /// Values beyond the files, as they were when the images were built
    #[command(flatten)]
    pub vars: VarArgs,
    /// The channel; `publish.channel` of hybrid.toml without it
    #[arg(long)]
    pub channel: Option<String>,
}

/// `hybrid fmt`.
#[derive(Debug, clap::Args)]
pub struct FmtArgs {
    /// Builders: names or id globs, comma separated
    #[arg(long, short = 't', default_value = "")]
    pub targets: String,
    /// Change nothing; exit 1 when a file is not formatted
    #[arg(long)]
    pub check: bool,
}

/// `hybrid validate`.
#[derive(Debug, clap::Args)]
pub struct ValidateArgs {
    /// Which builders, which environment
    #[command(flatten)]
    pub targets: TargetArgs,
    /// Values beyond the files
    #[command(flatten)]
    pub vars: VarArgs,
    /// Also write what was found for other programs: junit=FILE or sarif=FILE; may be repeated
    #[arg(long, value_name = "FORMAT=FILE")]
    pub report: Vec<String>,
}

/// `hybrid plan`.
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    /// Which builders, which environment
    #[command(flatten)]
    pub targets: TargetArgs,
    /// Values beyond the files
    #[command(flatten)]
    pub vars: VarArgs,
}

/// `hybrid build`.
#[derive(Debug, clap::Args)]
pub struct BuildArgs {
    /// Which builders, which environment
    #[command(flatten)]
    pub targets: TargetArgs,
    /// Values beyond the files
    #[command(flatten)]
    pub vars: VarArgs,
    /// Build only what `hybrid plan` calls stale
    #[arg(long, conflicts_with = "rebuild")]
    pub stale: bool,
    /// Build everything selected, stale or not (the default; says it in scripts)
    #[arg(long)]
    pub rebuild: bool,
    /// How many targets build at once (default: `packer.jobs` of hybrid.toml)
    #[arg(long, short = 'j', value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// How often a transient failure is tried again (default: `packer.retries`)
    #[arg(long)]
    pub retries: Option<u32>,
    /// Start nothing more after the first failure
    #[arg(long)]
    pub fail_fast: bool,
    /// Pass `-force` to packer: replace what stands in the way
    #[arg(long)]
    pub force: bool,
    /// Also build what the selected builders start from, where it is stale; test and publish it on the way
    #[arg(long)]
    pub with_parents: bool,
    /// Keep the work directory of successful builds too
    #[arg(long)]
    pub keep_work: bool,
}

/// `hybrid status`.
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// Builders: names or id globs, comma separated
    #[arg(long, short = 't', default_value = "")]
    pub targets: String,
    /// Only this environment (default: every one that the state knows)
    #[arg(long, short = 'e')]
    pub env: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn every_command_is_consistent() {
        super::Args::command().debug_assert();
    }

    /// Commands without an example in their help.
    fn without_example(command: &clap::Command, path: &str, found: &mut Vec<String>) {
        let path = format!("{path} {}", command.get_name());
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            without_example(inner, &path, found);
        }
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        if command.get_subcommands().next().is_none() && !help.contains("Example") {
            found.push(path);
        }
    }

    #[test]
    fn every_command_has_an_example() {
        let mut found = Vec::new();
        without_example(&super::Args::command(), "", &mut found);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}
