//! `hybrid trust`.

use hc_engine::outcome::trust::{ProgramDoc, TrustReport};

use super::diagnostics::one_line;
use super::{Report, Style};

impl Report for TrustReport {
    const SCHEMA: &'static str = "cli-trust";

    fn human(&self, style: &Style) -> String {
        let root = one_line(&self.root);
        let standing = match (self.trusted, self.changed, &self.since) {
            (true, true, _) => style.good(&format!("{root} is trusted on this machine from now on")),
            (true, false, Some(since)) => format!("{root} is trusted on this machine since {since}"),
            (true, false, None) => format!("{root} is trusted on this machine"),
            (false, true, _) => format!("{root} is not trusted any more"),
            (false, false, _) => format!("{root} is not trusted on this machine"),
        };
        let mut text = format!("{standing}\n");
        if self.programs.is_empty() {
            return text;
        }
        let (inside, elsewhere): (Vec<_>, Vec<_>) = self.programs.iter().partition(|one| one.inside);
        for (heading, programs) in
            [("programs of the project itself", inside), ("what runs besides, by name", elsewhere)]
        {
            if !programs.is_empty() {
                text.push_str(&format!("\n{}\n", style.bold(heading)));
                programs.into_iter().for_each(|one| text.push_str(&line(one)));
            }
        }
        text
    }
}

fn line(one: &ProgramDoc) -> String {
    one_line(&format!("  {}: {}", one.purpose, one.words)) + "\n"
}
