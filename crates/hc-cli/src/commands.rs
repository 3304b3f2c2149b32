//! From parsed arguments to operations to reports: one arm per command, no logic.

use std::io::Write as _;

use clap::CommandFactory;
use hc_config::Diagnostic;
use hc_logs::line::LogLine;
use hc_packer::process::Cancel;

use crate::args::{
    Args, ArtifactsCommand, CacheCommand, Command, ConfigCommand, DiagCommand, LogsArgs, PackerCommand,
    PluginsCommand, ProvisionersCommand, ScopeArg, SourcesCommand, StateCommand, TargetArgs,
    TemplatesCommand, VarArgs,
};
use crate::command_error::Result;
use crate::console;
use crate::dialogue::Lines;
use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::ops::build::BuildOptions;
use crate::ops::checks::Wanted;
use crate::ops::clean::{CleanOptions, Scope};
use crate::ops::doctor::{DoctorOptions, Optional};
use crate::ops::logs::Followed;
use crate::ops::prepare::Values;
use crate::ops::sources::{PinOptions, SourceOptions};
use crate::ops::suite::SuiteOptions;
use crate::ops::upgrade::UpgradeOptions;
use crate::ops::wizard::WizardOptions;
use crate::ops::{
    adopt, artifacts, build, bundle, checks, clean, cloudinit, config, doctor, explain, fmt, init, install,
    iso, logs, orphans, packer_commands, plan, plugins, provisioners, publish, scan, schema, sources,
    state_commands, status, suite, templates, upgrade, validate, wizard,
};
use crate::report::checks::Findings;
use crate::report::shell::{CompletionsReport, ManReport};
use crate::report::{Outcome, Report, Style};
use crate::session::Session;

fn values(session: &Session, vars: &VarArgs) -> Result<Values> {
    let cloudinit = cloudinit::given(session, &vars.cloudinit)?;
    Ok(Values { cloudinit, ..Values::read(session, vars.from.as_deref(), &vars.set, vars.strict)? })
}

fn env(session: &Session, targets: &TargetArgs) -> Result<hc_core::EnvName> {
    session.env(targets.env.as_deref())
}

/// Commands that need no project.
pub fn without_project(
    command: &Command,
    environment: &Environment,
    style: &Style,
) -> Option<Result<Outcome>> {
    match command {
        Command::Init(args) if args.adopt => {
            Some(adopt::adopt(environment, &args.dir).map(|report| Outcome::new(&report, style)))
        }
        Command::Init(args) => Some(
            init::init(environment, &args.dir, &args.platforms, &args.os)
                .map(|report| Outcome::new(&report, style)),
        ),
        Command::Explain { code } => {
            Some(explain::explain(code.as_deref()).map(|report| Outcome::new(&report, style)))
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Args::command(), "hybrid", &mut script);
            let script = String::from_utf8_lossy(&script).into_owned();
            Some(Ok(Outcome::new(&CompletionsReport { script }, style)))
        }
        Command::Man { dir } => Some(man(&environment.cwd.join(dir), style)),
        _ => None,
    }
}

/// Writes the man pages of all commands.
fn man(dir: &std::path::Path, style: &Style) -> Result<Outcome> {
    clap_mangen::generate_to(Args::command(), dir).map_err(hc_core::fs::io_error("write", dir))?;
    Ok(Outcome::new(&ManReport { directory: dir.display().to_string() }, style))
}

