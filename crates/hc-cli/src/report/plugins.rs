//! `hybrid packer plugins …`.

use hc_engine::outcome::plugins::{PluginVerdict, PluginsReport};

use super::table::table;
use super::{Report, Style};

impl Report for PluginsReport {
    const SCHEMA: &'static str = "cli-packer-plugins";

    fn human(&self, style: &Style) -> String {
        if self.plugins.is_empty() {
            return "no builder needs a plugin\n".into();
        }
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
        let rows = self.plugins.iter().map(|plugin| {
            let word = plugin.verdict.word();
            let verdict = match plugin.verdict {
                PluginVerdict::AsLocked => style.good(word),
                PluginVerdict::Differs => style.bad(word),
                PluginVerdict::NotLocked | PluginVerdict::Missing => style.warn(word),
            };
            let by_type = if plugin.asked_for { "" } else { " (by its type alone)" };
            vec![
                format!("{}{by_type}", plugin.source),
                text(&plugin.installed),
                text(&plugin.locked),
                verdict,
            ]
        });
        let mut out = table(&["PLUGIN", "INSTALLED", "LOCKED", "VERDICT"], rows.collect(), style);
        if let Some(directory) = &self.directory {
            out.push_str(&format!("in {directory}\n"));
        }
        out
    }
}
