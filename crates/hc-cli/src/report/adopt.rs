//! `hybrid init --adopt`.

use std::collections::BTreeMap;

use hc_engine::outcome::adopt::AdoptReport;

use super::diagnostics::{one_line, visible};
use super::{Report, Style, table};

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
        text.push_str(&missing(self, style));
        text.push_str(&secrets(self, style));
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

/// Plaintext secrets, and what becomes of them.
fn secrets(report: &AdoptReport, style: &Style) -> String {
    let Some(secrets) = &report.secrets else { return String::new() };
    let found = format!("{} plaintext secrets in {} files", secrets.findings, secrets.files);
    match secrets.accepted {
        true => format!(
            "\n{} {found}; {} accepts each until its line changes. Commit it\n",
            style.warn("note:"),
            secrets.baseline
        ),
        false => format!(
            "\n{} {found}: `hybrid validate` refuses them. Revoke them and refer to them by env(\"NAME\"), or accept what is\n\
             there now, each until its line changes: hybrid templates scan --write-baseline\n",
            style.warn("note:")
        ),
    }
}

/// Variables that need a value, each with the builders that wait for it.
fn missing(report: &AdoptReport, style: &Style) -> String {
    let mut waiting: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for builder in &report.builders {
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