/// Runs one command.
///
/// # Errors
/// What the operation says.
pub fn run(session: &Session, command: &Command, cancel: &Cancel) -> Result<Outcome> {
    match command {
        Command::Config(command) => run_config(session, command),
        Command::Wizard(args) => {
            let options =
                WizardOptions { out: args.out.clone(), from: args.vars.from.clone(), all: args.all };
            let values = values(session, &args.vars)?;
            let (env, targets) = (env(session, &args.targets)?, &args.targets.targets);
            plain(session, &wizard::wizard(session, targets, &env, values, &options, &mut Lines)?)
        }
        Command::Templates(TemplatesCommand::List { targets }) => {
            with(session, templates::list(session, targets)?)
        }
        Command::Templates(TemplatesCommand::Scan { targets, vars, write_baseline }) => {
            let values = values(session, vars)?;
            let env = env(session, targets)?;
            with(session, scan::scan(session, &targets.targets, &env, &values, *write_baseline)?)
        }
        Command::Templates(TemplatesCommand::Compose { targets, vars, out }) => {
            let values = values(session, vars)?;
            with(
                session,
                templates::compose(session, &targets.targets, &env(session, targets)?, &values, out)?,
            )
        }
        Command::Provisioners(ProvisionersCommand::Status { targets }) => {
            plain(session, &provisioners::status(session, &targets.targets, &env(session, targets)?)?)
        }
        Command::Provisioners(ProvisionersCommand::Enable(toggle)) => {
            let (env, builder) = (toggle.env.as_deref(), toggle.builder.as_deref());
            plain(session, &provisioners::switch(session, &toggle.stack, env, builder, true)?)
        }
        Command::Provisioners(ProvisionersCommand::Disable(toggle)) => {
            let (env, builder) = (toggle.env.as_deref(), toggle.builder.as_deref());
            plain(session, &provisioners::switch(session, &toggle.stack, env, builder, false)?)
        }
        Command::Fmt(args) => plain(session, &fmt::fmt(session, &args.targets, args.check, cancel)?),
        Command::Validate(args) => {
            let values = values(session, &args.vars)?;
            let env = env(session, &args.targets)?;
            let wanted: Vec<Wanted> =
                args.report.iter().map(|word| Wanted::parse(word)).collect::<Result<_>>()?;
            let result = validate::validate(session, &args.targets.targets, &env, &values, cancel);
            let (targets, diagnostics) = match &result {
                Ok((report, diagnostics)) => (report.targets.as_slice(), diagnostics),
                Err(error) => (&[][..], &error.diagnostics),
            };
            let findings = Findings { env: env.as_str(), targets, diagnostics, pages: &[] };
            checks::write(session, &wanted, &findings)?;
            with(session, result?)
        }
        Command::Plan(args) => {
            let values = values(session, &args.vars)?;
            let env = env(session, &args.targets)?;
            let (planned, _, diagnostics) = plan::plan(session, &args.targets.targets, &env, &values)?;
            let report = plan::report(&env, &planned);
            // The process ends next: giving a million small pieces back one by one takes longer than to print.
            std::mem::forget(planned);
            with(session, (report, diagnostics))
        }
        Command::Build(args) => {
            let options = BuildOptions {
                stale: args.stale,
                jobs: args.jobs.map(usize::from),
                retries: args.retries,
                fail_fast: args.fail_fast,
                force: args.force,
                with_parents: args.with_parents,
                keep_work: args.keep_work,
            };
            let values = values(session, &args.vars)?;
            let env = env(session, &args.targets)?;
            with(session, build::build(session, &args.targets.targets, &env, &values, &options, cancel)?)
        }
        Command::Test(args) => {
            let options = SuiteOptions { suites: args.suite.clone(), build: args.build.clone() };
            let env = env(session, &args.targets)?;
            plain(session, &suite::test(session, &args.targets.targets, &env, &options, cancel)?)
        }
        Command::Publish(args) => {
            let values = values(session, &args.vars)?;
            let (env, channel) = (env(session, &args.targets)?, args.channel.as_deref());
            with(session, publish::publish(session, &args.targets.targets, &env, channel, &values, cancel)?)
        }
        Command::Status(args) => {
            let env = args.env.as_deref().map(|env| session.env(Some(env))).transpose()?;
            plain(session, &status::status(session, &args.targets, env.as_ref())?)
        }
        Command::Artifacts(command) => match command {
            ArtifactsCommand::List { targets } => plain(session, &artifacts::list(session, targets)?),
            ArtifactsCommand::Show { build, lineage } => {
                plain(session, &artifacts::show_with(session, build, *lineage)?)
            }
            ArtifactsCommand::Diff { left, right } => plain(session, &artifacts::diff(session, left, right)?),
            ArtifactsCommand::Revoke { build, reason } => {
                plain(session, &artifacts::revoke(session, build, reason)?)
            }
            ArtifactsCommand::Verify { targets } => plain(session, &artifacts::verify(session, targets)?),
        },
        Command::State(command) => match command {
            StateCommand::Show => plain(session, &state_commands::show(session)?),
            StateCommand::Check { deep } => plain(session, &state_commands::check(session, *deep)?),
            StateCommand::Backups => plain(session, &state_commands::backups(session)?),
            StateCommand::Restore { serial } => plain(session, &state_commands::restore(session, *serial)?),
            StateCommand::Migrate { dry_run, to } => {
                plain(session, &state_commands::migrate(session, *dry_run, *to)?)
            }
            StateCommand::Unlock => plain(session, &state_commands::unlock(session)?),
        },
        Command::Diag(DiagCommand::State) => {
            // A diagnosis that finds something has done its work; `state check` is the one that fails.
            let mut outcome = plain(session, &state_commands::check(session, false)?)?;
            outcome.exit = crate::exit_code::ExitCode::Success;
            Ok(outcome)
        }
        Command::Packer(command) => match command {
            PackerCommand::Show => plain(session, &packer_commands::show(session)?),
            PackerCommand::Classify { log, platform } => {
                plain(session, &packer_commands::classify(session, log, platform.as_deref())?)
            }
            PackerCommand::Plugins(command) => plain(
                session,
                &match command {
                    PluginsCommand::Status => plugins::status(session)?,
                    PluginsCommand::Lock => plugins::lock(session)?,
                    PluginsCommand::Install { from } => plugins::install(session, from.as_deref(), cancel)?,
                },
            ),
            PackerCommand::UpgradeCheck { targets, from, to, smoke } => {
                let (values, env) = (Values::default(), env(session, targets)?);
                let options = UpgradeOptions { from, to, smoke };
                plain(session, &upgrade::check(session, &targets.targets, &env, &values, &options, cancel)?)
            }
            PackerCommand::Pin { to } => plain(session, &packer_commands::pin(session, to.as_deref())?),
        },
        Command::Sources(command) => run_sources(session, command, cancel),
        Command::Cache(command) => match command {
            CacheCommand::List => plain(session, &iso::list(session)?),
            CacheCommand::Verify => plain(session, &iso::verify(session)?),
            CacheCommand::Prune { older_than } => {
                plain(session, &iso::prune(session, older_than.map(|age| age.get()))?)
            }
        },
        Command::Diag(DiagCommand::Bundle { run, out }) => {
            plain(session, &bundle::bundle(session, run.as_deref(), out.as_deref())?)
        }
        Command::Logs(args) if args.follow => follow(session, args, cancel),
        Command::Logs(args) => {
            plain(session, &logs::logs(session, args.run.as_deref(), args.target.as_deref())?)
        }
        Command::Clean(args) => {
            let options = CleanOptions {
                scope: match args.scope {
                    Some(ScopeArg::Artifacts) => Scope::Artifacts,
                    Some(ScopeArg::Logs) => Scope::Logs,
                    Some(ScopeArg::Cache) => Scope::Cache,
                    Some(ScopeArg::Work) => Scope::Work,
                    Some(ScopeArg::All) | None => Scope::All,
                },
                older_than: args.older_than.get(),
                build: args.build.clone(),
                apply: args.yes,
            };
            plain(session, &clean::clean(session, &options)?)
        }
        Command::Orphans(args) => {
            plain(session, &orphans::orphans(session, args.stop, args.forget.as_deref())?)
        }
        Command::Doctor(args) => {
            let env = args.targets.env.as_deref().map(|env| session.env(Some(env))).transpose()?;
            let options = DoctorOptions {
                targets: args.targets.targets.clone(),
                env,
                with_parents: args.with_parents,
                tools: args.tool.clone(),
                optional: if args.optional { Optional::Required } else { Optional::Useful },
            };
            if args.install {
                let mut said = |line: &str| console::plain(session.verbosity, line);
                plain(session, &install::install(session, &options, cancel, &mut said)?)
            } else {
                plain(session, &doctor::doctor(session, &options)?)
            }
        }
        Command::Init(_) | Command::Explain { .. } | Command::Completions { .. } | Command::Man { .. } => {
            without_project(command, &session.environment, &session.style).unwrap_or_else(|| {
                Err(crate::command_error::CommandError::new("Usage", "unreachable command"))
            })
        }
    }
}

