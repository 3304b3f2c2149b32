//! `hybrid clean`.

use hc_engine::outcome::clean::{CleanReport, PlannedRemoval, Scope};

use super::{Report, Style, table};

impl Report for CleanReport {
    const SCHEMA: &'static str = "cli-clean";

    fn human(&self, style: &Style) -> String {
        let notes: String =
            self.notes.iter().map(|note| format!("{} {note}\n", style.warn("note:"))).collect();
        if self.removals.is_empty() && self.texts.size == 0 {
            return format!("nothing to clean: what is left is young, in use, or evidence\n{notes}");
        }
        let row =
            |one: &PlannedRemoval| vec![one.scope.word().into(), one.path.clone(), table::bytes(one.size)];
        let mut rows: Vec<_> = self.removals.iter().map(row).collect();
        if self.texts.size > 0 {
            let what = format!("kept texts of inputs ({})", self.texts.count);
            rows.push(vec![Scope::Artifacts.word().into(), what, table::bytes(self.texts.size)]);
        }
        let mut text = table::table(&["scope", "path", "size"], rows, style);
        let total = self.removals.iter().map(|one| one.size).sum::<u64>() + self.texts.size;
        let total = table::bytes(total);
        text.push_str(&match self.applied {
            true => format!("removed {total}\n"),
            false => format!("{total} would go; nothing was removed. Run it again with --yes\n"),
        });
        text + &notes
    }
}
