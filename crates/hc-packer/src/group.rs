//! The process group of a child, and what is left in it when the child itself is gone.
//!
//! Signals go to the whole group: packer's plugins and scripts are part of it. Never signals anything else.

use std::process::Child;
#[cfg(unix)]
use std::time::Duration;

/// The process group of a child.
pub(crate) struct Group {
    #[cfg(unix)]
    id: Option<rustix::process::Pid>,
}

impl Group {
    #[cfg(unix)]
    pub(crate) fn of(child: &Child) -> Self {
        Self { id: i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) }
    }

    #[cfg(not(unix))]
    pub(crate) fn of(_: &Child) -> Self {
        Self {}
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) -> bool {
        self.id.is_some_and(|id| rustix::process::kill_process_group(id, signal).is_ok())
    }

    pub(crate) fn terminate(&self) {
        #[cfg(unix)]
        self.signal(rustix::process::Signal::TERM);
    }

    pub(crate) fn kill(&self) {
        #[cfg(unix)]
        self.signal(rustix::process::Signal::KILL);
    }

    /// The leader is gone; whatever of its group is left gets a moment, then none.
    pub(crate) fn end_leftovers(&self) {
        #[cfg(unix)]
        {
            if !self.signal(rustix::process::Signal::TERM) {
                return;
            }
            for _ in 0..20 {
                std::thread::sleep(Duration::from_millis(25));
                let alive = self.id.is_some_and(|id| rustix::process::test_kill_process_group(id).is_ok());
                if !alive {
                    return;
                }
            }
            self.kill();
        }
    }
}
