//! What is written about a run, and what must never be written.
//!
//! Owns the redactor that every sink writes through ([`redact`], LOG-2), the one line format ([`mod@line`]) and
//! the subscriber that writes it ([`subscriber`], LOG-1), rotation and retention of log files ([`rotate`],
//! `hc_records::retention`), reading them back ([`read`]), scanning of tracked inputs for secrets ([`scan`], SEC-1) and
//! the archive of `diag bundle` ([`bundle`], DIAG-1).
//!
//! Never prints, never reads the process environment, never fails a build because a log could not be
//! written. Depends on hc-core alone.

pub mod bundle;
mod error;
pub mod line;
pub mod masked;
pub mod names;
pub mod read;
pub mod redact;
pub mod rotate;
pub mod scan;
pub mod subscriber;
mod token;

pub use error::LogError;
pub use line::{Level, LogLine};
pub use redact::{Counts, RedactStream, RedactWarning, RedactWriter, Redactor};
pub use rotate::Rotation;
pub use subscriber::{ConsoleOptions, LogGuard, LogOptions, SystemOptions, SystemProtocol, build, init};
