//! Making a project and setting it up: scaffold, adoption, values, switches.
//!
//! Nothing here builds. What is written is written whole or not at all, and nothing that people wrote is overwritten.

pub mod adopt;
pub mod config;
pub mod init;
mod new_files;
pub mod provisioners;
mod scaffold;
pub mod schema;
pub mod trust;
pub mod wizard;

pub use scaffold::{PLATFORMS, SYSTEMS};
