//! What a user of the crate sees: log files, rotation by several writers, canaries, bundles.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail where it stands")]

mod bundles;
mod canaries;
mod encodings;
mod false_positives;
mod kills;
mod logging;
mod rotation;
