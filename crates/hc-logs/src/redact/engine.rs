//! Finds what must not be seen: all forms of all secrets and the anchors of all token shapes.
//!
//! Promises: the union of **all** matches is covered, not a choice of them (`abcdefghi` with the secrets
//! `abcdef` and `defghi` becomes `***`), and [`Engine::advance`] covers the same bytes however a text is
//! cut into pieces. Forms are found across short line breaks too (wrapped base64). What a place needs to
//! be decided is bounded, so is the memory.

use std::collections::BTreeMap;

use super::counts::Counts;
use super::forms;
use super::heads::Heads;
use super::patterns::Patterns;
use super::squeeze::{self, Squeezed};
use crate::token::{self, Pattern, Runs, Tail, TokenRule, Verdict};

/// What stands in a secret's place.
const REPLACEMENT: &[u8] = b"***";

/// Bytes before the first open one that a decision may look at: a break within the first
/// [`SHORT_HEAD`] bytes of a form, or the byte before a token.
pub(crate) const CONTEXT: usize = 24;
/// A form that is broken by a line end within so few bytes is covered from the next line on: holding back a
/// line end because of them would delay nearly every line of a live log.
const SHORT_HEAD: usize = 3;
/// How many begun forms are looked for at the end of one line.
const MOST_ENDS: usize = 8;
/// A covered range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// The replacement was already written.
    pub(crate) written: bool,
}

/// Where a text stands: offsets into the bytes that are still at hand.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Everything before was written.
    pub(crate) done: usize,
    /// Covered ranges that end after `done`, sorted, disjoint.
    pub(crate) spans: Vec<Span>,
    /// End of the last covered range.
    pub(crate) covered_to: Option<usize>,
    /// Everything before was seen by the tails.
    seen: usize,
    tails: Vec<Tail>,
}

impl Progress {
    /// Writes `text[done..limit]` with the covered parts replaced.
    pub(crate) fn write(&mut self, text: &[u8], limit: usize, out: &mut Vec<u8>) {
        let mut at = self.done;
        for span in self.spans.iter_mut().take_while(|span| span.start < limit) {
            if span.start > at {
                out.extend_from_slice(&text[at..span.start]);
            }
            // Neighbours become one replacement, wherever the text was cut.
            if !span.written && self.covered_to.is_none_or(|end| end < span.start) {
                out.extend_from_slice(REPLACEMENT);
            }
            span.written = true;
            self.covered_to = Some(span.end);
            at = at.max(span.end.min(limit));
        }
        out.extend_from_slice(&text[at..limit]);
        self.done = limit;
        self.spans.retain(|span| span.end > limit);
    }

    /// Forgets the first `count` bytes; `count` is at most `done`.
    pub(crate) fn forget(&mut self, count: usize) {
        self.done -= count;
        self.seen -= count;
        self.covered_to = self.covered_to.and_then(|end| end.checked_sub(count));
        for span in &mut self.spans {
            // A written span may begin in what is forgotten.
            (span.start, span.end) = (span.start.saturating_sub(count), span.end - count);
        }
    }

    pub(super) fn cover(&mut self, start: usize, end: usize) {
        if start < end {
            self.spans.push(Span { start, end, written: false });
        }
    }

    pub(super) fn merge(&mut self) {
        self.spans.sort_by_key(|span| (span.start, span.end));
        let mut merged: Vec<Span> = Vec::with_capacity(self.spans.len());
        for span in self.spans.drain(..) {
            match merged.last_mut().filter(|last| span.start <= last.end) {
                Some(last) => {
                    last.end = last.end.max(span.end);
                    last.written |= span.written;
                }
                None => merged.push(span),
            }
        }
        self.spans = merged;
    }
}

/// What one pattern stands for.
#[derive(Debug, Default, Clone)]
struct Meaning {
    /// The form it is, by rule name.
    form: Option<&'static str>,
    /// Token patterns whose anchor it is or begins with: `(rule, pattern)`.
    anchors: Vec<(usize, usize)>,
}

/// The compiled search.
pub(crate) struct Engine {
    heads: Heads,
    /// Asked only where [`Heads`] says that a pattern may begin.
    patterns: Patterns,
    meanings: Vec<Meaning>,
    has_forms: bool,
    tokens: &'static [TokenRule],
    /// Token patterns that begin before their anchor.
    headed: Vec<(usize, usize)>,
}

