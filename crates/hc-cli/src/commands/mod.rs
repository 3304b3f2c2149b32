//! The command line as types, and from each command to the module that runs it.
//!
//! Help texts are the user's first manual page: imperative, with examples. Each stands with its arguments.

mod artifacts;
mod build;
mod cache;
mod clean;
mod completions;
mod config;
mod diag;
mod doctor;
mod explain;
mod fmt;
mod init;
mod logs;
mod man;
mod orphans;
mod packer;
mod plan;
mod plugins;
mod provisioners;
mod publish;
mod sources;
mod state;
mod status;
mod templates;
mod test;
mod trust;
mod validate;
mod wizard;
mod writes;

use clap::{Parser, Subcommand};

use crate::args::GlobalArgs;
use crate::command_error::Result;
use crate::report::Outcome;
use crate::session::Session;

pub(crate) use trust::TrustArgs;
pub(crate) use writes::Writes;

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
pub(crate) struct CommandLine {
    /// Options that every command takes.
    #[command(flatten)]
    pub(crate) globals: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands, in the order of the manual.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::InitArgs),
    #[command(flatten)]
    InProject(InProject),
    Trust(TrustArgs),
    Explain(explain::ExplainArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Commands that work on a project.
#[derive(Debug, Subcommand)]
pub(crate) enum InProject {
    #[command(subcommand)]
    Config(config::ConfigCommand),
    Wizard(wizard::WizardArgs),
    #[command(subcommand)]
    Templates(templates::TemplatesCommand),
    #[command(subcommand)]
    Provisioners(provisioners::ProvisionersCommand),
    Fmt(fmt::FmtArgs),
    Validate(validate::ValidateArgs),
    Plan(plan::PlanArgs),
    Build(build::BuildArgs),
    Test(test::TestArgs),
    Publish(publish::PublishArgs),
    Status(status::StatusArgs),
    #[command(subcommand)]
    Artifacts(artifacts::ArtifactsCommand),
    #[command(subcommand)]
    State(state::StateCommand),
    #[command(subcommand)]
    Diag(diag::DiagCommand),
    #[command(subcommand)]
    Packer(packer::PackerCommand),
    #[command(subcommand)]
    Sources(sources::SourcesCommand),
    #[command(subcommand)]
    Cache(cache::CacheCommand),
    Orphans(orphans::OrphansArgs),
    Logs(logs::LogsArgs),
    Clean(clean::CleanArgs),
    Doctor(doctor::DoctorArgs),
}

impl InProject {
    /// What the command changes. No command is left out: one that is new has to say it.
    pub(crate) fn writes(&self) -> Writes {
        match self {
            Self::Config(command) => command.writes(),
            Self::Templates(command) => command.writes(),
            Self::Provisioners(command) => command.writes(),
            Self::Fmt(args) => args.writes(),
            Self::Artifacts(command) => command.writes(),
            Self::State(command) => command.writes(),
            Self::Diag(command) => command.writes(),
            Self::Packer(command) => command.writes(),
            Self::Sources(command) => command.writes(),
            Self::Cache(command) => command.writes(),
            Self::Orphans(args) => args.writes(),
            Self::Clean(args) => args.writes(),
            Self::Wizard(_) | Self::Validate(_) | Self::Build(_) | Self::Test(_) | Self::Publish(_) => {
                Writes::Project
            }
            Self::Doctor(args) => args.writes(),
            Self::Plan(_) | Self::Status(_) | Self::Logs(_) => Writes::Nothing,
        }
    }

    /// Runs the command.
    ///
    /// # Errors
    /// What the operation says.
    pub(crate) fn run(&self, session: &Session) -> Result<Outcome> {
        match self {
            Self::Config(command) => command.run(session),
            Self::Wizard(args) => args.run(session),
            Self::Templates(command) => command.run(session),
            Self::Provisioners(command) => command.run(session),
            Self::Fmt(args) => args.run(session),
            Self::Validate(args) => args.run(session),
            Self::Plan(args) => args.run(session),
            Self::Build(args) => args.run(session),
            Self::Test(args) => args.run(session),
            Self::Publish(args) => args.run(session),
            Self::Status(args) => args.run(session),
            Self::Artifacts(command) => command.run(session),
            Self::State(command) => command.run(session),
            Self::Diag(command) => command.run(session),
            Self::Packer(command) => command.run(session),
            Self::Sources(command) => command.run(session),
            Self::Cache(command) => command.run(session),
            Self::Orphans(args) => args.run(session),
            Self::Logs(args) => args.run(session),
            Self::Clean(args) => args.run(session),
            Self::Doctor(args) => args.run(session),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_command_is_consistent() {
        CommandLine::command().debug_assert();
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
        without_example(&CommandLine::command(), "", &mut found);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    fn writes(words: &str) -> Writes {
        let line = CommandLine::try_parse_from(format!("hybrid {words}").split(' ')).unwrap();
        let Command::InProject(command) = line.command else { panic!("{words} needs no project") };
        command.writes()
    }

    #[test]
    fn what_changes_the_project_is_known() {
        for words in [
            "validate",
            "build",
            "test",
            "publish",
            "wizard",
            "fmt",
            "config render",
            "templates scan --write-baseline",
            "provisioners enable ansible",
            "orphans --stop",
            "state restore",
            "artifacts revoke x --reason y",
            "sources sync",
            "packer pin",
            "cache prune",
            "clean --scope work --yes",
            "diag bundle",
        ] {
            assert_eq!(writes(words), Writes::Project, "{words}");
        }
        for words in [
            "plan",
            "status",
            "logs",
            "doctor",
            "fmt --check",
            "config render --check",
            "config show",
            "templates scan",
            "templates compose --out x",
            "provisioners status",
            "orphans",
            "state show",
            "state migrate --dry-run",
            "sources status",
            "sources bundle x",
            "packer show",
            "cache list",
            "clean --scope work",
            "diag bundle --out x",
        ] {
            assert_eq!(writes(words), Writes::Nothing, "{words}");
        }
    }
}
