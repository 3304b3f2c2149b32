//! The process and its terminal, read once: the only place in the workspace that looks at them.

use std::ffi::OsString;
use std::io::IsTerminal;

use hc_core::Cancel;
use hc_engine::{Host, Platform, Trust};
use time::OffsetDateTime;

/// What the process was given by its surroundings.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    /// What the engine needs of it.
    pub(crate) host: Host,
    /// How it shows things to people.
    pub(crate) terminal: Terminal,
    /// Whether the command line asks for JSON, even one that cannot be understood.
    pub(crate) asks_for_json: bool,
}

/// What text for people is written to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    /// Whether stderr is a terminal (progress, colours).
    pub(crate) stderr: bool,
    /// Whether stdout is a terminal (colours in tables).
    pub(crate) stdout: bool,
    /// Whether a person can be asked: stdin and stderr are terminals, and this is not CI.
    pub(crate) asks: bool,
    /// Columns of the terminal; 100 when there is none.
    pub(crate) width: usize,
}

impl Environment {
    /// Looks around.
    ///
    /// # Errors
    /// When the working directory is gone.
    #[expect(clippy::disallowed_methods, reason = "the one reader of the process environment")]
    pub(crate) fn capture() -> std::io::Result<Self> {
        let host = Host {
            vars: std::env::vars_os().collect(),
            cwd: std::env::current_dir()?,
            pid: std::process::id(),
            is_root: rustix::process::geteuid().is_root(),
            name: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            platform: Platform::of_this_program(),
            command: describe(std::env::args_os()),
            started: OffsetDateTime::now_utc(),
            clock: OffsetDateTime::now_utc,
            cancel: Cancel::new(),
            trust: Trust::Withheld,
        };
        let asks_for_json = asks_for_json(std::env::args_os());
        let is_ci = host.text("CI").is_some_and(|ci| ci != "false" && ci != "0");
        Ok(Self { terminal: Terminal::capture(is_ci), host, asks_for_json })
    }
}

impl Terminal {
    fn capture(is_ci: bool) -> Self {
        let stderr = std::io::stderr();
        let width = rustix::termios::tcgetwinsize(&stderr)
            .map_or(100, |size| usize::from(size.ws_col).clamp(40, 240));
        let asks = !is_ci && stderr.is_terminal() && std::io::stdin().is_terminal();
        Self { stderr: stderr.is_terminal(), stdout: std::io::stdout().is_terminal(), asks, width }
    }
}

fn asks_for_json(words: impl Iterator<Item = OsString>) -> bool {
    let words: Vec<OsString> = words.collect();
    words.iter().any(|word| word == "--format=json")
        || words.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json")
}

/// `hybrid build --env dev`: words up to the first value that could be anything.
fn describe(args: impl Iterator<Item = OsString>) -> String {
    let mut words = vec!["hybrid".to_owned()];
    let mut hide_next = false;
    for arg in args.skip(1).take(12) {
        let arg = arg.to_string_lossy().into_owned();
        if std::mem::take(&mut hide_next) {
            words.push("…".into());
        } else if let Some((option, _)) = arg.split_once('=').filter(|(option, _)| option.starts_with("--")) {
            words.push(format!("{option}=…"));
        } else {
            hide_next = matches!(arg.as_str(), "--set" | "--reason");
            words.push(arg.chars().filter(|c| !c.is_control()).take(80).collect());
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn values_of_set_stay_out_of_the_description() {
        let args = ["/x/hybrid", "build", "--set", "password=hunter2", "--env=prod", "-q"];
        assert_eq!(describe(args.into_iter().map(Into::into)), "hybrid build --set … --env=… -q");
    }
}
