//! `hybrid provisioners …`.

use serde::Serialize;

use super::{Report, Style, table};

/// Which stacks are on.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProvisionersReport {
    /// Environment.
    pub env: String,
    /// One entry per builder and stack.
    pub switches: Vec<SwitchDoc>,
    /// What `enable` or `disable` did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<ChangedDoc>,
}

/// A moved switch.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChangedDoc {
    /// Stack.
    pub stack: String,
    /// Whether it was switched on.
    pub on: bool,
    /// Whether configs/provisioners.toml is another than before.
    pub written: bool,
    /// Linters that found nothing wrong.
    pub linted_with: Vec<String>,
    /// Linters that this machine does not have.
    pub linters_missing: Vec<String>,
}

/// One switch as it works out.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SwitchDoc {
    /// Builder id.
    pub builder: String,
    /// Stack.
    pub stack: String,
    /// Whether it is on.
    pub on: bool,
    /// The level that decided.
    pub because: String,
}

impl ChangedDoc {
    fn sentence(&self, style: &Style) -> String {
        let state = if self.on { "on" } else { "off" };
        let mut text = match self.written {
            true => format!("{} is switched {state} (configs/provisioners.toml)\n", self.stack),
            false => format!("{} was switched {state} already\n", self.stack),
        };
        if !self.linted_with.is_empty() {
            text.push_str(&format!("checked with {}\n", self.linted_with.join(", ")));
        }
        if !self.linters_missing.is_empty() {
            text.push_str(&style.dim(&format!("not installed: {}", self.linters_missing.join(", "))));
            text.push('\n');
        }
        text
    }
}

impl Report for ProvisionersReport {
    const SCHEMA: &'static str = "cli-provisioners";

    fn human(&self, style: &Style) -> String {
        let rows = self.switches.iter().map(|switch| {
            let on = if switch.on { style.good("on") } else { style.dim("off") };
            vec![switch.builder.clone(), switch.stack.clone(), on, switch.because.clone()]
        });
        let mut text = table::table(&["builder", "stack", "switch", "because"], rows.collect(), style);
        if let Some(changed) = &self.changed {
            text.push_str(&changed.sentence(style));
        }
        text
    }
}
