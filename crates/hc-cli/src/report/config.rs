//! `hybrid config …`.

use hc_core::ExitClass;
use hc_engine::outcome::config::{
    ConfigDiffReport, ExplainReport, OriginDoc, RenderReport, RenderStatus, SchemaReport, ShowReport,
};

use super::{Report, Style};

impl Report for RenderReport {
    const SCHEMA: &'static str = "cli-config-render";

    fn human(&self, style: &Style) -> String {
        let mut text = String::new();
        for file in &self.files {
            let status = match file.status {
                RenderStatus::Unchanged => style.dim("unchanged"),
                RenderStatus::Stale => style.warn("stale    "),
                RenderStatus::Written => style.good("written  "),
            };
            text.push_str(&format!("{status} {}\n", file.path));
            for line in file.diff.iter().flat_map(|diff| diff.lines()) {
                text.push_str(&format!("    {line}\n"));
            }
        }
        text
    }

    fn exit_code(&self) -> ExitClass {
        let stale = self.files.iter().any(|file| file.status == RenderStatus::Stale);
        if stale { ExitClass::Invalid } else { ExitClass::Success }
    }
}

impl Report for ShowReport {
    const SCHEMA: &'static str = "cli-config-show";

    fn human(&self, style: &Style) -> String {
        let mut text = String::new();
        for builder in &self.builders {
            text.push_str(&format!("{}\n", style.bold(&format!("{}@{}", builder.builder, self.env))));
            for (name, value) in &builder.values {
                let origin = value.chain.last().map(origin).unwrap_or_default();
                text.push_str(&format!(
                    "  {name} = {}  {}\n",
                    value.value,
                    style.dim(&format!("# {origin}"))
                ));
            }
        }
        text
    }
}

impl Report for ExplainReport {
    const SCHEMA: &'static str = "cli-config-explain";

    fn human(&self, style: &Style) -> String {
        let mut text = String::new();
        for builder in &self.builders {
            text.push_str(&format!("{}\n", style.bold(&format!("{}: {}", builder.builder, self.key))));
            for (at, step) in builder.chain.iter().enumerate() {
                let wins = at + 1 == builder.chain.len();
                let line = format!("  {} {}  {}", if wins { "→" } else { " " }, step.value, origin(step));
                text.push_str(&if wins { style.good(&line) } else { style.dim(&line) });
                text.push('\n');
            }
        }
        text
    }
}

fn origin(step: &OriginDoc) -> String {
    match &step.place {
        Some(place) => format!("{place} ({})", step.layer),
        None => step.layer.clone(),
    }
}

impl Report for ConfigDiffReport {
    const SCHEMA: &'static str = "cli-config-diff";

    fn human(&self, style: &Style) -> String {
        let mut text = String::new();
        let mut last = "";
        for difference in &self.differences {
            if difference.builder != last {
                text.push_str(&format!("{}\n", style.bold(&difference.builder)));
                last = &difference.builder;
            }
            let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "(unset)".into());
            text.push_str(&format!("  {}\n", difference.key));
            let left = style.bad(&format!("{} {}", self.left, side(&difference.left)));
            let right = style.good(&format!("{} {}", self.right, side(&difference.right)));
            text.push_str(&format!("    {left}\n    {right}\n"));
        }
        if text.is_empty() {
            format!("{} and {} give the same values\n", self.left, self.right)
        } else {
            text
        }
    }
}

impl Report for SchemaReport {
    const SCHEMA: &'static str = "cli-config-schema";

    fn human(&self, _: &Style) -> String {
        format!("{}\n", serde_json::to_string_pretty(&self.schema).unwrap_or_default())
    }
}
