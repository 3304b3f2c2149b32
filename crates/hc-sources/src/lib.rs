//! Pinned git sources (SRC-1 … SRC-6).
//!
//! So far it owns the first step of a sync: which names, urls and refs may be asked for ([`spec`]), and where
//! they come from behind a mirror (SRC-4). Cloning, pinning and plugins are open, see `docs/open-issues.md`.

pub mod spec;

pub use spec::{SourceError, SourceSpec};
