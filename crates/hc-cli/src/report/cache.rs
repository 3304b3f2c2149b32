//! `hybrid cache …`.

use serde::Serialize;

use super::{Report, Style, table};
use hc_core::ExitClass;

/// Downloads in the store.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CacheReport {
    /// `list`, `verify` or `prune`.
    pub action: String,
    /// What is in the store; after `prune`, what was removed.
    pub files: Vec<CachedFile>,
}

/// One download.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CachedFile {
    /// Path, relative to the project.
    pub path: String,
    /// Its checksum.
    pub checksum: String,
    /// Size in bytes.
    pub size: u64,
    /// `kept`, `intact`, `changed` or `removed`.
    pub status: String,
    /// Builders that want it.
    pub builders: Vec<String>,
}

impl Report for CacheReport {
    const SCHEMA: &'static str = "cli-cache";

    fn human(&self, style: &Style) -> String {
        let rows = self.files.iter().map(|file| {
            let status = if file.status == "changed" { style.bad("changed") } else { file.status.clone() };
            let builders = if file.builders.is_empty() { "-".to_owned() } else { file.builders.join(", ") };
            vec![status, file.path.clone(), table::bytes(file.size), builders]
        });
        let text = table::table(&["status", "file", "size", "wanted by"], rows.collect(), style);
        match (text.is_empty(), self.action.as_str()) {
            (true, "prune") => "nothing to remove\n".into(),
            (true, _) => "nothing was downloaded yet\n".into(),
            (false, _) => text,
        }
    }

    fn exit_code(&self) -> ExitClass {
        let changed = self.files.iter().any(|file| file.status == "changed");
        if changed { ExitClass::Invalid } else { ExitClass::Success }
    }
}
