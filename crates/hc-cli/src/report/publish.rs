//! `hybrid publish`.

use hc_engine::outcome::publish::PublishReport;

use super::{Report, Style, table};

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
