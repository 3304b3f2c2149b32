//! `hybrid packer …`.

use hc_engine::outcome::packer::{ClassifyReport, PackerReport, PinReport};

use super::diagnostics::visible;
use super::{Report, Style};

impl Report for PackerReport {
    const SCHEMA: &'static str = "cli-packer";

    fn human(&self, style: &Style) -> String {
        let pinned = self.pinned.as_ref().map_or("not pinned".into(), |pin| format!("pinned to {pin}"));
        let pinned = pinned + &by_checksum(&self.platforms);
        let plugins = if self.bundles_plugins { "bundled" } else { "installed by `packer init`" };
        format!(
            "packer {} ({pinned})\n  path     {}\n  plugins  {plugins}\n",
            style.bold(&self.version),
            self.path
        )
    }
}

impl Report for ClassifyReport {
    const SCHEMA: &'static str = "cli-packer-classify";

    fn human(&self, style: &Style) -> String {
        let retried = if self.retryable { "tried again" } else { "not tried again" };
        let mut text =
            format!("{} (exit code {}, {retried})\n", style.bold(&self.class.to_string()), self.exit_code);
        let lines = [("rule", &self.rule), ("evidence", &self.evidence), ("hint", &self.hint)];
        for (name, value) in lines.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            text.push_str(&format!("  {name:<9}{}\n", visible(value)));
        }
        text
    }
}

impl Report for PinReport {
    const SCHEMA: &'static str = "cli-packer-pin";

    fn human(&self, style: &Style) -> String {
        let before = self.before.as_deref().unwrap_or("no pin");
        match self.changed {
            true => format!(
                "pinned to packer {}{} (was: {before})\n",
                style.bold(&self.version),
                by_checksum(&self.platforms)
            ),
            false => format!("packer {} is pinned already{}\n", self.version, by_checksum(&self.platforms)),
        }
    }
}

/// For which kinds of machines the pin has a checksum; without one it is a version and says nothing more.
fn by_checksum(platforms: &[String]) -> String {
    if platforms.is_empty() { String::new() } else { format!(" by checksum on {}", platforms.join(", ")) }
}
