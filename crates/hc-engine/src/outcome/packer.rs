//! `hybrid packer …`.

use hc_packer::classify::Class;
use serde::Serialize;

/// The packer that commands use.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PackerReport {
    /// Its path.
    pub path: String,
    /// Its version.
    pub version: String,
    /// The version that the project is pinned to.
    pub pinned: Option<String>,
    /// Kinds of machines, `linux_amd64`, whose packer is pinned by checksum.
    pub platforms: Vec<String>,
    /// Whether it has `init`, `required_plugins` and `plugins`.
    pub has_init: bool,
    /// Whether builders for clouds and hypervisors are part of it.
    pub bundles_plugins: bool,
}

/// What a failed build's log means.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClassifyReport {
    /// Platform whose rules were used.
    pub platform: String,
    /// The class.
    pub class: Class,
    /// Exit code that a build with this log has.
    pub exit_code: u8,
    /// Whether it is tried again.
    pub retryable: bool,
    /// The rule that matched.
    pub rule: Option<String>,
    /// The line that it matched.
    pub evidence: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

/// A moved pin.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PinReport {
    /// The version now.
    pub version: String,
    /// The version before.
    pub before: Option<String>,
    /// Kinds of machines, `linux_amd64`, whose packer is pinned by checksum.
    pub platforms: Vec<String>,
    /// Whether hybrid.toml is another than before.
    pub changed: bool,
}
