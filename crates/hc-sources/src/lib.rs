//! Pinned git sources (SRC-1 … SRC-5).
//!
//! Owns `sources/`, `sources.lock` and what both promise: a source is at exactly the commit that the lock names,
//! in a tree that nobody touched, or it is reported with the way out. `git` is the only module that knows gix.
//!
//! Never prints, never reads the process environment, never writes outside `sources/` and the files it is given,
//! never runs a program that its options do not name.

pub mod bundle;
pub mod error;
pub mod git;
mod journal;
pub mod lock_file;
pub mod pins;
mod place;
pub mod retry;
pub mod sha;
pub mod spec;
pub mod survey;
pub mod sync;

pub use error::SourceError;
pub use journal::Journal;
pub use lock_file::{ForcePin, LockFile, LockedSource, PinKind};
pub use place::Sources;
pub use sha::Sha;
pub use spec::SourceSpec;
