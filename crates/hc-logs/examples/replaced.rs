//! `cargo run -p hc-logs --example replaced < build.log > redacted.log`: what the token shapes would replace in a log,
//! and how often the scanner would stop for it, by rule.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;

use hc_logs::Redactor;
use hc_logs::scan::{self, Allow, SecretSeverity};

#[expect(clippy::print_stderr, reason = "an example is run to be read")]
fn main() -> std::io::Result<()> {
    let mut text = Vec::new();
    std::io::stdin().read_to_end(&mut text)?;
    let (redacted, counts) = Redactor::tokens_only().redact_counted(&text);
    std::io::stdout().write_all(&redacted)?;
    let mut scanned = BTreeMap::new();
    for finding in scan::scan(Path::new("build.log"), &String::from_utf8_lossy(&text), &Allow::default()) {
        if finding.severity == SecretSeverity::Error {
            *scanned.entry(finding.rule).or_insert(0_u64) += 1;
        }
    }
    eprintln!("{:.1} MB; replaced: {:?}; scanner: {scanned:?}", text.len() as f64 / 1e6, counts);
    Ok(())
}
