//! `hybrid plan` and `hybrid status`.

use serde::Serialize;

/// What a build would do, in build order.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlanReport {
    /// Environment.
    pub env: String,
    /// One entry per target, parents before children.
    pub targets: Vec<PlannedTarget>,
    /// Selected builders that cannot be planned, because of errors in their files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<String>,
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
    /// Inputs that another machine may count differently, each with what would change that; empty when the digest is the
    /// same on every machine.
    pub not_portable: Vec<String>,
    /// Published build that it would start from, for a chained builder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
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
    /// How it stands.
    pub state: TargetState,
    /// Why it is stale.
    pub reasons: Vec<String>,
    /// Whether the inputs are the ones that `validate` accepted.
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

/// How a target stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum TargetState {
    /// It was validated, and never built.
    #[serde(rename = "never built")]
    NeverBuilt,
    /// Its last build is good, and nothing speaks against it.
    #[serde(rename = "fresh")]
    Fresh,
    /// Its last build is good, and something changed since.
    #[serde(rename = "stale")]
    Stale,
    /// Its last build failed.
    #[serde(rename = "failed")]
    Failed,
    /// It is being built.
    #[serde(rename = "building")]
    Building,
    /// Its last build was stopped or killed.
    #[serde(rename = "interrupted")]
    Interrupted,
}

impl TargetState {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::NeverBuilt => "never built",
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Failed => "failed",
            Self::Building => "building",
            Self::Interrupted => "interrupted",
        }
    }
}
