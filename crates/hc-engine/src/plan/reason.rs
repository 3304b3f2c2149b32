//! Why a rebuild is due.

use std::fmt;

use hc_config::settings::HumanDuration;
use hc_core::{BuildId, BuilderId};

/// Why a rebuild is due.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// There is no build yet.
    NeverBuilt,
    /// The last build failed.
    LastFailed,
    /// The record of the last build cannot be used; how that is.
    RecordDamaged(String),
    /// The last build or what it was made from was taken back; by whom and why.
    Revoked(String),
    /// The channel has a newer image of the parent.
    NewerParent(BuildId),
    /// So many inputs differ; 0: they differ, and which is not known.
    InputsChanged(usize),
    /// The last build is older than `max_age`.
    TooOld(HumanDuration),
    /// An image file is not there any more.
    ImageGone(String),
    /// The parent was built after the last build.
    ParentRebuilt(BuilderId),
    /// The parent was never built.
    ParentNeverBuilt(BuilderId),
    /// The parent is stale itself.
    ParentIsRebuilt(BuilderId),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverBuilt => f.write_str("never built"),
            Self::LastFailed => f.write_str("the last build failed"),
            Self::RecordDamaged(why) | Self::Revoked(why) => f.write_str(why),
            Self::NewerParent(build) => write!(f, "a newer parent is published: {build}"),
            Self::InputsChanged(0) => f.write_str("inputs changed"),
            Self::InputsChanged(1) => f.write_str("1 input changed"),
            Self::InputsChanged(count) => write!(f, "{count} inputs changed"),
            Self::TooOld(max_age) => write!(f, "older than {max_age}"),
            Self::ImageGone(path) => write!(f, "image {path} is gone"),
            Self::ParentRebuilt(parent) => write!(f, "parent {parent} was rebuilt"),
            Self::ParentNeverBuilt(parent) => write!(f, "parent {parent} was never built"),
            Self::ParentIsRebuilt(parent) => write!(f, "parent {parent} is rebuilt"),
        }
    }
}
