//! Scanning tracked inputs for plaintext secrets (SEC-1).
//!
//! Pure: text in, findings out; the caller reads files and decides. Promises: a [`SecretFinding`] never holds the
//! value; entropy alone is only [`SecretSeverity::Info`]; what is accepted is accepted by name and with a reason.

mod allow;
mod finding;
pub mod pieces;
mod placeholder;
mod rules;
mod words;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use hc_core::Digest;
use hc_core::digest::Combiner;
use regex::Regex;

pub use allow::{Allow, AllowEntry, Baseline, BaselineEntry, BaselineSchema};
pub use finding::SecretFinding;
pub use pieces::{Looked, Piece};
pub use rules::{Rule, SecretSeverity, rules};

use crate::token;
use placeholder::{is_mixed, is_placeholder, looks_random};
use rules::{BARE_ALLOW, LineRule, TOO_LARGE, line_rules};

/// Longer lines are minified data: only token shapes are looked for.
const MAX_LINE: usize = 16 * 1024;
/// After so many findings in one file the rest of it is not listed: it is no file that people wrote.
const MAX_FINDINGS: usize = 1000;
/// Endings of templates, taken off before the ending of the file itself is looked at.
const TEMPLATE_ENDINGS: [&str; 6] = [".pkrtpl.hcl", ".pkrtpl", ".tmpl", ".tpl", ".j2", ".example"];

/// Changes with everything that can make the scanner find something else: what was found by other rules is not known.
pub fn rules_digest() -> Digest {
    /// Raised with every change of the scanner's code.
    const SCANNER: &str = "2";
    let mut digest = Combiner::new("hybrid scanner");
    digest.field(env!("CARGO_PKG_VERSION").as_bytes());
    digest.field(SCANNER.as_bytes()).field(include_bytes!("rules.toml"));
    digest.finish()
}

/// Scans the text of the file at `path` (relative to the project) and gives what is not accepted, by place.
pub fn scan(path: &Path, text: &str, allow: &Allow) -> Vec<SecretFinding> {
    scan_for(path, text, allow, SecretSeverity::Info)
}

/// Scans a piece of the text of the file at `path` for what weighs at least `least`. Lines are those of the file; spans those
/// of the piece.
pub fn scan_piece(
    path: &Path,
    piece: &Piece<'_>,
    allow: &Allow,
    least: SecretSeverity,
) -> Vec<SecretFinding> {
    let mut found = scan_for(path, piece.text, allow, least);
    found.retain(|finding| piece.own.contains(&finding.span.start));
    found.iter_mut().for_each(|finding| finding.line += piece.lines_before);
    found
}

/// What is found of a file that is too large to be searched; nothing where that is accepted.
pub fn too_large(path: &Path, allow: &Allow) -> Option<SecretFinding> {
    let rule = TOO_LARGE;
    let digest = allow::digest(rule.id, path, "");
    let found = SecretFinding {
        rule: rule.id,
        description: rule.description,
        severity: rule.severity,
        path: path.to_owned(),
        line: 1,
        column: 1,
        span: 0..0,
        digest,
    };
    (!allow.accepts(rule.id, path, &digest)).then_some(found)
}

fn scan_for(path: &Path, text: &str, allow: &Allow, least: SecretSeverity) -> Vec<SecretFinding> {
    let mut found: Vec<(Range<usize>, Rule)> = Vec::new();
    for token in token::find(text) {
        let rule =
            Rule { id: token.rule.id, description: token.rule.description, severity: SecretSeverity::Error };
        let value = &text[token.span.clone()];
        let is_secret = if token.rule.block { has_key_body(value) } else { !is_placeholder(value) };
        if is_secret {
            found.push((token.span, rule));
        }
    }
    let name = bare_name(path);
    let able = |rule: &&LineRule| rule.rule.severity >= least && looks_at(rule, path, &name);
    let rules: Vec<Option<&LineRule>> = line_rules().iter().map(|rule| Some(rule).filter(able)).collect();
    let has_marks = text.contains(allow::MARK);
    let able =
        rules.iter().enumerate().filter(|(_, rule)| rule.is_some()).fold(0, |able, (at, _)| able | 1 << at);
    // Most files hold nothing at all.
    if found.is_empty() && !has_marks && words::excluded(text, able) {
        return Vec::new();
    }
    let lines = Lines::new(text);
    let candidates = words::candidates(text, &lines.ranges);
    let has_blocks = text.contains("variable");
    let mut block = Block::default();
    for (number, range) in lines.ranges.iter().enumerate() {
        let line = &text[range.clone()];
        if has_blocks {
            block.enter(line);
        }
        if line.len() <= MAX_LINE && candidates[number] != 0 {
            let able = rules.iter().enumerate().filter(|(at, _)| candidates[number] & 1 << at != 0);
            for rule in able.filter_map(|(_, rule)| *rule) {
                for span in line_matches(rule, line, block.name()) {
                    found.push((range.start + span.start..range.start + span.end, rule.rule));
                }
            }
        }
        if has_marks
            && let Some(inline) = allow::inline(line)
            && (!allow::is_reason(inline.reason) || !is_rule(inline.rule))
        {
            found.push((lines.ranges[number].start + inline.at..range.end, BARE_ALLOW));
        }
        if has_blocks {
            block.leave(line);
        }
    }
    // Tokens come first in the order of pushing: they say more than the assignment around them.
    found.sort_by_key(|(span, rule)| (std::cmp::Reverse(rule.severity), span.start));
    let mut findings: Vec<SecretFinding> = Vec::new();
    let mut taken = BTreeMap::new();
    for (span, rule) in found {
        let before = taken.range(..span.end).next_back().is_some_and(|(_, end)| *end > span.start);
        if !before && findings.len() < MAX_FINDINGS {
            taken.insert(span.start, span.end);
            findings.push(lines.finding(path, text, span, rule));
        }
    }
    findings.retain(|finding| {
        !allow.accepts(finding.rule, path, &finding.digest) && !lines.is_allowed_inline(text, finding)
    });
    findings.sort_by_key(|finding| finding.span.start);
    findings
}