fn run_sources(session: &Session, command: &SourcesCommand, cancel: &Cancel) -> Result<Outcome> {
    let transfer = |jobs: Option<std::num::NonZeroUsize>, offline| SourceOptions {
        jobs: jobs.map(usize::from),
        offline,
        ..SourceOptions::default()
    };
    match command {
        SourcesCommand::Sync(args) => {
            let options = SourceOptions {
                update: args.update,
                locked: args.locked,
                ..transfer(args.transfer.jobs, args.transfer.offline)
            };
            plain(session, &sources::sync(session, &args.names, &options, cancel)?)
        }
        SourcesCommand::Resume(args) => {
            plain(session, &sources::resume(session, &transfer(args.jobs, args.offline), cancel)?)
        }
        SourcesCommand::Status { names } => plain(session, &sources::status(session, names)?),
        SourcesCommand::Verify { names } => plain(session, &sources::verify(session, names)?),
        SourcesCommand::Pin(args) => {
            let options = PinOptions {
                reason: args.reason.clone(),
                approved_by: args.approved_by.clone(),
                lasts: args.expires.get(),
            };
            plain(session, &sources::pin(session, &args.name, &args.sha, &options)?)
        }
        SourcesCommand::Bundle { file } => plain(session, &sources::bundle(session, file, cancel)?),
        SourcesCommand::Unbundle { file } => plain(session, &sources::unbundle(session, file, cancel)?),
        SourcesCommand::Scan { names } => plain(session, &sources::scan(session, names, cancel)?),
        SourcesCommand::Log => plain(session, &sources::log(session)?),
    }
}

