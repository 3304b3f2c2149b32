//! `hybrid packer …`.

use hc_packer::classify::Class;
use serde::Serialize;

use super::{Report, Style};

/// The packer that commands use.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PackerReport {
    /// Its path.
    pub path: String,
    /// Its version.
    pub version: String,
    /// The version that the project is pinned to.
    pub pinned: Option<String>,
    /// Whether it has `init`, `required_plugins` and `plugins`.
    pub has_init: bool,
    /// Whether builders for clouds and hypervisors are part of it.
    pub bundles_plugins: bool,
}

impl Report for PackerReport {
    const SCHEMA: &'static str = "cli-packer";

    fn human(&self, style: &Style) -> String {
        let pinned = self.pinned.as_ref().map_or("not pinned".into(), |pin| format!("pinned to {pin}"));
        let plugins = if self.bundles_plugins { "bundled" } else { "installed by `packer init`" };
        format!(
            "packer {} ({pinned})\n  path     {}\n  plugins  {plugins}\n",
            style.bold(&self.version),
            self.path
        )
    }
}

/// What a failed build's log means.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClassifyReport {
    /// Platform whose rules were used.
    pub platform: String,
    /// The class.
    pub class: Class,
    /// Exit code that a build with this log has.
    pub exit_code: u8,
    /// Whether it is tried again.
    pub retryable: bool,
    /// The rule that matched.
    pub rule: Option<String>,
    /// The line that it matched.
    pub evidence: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

impl Report for ClassifyReport {
    const SCHEMA: &'static str = "cli-packer-classify";

    fn human(&self, style: &Style) -> String {
        let retried = if self.retryable { "tried again" } else { "not tried again" };
        let mut text =
            format!("{} (exit code {}, {retried})\n", style.bold(&self.class.to_string()), self.exit_code);
        let visible = super::diagnostics::visible;
        let lines = [("rule", &self.rule), ("evidence", &self.evidence), ("hint", &self.hint)];
        for (name, value) in lines.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            text.push_str(&format!("  {name:<9}{}\n", visible(value)));
        }
        text
    }
}

/// A moved pin.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PinReport {
    /// The version now.
    pub version: String,
    /// The version before.
    pub before: Option<String>,
    /// Whether hybrid.toml is another than before.
    pub changed: bool,
}

impl Report for PinReport {
    const SCHEMA: &'static str = "cli-packer-pin";

    fn human(&self, style: &Style) -> String {
        let before = self.before.as_deref().unwrap_or("no pin");
        match self.changed {
            true => format!("pinned to packer {} (was: {before})\n", style.bold(&self.version)),
            false => format!("packer {} is pinned already\n", self.version),
        }
    }
}
