//! `hybrid plan` and `hybrid status`.

use hc_engine::outcome::plan::{PlanReport, StatusReport, TargetState};

use super::diagnostics::one_line;
use super::{Report, Style, table};

impl Report for PlanReport {
    const SCHEMA: &'static str = "cli-plan";

    fn human(&self, style: &Style) -> String {
        let mut text = String::new();
        let width = self.targets.iter().map(|target| target.builder.len()).max().unwrap_or(0);
        for target in &self.targets {
            let word = if target.stale { style.warn("build") } else { style.good("skip ") };
            let reasons = if target.reasons.is_empty() {
                "up to date".into()
            } else {
                one_line(&target.reasons.join("; "))
            };
            let name = style.bold(&format!("{:<width$}", target.builder));
            let expected = target.expected_ms.filter(|_| target.stale);
            let expected = expected.map_or(String::new(), |ms| format!(" (about {})", table::duration(ms)));
            text.push_str(&format!("{word}  {name}  {reasons}{}\n", style.dim(&expected)));
            for file in target.changed.iter().take(10) {
                text.push_str(&format!("         {}\n", style.dim(&one_line(file))));
            }
            if target.changed.len() > 10 {
                text.push_str(&format!("         and {} more\n", target.changed.len() - 10));
            }
        }
        for builder in &self.broken {
            let name = style.bold(&format!("{builder:<width$}"));
            text.push_str(&format!("{}  {name}  its files have errors\n", style.bad("broken")));
        }
        let stale = self.targets.iter().filter(|target| target.stale).count();
        let untrusted = self.targets.iter().filter(|target| !target.trusted).count();
        text.push_str(&format!("\n{stale} to build, {} up to date", self.targets.len() - stale));
        if untrusted > 0 {
            text.push_str(&style.warn(&format!(", {untrusted} need `hybrid validate` first")));
        }
        text.push('\n');
        text
    }
}

impl Report for StatusReport {
    const SCHEMA: &'static str = "cli-status";

    fn human(&self, style: &Style) -> String {
        let rows = self.targets.iter().map(|target| {
            let word = target.state.word();
            let state = match target.state {
                TargetState::Fresh => style.good(word),
                TargetState::Failed => style.bad(word),
                TargetState::NeverBuilt
                | TargetState::Stale
                | TargetState::Building
                | TargetState::Interrupted => style.warn(word),
            };
            vec![
                target.builder.clone(),
                target.env.clone(),
                state,
                target.built_at.as_deref().map_or("-", |at| at.get(..19).unwrap_or(at)).replace('T', " "),
                target.duration_ms.map_or("-".into(), table::duration),
                target.reasons.join("; "),
            ]
        });
        let mut text =
            table::table(&["builder", "env", "state", "built", "took", "why"], rows.collect(), style);
        if text.is_empty() {
            text = "nothing was validated or built yet; begin with `hybrid validate`\n".into();
        }
        for run in &self.interrupted_runs {
            text.push_str(&style.warn(&format!("run {run} ended without saying so (killed?)\n")));
        }
        text
    }
}
