//! `hybrid wizard`.

use hc_engine::outcome::wizard::WizardReport;

use super::diagnostics::visible;
use super::{Report, Style};

impl Report for WizardReport {
    const SCHEMA: &'static str = "cli-wizard";

    fn human(&self, style: &Style) -> String {
        let file =
            self.answers_file.as_ref().map(|file| format!("{} ", style.good(file))).unwrap_or_default();
        let mut text = format!("{file}{} answers for {}@{}\n", self.answers.len(), self.builder, self.env);
        for one in &self.references {
            text.push_str(&format!("{} {} = {}\n", style.good(&one.overlay), one.variable, one.reference));
        }
        for one in &self.left {
            text.push_str(&format!("{} {}\n", style.warn("open:"), visible(one)));
        }
        text.push_str("\nthe same without questions:\n");
        for command in &self.commands {
            text.push_str(&format!("  {command}\n"));
        }
        text
    }
}
