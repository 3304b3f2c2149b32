//! What a user of the crate sees: log files, rotation by several writers, canaries, bundles.

mod bundles;
mod canaries;
mod logging;
mod rotation;
