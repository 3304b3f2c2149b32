//! The other process of the integration tests: `state-writer ROOT ORDER…` does what the order says.
//!
//! One thread and no output of its own, so that the n-th system call of a kind is the store's n-th.

use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use hc_core::RunId;
use hc_state::{PluginRecord, RestorePoint, StateError, Store, StoreOptions};
use time::OffsetDateTime;

/// Exit status of a failed order; the exit code of its error is added.
const FAILED: u8 = 40;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match obey(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Injected faults may hit this very write.
            let _ = writeln!(std::io::stderr(), "[{}] {error}", error.code());
            ExitCode::from(FAILED + error.class().number())
        }
    }
}

fn ready() {
    let _ = writeln!(std::io::stdout(), "ready");
}

fn obey(words: &[&str]) -> Result<(), StateError> {
    let [root, order, arguments @ ..] = words else { return Ok(()) };
    let mut options = StoreOptions::new(format!("hybrid {order}"), "builder-01", std::process::id(), 7);
    options.lock_timeout = Duration::from_secs(if *order == "count" { 300 } else { 20 });
    options.unsafe_no_lock = *order == "commit-without-locks";
    let store = Store::open(Path::new(root), options)?;
    match (*order, arguments) {
        // Adds to its own counter, so many times.
        ("count", [name, times]) => {
            (0..times.parse().unwrap_or(0_u32)).try_for_each(|_| add_one(&store, name))
        }
        ("commit" | "commit-without-locks", _) => add_one(&store, "last"),
        ("restore", _) => store.restore(RestorePoint::NewestGood, &run()).map(drop),
        ("commit-for-ever", _) => {
            ready();
            loop {
                add_one(&store, "last")?;
            }
        }
        // Holds the state lock until it is killed.
        ("hold", _) => hold(&store, || {}),
        // Begins a build: a long-lived child inherits the build lock, while the state lock is held too.
        ("build", [target]) => {
            let Ok(target) = target.parse() else { return Ok(()) };
            let lock = store.build_lock(&target)?;
            hold(&store, || {
                let copy = lock.as_ref().and_then(|lock| lock.file().try_clone().ok());
                let mappings =
                    copy.map(|copy| FdMapping { parent_fd: copy.into(), child_fd: 3 }).into_iter().collect();
                let mut child = Command::new("sleep");
                child.arg("600").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
                let spawned = child.fd_mappings(mappings).map(|child| child.spawn());
                assert!(matches!(spawned, Ok(Ok(_))), "no child: {spawned:?}");
            })
        }
        _ => Ok(()),
    }
}

fn run() -> RunId {
    RunId::new(OffsetDateTime::UNIX_EPOCH, 1)
}

fn add_one(store: &Store, name: &str) -> Result<(), StateError> {
    store.with_exclusive(&run(), |locked| {
        let plugins = &mut locked.state_mut().plugins;
        let done: u32 = plugins.get(name).and_then(|plugin| plugin.version.parse().ok()).unwrap_or(0);
        plugins.insert(name.to_owned(), PluginRecord { checksum: None, version: (done + 1).to_string() });
        Ok(())
    })
}

fn hold(store: &Store, meanwhile: impl FnOnce()) -> Result<(), StateError> {
    store.with_exclusive(&run(), |_| {
        meanwhile();
        ready();
        std::thread::sleep(Duration::from_secs(600));
        Ok(())
    })
}
