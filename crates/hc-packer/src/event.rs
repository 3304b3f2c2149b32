//! What happens while packer runs, as values; the caller decides how it looks.

/// How loud a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// A step: `==> …`.
    Say,
    /// Output of a step.
    Message,
    /// An error, or standard error of a provisioner.
    Error,
}

/// Something that happened. Texts are redacted before they get here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An attempt begins; counted from 1.
    Attempt(u32),
    /// Packer or something under it said a line.
    Line {
        /// Source that it belongs to: `null.minimal`; empty for packer itself.
        source: String,
        /// How loud.
        level: Level,
        /// The text, one line.
        text: String,
    },
    /// A transient failure will be tried again.
    Retrying {
        /// After this many milliseconds.
        after_ms: u64,
        /// Because of this.
        why: String,
    },
}

/// Removes secrets from bytes.
pub trait Redact: Send + Sync {
    /// One line without its secrets.
    fn redact(&self, line: &[u8]) -> Vec<u8>;

    /// What [`redact`](Self::redact) makes of a piece of a line, without counting it and without remembering what it was:
    /// asked to find out where an overlong line may be cut.
    fn probe(&self, piece: &[u8]) -> Vec<u8> {
        self.redact(piece)
    }
}

/// Leaves everything as it is; for callers without secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSecrets;

impl Redact for NoSecrets {
    fn redact(&self, line: &[u8]) -> Vec<u8> {
        line.to_vec()
    }
}
