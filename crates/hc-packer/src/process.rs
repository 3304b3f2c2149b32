//! One child process and everything it may leave: own process group, bounded output, timeout, cancellation
//! (PKR-2, PKR-10).
//!
//! Measured: SIGINT to packer's leader alone is ignored, SIGKILL to it leaves its plugins alive, a repeated
//! signal is swallowed. So: TERM to the group once, a grace period, KILL to the group.

use std::ffi::OsString;
use std::fmt;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use hc_core::Cancel;

use crate::error::PackerError;
use crate::group::Group;
use crate::lines::Lines;

/// How often cancellation and the deadline are looked at.
const TICK: Duration = Duration::from_millis(50);
/// Number of the inherited lock descriptor. High, because tools count on low numbers being free: a shell like
/// dash cannot even name one above 9 (mmdebstrap failed with the lock at 3).
#[cfg(unix)]
const LOCK_FD: i32 = 200;
/// How long pipes may stay open after the child has gone, held by its children.
const DRAIN: Duration = Duration::from_secs(2);
/// Bytes that are read after that time, at most. What the child itself wrote last may still wait in the pipes and the
/// channel, together less than this; whatever comes behind it is a chatty leftover's.
const LATE: usize = 8 << 20;

/// What is started.
pub struct Invocation {
    /// Absolute path of the program.
    pub program: PathBuf,
    /// Arguments.
    pub args: Vec<OsString>,
    /// Working directory.
    pub cwd: PathBuf,
    /// The whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// Longest time it may take.
    pub timeout: Duration,
    /// Time it gets to clean up after a request to stop.
    pub grace: Duration,
    /// Lock file that the child and all its children hold open, and thereby locked (STATE-2).
    pub inherit: Option<std::fs::File>,
}

/// Without the environment, which holds secrets.
impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation")
            .field("program", &self.program)
            .field("args", &self.args)
            .field("cwd", &self.cwd)
            .finish_non_exhaustive()
    }
}

/// Which pipe a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pipe {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How the process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this code.
    Exited(i32),
    /// By this signal, which was not sent from here: a killer of memory hogs, a person.
    Killed(i32),
    /// Because of a request to stop.
    Cancelled,
    /// Because it ran longer than it may.
    TimedOut,
}

impl Ending {
    /// The exit code as a shell would tell it, 128 + n for signal n; `None` when it was stopped from here.
    pub fn code(self) -> Option<i32> {
        match self {
            Self::Exited(code) => Some(code),
            Self::Killed(signal) => Some(128 + signal),
            Self::Cancelled | Self::TimedOut => None,
        }
    }
}

/// What is heard of a running process.
pub(crate) enum Heard<'a> {
    /// It runs, and this is its id.
    Started(u32),
    /// It said a line.
    Line(Pipe, &'a [u8]),
    /// There is nothing more to hear for now.
    Silence,
}

/// Gets bytes of a pipe, or nothing when all is silent for now.
type Take<'t> = dyn FnMut(Option<(Pipe, &[u8])>) + 't;

enum Message {
    Bytes(Pipe, Vec<u8>),
    Closed,
}

/// Starts the process, hands over its output line by line (without line ends), and waits for it and for all of
/// its group. Memory stays bounded: a slow `line` slows the process down. Starts nothing when a request to stop was made
/// before. When `line` panics, the process and its group are ended before the panic goes on.
///
/// # Errors
/// [`PackerError::Spawn`], [`PackerError::Wait`].
pub fn run(
    invocation: Invocation,
    cancel: &Cancel,
    mut line: impl FnMut(Pipe, &[u8]),
) -> Result<Ending, PackerError> {
    listen(invocation, cancel, &<[u8]>::len, |heard| {
        if let Heard::Line(pipe, text) = heard {
            line(pipe, text);
        }
    })
}

