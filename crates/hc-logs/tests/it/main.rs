//! What a user of the crate sees: log files, rotation by several writers, canaries, bundles.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bundles;
mod canaries;
mod logging;
mod rotation;
