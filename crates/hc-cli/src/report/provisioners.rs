//! `hybrid provisioners …`.

use hc_engine::outcome::provisioners::{ChangedDoc, ProvisionersReport};

use super::{Report, Style, table};

fn sentence(changed: &ChangedDoc, style: &Style) -> String {
    let state = if changed.on { "on" } else { "off" };
    let mut text = match changed.written {
        true => format!("{} is switched {state} (configs/provisioners.toml)\n", changed.stack),
        false => format!("{} was switched {state} already\n", changed.stack),
    };
    if !changed.linted_with.is_empty() {
        text.push_str(&format!("checked with {}\n", changed.linted_with.join(", ")));
    }
    if !changed.linters_missing.is_empty() {
        text.push_str(&style.dim(&format!("not installed: {}", changed.linters_missing.join(", "))));
        text.push('\n');
    }
    text
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
            text.push_str(&sentence(changed, style));
        }
        text
    }
}
