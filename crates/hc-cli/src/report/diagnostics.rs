//! Diagnostics for people: code, message, place, source snippet, cure.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use hc_config::{Diagnostic, Severity};
use hc_logs::scan::{self, Allow};

use super::style::show;

/// From so many on, diagnostics that say the same are told together.
const MANY: usize = 4;
/// So many places of the others are named.
const FEW: usize = 4;
/// The way out for a repository that is older than hybrid.
const BASELINE: &str = "what was there before hybrid can be accepted, each until its line changes: \
                        `hybrid templates scan --write-baseline`";
/// Files larger than this are quoted by place only.
const SNIPPET_LIMIT: u64 = 1 << 20;

/// Renders all diagnostics, errors last so that they end next to the prompt.
pub fn render(root: &Path, diagnostics: &[Diagnostic], color: bool, width: usize) -> String {
    let mut sources: BTreeMap<PathBuf, Option<String>> = BTreeMap::new();
    let renderer = if color { Renderer::styled() } else { Renderer::plain() }.term_width(width);
    let mut text = String::new();
    for (diagnostic, others) in grouped(diagnostics) {
        let source = diagnostic.location.as_ref().and_then(|place| {
            let read = || {
                let text = hc_core::fs::read_text(&root.join(&place.path), SNIPPET_LIMIT).ok().flatten()?;
                // UTF-16 is not shown: places in it are not those of its bytes.
                (!text.contains('\0')).then(|| masked(text, &place.path))
            };
            sources.entry(place.path.clone()).or_insert_with(read).as_deref()
        });
        text.push_str(&render_one(&renderer, diagnostic, source, &others));
        text.push_str("\n\n");
    }
    text
}

/// Errors last; those that say the same often stand where the first stands, with the others.
fn grouped(diagnostics: &[Diagnostic]) -> Vec<(&Diagnostic, Vec<&Diagnostic>)> {
    let mut order: Vec<&Diagnostic> = diagnostics.iter().collect();
    order.sort_by_key(|diagnostic| diagnostic.severity);
    let says =
        |one: &Diagnostic| (one.severity, one.code, one.message.clone(), one.label.clone(), one.hint.clone());
    let mut groups: HashMap<_, Vec<&Diagnostic>> = HashMap::new();
    for one in &order {
        groups.entry(says(one)).or_default().push(one);
    }
    let mut shown = Vec::new();
    for one in order {
        let group = &groups[&says(one)];
        if group.len() < MANY {
            shown.push((one, Vec::new()));
        } else if std::ptr::eq(group[0], one) {
            shown.push((one, group[1..].to_vec()));
        }
    }
    shown
}

/// Where the others of a group are: the first few, and how many in how many files.
fn elsewhere(first: &Diagnostic, others: &[&Diagnostic]) -> String {
    let places: Vec<String> =
        others.iter().filter_map(|one| one.location.as_ref()).take(FEW).map(ToString::to_string).collect();
    let all = others.iter().copied().chain([first]);
    let files: BTreeSet<&Path> =
        all.filter_map(|one| one.location.as_ref()).map(|place| &*place.path).collect();
    let rest = others.len() - places.len();
    let more = if rest > 0 { format!(", and {rest} more") } else { String::new() };
    let count = others.len() + 1;
    let files = match files.len() {
        1 => "1 file".to_owned(),
        many => format!("{many} files"),
    };
    format!("{count} in {files}; also at {}{more} (`--format json` lists all)", one_line(&places.join(", ")))
}

/// The text of a file with stars in the place of every secret that can be found in it, byte for byte.
fn masked(text: String, path: &Path) -> String {
    let found = scan::scan(path, &text, &Allow::default());
    let mut bytes = text.into_bytes();
    for finding in found.iter().filter(|finding| finding.severity == scan::SecretSeverity::Error) {
        let end = finding.span.end.min(bytes.len());
        for byte in bytes.get_mut(finding.span.start..end).into_iter().flatten() {
            // A key of several lines keeps them.
            if *byte != b'\n' {
                *byte = b'*';
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}

fn render_one(
    renderer: &Renderer,
    diagnostic: &Diagnostic,
    source: Option<&str>,
    others: &[&Diagnostic],
) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = visible(&diagnostic.message);
    let label = diagnostic.label.as_deref().map(one_line);
    let hint = diagnostic.hint.as_deref().map(visible);
    let path = diagnostic.location.as_ref().map(|place| one_line(&place.path.to_string_lossy()));
    let mut group = Group::with_title(level.primary_title(title).id(diagnostic.code));
    if let (Some(place), Some(path)) = (&diagnostic.location, path) {
        match source.filter(|text| place.span.end <= text.len()) {
            Some(text) => {
                let lines = lines_of(text, &place.span);
                let shifted = place.span.start - lines.start..place.span.end - lines.start;
                let mut mark = AnnotationKind::Primary.span(shifted);
                if let Some(label) = label {
                    mark = mark.label(label);
                }
                group = group.element(
                    Snippet::source(text[lines].to_owned())
                        .line_start(place.line)
                        .path(path)
                        .annotation(mark),
                );
            }
            None => {
                let origin = Origin::path(path).line(place.line).char_column(place.column);
                group = group.element(origin);
            }
        }
    }
    if !others.is_empty() {
        group = group.element(Level::NOTE.message(elsewhere(diagnostic, others)));
    }
    if let Some(hint) = hint {
        group = group.element(Level::HELP.message(hint));
    }
    if !others.is_empty() && diagnostic.code == "PlaintextSecret" {
        group = group.element(Level::HELP.message(BASELINE));
    }
    renderer.render(&[group])
}

/// The lines that a span is on. The renderer reads all that it is given, for every diagnostic anew.
fn lines_of(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[span.end..].find('\n').map_or(text.len(), |at| span.end + at);
    start..end
}

/// Text from files and names, made safe for a terminal: nothing in it steers, and a line end in it begins no line of
/// its own, so that it cannot pass for another message.
pub fn visible(text: &str) -> String {
    shown(text).replace('\n', "\n  ")
}

fn shown(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut safe, c| {
        show(c, &mut safe);
        safe
    })
}

/// A name, on one line.
pub fn one_line(text: &str) -> String {
    shown(text).replace('\n', "\u{fffd}")
}
