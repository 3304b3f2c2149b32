//! Finds token shapes in a text that is at hand as a whole.

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

use super::{Runs, Tail, TokenRule, Verdict, rules};

/// A token in a text.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) rule: &'static TokenRule,
    /// Where the match begins; for a key block, its BEGIN line.
    pub(crate) span: Range<usize>,
}

struct Anchors {
    automaton: Option<AhoCorasick>,
    /// `(rule, pattern)` of each anchor.
    owners: Vec<(usize, usize)>,
}

fn anchors() -> &'static Anchors {
    static ANCHORS: OnceLock<Anchors> = OnceLock::new();
    ANCHORS.get_or_init(|| {
        let (mut texts, mut owners) = (Vec::new(), Vec::new());
        for (rule, token) in rules().iter().enumerate().filter(|(_, token)| token.scan) {
            for (index, pattern) in token.patterns.iter().enumerate() {
                texts.push(pattern.anchor().0);
                owners.push((rule, index));
            }
        }
        Anchors { automaton: AhoCorasick::new(texts).ok(), owners }
    })
}

/// All tokens in `text`, in the order of their anchors.
pub(crate) fn find(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let anchors = anchors();
    let (mut tokens, mut runs) = (Vec::new(), Runs::default());
    for found in anchors.automaton.iter().flat_map(|automaton| automaton.find_overlapping_iter(bytes)) {
        let (rule, index) = anchors.owners[found.pattern().as_usize()];
        let rule = &rules()[rule];
        let pattern = &rule.patterns[index];
        let Some(start) = found.start().checked_sub(pattern.anchor().1) else { continue };
        if !rule.may_begin(bytes, start) {
            continue;
        }
        if let Verdict::Match { start, end } = pattern.matches(bytes, start, true) {
            let taken = Tail::after(rule, pattern).map_or(0, |mut tail| tail.take(bytes, end, &mut runs).0);
            // Classes are ASCII or stop before it, but a negated class may end inside a character.
            let end =
                (end + taken..=bytes.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(bytes.len());
            // A token inside a token of its kind is the same finding.
            let inside = |last: &Token| last.rule.id == rule.id && end <= last.span.end;
            if text.is_char_boundary(start) && !tokens.last().is_some_and(inside) {
                tokens.push(Token { rule, span: start..end });
            }
        }
    }
    tokens
}
