//! `hybrid init --adopt`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::diagnostics::{one_line, visible};
use super::{Report, Style, table};

/// A repository that was mapped.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdoptReport {
    /// The repository.
    pub root: String,
    /// The one file that was written, relative to it.
    pub file: String,
    /// What was mapped, sorted by id.
    pub builders: Vec<AdoptedDoc>,
    /// What was not, sorted by path.
    pub unmapped: Vec<UnmappedDoc>,
    /// Var files that exist only as examples, so that their values are examples too.
    pub examples: Vec<String>,
    /// Lines for .gitignore, which is left alone too.
    pub ignore: Vec<String>,
    /// Commands to go on with.
    pub next: Vec<String>,
}

/// One builder.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdoptedDoc {
    /// Builder id.
    pub id: String,
    /// Packer directory.
    pub path: String,
    /// Source, `type.name`.
    pub source: String,
    /// What `-only` gets, where the directory has several sources.
    pub only: Option<String>,
    /// Var files, lowest precedence first.
    pub var_files: Vec<String>,
    /// Variables without a default that none of them sets: overlays have to.
    pub missing: Vec<String>,
}

/// Something that belongs to no builder.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnmappedDoc {
    /// Path.
    pub path: String,
    /// Why.
    pub reason: String,
    /// What can be done about it.
    pub cure: Option<String>,
}

impl Report for AdoptReport {
    const SCHEMA: &'static str = "cli-init-adopt";

    fn human(&self, style: &Style) -> String {
        let rows = self.builders.iter().map(|builder| {
            vec![
                builder.id.clone(),
                builder.path.clone(),
                builder.source.clone(),
                builder.var_files.len().to_string(),
            ]
        });
        let mut text = table::table(&["builder", "directory", "source", "var files"], rows.collect(), style);
        text.push_str(&format!(
            "\n{} {} builders mapped in {}; no other file was changed\n",
            style.good("adopted"),
            self.builders.len(),
            self.file
        ));
        if !self.unmapped.is_empty() {
            text.push_str(&format!("\n{} not mapped:\n", style.warn(&self.unmapped.len().to_string())));
            for one in &self.unmapped {
                text.push_str(&format!("  {}: {}\n", one_line(&one.path), visible(&one.reason)));
                if let Some(cure) = &one.cure {
                    text.push_str(&format!("    {}\n", style.dim(cure)));
                }
            }
        }
        if !self.examples.is_empty() {
            text.push_str(&format!(
                "\n{} {} var files exist only as examples; their values are used until you copy them:\n",
                style.warn("note:"),
                self.examples.len()
            ));
            for path in &self.examples {
                text.push_str(&format!("  {}\n", one_line(path)));
            }
        }
        text.push_str(&self.missing(style));
        text.push_str(&format!(
            "\n{} files that hybrid makes and git should not see; add to .gitignore:\n",
            style.warn("note:")
        ));
        for line in &self.ignore {
            text.push_str(&format!("  {line}\n"));
        }
        text.push_str("\nnext:\n");
        for command in &self.next {
            text.push_str(&format!("  {command}\n"));
        }
        text
    }
}

impl AdoptReport {
    /// Variables that somebody has to set, each with the builders that wait for it.
    fn missing(&self, style: &Style) -> String {
        let mut waiting: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for builder in &self.builders {
            for variable in &builder.missing {
                waiting.entry(variable).or_default().push(&builder.id);
            }
        }
        if waiting.is_empty() {
            return String::new();
        }
        let mut text = format!(
            "\n{} no var file sets these; `hybrid wizard --targets ID` asks for them, or put them into configs/overlays/dev.pkrvars.hcl:\n",
            style.warn("note:")
        );
        for (variable, builders) in waiting {
            let more = match builders.len() {
                1 => String::new(),
                count => format!(" and {} more", count - 1),
            };
            text.push_str(&format!("  {variable}: {}{more}\n", builders[0]));
        }
        text
    }
}
