//! Every file that a project keeps beside its state: where it lies, what it says, how it is read and written.
//!
//! One owner per format. Readers refuse what they do not know instead of dropping it; writers are atomic. Paths are pure
//! functions in [`layout`]; the files of `state/` belong to hc-state. Never looks at templates, never runs a program.

pub mod artifact;
pub mod drift;
mod error;
pub mod hash_manifest;
pub mod input;
pub mod input_manifest;
pub mod journal;
pub mod kept;
pub mod layout;
pub mod log_summary;
pub mod observed;
pub mod rendering;
pub mod retention;
mod schema_tag;
pub mod trees;

pub use artifact::{ArtifactFile, ArtifactRecord, ParentImage, Provenance, RecordedImage};
pub use drift::Drift;
pub use error::RecordError;
pub use hash_manifest::{HashEntry, HashManifest, HashedInput};
pub use input::{Input, InputKind, InputTree};
pub use input_manifest::InputManifest;
pub use journal::JournalEntry;
pub use log_summary::{LogSummary, RetainedLog};
pub use observed::Observed;
pub use rendering::Rendering;
pub use schema_tag::SchemaTag;
pub use trees::Trees;
