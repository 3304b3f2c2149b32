//! What happens while packer runs, as values; the caller decides how it looks.

use crate::machine::StreamArtifact;

/// How loud a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// A step: `==> …`. Since 1.11 also what scripts print.
    Say,
    /// Output of a step.
    Message,
    /// An error, or standard error of a provisioner.
    Error,
}

/// Something that happened. Texts are redacted before they get here.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// An attempt begins; counted from 1.
    Attempt(u32),
    /// Packer's process runs.
    Started {
        /// Its id, which is the id of its process group too.
        pid: u32,
    },
    /// A source was heard for the first time in this attempt.
    SourceStarted {
        /// Its name: `null.minimal`.
        source: String,
    },
    /// Packer or something under it said a line.
    Line {
        /// Source that it belongs to: `null.minimal`; empty for packer itself.
        source: String,
        /// How loud.
        level: Level,
        /// The text, one line. A post-processor's begins with its name: `(checksum) …`.
        text: String,
    },
    /// Packer warns of something in the template.
    Warning {
        /// What it warns of, one line.
        text: String,
    },
    /// A provisioner failed, and the build went on because of `continue_on_error` (packer 1.16).
    FailureIgnored {
        /// The source.
        source: String,
        /// Why the provisioner failed.
        why: String,
    },
    /// A source made something.
    Artifact(StreamArtifact),
    /// Packer is done with a source in this attempt.
    SourceFinished {
        /// Its name.
        source: String,
        /// Why it failed; absent when it was built.
        error: Option<String>,
    },
    /// A transient failure will be tried again.
    Retrying {
        /// After this many milliseconds.
        after_ms: u64,
        /// Because of this.
        why: String,
    },
}
