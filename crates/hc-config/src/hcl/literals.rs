//! The literal parts of a template as they come out: without what strip markers (`~`) and `<<-` take away.
//!
//! Both look at the text as it stands in the file, line by line: a marker strips up to the end of its line, and
//! an indented heredoc loses what its lines have in common.

use std::collections::BTreeMap;

use hcl_edit::Span;
use hcl_edit::template::{Directive, Element, HeredocTemplate, Strip};

/// Final text of each literal, by the byte at which it starts.
pub(super) type Literals = BTreeMap<usize, String>;

enum Piece {
    /// One line of a literal, or its part of one.
    Text { literal: usize, text: String },
    /// `${…}` or `%{…}`, with the sides on which it strips.
    Marker(Strip),
}

/// The literals of a quoted string.
pub(super) fn quoted(elements: &[&Element]) -> Literals {
    let mut pieces = Vec::new();
    walk(elements.iter().copied(), &mut pieces, &|text, _| vec![text.to_owned()]);
    strip(&mut pieces);
    joined(pieces)
}

/// The literals of a heredoc in `source`.
pub(super) fn heredoc(heredoc: &HeredocTemplate, source: &str) -> Literals {
    let mut pieces = written(heredoc.template.iter(), source);
    if heredoc.indent().is_some() {
        flush(&mut pieces);
    }
    joined(pieces)
}

/// The literals of a template file whose text is `source`.
pub(super) fn bare(elements: &[&Element], source: &str) -> Literals {
    joined(written(elements.iter().copied(), source))
}

/// Stripped pieces of text in which nothing but `$${` and `%%{` is escaped.
fn written<'e>(elements: impl Iterator<Item = &'e Element>, source: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    walk(elements, &mut pieces, &|text, span| {
        // The parser has taken some indentation away already; the file still has it.
        let written = source.get(span).unwrap_or(text);
        written.replace("$${", "${").replace("%%{", "%{").split_inclusive('\n').map(str::to_owned).collect()
    });
    strip(&mut pieces);
    pieces
}

type Lines<'a> = &'a dyn Fn(&str, std::ops::Range<usize>) -> Vec<String>;

fn walk<'e>(elements: impl Iterator<Item = &'e Element>, pieces: &mut Vec<Piece>, lines: Lines<'_>) {
    for element in elements {
        match element {
            Element::Literal(literal) => {
                let span = literal.span().unwrap_or(0..0);
                let start = span.start;
                let texts = lines(literal.value(), span).into_iter();
                pieces.extend(texts.map(|text| Piece::Text { literal: start, text }));
            }
            Element::Interpolation(part) => pieces.push(Piece::Marker(part.strip)),
            Element::Directive(directive) => match &**directive {
                Directive::If(branch) => {
                    pieces.push(Piece::Marker(branch.if_expr.strip));
                    walk(branch.if_expr.template.iter(), pieces, lines);
                    if let Some(otherwise) = &branch.else_expr {
                        pieces.push(Piece::Marker(otherwise.strip));
                        walk(otherwise.template.iter(), pieces, lines);
                    }
                    pieces.push(Piece::Marker(branch.endif_expr.strip));
                }
                Directive::For(repeat) => {
                    pieces.push(Piece::Marker(repeat.for_expr.strip));
                    walk(repeat.for_expr.template.iter(), pieces, lines);
                    pieces.push(Piece::Marker(repeat.endfor_expr.strip));
                }
            },
        }
    }
}

/// Takes white space from the pieces beside markers that ask for it.
fn strip(pieces: &mut [Piece]) {
    for at in 0..pieces.len() {
        let Piece::Marker(sides) = pieces[at] else { continue };
        if let (Strip::Start | Strip::Both, Some(Piece::Text { text, .. })) =
            (sides, at.checked_sub(1).and_then(|before| pieces.get_mut(before)))
        {
            text.truncate(text.trim_end().len());
        }
        if let (Strip::End | Strip::Both, Some(Piece::Text { text, .. })) = (sides, pieces.get_mut(at + 1)) {
            *text = text.trim_start().to_owned();
        }
    }
}

/// Takes the indentation that all lines share. A line that begins with a marker has none; blank lines do not count.
fn flush(pieces: &mut [Piece]) {
    let mut shared = usize::MAX;
    let mut indented = Vec::new();
    let mut fresh = true;
    for (at, piece) in pieces.iter().enumerate() {
        if std::mem::take(&mut fresh) {
            match piece {
                Piece::Text { text, .. } if text.trim().is_empty() && text.ends_with('\n') => {}
                Piece::Text { text, .. } => {
                    shared = shared.min(text.chars().take_while(|c| c.is_whitespace()).count());
                    indented.push(at);
                }
                Piece::Marker(_) => shared = 0,
            }
        }
        fresh = matches!(piece, Piece::Text { text, .. } if text.ends_with('\n'));
    }
    for at in indented {
        if let Piece::Text { text, .. } = &mut pieces[at] {
            *text = text.chars().skip(shared).collect();
        }
    }
}

fn joined(pieces: Vec<Piece>) -> Literals {
    let mut literals = Literals::new();
    for piece in pieces {
        if let Piece::Text { literal, text } = piece {
            literals.entry(literal).or_default().push_str(&text);
        }
    }
    literals
}
