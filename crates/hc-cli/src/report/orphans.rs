//! `hybrid orphans`.

use hc_engine::outcome::orphans::{OrphanDoc, OrphansReport};

use super::diagnostics::one_line;
use super::{Report, Style};

impl Report for OrphansReport {
    const SCHEMA: &'static str = "cli-orphans";

    fn human(&self, style: &Style) -> String {
        if self.orphans.is_empty() {
            return "no run left anything behind\n".into();
        }
        let mut text: String = self.orphans.iter().map(|one| described(one, style)).collect();
        let is_left =
            |one: &OrphanDoc| !one.closed && (!one.processes.is_empty() || !one.directories.is_empty());
        if self.orphans.iter().any(is_left) {
            text.push_str("\n`hybrid orphans --stop` ends the processes and removes the directories\n");
        }
        text
    }
}

fn described(one: &OrphanDoc, style: &Style) -> String {
    let at = one.started_at.get(..19).unwrap_or(&one.started_at).replace('T', " ");
    let mut text = format!("{}  begun {at} on {}\n", style.bold(&one.build_id), one.host);
    let did = if one.closed { "ended     " } else { "still runs" };
    for process in &one.processes {
        text.push_str(&format!("  {did} {process}\n"));
    }
    for directory in &one.directories {
        text.push_str(&format!("  left       {directory}\n"));
    }
    for leftover in &one.made {
        let (name, what_to_do) = match leftover.name.as_str() {
            "" => ("(its name is not in the log)", "look for it"),
            name => (name, "remove it"),
        };
        let line = one_line(&format!("  made       {} {name}", leftover.what)) + "\n";
        text.push_str(&style.warn(&line));
        text.push_str(&format!("             {what_to_do}: {}\n", one_line(&leftover.remove)));
    }
    for (name, value) in one.names.iter().filter(|_| !one.closed) {
        text.push_str(&style.dim(&(one_line(&format!("  was to make {name} = {value}")) + "\n")));
    }
    if one.closed {
        text.push_str(&style.good("  cleared away\n"));
    } else if !one.made.is_empty() {
        text.push_str(&format!("  when it is removed: hybrid orphans --forget {}\n", one.build_id));
    }
    text
}
