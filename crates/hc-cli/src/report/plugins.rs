//! `hybrid packer plugins …`.

use serde::Serialize;

use super::table::table;
use super::{Report, Style};

/// Plugins that builders ask for.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PluginsReport {
    /// `status`, `lock` or `install`.
    pub action: String,
    /// Where packer looks for plugins.
    pub directory: Option<String>,
    /// By source address.
    pub plugins: Vec<PluginDoc>,
}

/// One plugin.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PluginDoc {
    /// Source address.
    pub source: String,
    /// The installed version that packer would start.
    pub installed: Option<String>,
    /// Its binary.
    pub path: Option<String>,
    /// The locked version.
    pub locked: Option<String>,
    /// `as locked`, `not locked`, `differs` or `missing`.
    pub verdict: String,
}

impl Report for PluginsReport {
    const SCHEMA: &'static str = "cli-packer-plugins";

    fn human(&self, style: &Style) -> String {
        if self.plugins.is_empty() {
            return "no builder asks for a plugin\n".into();
        }
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
        let rows = self.plugins.iter().map(|plugin| {
            let verdict = match plugin.verdict.as_str() {
                "as locked" => style.good(&plugin.verdict),
                "differs" => style.bad(&plugin.verdict),
                _ => style.warn(&plugin.verdict),
            };
            vec![plugin.source.clone(), text(&plugin.installed), text(&plugin.locked), verdict]
        });
        let mut out = table(&["PLUGIN", "INSTALLED", "LOCKED", "VERDICT"], rows.collect(), style);
        if let Some(directory) = &self.directory {
            out.push_str(&format!("in {directory}\n"));
        }
        out
    }
}
