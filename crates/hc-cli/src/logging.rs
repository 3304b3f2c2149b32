//! The run log: what the program did, in `logs/hybrid.log`, never a reason to fail (LOG-1).

use hc_config::settings::SystemLog;
use hc_logs::{ConsoleOptions, LogGuard, LogOptions, Rotation, SystemOptions, SystemProtocol};
use hc_records::layout;

use crate::command_error::CommandError;
use crate::commands::Writes;
use crate::report::Outcome;
use crate::session::Session;

/// Starts the log of a run that changes something; a look at the project writes nothing.
pub(crate) fn start(session: &Session, writes: Writes, keep: Option<u32>) -> Option<LogGuard> {
    let project = &session.project;
    let settings = &project.settings.logs;
    let max_days = keep.or_else(|| number(session, "LOG_MAX_DAYS")).unwrap_or(settings.keep_days);
    let max_bytes = number(session, "LOG_MAX_BYTES").unwrap_or(settings.max_bytes);
    let logged = writes == Writes::Project;
    let options = LogOptions {
        dir: logged.then(|| project.at(layout::LOGS)),
        component: "hybrid".into(),
        run_id: project.run_id.clone(),
        console: ConsoleOptions {
            // Information belongs into the file; people read the report.
            verbosity: session.verbosity - 1,
            json: false,
            color: session.style.stderr,
            writer: Box::new(std::io::stderr()),
        },
        redactor: project.redactor.clone(),
        now: project.host.clock,
        rotation: Rotation { max_bytes, max_days },
        system: system(session).filter(|_| logged),
    };
    let guard = hc_logs::init(options).ok()?;
    if logged {
        let host = &project.host;
        tracing::info!(
            command = %host.command,
            version = env!("CARGO_PKG_VERSION"),
            pid = host.pid,
            host = %host.name,
            "started"
        );
    }
    Some(guard)
}

/// The log of the system, when the project wants one.
fn system(session: &Session) -> Option<SystemOptions> {
    let project = &session.project;
    let settings = &project.settings.logs;
    Some(SystemOptions {
        protocol: match settings.system? {
            SystemLog::Syslog => SystemProtocol::Syslog,
            SystemLog::Journald => SystemProtocol::Journald,
        },
        socket: settings.system_socket.as_ref().map(|path| project.at(path)),
        debug: session.verbosity > 0,
        pid: project.host.pid,
    })
}

/// A number from the environment, as `HYBRID_…` or under its older name `HYBRIDCORE_…`; anything else is ignored, for
/// logs are never a reason to fail.
fn number<T: std::str::FromStr>(session: &Session, name: &str) -> Option<T> {
    let host = &session.project.host;
    ["HYBRID_", "HYBRIDCORE_"]
        .iter()
        .find_map(|prefix| host.var(&format!("{prefix}{name}"))?.to_str()?.parse().ok())
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
