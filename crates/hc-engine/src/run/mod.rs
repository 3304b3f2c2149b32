//! What runs: packer on stages, suites on images, hooks on publications, and when each of them does.

mod accept;
pub mod build;
mod check;
mod external;
pub mod fmt;
mod lacking;
mod observed;
pub mod publish;
pub mod schedule;
pub mod suite;
mod target;
mod unrecorded;
pub mod upgrade;
pub mod validate;
