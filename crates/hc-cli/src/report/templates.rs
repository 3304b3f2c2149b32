//! `hybrid templates list`.

use hc_engine::outcome::templates::{ComposeReport, TemplatesReport};

use super::diagnostics::one_line;
use super::{Report, Style, table};

impl Report for TemplatesReport {
    const SCHEMA: &'static str = "cli-templates";

    fn human(&self, style: &Style) -> String {
        let rows = self.builders.iter().map(|builder| {
            let cells = [
                builder.id.clone(),
                builder.sources.join(", "),
                builder.provisioners.join(", "),
                builder.parent.clone().unwrap_or_else(|| "-".into()),
                builder.description.clone().unwrap_or_default(),
            ];
            // Names of templates are anybody's; none of them may steer the terminal.
            cells.map(|cell| one_line(&cell)).to_vec()
        });
        let text = table::table(
            &["builder", "sources", "provisioners", "parent", "description"],
            rows.collect(),
            style,
        );
        if text.is_empty() { "no builders\n".into() } else { text }
    }
}

impl Report for ComposeReport {
    const SCHEMA: &'static str = "cli-templates-compose";

    fn human(&self, _: &Style) -> String {
        format!(
            "{}: {} files copied, {} made\npacker build {}\n",
            self.builder, self.copied, self.generated, self.packer_dir
        )
    }
}