/// [`run`] that also tells of the start, where `cut` says how many bytes of an overlong line may be handed over before
/// the rest of it is known.
pub(crate) fn listen(
    invocation: Invocation,
    cancel: &Cancel,
    cut: &dyn Fn(&[u8]) -> usize,
    mut hear: impl FnMut(Heard<'_>),
) -> Result<Ending, PackerError> {
    // A request that came while the stage was made or an image was downloaded must not cost an hour of packer.
    if cancel.is_requested() {
        return Ok(Ending::Cancelled);
    }
    let mut child = spawn(&invocation)?;
    let (sender, receiver) = sync_channel(64);
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (timeout, grace) = (invocation.timeout, invocation.grace);
    // Before anything that can fail: what was started is ended then.
    let mut running =
        Running { group: Group::of(&child), child, receiver, grace, cancel: cancel.clone(), over: false };
    let unheard = |source| PackerError::Wait { source };
    if let Some(pipe) = stdout {
        read_in_background(Pipe::Stdout, pipe, sender.clone()).map_err(unheard)?;
    }
    if let Some(pipe) = stderr {
        read_in_background(Pipe::Stderr, pipe, sender.clone()).map_err(unheard)?;
    }
    drop(sender);
    hear(Heard::Started(running.child.id()));
    let (mut out, mut err) = (Lines::default(), Lines::default());
    let ending = running.supervise(timeout, &mut |said| {
        let Some((pipe, bytes)) = said else { return hear(Heard::Silence) };
        let lines = if pipe == Pipe::Stdout { &mut out } else { &mut err };
        lines.take(bytes, cut, |text| hear(Heard::Line(pipe, text)));
    });
    out.finish(|text| hear(Heard::Line(Pipe::Stdout, text)));
    err.finish(|text| hear(Heard::Line(Pipe::Stderr, text)));
    ending
}

/// A child that runs. Dropped before it is over, by a panic or an error of its caller, it ends the whole group: packer
/// would go on without anyone to look after it.
struct Running {
    child: Child,
    group: Group,
    receiver: Receiver<Message>,
    grace: Duration,
    cancel: Cancel,
    over: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        self.group.terminate();
        let start = Instant::now();
        while start.elapsed() < self.grace && self.cancel.requests() < 2 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                self.group.end_leftovers();
                return;
            }
            // Read and forgotten: a packer that cannot write does not clean up.
            if let Err(RecvTimeoutError::Disconnected) = self.receiver.recv_timeout(TICK) {
                std::thread::sleep(TICK);
            }
        }
        self.group.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn supervise(&mut self, timeout: Duration, take: &mut Take<'_>) -> Result<Ending, PackerError> {
        let start = Instant::now();
        let mut stopping: Option<(Ending, Instant)> = None;
        let mut killed = false;
        let mut gone: Option<(Ending, Instant)> = None;
        let mut open = 2;
        let mut late = 0;
        loop {
            let mut quiet = false;
            let message = self.receiver.try_recv().or_else(|_| {
                take(None);
                self.receiver.recv_timeout(TICK)
            });
            match message {
                Ok(Message::Bytes(pipe, bytes)) => {
                    if gone.is_some_and(|(_, since)| since.elapsed() >= DRAIN) {
                        late += bytes.len();
                    }
                    take(Some((pipe, &bytes)));
                }
                Ok(Message::Closed) => open -= 1,
                Err(RecvTimeoutError::Timeout) => quiet = true,
                Err(RecvTimeoutError::Disconnected) => open = 0,
            }
            if gone.is_none()
                && let Some(status) = self.child.try_wait().map_err(|source| PackerError::Wait { source })?
            {
                gone = Some((ending_of(status), Instant::now()));
            }
            if let Some((ending, since)) = gone {
                // Pipes that are still open and silent belong to what the child left behind. While bytes come they may
                // be the child's last words, which a slow reader has not taken yet.
                if open == 0 || since.elapsed() >= DRAIN && (quiet || late >= LATE) {
                    self.over = true;
                    self.group.end_leftovers();
                    return Ok(stopping.map_or(ending, |(ending, _)| ending));
                }
                continue;
            }
            if open == 0 {
                // All output is read; only the exit is missing.
                std::thread::sleep(Duration::from_millis(2));
            }
            if stopping.is_none()
                && let Some(ending) = self.must_stop(start.elapsed() >= timeout)
            {
                self.group.terminate();
                stopping = Some((ending, Instant::now()));
            }
            if let Some((_, since)) = stopping
                && !killed
                && (since.elapsed() >= self.grace || self.cancel.requests() > 1)
            {
                self.group.kill();
                killed = true;
            }
        }
    }

    fn must_stop(&self, overdue: bool) -> Option<Ending> {
        if self.cancel.is_requested() {
            return Some(Ending::Cancelled);
        }
        overdue.then_some(Ending::TimedOut)
    }
}

