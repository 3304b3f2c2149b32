//! What the engine needs of the machine and the process around it, given as values: nothing here is read by itself.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use hc_core::Cancel;
use hc_core::lock::Holder;
use hc_packer::Platform;
use time::OffsetDateTime;

use super::trust::Trust;

/// The surroundings of a run.
#[derive(Clone)]
pub struct Host {
    /// Environment variables.
    pub vars: Vec<(OsString, OsString)>,
    /// Directory that paths typed by a person are relative to.
    pub cwd: PathBuf,
    /// Process id, for locks and the journal.
    pub pid: u32,
    /// Whether the process acts as root.
    pub is_root: bool,
    /// Name of the machine.
    pub name: String,
    /// Its system and architecture. What a machine of another kind would count can be asked by giving another.
    pub platform: Platform,
    /// What runs, for locks and the run log; values of options stay out (they may be secret).
    pub command: String,
    /// When the run began.
    pub started: OffsetDateTime,
    /// The clock.
    pub clock: fn() -> OffsetDateTime,
    /// How the run is asked to stop.
    pub cancel: Cancel,
    /// Whether programs that the project names may run.
    pub trust: Trust,
}

impl std::fmt::Debug for Host {
    /// Without the variables: any of them may be a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("cwd", &self.cwd).field("name", &self.name).finish_non_exhaustive()
    }
}

impl Host {
    /// A host for a program that embeds the engine: this process, the system's clock, these variables and no others. It
    /// trusts no project: set [`trust`](Self::trust) for one whose programs may run.
    pub fn new<K: Into<OsString>, V: Into<OsString>>(
        cwd: impl Into<PathBuf>,
        vars: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self {
            vars: vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            cwd: cwd.into(),
            pid: std::process::id(),
            is_root: false,
            name: "localhost".into(),
            platform: Platform::of_this_program(),
            command: "hc-engine".into(),
            started: OffsetDateTime::now_utc(),
            clock: OffsetDateTime::now_utc,
            cancel: Cancel::new(),
            trust: Trust::Withheld,
        }
    }

    /// One variable.
    pub fn var(&self, name: &str) -> Option<&OsStr> {
        self.vars.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_os_str())
    }

    /// One variable as text; absent when empty or not UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.var(name).and_then(OsStr::to_str).filter(|value| !value.is_empty())
    }

    /// The directories of `PATH` that are absolute. An empty or a relative one means the working directory, where a
    /// project may have put a program of a well-known name.
    fn search_dirs(&self) -> impl Iterator<Item = PathBuf> {
        let dirs = self.var("PATH").into_iter().flat_map(std::env::split_paths);
        dirs.filter(|dir| dir.is_absolute())
    }

    /// `PATH` without its relative directories.
    pub fn search_path(&self) -> Option<OsString> {
        self.var("PATH")?;
        std::env::join_paths(self.search_dirs()).ok()
    }

    /// A program on the `PATH`, absolute.
    pub fn find_program(&self, name: &str) -> Option<PathBuf> {
        self.search_dirs().map(|dir| dir.join(name)).find(|path| path.is_file())
    }

    /// A program on the `PATH`, or where programs of the administrator are: scripts of templates run as root find those,
    /// on whatever `PATH` the user has.
    pub fn find_tool(&self, name: &str) -> Option<PathBuf> {
        let admin = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(|dir| Path::new(dir).join(name));
        self.find_program(name).or_else(|| admin.into_iter().find(|path| path.is_file()))
    }

    /// The variables of `names` that are set.
    pub fn only(&self, names: &[&str]) -> Vec<(OsString, OsString)> {
        names.iter().filter_map(|name| Some(((*name).into(), self.var(name)?.to_owned()))).collect()
    }

    /// The account that runs this, for records.
    pub fn operator(&self) -> &str {
        self.text("USER").or(self.text("LOGNAME")).unwrap_or("unknown")
    }

    /// This process as the holder of a lock since `since`.
    pub fn holder(&self, since: OffsetDateTime) -> Holder {
        Holder { pid: self.pid, host: self.name.clone(), command: self.command.clone(), since }
    }

    /// A path that a person typed.
    pub fn typed(&self, path: &Path) -> PathBuf {
        self.cwd.join(path)
    }
}
