//! `hybrid plan` and `hybrid status`.

use serde::Serialize;

use super::diagnostics::one_line;
use super::{Report, Style, table};

/// What a build would do, in build order.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlanReport {
    /// Environment.
    pub env: String,
    /// One entry per target, parents before children.
    pub targets: Vec<PlannedTarget>,
}

/// One target of a plan.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlannedTarget {
    /// Builder id.
    pub builder: String,
    /// Whether a rebuild is due.
    pub stale: bool,
    /// Whether the inputs are the ones that `validate` accepted.
    pub trusted: bool,
    /// Why, in words.
    pub reasons: Vec<String>,
    /// Files that differ from the last build or from what is trusted.
    pub changed: Vec<String>,
    /// Combined digest of the inputs now.
    pub inputs_hash: String,
    /// How long the last build took, in milliseconds.
    pub expected_ms: Option<u64>,
    /// Published build that it would start from, for a chained builder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

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

/// What was built.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StatusReport {
    /// Serial of the state that this was read from; 0 before the first write.
    pub serial: u64,
    /// One entry per target.
    pub targets: Vec<TargetStatus>,
    /// Runs that ended without saying so, for instance by a kill.
    pub interrupted_runs: Vec<String>,
}

/// One target.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TargetStatus {
    /// Builder id.
    pub builder: String,
    /// Environment.
    pub env: String,
    /// `never built`, `fresh`, `stale`, `failed` or `building`.
    pub state: String,
    /// Why it is stale.
    pub reasons: Vec<String>,
    /// Whether `validate` has accepted some inputs.
    pub trusted: bool,
    /// Last build.
    pub build_id: Option<String>,
    /// When it ended, RFC 3339.
    pub built_at: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Image files or ids.
    pub artifacts: Vec<String>,
}

impl Report for StatusReport {
    const SCHEMA: &'static str = "cli-status";

    fn human(&self, style: &Style) -> String {
        let rows = self.targets.iter().map(|target| {
            let state = match target.state.as_str() {
                "fresh" => style.good("fresh"),
                "failed" => style.bad("failed"),
                other => style.warn(other),
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
