//! Why what was built cannot be proven, and so is neither published, tested nor built upon (PKR-7).

use hc_core::{BuildId, BuilderId};

/// Why what was built cannot be proven.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// An image is not what was recorded.
    #[error("{path} is not what {build} recorded")]
    ImageChanged {
        /// The image file, relative to the project.
        path: String,
        /// The build.
        build: BuildId,
        /// Whether a child was about to start from it.
        parent: bool,
    },
    /// A record is not the one that the state sealed.
    #[error("{path} {fault}")]
    RecordChanged {
        /// The record, relative to the project.
        path: String,
        /// What is wrong with it.
        fault: RecordFault,
    },
    /// The published parent of a builder cannot be built on.
    #[error("the parent of {builder}, {parent}, cannot be built on")]
    ParentRefused {
        /// The child.
        builder: BuilderId,
        /// The published build.
        parent: BuildId,
        /// What stands against it.
        problems: Vec<String>,
    },
    /// Of several images of a parent, none is clearly the one to start from.
    #[error(
        "which image of {parent} {builder} starts from is not clear: its region is {}, and there are {}",
        region.as_deref().unwrap_or("not known"),
        known.join(", ")
    )]
    ParentImageUnclear {
        /// The child.
        builder: BuilderId,
        /// The parent.
        parent: BuilderId,
        /// The child's region, where it is known.
        region: Option<String>,
        /// The parent's images, each with its region.
        known: Vec<String>,
    },
    /// Records, state, images, inputs or tests disagree; nothing was published.
    #[error("what was built and what is there do not agree; nothing was published")]
    PublishRefused {
        /// Every disagreement.
        problems: Vec<String>,
    },
}

impl EvidenceError {
    /// Stable code for `hybrid explain`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ImageChanged { .. } => "ImageChanged",
            Self::RecordChanged { .. } => "RecordChanged",
            Self::ParentRefused { .. } => "ParentRefused",
            Self::ParentImageUnclear { .. } => "ParentImageUnclear",
            Self::PublishRefused { .. } => "PublishRefused",
        }
    }
}

/// Why the record of a build is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordFault {
    /// It is gone.
    Missing,
    /// An older release wrote it, which kept no digest of it.
    Unsealed,
    /// It was changed after it was written.
    Changed,
}

impl std::fmt::Display for RecordFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Missing => "is missing",
            Self::Unsealed => "has no digest in the state: an older release wrote it",
            Self::Changed => "does not say what the state says: it was changed after the build",
        })
    }
}
