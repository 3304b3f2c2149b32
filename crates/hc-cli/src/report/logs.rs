//! `hybrid logs`.

use hc_engine::outcome::logs::LogsReport;

use super::{Report, Style};

impl Report for LogsReport {
    const SCHEMA: &'static str = "cli-logs";

    fn human(&self, style: &Style) -> String {
        let mut text = String::new();
        for line in &self.lines {
            text.push_str(line.to_text().trim_end());
            text.push('\n');
        }
        if text.is_empty() {
            text = "nothing was logged\n".into();
        }
        if self.skipped > 0 {
            text.push_str(&style.dim(&format!("{} lines could not be read\n", self.skipped)));
        }
        text
    }
}
