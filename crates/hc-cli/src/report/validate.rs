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
                (_, Depth::NotChecked) => style.bad("broken"),
                (false, _) if target.class() == ExitClass::Infrastructure => style.bad("try again"),
                (false, _) => style.bad("invalid"),
            };
            let hash = target.inputs_hash.as_deref().map_or("-", |hash| &hash[..12.min(hash.len())]);
            vec![target.builder.clone(), result, target.inputs.to_string(), hash.to_owned()]
        });
        let mut text = table::table(&["builder", "result", "inputs", "hash"], rows.collect(), style);
        for (note, builders) in notes(self) {
            let of = match builders.as_slice() {
                [one] => (*one).to_owned(),
                [first, others @ ..] => format!("{first} and {} more", others.len()),
                [] => continue,
            };
            text.push_str(&format!("\n{} {of}: {}\n", style.warn("note:"), visible(note)));
        }
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
        self.class()
    }
}

/// What there is to say beside the results, each once, with the builders that it is about.
fn notes(report: &ValidateReport) -> Vec<(&str, Vec<&str>)> {
    let mut notes: Vec<(&str, Vec<&str>)> = Vec::new();
    for target in &report.targets {
        let Some(note) = target.note.as_deref() else { continue };
        match notes.iter_mut().find(|(known, _)| *known == note) {
            Some((_, builders)) => builders.push(&target.builder),
            None => notes.push((note, vec![&target.builder])),
        }
    }
    notes
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
