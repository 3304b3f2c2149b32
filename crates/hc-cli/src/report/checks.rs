//! What `validate` found, in the formats of other programs: JUnit for CI, SARIF 2.1.0 for code review.

use std::fmt::Write as _;
use std::path::Path;

use hc_config::{Diagnostic, Location, Severity};
use hc_engine::outcome::validate::ValidatedTarget;
use serde_json::{Value, json};

use super::validate::REFUSED;

/// Everything that a check found.
#[derive(Debug, Clone, Copy)]
pub struct Findings<'a> {
    /// Environment.
    pub env: &'a str,
    /// Targets that packer looked at; none when the static checks failed.
    pub targets: &'a [ValidatedTarget],
    /// Problems of the project's files.
    pub diagnostics: &'a [Diagnostic],
    /// Sections of the page of error codes, for the rules' help.
    pub pages: &'a [(&'static str, &'static str)],
}

/// One test case per target, and one for the static checks.
pub fn junit(findings: &Findings<'_>) -> String {
    let errors: Vec<&Diagnostic> = findings.diagnostics.iter().filter(|one| one.is_error()).collect();
    let failed =
        findings.targets.iter().filter(|target| !target.valid).count() + usize::from(!errors.is_empty());
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "<testsuites>\n  <testsuite name=\"hybrid validate {}\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\">\n",
        xml(findings.env),
        findings.targets.len() + 1
    );
    let texts: Vec<String> = errors.iter().map(|one| text(one)).collect();
    case(&mut out, "files", "static checks", (!errors.is_empty()).then(|| texts.join("\n")));
    for target in findings.targets {
        let words = target.packer_output.clone().unwrap_or_default();
        case(&mut out, &target.builder, "packer validate", (!target.valid).then_some(words));
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

fn case(out: &mut String, name: &str, class: &str, failure: Option<String>) {
    let head = format!("    <testcase name=\"{}\" classname=\"{}\"", xml(name), xml(class));
    let _ = match failure {
        None => writeln!(out, "{head}/>"),
        Some(words) => {
            let first = words.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            writeln!(
                out,
                "{head}>\n      <failure message=\"{}\">{}</failure>\n    </testcase>",
                xml(first.trim()),
                xml(&words)
            )
        }
    };
}

fn text(diagnostic: &Diagnostic) -> String {
    let place = diagnostic.location.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
    let hint = diagnostic.hint.as_ref().map(|hint| format!(" (hint: {hint})")).unwrap_or_default();
    format!("{place}[{}] {}{hint}", diagnostic.code, diagnostic.message)
}

/// Text inside XML: escaped, without the control characters that XML cannot hold.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A SARIF log with one run; rules are error codes.
pub fn sarif(findings: &Findings<'_>) -> Value {
    let mut codes: Vec<&str> = findings.diagnostics.iter().map(|one| one.code).collect();
    let refused: Vec<&ValidatedTarget> = findings.targets.iter().filter(|target| !target.valid).collect();
    if !refused.is_empty() {
        codes.push(REFUSED);
    }
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes.iter().map(|code| rule(code, findings.pages)).collect();
    let diagnostics = findings.diagnostics.iter().map(|one| {
        let words = [Some(&one.message), one.label.as_ref(), one.hint.as_ref()];
        let words: Vec<&str> = words.into_iter().flatten().map(String::as_str).collect();
        json!({
            "ruleId": one.code,
            "level": if one.severity == Severity::Error { "error" } else { "warning" },
            "message": { "text": words.join(". ") },
            "locations": [located(one.location.as_ref())],
        })
    });
    let refused = refused.into_iter().map(|target| {
        let words = target.packer_output.as_deref().unwrap_or_default().trim();
        json!({
            "ruleId": REFUSED,
            "level": "error",
            "message": { "text": format!("packer refuses {}: {words}", target.builder) },
            "locations": [located(None)],
        })
    });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "hybrid", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": diagnostics.chain(refused).collect::<Vec<_>>(),
        }],
    })
}

/// A place. What has none stands at the settings of the project: GitHub refuses a whole file for one finding without a place.
fn located(place: Option<&Location>) -> Value {
    let settings = Location::whole_file(Path::new(hc_config::settings::FILE_NAME));
    let place = place.unwrap_or(&settings);
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&place.path.to_string_lossy()) },
            "region": { "startLine": place.line.max(1), "startColumn": place.column.max(1) },
        },
    })
}

fn rule(code: &str, pages: &[(&str, &str)]) -> Value {
    let page = pages.iter().find(|(known, _)| *known == code).map_or("", |(_, text)| *text);
    let mut rule = json!({ "id": code, "name": code });
    if !page.is_empty() {
        rule["help"] = json!({ "text": super::explain::plain(page), "markdown": page });
    }
    rule
}

/// A relative path as a uri: what is no letter of a path is escaped.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                out.push(char::from(byte))
            }
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}
