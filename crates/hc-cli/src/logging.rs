//! The run log: what the program did, in `logs/hybrid.log`, never a reason to fail (LOG-1).

use hc_config::settings::SystemLog;
use hc_logs::{ConsoleOptions, LogGuard, LogOptions, Rotation, SystemOptions, SystemProtocol};

use crate::args::{
    ArtifactsCommand, CacheCommand, CleanArgs, Command, OrphansArgs, PackerCommand, PluginsCommand,
    SourcesCommand,
};
use crate::command_error::CommandError;
use crate::report::Outcome;
use crate::session::Session;

/// Starts the log of a run that changes something; a look at the project writes nothing.
pub(crate) fn start(session: &Session, command: &Command, keep: Option<u32>) -> Option<LogGuard> {
    let settings = &session.settings.logs;
    let max_days = keep.or_else(|| number(session, "LOG_MAX_DAYS")).unwrap_or(settings.keep_days);
    let max_bytes = number(session, "LOG_MAX_BYTES").unwrap_or(settings.max_bytes);
    let writes = matches!(
        command,
        Command::Validate(_)
            | Command::Build(_)
            | Command::Provisioners(_)
            | Command::State(_)
            | Command::Config(_)
            | Command::Test(_)
            | Command::Publish(_)
            | Command::Orphans(OrphansArgs { stop: true, .. } | OrphansArgs { forget: Some(_), .. })
            | Command::Artifacts(ArtifactsCommand::Revoke { .. })
            | Command::Packer(
                PackerCommand::Pin { .. }
                    | PackerCommand::UpgradeCheck { .. }
                    | PackerCommand::Plugins(PluginsCommand::Lock | PluginsCommand::Install { .. })
            )
            | Command::Sources(
                SourcesCommand::Sync(_)
                    | SourcesCommand::Resume(_)
                    | SourcesCommand::Pin(_)
                    | SourcesCommand::Unbundle { .. }
                    | SourcesCommand::Scan { .. }
            )
            | Command::Cache(CacheCommand::Prune { .. })
            | Command::Clean(CleanArgs { yes: true, .. })
    );
    let options = LogOptions {
        dir: writes.then(|| session.root.join("logs")),
        component: "hybrid".into(),
        run_id: session.run_id.clone(),
        console: ConsoleOptions {
            // Information belongs into the file; people read the report.
            verbosity: session.verbosity - 1,
            json: false,
            color: session.style.stderr,
            writer: Box::new(std::io::stderr()),
        },
        redactor: session.redactor.clone(),
        now: time::OffsetDateTime::now_utc,
        rotation: Rotation { max_bytes, max_days },
        system: system(session).filter(|_| writes),
    };
    let guard = hc_logs::init(options).ok()?;
    if writes {
        let environment = &session.environment;
        tracing::info!(
            command = %environment.command,
            version = env!("CARGO_PKG_VERSION"),
            pid = environment.pid,
            host = %environment.host,
            "started"
        );
    }
    Some(guard)
}

/// The log of the system, when the project wants one.
fn system(session: &Session) -> Option<SystemOptions> {
    let settings = &session.settings.logs;
    Some(SystemOptions {
        protocol: match settings.system? {
            SystemLog::Syslog => SystemProtocol::Syslog,
            SystemLog::Journald => SystemProtocol::Journald,
        },
        socket: settings.system_socket.as_ref().map(|path| session.root.join(path)),
        debug: session.verbosity > 0,
        pid: session.environment.pid,
    })
}

/// A number from the environment, as `HYBRID_…` or under its older name `HYBRIDCORE_…`; what is none is ignored, for
/// logs are never a reason to fail.
fn number<T: std::str::FromStr>(session: &Session, name: &str) -> Option<T> {
    ["HYBRID_", "HYBRIDCORE_"]
        .iter()
        .find_map(|prefix| session.environment.var(&format!("{prefix}{name}"))?.to_str()?.parse().ok())
}

/// Notes how the run ended.
pub(crate) fn end(result: &Result<Outcome, CommandError>) {
    match result {
        Ok(outcome) => tracing::info!(exit_code = outcome.exit.number(), "ended"),
        Err(error) => {
            tracing::info!(exit_code = error.exit.number(), code = error.code, "failed: {}", error.message)
        }
    }
}
