//! `hybrid publish`.

use serde::Serialize;

use super::{Report, Style, table};

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

impl Report for PublishReport {
    const SCHEMA: &'static str = "cli-publish";

    fn human(&self, style: &Style) -> String {
        let rows = self.published.iter().map(|one| {
            let verdict = if one.already { style.dim("was there") } else { style.good("published") };
            vec![
                one.builder.clone(),
                self.channel.clone(),
                verdict,
                one.build_id.clone(),
                one.before.clone().filter(|_| !one.already).unwrap_or_else(|| "-".into()),
            ]
        });
        table::table(&["builder", "channel", "verdict", "build", "before"], rows.collect(), style)
    }
}
