//! A build that runs in a thread of its own, for callers that have something else to do meanwhile.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use hc_core::Cancel;

use crate::build::{Build, Built};
use crate::call::Call;
use crate::error::PackerError;

/// A build that runs. Dropped, it asks packer to stop and waits until it is gone.
#[must_use = "dropped, the build is stopped"]
#[derive(Debug)]
pub struct Building {
    cancel: Cancel,
    /// Closed when the thread is at its end.
    over: Receiver<()>,
    thread: Option<JoinHandle<Result<Built, PackerError>>>,
}

impl Call<'static, Build<'static>> {
    /// Builds in a thread of its own, in which [`on_event`](Self::on_event) is called too.
    pub fn start(self) -> Building {
        let cancel = Cancel::new();
        let (alive, over) = channel();
        let heard = cancel.clone();
        let thread = std::thread::spawn(move || {
            let _alive = alive;
            self.run(&heard)
        });
        Building { cancel, over, thread: Some(thread) }
    }
}

impl Building {
    /// Waits until the build has ended.
    ///
    /// # Errors
    /// [`PackerError`] when a process cannot be run at all; a failed build is a result, not an error.
    ///
    /// # Panics
    /// With the panic of the caller's [`on_event`](Call::on_event).
    pub fn wait(mut self) -> Result<Built, PackerError> {
        let thread = self.thread.take().expect("the thread is taken here and when the handle is dropped");
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Waits for at most `time`, and tells whether the build has ended; [`wait`](Self::wait) gives the result then.
    pub fn wait_timeout(&self, time: Duration) -> bool {
        self.over.recv_timeout(time) != Err(RecvTimeoutError::Timeout)
    }

    /// Asks packer to stop and clean up.
    pub fn stop(&self) {
        self.cancel.request();
    }

    /// Ends packer, its plugins and scripts at once.
    pub fn kill(&self) {
        self.cancel.request();
        self.cancel.request();
    }
}

impl Drop for Building {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.stop();
            // A panic of the caller's own listener has been told where it happened.
            let _ = thread.join();
        }
    }
}
