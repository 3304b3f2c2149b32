//! `hybrid build`.

use hc_core::ExitClass;
use hc_engine::outcome::build::BuildReport;

use super::artifacts::images_first;
use super::{Report, Style, table};

impl Report for BuildReport {
    const SCHEMA: &'static str = "cli-build";

    fn human(&self, style: &Style) -> String {
        let mut rows = Vec::new();
        for build in &self.builds {
            let took = table::duration(build.duration_ms);
            let word = if build.result.exit_code == 0 { style.good("built") } else { style.bad("failed") };
            let files = build.artifact.iter().flat_map(|artifact| images_first(&artifact.files));
            let mut any = false;
            for file in files {
                any = true;
                let digest = file.blake3.map_or("-".into(), |digest| digest.short());
                rows.push(vec![
                    build.builder.clone(),
                    word.clone(),
                    file.path.clone(),
                    file.size.map_or("-".into(), table::bytes),
                    digest,
                    took.clone(),
                ]);
            }
            if !any {
                let ids =
                    build.artifact.as_ref().map(|artifact| artifact.image_ids.join(", ")).unwrap_or_default();
                let what = if ids.is_empty() { build.result.classification.to_string() } else { ids };
                rows.push(vec![build.builder.clone(), word, what, "-".into(), "-".into(), took]);
            }
        }
        let mut text = table::table(&["builder", "result", "image", "size", "blake3", "took"], rows, style);
        for builder in &self.up_to_date {
            text.push_str(&format!("{builder} is up to date\n"));
        }
        for skipped in &self.skipped {
            let why = skipped.reason.words();
            text.push_str(&style.warn(&format!("{} did not start: {why}\n", skipped.builder)));
        }
        text
    }

    fn exit_code(&self) -> ExitClass {
        self.class()
    }
}
