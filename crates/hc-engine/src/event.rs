//! What happens while an operation runs, told through one callback. Consoles, progress bars and run logs consume it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hc_core::{BuildId, BuilderId, Target};
use hc_packer::event::Event as PackerEvent;
use hc_packer::result::PackerResult;
use hc_sources::sync::Event as SourceEvent;

/// One thing that happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// Work on these targets begins; later events name one of them.
    Selected(Vec<BuilderId>),
    /// A target's turn has come.
    Started {
        /// The target.
        target: Target,
        /// How long its last build took, in milliseconds.
        expected_ms: Option<u64>,
    },
    /// Packer is about to start.
    Building {
        /// The target.
        target: Target,
        /// Id of the build.
        build: BuildId,
    },
    /// Packer runs.
    Packer {
        /// The target.
        target: Target,
        /// What it did.
        event: PackerEvent,
    },
    /// An installation medium is downloaded; told about every ten seconds.
    Fetching {
        /// The target.
        target: Target,
        /// Where it comes from.
        url: String,
        /// Bytes so far.
        done: u64,
        /// Bytes in all, where the server says so.
        total: Option<u64>,
    },
    /// Files that an earlier, killed build left were removed.
    Settled {
        /// The target.
        target: Target,
        /// The earlier build.
        build: BuildId,
        /// Whether nothing of it is left anywhere.
        closed: bool,
    },
    /// Packer has ended.
    Ended {
        /// The target.
        target: Target,
        /// How long the build took.
        took: Duration,
        /// What it came to.
        result: Box<PackerResult>,
    },
    /// A target failed before or after packer ran.
    Failed {
        /// The target.
        target: Target,
        /// Code of the error.
        code: &'static str,
        /// The error.
        message: String,
    },
    /// So many targets of a validation are done.
    Validated {
        /// Done.
        done: usize,
        /// All.
        of: usize,
    },
    /// A target's turn is over.
    Finished(Target),
    /// A test suite begins.
    SuiteStarted {
        /// The target.
        target: Target,
        /// Its name.
        suite: String,
        /// The build that is tested.
        build: BuildId,
    },
    /// A test suite said something.
    SuiteLine {
        /// The target.
        target: Target,
        /// The line, redacted.
        text: String,
    },
    /// A test suite has ended.
    SuiteEnded {
        /// The target.
        target: Target,
        /// Its name.
        suite: String,
        /// Its verdict.
        passed: bool,
        /// How long it took.
        took: Duration,
    },
    /// An image went into a channel.
    Published {
        /// The target.
        target: Target,
        /// The channel.
        channel: String,
    },
    /// A source is brought to its pin.
    Source(SourceEvent),
}

/// Who hears events: a callback that is called from one thread at a time.
pub type Listener<'a> = &'a mut (dyn FnMut(Event) + Send);

/// Hands events of several threads to one listener, in the order in which they come.
pub struct Teller<'a>(Mutex<Listener<'a>>);

impl<'a> Teller<'a> {
    /// For a listener.
    pub fn new(listener: Listener<'a>) -> Self {
        Self(Mutex::new(listener))
    }

    /// Tells an event.
    pub fn tell(&self, event: Event) {
        (self.0.lock().unwrap_or_else(PoisonError::into_inner))(event);
    }
}
