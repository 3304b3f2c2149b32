//! `hybrid publish`.

use serde::Serialize;

/// What is in a channel now.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PublishReport {
    /// The channel.
    pub channel: String,
    /// Environment.
    pub env: String,
    /// One entry per builder.
    pub published: Vec<PublishedDoc>,
}

/// One published build.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PublishedDoc {
    /// Builder id.
    pub builder: String,
    /// The build.
    pub build_id: String,
    /// What the channel offered before.
    pub before: Option<String>,
    /// Whether it was there already, so that nothing was done.
    pub already: bool,
    /// Image files or ids.
    pub images: Vec<String>,
}
