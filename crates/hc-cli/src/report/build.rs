//! `hybrid build` and `hybrid artifacts …`.

use hc_config::Diagnostic;
use hc_packer::result::PackerResult;
use hc_records::ArtifactRecord;
use serde::Serialize;

use super::{Report, Style, table};
use hc_core::ExitClass;

/// What was built.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuildReport {
    /// Environment.
    pub env: String,
    /// One entry per target, in the order in which they ended.
    pub builds: Vec<BuildDoc>,
    /// Targets that `--stale` left out because they are up to date.
    pub up_to_date: Vec<String>,
    /// Targets that never started, and why.
    pub skipped: Vec<SkippedDoc>,
}

/// One build.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuildDoc {
    /// Builder id.
    pub builder: String,
    /// Unique id of this build.
    pub build_id: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// What packer's run came to.
    pub result: PackerResult,
    /// The record in `artifacts/`; null when the build failed.
    pub artifact: Option<ArtifactRecord>,
}

/// A target that never started.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SkippedDoc {
    /// Builder id.
    pub builder: String,
    /// Why.
    pub reason: String,
}

impl Report for BuildReport {
    const SCHEMA: &'static str = "cli-build";

    fn human(&self, style: &Style) -> String {
        let mut rows = Vec::new();
        for build in &self.builds {
            let took = table::duration(build.duration_ms);
            let word = if build.result.exit_code == 0 { style.good("built") } else { style.bad("failed") };
            let files = build.artifact.iter().flat_map(|artifact| &artifact.files);
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
            text.push_str(&style.warn(&format!("{} did not start: {}\n", skipped.builder, skipped.reason)));
        }
        text
    }

    fn exit_code(&self) -> ExitClass {
        let stopped = self.skipped.iter().any(|skipped| skipped.reason == hc_packer::schedule::INTERRUPTED);
        let stopped = if stopped { ExitClass::Interrupted } else { ExitClass::Success };
        let builds = self.builds.iter().map(|build| ExitClass::from_number(build.result.exit_code));
        builds.max().unwrap_or(ExitClass::Success).max(stopped)
    }
}

impl BuildReport {
    /// One error per build that failed or was stopped.
    pub fn failures(&self) -> Vec<Diagnostic> {
        let failed = self.builds.iter().filter(|build| build.result.exit_code != 0);
        failed
            .map(|build| {
                let (builder, result) = (&build.builder, &build.result);
                let mut failure = match ExitClass::from_number(result.exit_code) {
                    ExitClass::Interrupted => {
                        Diagnostic::error("Interrupted", format!("{builder} was stopped by request"))
                    }
                    _ => Diagnostic::error(
                        "BuildFailed",
                        format!("{builder} was not built ({})", result.classification),
                    ),
                };
                failure.hint = result.log_path.as_ref().map(|log| format!("packer's words are in {log}"));
                failure
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_was_stopped_between_two_builds_is_interrupted() {
        let skipped = |reason: &str| {
            let skipped = vec![SkippedDoc { builder: "linux.file.motd".into(), reason: reason.into() }];
            BuildReport { env: "dev".into(), builds: Vec::new(), up_to_date: Vec::new(), skipped }
        };
        assert_eq!(skipped(hc_packer::schedule::INTERRUPTED).exit_code(), ExitClass::Interrupted);
        assert_eq!(skipped("its parent was not built").exit_code(), ExitClass::Success);
    }
}
