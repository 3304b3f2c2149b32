//! Runs HashiCorp Packer and says what happened: usable without the rest of `hybrid`.
//!
//! The only crate that spawns packer. Never prints, never reads the process environment: the caller gives the
//! environment, the sinks and the clock's consequences. See `examples/build_image.rs`.

pub mod args;
pub mod artifact;
pub mod classify;
pub mod environment;
pub mod error;
pub mod event;
mod group;
mod hear;
pub mod iso;
pub mod lines;
pub mod machine;
pub mod manifest;
pub mod orphans;
mod own_log;
pub mod plugins;
pub mod probe;
pub mod process;
mod remember;
pub mod result;
pub mod run;

pub use error::PackerError;
pub use probe::Packer;
pub use result::PackerResult;
