//! `hybrid clean`.

use hc_engine::outcome::clean::{CleanReport, PlannedRemoval};

use super::{Report, Style, table};

impl Report for CleanReport {
    const SCHEMA: &'static str = "cli-clean";

    fn human(&self, style: &Style) -> String {
        let notes: String =
            self.notes.iter().map(|note| format!("{} {note}\n", style.warn("note:"))).collect();
        if self.removals.is_empty() {
            return format!("nothing to clean: what is left is young, in use, or evidence\n{notes}");
        }
        let row =
            |one: &PlannedRemoval| vec![one.scope.word().into(), one.path.clone(), table::bytes(one.size)];
        let rows = self.removals.iter().map(row);
        let mut text = table::table(&["scope", "path", "size"], rows.collect(), style);
        let total = table::bytes(self.removals.iter().map(|one| one.size).sum());
        text.push_str(&match self.applied {
            true => format!("removed {total}\n"),
            false => format!("{total} would go; nothing was removed. Run it again with --yes\n"),
        });
        text + &notes
    }
}
