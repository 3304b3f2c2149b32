//! `hybrid config …`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Report, Style};
use hc_core::ExitClass;

/// Which rendered files were written, or would be.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RenderReport {
    /// Environment.
    pub env: String,
    /// Whether this was `--check`.
    pub check: bool,
    /// One entry per builder.
    pub files: Vec<RenderedFile>,
}

/// One rendered file.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RenderedFile {
    /// Builder id.
    pub builder: String,
    /// Path, relative to the project.
    pub path: String,
    /// `written`, `unchanged` or, under `--check`, `stale`.
    pub status: String,
    /// Under `--check`: the difference, as a unified diff.
    pub diff: Option<String>,
}

impl Report for RenderReport {
    const SCHEMA: &'static str = "cli-config-render";

    fn human(&self, style: &Style) -> String {
        let mut text = String::new();
        for file in &self.files {
            let status = match file.status.as_str() {
                "unchanged" => style.dim("unchanged"),
                "stale" => style.warn("stale    "),
                other => style.good(&format!("{other:<9}")),
            };
            text.push_str(&format!("{status} {}\n", file.path));
            for line in file.diff.iter().flat_map(|diff| diff.lines()) {
                text.push_str(&format!("    {line}\n"));
            }
        }
        text
    }

    fn exit_code(&self) -> ExitClass {
        let stale = self.files.iter().any(|file| file.status == "stale");
        if stale { ExitClass::Invalid } else { ExitClass::Success }
    }
}

/// Final values of variables.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ShowReport {
    /// Environment.
    pub env: String,
    /// One entry per builder.
    pub builders: Vec<BuilderValues>,
}

/// Final values of one builder.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuilderValues {
    /// Builder id.
    pub builder: String,
    /// Every variable.
    pub values: BTreeMap<String, ValueDoc>,
}

/// One variable.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ValueDoc {
    /// Final value as HCL; `***` for a sensitive variable, the reference for a secret.
    pub value: String,
    /// Every layer that gave a value, lowest precedence first.
    pub chain: Vec<OriginDoc>,
}

/// Where a value came from.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OriginDoc {
    /// Name of the layer.
    pub layer: String,
    /// `file:line:column`, where a file gave it.
    pub place: Option<String>,
    /// The value as HCL.
    pub value: String,
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

/// `config show --explain KEY`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExplainReport {
    /// The key.
    pub key: String,
    /// The chain in every builder that knows the key.
    pub builders: Vec<BuilderChain>,
}

/// The chain of one builder.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuilderChain {
    /// Builder id.
    pub builder: String,
    /// Every layer that gave a value, lowest precedence first.
    pub chain: Vec<OriginDoc>,
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

/// `config diff LEFT RIGHT`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigDiffReport {
    /// First environment.
    pub left: String,
    /// Second environment.
    pub right: String,
    /// Variables whose final values differ.
    pub differences: Vec<DifferenceDoc>,
}

/// One difference.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DifferenceDoc {
    /// Builder id.
    pub builder: String,
    /// Variable.
    pub key: String,
    /// Value in the first environment; null when absent.
    pub left: Option<String>,
    /// Value in the second environment; null when absent.
    pub right: Option<String>,
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
            text.push_str(&style.bad(&format!("    {} {}", self.left, side(&difference.left))));
            text.push_str(&style.good(&format!("\n    {} {}\n", self.right, side(&difference.right))));
        }
        if text.is_empty() {
            format!("{} and {} give the same values\n", self.left, self.right)
        } else {
            text
        }
    }
}

/// `config schema`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SchemaReport {
    /// Builder id.
    pub builder: String,
    /// JSON Schema (draft 2020-12) of its answers file; `x-hybrid-required` lists variables without a default.
    pub schema: serde_json::Value,
}

impl Report for SchemaReport {
    const SCHEMA: &'static str = "cli-config-schema";

    fn human(&self, _: &Style) -> String {
        format!("{}\n", serde_json::to_string_pretty(&self.schema).unwrap_or_default())
    }
}