fn is_rule(id: &str) -> bool {
    rules().iter().any(|rule| rule.id == id)
}

fn bare_name(path: &Path) -> String {
    let mut name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    while let Some(ending) = TEMPLATE_ENDINGS.iter().find(|ending| name.ends_with(**ending)) {
        name.truncate(name.len() - ending.len());
    }
    name
}

fn looks_at(rule: &LineRule, path: &Path, bare: &str) -> bool {
    let full = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let ends = |endings: &[String]| {
        endings.iter().any(|ending| bare.ends_with(ending.as_str()) || full.ends_with(ending.as_str()))
    };
    (rule.files.is_empty() || ends(&rule.files)) && !ends(&rule.not_files)
}

/// The secret parts of a line by one rule.
fn line_matches(rule: &LineRule, line: &str, block: Option<&str>) -> Vec<Range<usize>> {
    // `default` says nothing without the name of its variable.
    let of_block = rule.rule.id == "default-password";
    let joined: Cow<'_, str> = match block {
        Some(name) if of_block => format!("{name}\0{line}").into(),
        _ if of_block => return Vec::new(),
        _ => line.into(),
    };
    let shift = joined.len() - line.len();
    let values =
        rule.pattern.captures_iter(&joined).filter_map(|found| found.name("value").or(found.name("single")));
    values
        .filter(|value| {
            let text = value.as_str();
            text.chars().count() >= rule.min
                && !is_placeholder(text)
                && (!rule.mixed || is_mixed(text))
                && rule.entropy.is_none_or(|bits| looks_random(text, bits) && !names_checksum(line))
        })
        .map(|value| value.start() - shift..value.end() - shift)
        .collect()
}

fn names_checksum(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["sum", "sha", "md5", "digest", "hash", "integrity", "fingerprint", "uuid", "h1:", "zh:", "ssh-"]
        .iter()
        .any(|word| line.contains(word))
}

/// Whether a key block holds a key: a BEGIN line alone is a pattern or a message.
fn has_key_body(block: &str) -> bool {
    let mut run = 0;
    block.bytes().skip("-----BEGIN ".len()).any(|byte| {
        run = if byte.is_ascii_alphanumeric() || b"+/=".contains(&byte) { run + 1 } else { 0 };
        run >= 32
    })
}

/// The `variable "…"` block that a line of HCL stands in.
#[derive(Default)]
struct Block {
    open: Option<(String, String)>,
}

impl Block {
    fn enter(&mut self, line: &str) {
        static HEAD: std::sync::OnceLock<Option<Regex>> = std::sync::OnceLock::new();
        let head = HEAD.get_or_init(|| Regex::new(r#"^(\s*)variable\s+"([^"]{1,200})"\s*\{"#).ok());
        if let Some(found) = head.as_ref().and_then(|head| head.captures(line)) {
            self.open = Some((found[1].to_owned(), found[2].to_owned()));
        }
    }

    fn name(&self) -> Option<&str> {
        self.open.as_ref().map(|(_, name)| name.as_str())
    }

    fn leave(&mut self, line: &str) {
        let closes = |indent: &str| line.strip_prefix(indent).is_some_and(|rest| rest.starts_with('}'));
        if self.open.as_ref().is_some_and(|(indent, _)| closes(indent)) {
            self.open = None;
        }
    }
}

struct Lines {
    /// Byte ranges without line ends.
    ranges: Vec<Range<usize>>,
}

impl Lines {
    fn new(text: &str) -> Self {
        let mut ranges = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let content = line.trim_end_matches(['\n', '\r']);
            ranges.push(start..start + content.len());
            start += line.len();
        }
        Self { ranges }
    }

    fn number(&self, at: usize) -> usize {
        self.ranges.partition_point(|range| range.start <= at).saturating_sub(1)
    }

    fn finding(&self, path: &Path, text: &str, span: Range<usize>, rule: Rule) -> SecretFinding {
        let number = self.number(span.start);
        let range = self.ranges.get(number).cloned().unwrap_or(0..0);
        SecretFinding {
            rule: rule.id,
            description: rule.description,
            severity: rule.severity,
            path: path.to_owned(),
            line: number + 1,
            column: text[range.start..span.start].chars().count() + 1,
            digest: allow::digest(rule.id, path, &text[range]),
            span,
        }
    }

    /// On the same line, or alone on the line before.
    fn is_allowed_inline(&self, text: &str, finding: &SecretFinding) -> bool {
        let number = finding.line - 1;
        let allows = |range: Option<&Range<usize>>, alone: bool| {
            let Some(line) = range.map(|range| &text[range.clone()]) else { return false };
            allow::inline(line).is_some_and(|inline| {
                let is_alone = !line[..inline.at].contains(char::is_alphanumeric);
                inline.rule == finding.rule && allow::is_reason(inline.reason) && (!alone || is_alone)
            })
        };
        finding.rule != BARE_ALLOW.id
            && (allows(self.ranges.get(number), false)
                || number.checked_sub(1).is_some_and(|before| allows(self.ranges.get(before), true)))
    }
}

#[cfg(test)]
mod tests;
