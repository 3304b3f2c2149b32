//! `hybrid clean`.

use serde::Serialize;

use super::{Report, Style, table};

/// What goes, or went.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CleanReport {
    /// Whether it was removed; else this is only the plan.
    pub applied: bool,
    /// Files and directories.
    pub removals: Vec<PlannedRemoval>,
    /// What stays because it cannot be judged, and the way out.
    pub notes: Vec<String>,
}

/// One file or directory.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlannedRemoval {
    /// `artifacts`, `logs`, `cache` or `work`.
    pub scope: String,
    /// Path, relative to the project.
    pub path: String,
    /// Size in bytes, of everything below it.
    pub size: u64,
}

impl Report for CleanReport {
    const SCHEMA: &'static str = "cli-clean";

    fn human(&self, style: &Style) -> String {
        let notes: String =
            self.notes.iter().map(|note| format!("{} {note}\n", style.warn("note:"))).collect();
        if self.removals.is_empty() {
            return format!("nothing to clean: what is left is young, in use, or evidence\n{notes}");
        }
        let rows =
            self.removals.iter().map(|one| vec![one.scope.clone(), one.path.clone(), table::bytes(one.size)]);
        let mut text = table::table(&["scope", "path", "size"], rows.collect(), style);
        let total = table::bytes(self.removals.iter().map(|one| one.size).sum());
        text.push_str(&match self.applied {
            true => format!("removed {total}\n"),
            false => format!("{total} would go; nothing was removed. Run it again with --yes\n"),
        });
        text + &notes
    }
}
