//! Against real git servers on loopback, and beside the `git` command line.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and hands PATH on"
)]

mod around;
mod bundles;
mod dirty;
mod history;
mod hostile;
mod http;
mod project;
mod servers;
mod ssh;
mod syncing;
mod transports;
mod upstream;
