//! `hybrid validate` and `hybrid fmt`.

use hc_core::ExitClass;
use hc_engine::outcome::validate::{Depth, FmtReport, ValidateReport};

use super::diagnostics::{one_line, visible};
use super::{Report, Style, table};

/// Code of what packer itself refuses.
pub const REFUSED: &str = "TemplateRefused";

impl Report for ValidateReport {
    const SCHEMA: &'static str = "cli-validate";

    fn human(&self, style: &Style) -> String {
        let rows = self.targets.iter().map(|target| {
            let result = match (target.valid, target.depth) {
                (true, Depth::Full) => style.good("trusted"),
                (true, Depth::SyntaxOnly) => style.warn("trusted (syntax only)"),
                (false, _) => style.bad("invalid"),
            };
            let hash = target.inputs_hash.as_deref().map_or("-", |hash| &hash[..12.min(hash.len())]);
            vec![
                target.builder.clone(),
                result,
                target.inputs.to_string(),
                hash.to_owned(),
                target.note.clone().unwrap_or_default(),
            ]
        });
        let mut text = table::table(&["builder", "result", "inputs", "hash", "note"], rows.collect(), style);
        for target in &self.targets {
            if let Some(output) = &target.packer_output {
                let code = style.bad(&format!("error[{REFUSED}]:"));
                text.push_str(&format!("\n{code} packer refuses {}:\n", target.builder));
                for line in output.lines().filter(|line| !line.trim().is_empty()) {
                    text.push_str(&format!("  {}\n", visible(line)));
                }
            }
        }
        text
    }

    fn exit_code(&self) -> ExitClass {
        if self.targets.iter().all(|target| target.valid) { ExitClass::Success } else { ExitClass::Invalid }
    }
}

impl Report for FmtReport {
    const SCHEMA: &'static str = "cli-fmt";

    fn human(&self, _: &Style) -> String {
        let word = if self.check { "not formatted" } else { "formatted" };
        self.files.iter().map(|file| format!("{word}: {}\n", one_line(file))).collect()
    }

    fn exit_code(&self) -> ExitClass {
        if self.check && !self.files.is_empty() { ExitClass::Invalid } else { ExitClass::Success }
    }
}
