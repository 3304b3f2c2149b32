//! `hybrid cache …`.

use hc_core::ExitClass;
use hc_engine::outcome::cache::{CacheAction, CacheReport, CacheStatus};

use super::{Report, Style, table};

impl Report for CacheReport {
    const SCHEMA: &'static str = "cli-cache";

    fn human(&self, style: &Style) -> String {
        let rows = self.files.iter().map(|file| {
            let word = file.status.word();
            let status = if file.status == CacheStatus::Changed { style.bad(word) } else { word.to_owned() };
            let builders = if file.builders.is_empty() { "-".to_owned() } else { file.builders.join(", ") };
            vec![status, file.path.clone(), table::bytes(file.size), builders]
        });
        let text = table::table(&["status", "file", "size", "wanted by"], rows.collect(), style);
        match (text.is_empty(), self.action) {
            (true, CacheAction::Prune) => "nothing to remove\n".into(),
            (true, CacheAction::List | CacheAction::Verify) => "nothing was downloaded yet\n".into(),
            (false, _) => text,
        }
    }

    fn exit_code(&self) -> ExitClass {
        let changed = self.files.iter().any(|file| file.status == CacheStatus::Changed);
        if changed { ExitClass::Invalid } else { ExitClass::Success }
    }
}