/// How far a text goes on with what an earlier one began.
pub(crate) struct GoesOn {
    /// Bytes from its start.
    pub(crate) covered: usize,
    /// All of it belongs to the form, and there is more to come.
    pub(crate) open: bool,
}

struct Candidate {
    key: usize,
    start: usize,
    end: usize,
    rule: &'static str,
    tail: Option<Tail>,
}

impl Engine {
    pub(crate) fn new<'a>(secrets: impl Iterator<Item = &'a str>, token_shapes: bool) -> Self {
        let tokens = if token_shapes { token::rules() } else { &[] };
        let mut patterns: BTreeMap<Vec<u8>, Meaning> = BTreeMap::new();
        for secret in secrets {
            for (form, rule) in forms::forms(secret) {
                let form = Squeezed::new(&form).bytes().to_vec();
                // A break that stays, this early, would be shown before the form is known; lines do for those.
                let broken = form.iter().take(SHORT_HEAD + 1).any(|byte| squeeze::is_break(*byte));
                if form.len() >= forms::MIN_SECRET && !broken {
                    patterns.entry(form).or_default().form.get_or_insert(rule);
                }
            }
        }
        let mut headed = Vec::new();
        for (rule, token) in tokens.iter().enumerate() {
            for (index, pattern) in token.patterns.iter().enumerate() {
                let (anchor, back) = pattern.anchor();
                patterns.entry(anchor.to_vec()).or_default().anchors.push((rule, index));
                if back > 0 {
                    headed.push((rule, index));
                }
            }
        }
        // The longest pattern hides the anchors it begins with, so it carries them.
        let anchors: Vec<_> = patterns
            .iter()
            .filter(|(_, meaning)| !meaning.anchors.is_empty())
            .map(|(p, m)| (p.clone(), m.clone()))
            .collect();
        for (pattern, meaning) in &mut patterns {
            for (anchor, other) in &anchors {
                if anchor.len() < pattern.len() && pattern.starts_with(anchor) {
                    meaning.anchors.extend(&other.anchors);
                }
            }
        }
        let (sorted, meanings): (Vec<_>, Vec<_>) = patterns.into_iter().unzip();
        Self {
            has_forms: meanings.iter().any(|meaning| meaning.form.is_some()),
            meanings,
            heads: Heads::new(&sorted),
            patterns: Patterns::new(sorted),
            tokens,
            headed,
        }
    }

    /// How many byte strings are searched for.
    pub(crate) fn patterns(&self) -> usize {
        self.patterns.all().len()
    }

    /// Looks at `text` from `progress.done` on, covers what is decided and says up to where. With `whole`,
    /// nothing follows after `text` and everything is decided.
    pub(crate) fn advance(
        &self,
        text: &[u8],
        progress: &mut Progress,
        whole: bool,
        counts: &mut Counts,
    ) -> usize {
        self.extend_tails(text, progress);
        if self.patterns() == 0 {
            progress.seen = text.len();
            return text.len();
        }
        let squeezed = Squeezed::new(text);
        let mut limit = text.len();
        if !whole {
            limit = self.open_form(&squeezed).unwrap_or(limit).min(self.open_head(text, progress.done));
        }
        let mut candidates = Vec::new();
        for candidate in self.heads.places(squeezed.bytes()) {
            let Some(found) = self.patterns.at_start_of(&squeezed.bytes()[candidate..]) else { continue };
            let meaning = &self.meanings[found];
            if let Some(rule) = meaning.form {
                let past = candidate + self.patterns.all()[found].len();
                let start = cover_from(&squeezed, candidate, past);
                let end = squeezed.origin_of_end(past);
                candidates.push(Candidate { key: start, start, end, rule, tail: None });
            }
            for &(rule, index) in &meaning.anchors {
                let token = &self.tokens[rule];
                let pattern = &token.patterns[index];
                let (anchor, back) = pattern.anchor();
                let begin = squeezed.origin(candidate);
                let Some(start) = begin.checked_sub(back).filter(|start| *start >= progress.done) else {
                    continue;
                };
                if text[begin..].starts_with(anchor) && token.may_begin(text, start) {
                    match pattern.matches(text, start, whole) {
                        Verdict::No => {}
                        Verdict::More => limit = limit.min(start),
                        Verdict::Match { start: from, end } => {
                            let tail = Tail::after(token, pattern);
                            candidates.push(Candidate { key: start, start: from, end, rule: token.id, tail });
                        }
                    }
                }
            }
        }
        let limit = limit.max(progress.done);
        let mut runs = Runs::default();
        for found in candidates {
            if (progress.done..limit).contains(&found.key) {
                counts.add(found.rule, 1);
                progress.cover(found.start, found.end);
                if let Some(tail) = found.tail {
                    start_tail(text, progress, &mut runs, tail, found.end);
                }
            }
        }
        progress.seen = text.len();
        progress.merge();
        limit
    }

    fn extend_tails(&self, text: &[u8], progress: &mut Progress) {
        let (from, mut runs) = (progress.seen, Runs::default());
        for tail in std::mem::take(&mut progress.tails) {
            start_tail(text, progress, &mut runs, tail, from);
        }
        progress.merge();
    }

    /// Where the first form begins that the text may end inside of.
    fn open_form(&self, squeezed: &Squeezed<'_>) -> Option<usize> {
        let bytes = squeezed.bytes();
        let from = bytes.len().saturating_sub(self.patterns.longest().saturating_sub(1));
        let at = (from..bytes.len()).find(|at| self.is_open(&bytes[*at..]))?;
        Some(cover_from(squeezed, at, bytes.len() + 1))
    }

    fn is_open(&self, suffix: &[u8]) -> bool {
        self.heads.may_begin(suffix) && self.patterns.going_on(suffix).next().is_some()
    }

    /// Every place where `line` may end inside a form that begins there, the longest first.
    pub(crate) fn open_ends(&self, line: &[u8]) -> Vec<usize> {
        let from = line.len().saturating_sub(self.patterns.longest().saturating_sub(1));
        (from..line.len())
            .filter(|at| self.forms_from(&line[*at..]).next().is_some())
            .take(MOST_ENDS)
            .collect()
    }

    /// Whether secrets are known, and not token shapes alone.
    pub(crate) fn has_forms(&self) -> bool {
        self.has_forms
    }

    /// Which bytes may follow a form that has `begun`, a bit each.
    pub(crate) fn next_bytes(&self, begun: &[u8]) -> [u64; 4] {
        let mut bits = [0; 4];
        for form in self.forms_from(begun) {
            let next = form[begun.len()];
            bits[usize::from(next >> 6)] |= 1 << (next & 63);
        }
        bits
    }

    /// How much of `body` goes on with a form that has `begun` before it.
    pub(crate) fn goes_on(&self, begun: &[u8], body: &[u8]) -> GoesOn {
        let mut found = GoesOn { covered: 0, open: false };
        for form in self.forms_from(begun) {
            let rest = &form[begun.len()..];
            if body.starts_with(rest) {
                found.covered = found.covered.max(rest.len());
            } else if rest.starts_with(body) {
                found = GoesOn { covered: body.len(), open: true };
            }
        }
        found
    }

    /// The forms of secrets that begin with `begun` and go on.
    fn forms_from<'a>(&'a self, begun: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let may_begin = self.heads.may_begin(begun);
        let forms = may_begin.then(|| self.patterns.going_on(begun)).into_iter().flatten();
        forms.filter(|at| self.meanings[*at].form.is_some()).map(|at| self.patterns.all()[at].as_slice())
    }

    /// Where the first token begins whose anchor the text has not reached; the length of the text if none.
    fn open_head(&self, text: &[u8], done: usize) -> usize {
        let mut limit = text.len();
        for &(rule, index) in &self.headed {
            let token = &self.tokens[rule];
            let pattern: &Pattern = &token.patterns[index];
            let (anchor, back) = pattern.anchor();
            let from = text.len().saturating_sub(back + anchor.len() - 1).max(done);
            let open =
                |at: &usize| token.may_begin(text, *at) && pattern.matches(text, *at, false) == Verdict::More;
            limit = limit.min((from..text.len()).find(open).unwrap_or(limit));
        }
        limit
    }
}

/// Covers what `tail` takes of `text[from..]`, and keeps it when it may take more.
fn start_tail(text: &[u8], progress: &mut Progress, runs: &mut Runs, mut tail: Tail, from: usize) {
    let (taken, open) = tail.take(text, from, runs);
    progress.cover(from, from + taken);
    if open && !progress.tails.contains(&tail) {
        progress.tails.push(tail);
    }
}

/// Where covering begins for a form at `start..end` of the squeezed text: see [`SHORT_HEAD`].
fn cover_from(squeezed: &Squeezed<'_>, start: usize, end: usize) -> usize {
    let last_break = squeezed.last_break_in(start + 1..end.min(start + SHORT_HEAD + 1));
    squeezed.origin(last_break.unwrap_or(start))
}
