//! Ends a transfer that stands still: some transports of gix block for ever on a silent peer.
//!
//! The transfer runs on its own thread. When it has to end, it is told so; should it sit in a blocking read, it is
//! left behind and ends itself at the first byte that still comes. It writes nothing but objects, whose names are
//! their content, so a late one does no harm.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::GitOptions;
use super::meter::{Meter, Progress};

const TICK: Duration = Duration::from_millis(50);
/// How long a transfer may take to notice that it was told to end.
const GRACE: Duration = Duration::from_secs(2);

/// Why a transfer was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// Nothing moved for this long.
    Idle(Duration),
    /// It took longer than this in all.
    Late(Duration),
    /// Somebody asked.
    Cancelled,
}

/// Runs `job` and watches it.
pub(crate) fn watch<T: Send + 'static>(
    options: &GitOptions,
    cancel: &AtomicBool,
    on_progress: &mut dyn FnMut(Progress),
    job: impl FnOnce(Meter, &AtomicBool) -> T + Send + 'static,
) -> Result<T, Stopped> {
    let meter = Meter::new();
    let interrupt = Arc::new(AtomicBool::new(false));
    let (sender, receiver) = channel();
    // Without a thread nothing is ever heard, as of one that ends without an answer.
    let _ = std::thread::Builder::new().spawn({
        let (meter, interrupt) = (meter.clone(), interrupt.clone());
        move || {
            // Nobody listens any more when the transfer was left behind.
            let _ = sender.send(job(meter, &interrupt));
        }
    });
    let start = Instant::now();
    let (mut seen, mut moved, mut shown) = (meter.activity(), start, Progress::default());
    loop {
        let stopped = match receiver.recv_timeout(TICK) {
            Ok(outcome) => return Ok(outcome),
            // The thread can end without an answer only by a panic, which is as good as a broken connection.
            Err(RecvTimeoutError::Disconnected) => Stopped::Idle(start.elapsed()),
            Err(RecvTimeoutError::Timeout) => {
                let now = meter.activity();
                if now != seen {
                    (seen, moved) = (now, Instant::now());
                }
                let progress = meter.snapshot();
                if progress != shown {
                    shown = progress;
                    on_progress(progress);
                }
                if cancel.load(Ordering::Relaxed) {
                    Stopped::Cancelled
                } else if moved.elapsed() >= options.idle_timeout {
                    Stopped::Idle(options.idle_timeout)
                } else if options.timeout.is_some_and(|limit| start.elapsed() >= limit) {
                    Stopped::Late(options.timeout.unwrap_or_default())
                } else {
                    continue;
                }
            }
        };
        interrupt.store(true, Ordering::Relaxed);
        let _ = receiver.recv_timeout(GRACE);
        return Err(stopped);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(idle: u64) -> GitOptions {
        GitOptions { idle_timeout: Duration::from_millis(idle), ..GitOptions::default() }
    }

    #[test]
    fn silence_ends_and_movement_does_not() {
        let cancel = AtomicBool::new(false);
        let stopped = watch(&options(100), &cancel, &mut |_| {}, |_, interrupt| {
            while !interrupt.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        assert_eq!(stopped, Err(Stopped::Idle(Duration::from_millis(100))));
        let moving = watch(&options(300), &cancel, &mut |_| {}, |meter, _| {
            for _ in 0..10 {
                std::thread::sleep(Duration::from_millis(50));
                gix::progress::Count::inc(&meter);
            }
            7
        });
        assert_eq!(moving, Ok(7));
    }

    #[test]
    fn a_request_to_stop_is_heard() {
        let cancel = AtomicBool::new(true);
        let stopped = watch(&options(60_000), &cancel, &mut |_| {}, |_, interrupt| {
            while !interrupt.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        assert_eq!(stopped, Err(Stopped::Cancelled));
    }
}
