//! The ISO store: downloads by checksum, shared by all builds, fetched once, read-only (PKR-9).
//!
//! An entry is a directory named by its checksum, so a changed checksum is another entry and a stale file is never
//! taken for a new one. A file enters the store only when its checksum is right; what was cut off stays beside it as
//! `.part` and is taken up again. Askers wait for each other at a lock per entry.

mod checksum;
mod download;
mod error;
mod fetch;
mod proxy;
mod store;

pub use checksum::{BadChecksum, Checksum};
pub use download::{Download, Patience};
pub use error::IsoError;
pub use fetch::usable;
pub use proxy::Proxy;
pub use store::{Entry, IsoStore};
