//! `hybrid packer plugins …`.

use serde::Serialize;

/// Plugins that builders ask for.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PluginsReport {
    /// What was done.
    pub action: PluginsAction,
    /// Where packer looks for plugins.
    pub directory: Option<String>,
    /// By source address.
    pub plugins: Vec<PluginDoc>,
}

/// What was done about plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum PluginsAction {
    /// They were looked at.
    Status,
    /// They were locked.
    Lock,
    /// They were installed.
    Install,
}

/// One plugin.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PluginDoc {
    /// Source address.
    pub source: String,
    /// Whether a builder names it, in `required_plugins` or under `[plugins]` of builder.toml. Packer also starts what is
    /// installed and gives a type that a template uses.
    pub asked_for: bool,
    /// The installed version that packer would start.
    pub installed: Option<String>,
    /// Its binary.
    pub path: Option<String>,
    /// The locked version.
    pub locked: Option<String>,
    /// Kinds of machines that the lock has a checksum for, `linux_amd64`.
    pub platforms: Vec<String>,
    /// What the lock says of it.
    pub verdict: PluginVerdict,
}

/// What the lock says of an installed plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum PluginVerdict {
    /// It is the locked one.
    #[serde(rename = "as locked")]
    AsLocked,
    /// The lock does not have it.
    #[serde(rename = "not locked")]
    NotLocked,
    /// The lock has another one.
    #[serde(rename = "differs")]
    Differs,
    /// It is not installed.
    #[serde(rename = "missing")]
    Missing,
}

impl PluginVerdict {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::AsLocked => "as locked",
            Self::NotLocked => "not locked",
            Self::Differs => "differs",
            Self::Missing => "missing",
        }
    }
}
