//! Directories as trees of digests: equal digest, equal names, contents, executable bits and links below it.
//!
//! A tree is made by looking at every file once, from the directory it lies in, on all cores; files that did not change since
//! they were hashed are not read. Owners, times, other mode bits and empty directories never count.

mod cache;
mod node;
#[cfg(test)]
mod tests;
mod walk;

pub use cache::TreeCache;
pub use node::{Content, Difference, Entry, Node};
pub use walk::{TreeError, Walked, walk};
