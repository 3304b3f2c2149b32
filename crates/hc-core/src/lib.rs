//! The small closed crate that every concern of `hybrid` stands on.
//!
//! Owns five things and nothing else: [`id`] (names that carry their rules), [`digest`] (the one hash
//! format), [`fs`] (writes that are whole or did not happen), [`lock`] (kernel locks with a holder that can
//! be named) and [`secret`] (values that cannot print themselves).
//!
//! Never prints, never reads the process environment, never depends on another `hc-*` crate.

pub mod digest;
pub mod fs;
pub mod id;
pub mod lock;
pub mod secret;
pub mod stat_cache;
pub mod version;

pub use digest::Digest;
pub use id::{BuildId, BuilderId, EnvName, RunId, Selector, Target};
pub use secret::SecretString;
pub use version::{Constraints, Version};
