//! `hybrid orphans`.

use std::collections::BTreeMap;

use hc_packer::orphans::Leftover;
use serde::Serialize;

use super::diagnostics::one_line;
use super::{Report, Style};

/// What killed runs left behind.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrphansReport {
    /// One entry per abandoned build, oldest first.
    pub orphans: Vec<OrphanDoc>,
}

/// One abandoned build.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrphanDoc {
    /// The build.
    pub build_id: String,
    /// Builder and environment.
    pub target: String,
    /// The run that is gone.
    pub run_id: String,
    /// Host it ran on.
    pub host: String,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// Processes that still worked on it when this was looked at.
    pub processes: Vec<String>,
    /// Directories that it left, relative to the project.
    pub directories: Vec<String>,
    /// What its log says it made and that may still be there.
    pub made: Vec<Leftover>,
    /// Variables that name what it was to make.
    pub names: BTreeMap<String, String>,
    /// Whether everything is cleared away now.
    pub closed: bool,
}

impl Report for OrphansReport {
    const SCHEMA: &'static str = "cli-orphans";

    fn human(&self, style: &Style) -> String {
        if self.orphans.is_empty() {
            return "no run left anything behind\n".into();
        }
        let mut text = String::new();
        for one in &self.orphans {
            let at = one.started_at.get(..19).unwrap_or(&one.started_at).replace('T', " ");
            text.push_str(&format!("{}  begun {at} on {}\n", style.bold(&one.build_id), one.host));
            let did = |open: &'static str, done: &'static str| if one.closed { done } else { open };
            for process in &one.processes {
                text.push_str(&format!("  {} {process}\n", did("still runs", "ended     ")));
            }
            for directory in &one.directories {
                text.push_str(&format!("  left       {directory}\n"));
            }
            for leftover in &one.made {
                let line = one_line(&format!("  made       {} {}", leftover.what, leftover.name)) + "\n";
                text.push_str(&style.warn(&line));
                text.push_str(&format!("             remove it: {}\n", leftover.remove));
            }
            for (name, value) in one.names.iter().filter(|_| !one.closed) {
                text.push_str(&style.dim(&(one_line(&format!("  was to make {name} = {value}")) + "\n")));
            }
            if one.closed {
                text.push_str(&style.good("  cleared away\n"));
            } else if !one.made.is_empty() {
                text.push_str(&format!("  when it is removed: hybrid orphans --forget {}\n", one.build_id));
            }
        }
        if self
            .orphans
            .iter()
            .any(|one| !one.closed && (!one.processes.is_empty() || !one.directories.is_empty()))
        {
            text.push_str("\n`hybrid orphans --stop` ends the processes and removes the directories\n");
        }
        text
    }
}