fn spawn(invocation: &Invocation) -> Result<Child, PackerError> {
    let mut command = Command::new(&invocation.program);
    command
        .args(&invocation.args)
        .current_dir(&invocation.cwd)
        .env_clear()
        .envs(invocation.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let failed = |source| PackerError::Spawn { path: invocation.program.clone(), source };
    #[cfg(unix)]
    {
        use command_fds::{CommandFdExt, FdMapping};
        use std::os::unix::process::CommandExt;
        command.process_group(0);
        if let Some(file) = &invocation.inherit {
            let parent_fd = file.try_clone().map_err(failed)?.into();
            command
                .fd_mappings(vec![FdMapping { parent_fd, child_fd: LOCK_FD }])
                .map_err(|error| failed(std::io::Error::other(error)))?;
        }
    }
    command.spawn().map_err(failed)
}

fn ending_of(status: std::process::ExitStatus) -> Ending {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return Ending::Killed(signal);
    }
    Ending::Exited(status.code().unwrap_or(-1))
}

fn read_in_background(
    pipe: Pipe,
    mut source: impl Read + Send + 'static,
    sender: SyncSender<Message>,
) -> std::io::Result<()> {
    let read = move || {
        let mut buffer = vec![0; 32 << 10];
        loop {
            match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    if sender.send(Message::Bytes(pipe, buffer[..count].to_vec())).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        let _ = sender.send(Message::Closed);
    };
    std::thread::Builder::new().spawn(read).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Invocation {
        Invocation {
            program: "/bin/sh".into(),
            args: vec!["-c".into(), script.into()],
            cwd: "/".into(),
            env: vec![("PATH".into(), "/usr/bin:/bin".into())],
            timeout: Duration::from_secs(20),
            grace: Duration::from_millis(300),
            inherit: None,
        }
    }

    fn collect(invocation: Invocation, cancel: &Cancel) -> (Ending, Vec<Vec<u8>>) {
        let mut lines = Vec::new();
        let ending = run(invocation, cancel, |_, line| lines.push(line.to_vec())).unwrap();
        (ending, lines)
    }

    #[test]
    fn lines_arrive_whole_whatever_their_end() {
        let (ending, lines) = collect(sh("printf 'a\\nb\\r\\n\\377c'; exit 3"), &Cancel::new());
        assert_eq!(ending, Ending::Exited(3));
        assert_eq!(lines, [b"a".to_vec(), b"b".to_vec(), b"\xffc".to_vec()]);
    }

    #[test]
    fn a_huge_line_comes_in_bounded_pieces() {
        let (_, lines) = collect(sh("head -c 1000000 /dev/zero | tr '\\0' x"), &Cancel::new());
        assert_eq!(lines.iter().map(Vec::len).sum::<usize>(), 1_000_000);
        assert!(lines.iter().all(|line| line.len() < crate::lines::LONGEST + (32 << 10)));
    }

    #[test]
    fn a_deaf_child_is_killed_after_its_grace_and_takes_its_group_along() {
        let cancel = Cancel::new();
        let asker = cancel.clone();
        let thread = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(200));
            asker.request();
        });
        let start = Instant::now();
        let (ending, lines) = collect(sh("trap '' TERM; sleep 60 & echo $!; wait; sleep 60"), &cancel);
        thread.join().unwrap();
        assert_eq!(ending, Ending::Cancelled);
        assert!(start.elapsed() < Duration::from_secs(10));
        let pid: i32 = String::from_utf8(lines[0].clone()).unwrap().parse().unwrap();
        assert!(is_gone(pid), "the sleeper lives");
    }

    /// Whether a process is gone, or dead and only not waited for by its new parent.
    fn is_gone(pid: i32) -> bool {
        rustix::process::test_kill_process(rustix::process::Pid::from_raw(pid).unwrap()).is_err()
            || std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
    }

    #[test]
    fn a_listener_that_panics_leaves_nothing_running() {
        let start = Instant::now();
        let mut pids = Vec::new();
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let script =
                "trap '' TERM; sh -c 'trap \"\" TERM; echo $$; exec sleep 60' & echo $$; wait; sleep 60";
            run(sh(script), &Cancel::new(), |_, line| {
                pids.push(String::from_utf8(line.to_vec()).unwrap().parse::<i32>().unwrap());
                assert!(pids.len() < 2, "the caller is broken");
            })
        }));
        assert!(panic.is_err() && start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        std::thread::sleep(Duration::from_millis(100));
        assert!(pids.len() == 2 && pids.iter().all(|pid| is_gone(*pid)), "{pids:?}");
    }

    #[test]
    fn a_listener_that_panics_gives_the_child_time_to_clean_up() {
        let dir = tempfile::tempdir().unwrap();
        // What it says while it cleans up is more than a pipe holds.
        let script = "trap 'seq 100000; echo > cleaned; exit 1' TERM; echo up; while :; do sleep 0.1; done";
        let invocation =
            Invocation { cwd: dir.path().to_owned(), grace: Duration::from_secs(20), ..sh(script) };
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            run(invocation, &Cancel::new(), |_, _| panic!("the caller is broken"))
        }));
        assert!(panic.is_err() && dir.path().join("cleaned").exists());
    }

    #[test]
    fn a_signal_from_elsewhere_is_told_apart_from_an_exit() {
        let (ending, _) = collect(sh("kill -KILL $$"), &Cancel::new());
        assert_eq!((ending, ending.code()), (Ending::Killed(9), Some(137)));
        let (ending, _) = collect(sh("exit 137"), &Cancel::new());
        assert_eq!((ending, ending.code()), (Ending::Exited(137), Some(137)));
    }

    #[test]
    fn a_grandchild_that_holds_the_pipes_does_not_hang_us() {
        let start = Instant::now();
        let (ending, _) = collect(sh("sleep 60 & exit 0"), &Cancel::new());
        assert_eq!(ending, Ending::Exited(0));
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn last_words_arrive_however_slowly_they_are_read() {
        let (mut count, mut last) = (0, Vec::new());
        // Some 400 KiB wait in pipe and channel when the child ends; they are read for longer than leftovers may live.
        let script = "seq 1 60000; echo 'the reason'";
        let ending = run(sh(script), &Cancel::new(), |_, line| {
            (count, last) = (count + 1, line.to_vec());
            if count % 1_000 == 0 {
                std::thread::sleep(Duration::from_millis(60));
            }
        });
        assert_eq!(ending.unwrap(), Ending::Exited(0));
        assert_eq!((count, last.as_slice()), (60_001, b"the reason".as_slice()));
    }

    #[test]
    fn leftovers_that_never_fall_silent_end_too() {
        let start = Instant::now();
        let mut bytes = 0;
        let ending = run(sh("yes & exit 4"), &Cancel::new(), |_, line| bytes += line.len());
        assert_eq!(ending.unwrap(), Ending::Exited(4));
        assert!(start.elapsed() < Duration::from_secs(30) && bytes > 0, "{:?}", start.elapsed());
    }

    #[test]
    fn nothing_starts_after_a_request_to_stop() {
        let dir = tempfile::tempdir().unwrap();
        let cancel = Cancel::new();
        cancel.request();
        let invocation = Invocation { cwd: dir.path().to_owned(), ..sh("touch started") };
        assert_eq!(collect(invocation, &cancel).0, Ending::Cancelled);
        assert!(!dir.path().join("started").exists());
    }

    #[test]
    fn time_is_limited() {
        let invocation = Invocation { timeout: Duration::from_millis(200), ..sh("sleep 60") };
        assert_eq!(collect(invocation, &Cancel::new()).0, Ending::TimedOut);
    }

    #[test]
    fn the_lock_stays_held_by_what_the_child_leaves_running() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let file = std::fs::File::create(&path).unwrap();
        file.try_lock().unwrap();
        let mut child = spawn(&Invocation { inherit: Some(file), ..sh("sleep 60 & wait") }).unwrap();
        let other = std::fs::File::open(&path).unwrap();
        assert!(other.try_lock().is_err(), "the child does not hold the lock");
        Group::of(&child).kill();
        child.wait().unwrap();
        let free = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            other.try_lock().is_ok()
        });
        assert!(free, "the lock outlives its holders");
    }
}
