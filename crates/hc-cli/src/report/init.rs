//! `hybrid init`.

use hc_engine::outcome::init::InitReport;

use super::{Report, Style};

impl Report for InitReport {
    const SCHEMA: &'static str = "cli-init";

    fn human(&self, style: &Style) -> String {
        let mut text =
            format!("{} {} builders in {}\n", style.good("created"), self.builders.len(), self.root);
        for file in &self.files {
            text.push_str(&format!("  {file}\n"));
        }
        for skipped in &self.skipped {
            text.push_str(&format!("{} {}: {}\n", style.warn("left out"), skipped.what, skipped.reason));
        }
        for note in &self.notes {
            text.push_str(&format!("{} {note}\n", style.warn("note:")));
        }
        text.push_str("\nnext:\n");
        for command in &self.next {
            text.push_str(&format!("  {command}\n"));
        }
        text
    }
}