fn run_config(session: &Session, command: &ConfigCommand) -> Result<Outcome> {
    match command {
        ConfigCommand::Render { targets, vars, check } => {
            let values = values(session, vars)?;
            let (report, diagnostics) =
                config::render(session, &targets.targets, &env(session, targets)?, &values, *check)?;
            with(session, (report, diagnostics))
        }
        ConfigCommand::Show { targets, vars, explain } => {
            let values = values(session, vars)?;
            let env = env(session, targets)?;
            match explain {
                Some(key) => with(session, config::explain(session, &targets.targets, &env, &values, key)?),
                None => with(session, config::show(session, &targets.targets, &env, &values)?),
            }
        }
        ConfigCommand::Schema { targets } => with(session, schema::schema(session, targets)?),
        ConfigCommand::Diff { left, right, targets } => {
            let (left, right) = (session.env(Some(left))?, session.env(Some(right))?);
            plain(session, &config::diff(session, targets, &left, &right)?)
        }
    }
}

/// Prints lines while they come; a reader that is gone ends it.
fn follow(session: &Session, args: &LogsArgs, cancel: &Cancel) -> Result<Outcome> {
    let mut print = |line: &LogLine| {
        let text = if session.json { line.to_json() } else { line.to_text() };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()).is_ok()
    };
    let (run, target) = (args.run.as_deref(), args.target.as_deref());
    Ok(match logs::follow(session, run, target, cancel, &mut print)? {
        Followed::ToEnd => Outcome::printed(ExitCode::Success),
        Followed::Stopped => Outcome::printed(ExitCode::Interrupted),
        Followed::Killed { pid } => {
            let text = format!("the run ended without saying so: its process {pid} is gone");
            let warning = Diagnostic::warning("RunInterrupted", text)
                .hint("`hybrid orphans` shows what it left behind; `hybrid status` what is built");
            Outcome::printed(ExitCode::Success).with_diagnostics(vec![warning])
        }
    })
}

fn plain<R: Report>(session: &Session, report: &R) -> Result<Outcome> {
    Ok(Outcome::new(report, &session.style))
}

fn with<R: Report>(
    session: &Session,
    (report, diagnostics): (R, Vec<hc_config::Diagnostic>),
) -> Result<Outcome> {
    Ok(Outcome::new(&report, &session.style).with_diagnostics(diagnostics))
}
