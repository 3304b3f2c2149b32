//! `hybrid diag bundle`.

use hc_engine::outcome::bundle::BundleDoc;

use super::{Report, Style};

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
