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

impl Report for ProvisionersReport {
    const SCHEMA: &'static str = "cli-provisioners";

    fn human(&self, style: &Style) -> String {
        let rows = self.switches.iter().map(|switch| {
            let on = if switch.on { style.good("on") } else { style.dim("off") };
            vec![switch.builder.clone(), switch.stack.clone(), on, switch.because.clone()]
        });
        table::table(&["builder", "stack", "switch", "because"], rows.collect(), style)
    }
}
