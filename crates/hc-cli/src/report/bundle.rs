//! `hybrid diag bundle`.

use serde::Serialize;

use super::{Report, Style};

/// A written bundle.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BundleDoc {
    /// The archive.
    pub path: String,
    /// How many files are in it.
    pub files: usize,
    /// Files that could not be taken, and why.
    pub skipped: Vec<String>,
    /// How many secrets were replaced on the way.
    pub replaced: u64,
    /// When it may be removed, RFC 3339.
    pub expires_at: Option<String>,
}

impl Report for BundleDoc {
    const SCHEMA: &'static str = "cli-diag-bundle";

    fn human(&self, style: &Style) -> String {
        let mut text = format!(
            "{}\n  {} files, {} secrets replaced (scrub-manifest.json in it says where)\n",
            style.bold(&self.path),
            self.files,
            self.replaced
        );
        for skipped in &self.skipped {
            text.push_str(&format!("  left out: {skipped}\n"));
        }
        if let Some(at) = &self.expires_at {
            text.push_str(&format!("  may be removed from {} on\n", at.get(..10).unwrap_or(at)));
        }
        text
    }
}
