//! The process environment, read once: the only place in the workspace that looks at it.

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

/// What the process was given by its surroundings.
#[derive(Debug, Clone)]
pub struct Environment {
    /// All variables.
    pub vars: Vec<(OsString, OsString)>,
    /// Where it was started.
    pub cwd: PathBuf,
    /// Whether stderr is a terminal (progress, colours).
    pub stderr_is_terminal: bool,
    /// Whether stdout is a terminal (colours in tables).
    pub stdout_is_terminal: bool,
    /// Columns of the terminal; 100 when there is none.
    pub width: usize,
    /// Process id.
    pub pid: u32,
    /// Whether the process acts as root.
    pub is_root: bool,
    /// Host name.
    pub host: String,
    /// The command line as typed, for locks and the run log; option values stay out (they may be secret).
    pub command: String,
    /// Whether the command line asks for JSON, even one that cannot be understood.
    pub asks_for_json: bool,
    /// When the process started.
    pub started: OffsetDateTime,
}

impl Environment {
    /// Looks around.
    ///
    /// # Errors
    /// When the working directory is gone.
    #[expect(clippy::disallowed_methods, reason = "the one reader of the process environment")]
    pub fn capture() -> std::io::Result<Self> {
        let stderr = std::io::stderr();
        let width = rustix::termios::tcgetwinsize(&stderr)
            .map_or(100, |size| usize::from(size.ws_col).clamp(40, 240));
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Ok(Self {
            vars: std::env::vars_os().collect(),
            cwd: std::env::current_dir()?,
            stderr_is_terminal: stderr.is_terminal(),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            width,
            pid: std::process::id(),
            is_root: rustix::process::geteuid().is_root(),
            host,
            command: describe(std::env::args_os()),
            asks_for_json: asks_for_json(std::env::args_os()),
            started: OffsetDateTime::now_utc(),
        })
    }

    /// One variable.
    pub fn var(&self, name: &str) -> Option<&OsStr> {
        self.vars.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_os_str())
    }

    /// A program on the `PATH`.
    pub fn find_program(&self, name: &str) -> Option<PathBuf> {
        std::env::split_paths(self.var("PATH")?).map(|dir| dir.join(name)).find(|path| path.is_file())
    }

    /// A program on the `PATH`, or where programs of the administrator are: scripts of templates run as root find those,
    /// on whatever `PATH` the user has.
    pub fn find_tool(&self, name: &str) -> Option<PathBuf> {
        let admin = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(|dir| Path::new(dir).join(name));
        self.find_program(name).or_else(|| admin.into_iter().find(|path| path.is_file()))
    }

    /// One variable as text; absent when empty or not UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.var(name).and_then(OsStr::to_str).filter(|value| !value.is_empty())
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
