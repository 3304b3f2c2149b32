//! Redaction line by line, where each line is shown at once and bears a prefix of its own: a secret that was wrapped is
//! followed from line to line (LOG-2).
//!
//! The end of a line that begins a form is covered when it has four bytes or more; what goes on in one of the next lines,
//! behind whatever prefix, is covered too. Lines of several sources may come mixed.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use super::engine::{Engine, Progress};
use super::{Counts, Redactor};

/// Fewer bytes at the end of a line are remembered but shown: nearly every line ends in the first byte of something.
const TELLING: usize = 4;
/// For how many lines the rest of a secret is waited for.
const PATIENCE: u32 = 24;
/// How many begun secrets are remembered.
const MOST_OPEN: usize = 64;
/// Places in a line where what was wrapped may go on: behind so many `: ` and `] ` at most.
const MOST_BODIES: usize = 6;
/// Name of these replacements in scrub manifests.
const RULE: &str = "wrapped";

/// A redactor with a memory of the lines before.
#[derive(Debug)]
pub struct LineRedactor {
    redactor: Redactor,
    open: Vec<Open>,
}

/// A form that has begun at the end of a line.
struct Open {
    begun: Vec<u8>,
    /// Bytes that may follow, a bit each: most lines are told apart by one look.
    next: [u64; 4],
    age: u32,
}

/// What has begun is part of a secret.
impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Open")
            .field("length", &self.begun.len())
            .field("age", &self.age)
            .finish_non_exhaustive()
    }
}

impl Open {
    fn new(engine: &Engine, begun: Vec<u8>) -> Self {
        Self { next: engine.next_bytes(&begun), begun, age: 0 }
    }

    fn may_go_on(&self, byte: u8) -> bool {
        self.next[usize::from(byte >> 6)] >> (byte & 63) & 1 != 0
    }
}

impl LineRedactor {
    /// Begins with no line.
    pub fn new(redactor: Redactor) -> Self {
        Self { redactor, open: Vec::new() }
    }

    /// One line without its secrets, and what was replaced.
    pub fn redact<'a>(&mut self, line: &'a [u8]) -> (Cow<'a, [u8]>, Counts) {
        let engine = self.redactor.engine();
        let (mut progress, mut counts) = (Progress::default(), Counts::default());
        let limit = engine.advance(line, &mut progress, true, &mut counts);
        for segment in segments(line).filter(|_| engine.has_forms()) {
            self.go_on(&engine, line, segment.clone(), &mut progress, &mut counts);
            self.begin(&engine, line, segment, &mut progress, &mut counts);
        }
        if progress.spans.is_empty() {
            return (Cow::Borrowed(line), counts);
        }
        progress.merge();
        let mut out = Vec::with_capacity(line.len());
        progress.write(line, limit, &mut out);
        (Cow::Owned(out), counts)
    }

    /// Covers what goes on from earlier lines.
    fn go_on(
        &mut self,
        engine: &Engine,
        line: &[u8],
        segment: Range<usize>,
        progress: &mut Progress,
        counts: &mut Counts,
    ) {
        if self.open.is_empty() {
            return;
        }
        let starts = bodies(line, segment.clone());
        let mut still = Vec::with_capacity(self.open.len());
        for mut open in self.open.drain(..) {
            let found = starts
                .iter()
                .filter(|start| open.may_go_on(line[**start]))
                .map(|start| (*start, engine.goes_on(&open.begun, &line[*start..segment.end])))
                .max_by_key(|(_, found)| found.covered)
                .filter(|(_, found)| found.covered > 0);
            match found {
                Some((start, found)) => {
                    let end = start + found.covered;
                    if open.begun.len() + found.covered >= TELLING {
                        counts.add(RULE, 1);
                        progress.cover(start, end);
                    }
                    if found.open {
                        open.begun.extend_from_slice(&line[start..end]);
                        still.push(Open::new(engine, open.begun));
                    }
                }
                None if open.age < PATIENCE => {
                    open.age += 1;
                    still.push(open);
                }
                None => {}
            }
        }
        self.open = still;
    }

    /// Covers and remembers what begins at the end of a line.
    fn begin(
        &mut self,
        engine: &Engine,
        line: &[u8],
        segment: Range<usize>,
        progress: &mut Progress,
        counts: &mut Counts,
    ) {
        for at in engine.open_ends(&line[segment.clone()]) {
            let begun = &line[segment.start + at..segment.end];
            if begun.len() >= TELLING {
                counts.add(RULE, 1);
                progress.cover(segment.start + at, segment.end);
            }
            if self.open.iter().all(|open| open.begun != begun) {
                if self.open.len() == MOST_OPEN {
                    self.open.remove(0);
                }
                self.open.push(Open::new(engine, begun.to_vec()));
            }
        }
    }
}

/// The lines that a line stands for: packer's records carry several, with `\n` written out.
fn segments(line: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut from = Some(0);
    std::iter::from_fn(move || {
        let start = from?;
        let end = memchr::memchr_iter(b'\\', &line[start..])
            .map(|at| start + at)
            .find(|at| line.get(at + 1) == Some(&b'n'));
        from = end.map(|end| end + 2);
        Some(start..end.unwrap_or(line.len()))
    })
}

/// Where the text of a line may begin: at its start, behind blanks, behind what looks like prefixes.
fn bodies(line: &[u8], segment: Range<usize>) -> Vec<usize> {
    let text = &line[segment.clone()];
    let blank =
        |from: usize| from + text[from..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    // What goes on may itself begin with blanks.
    let mut starts = vec![0, blank(0)];
    let prefixed = memchr::memchr_iter(b' ', text)
        .filter(|at| matches!(at.checked_sub(1).map(|before| text[before]), Some(b':' | b']')));
    starts.extend(prefixed.take(MOST_BODIES).flat_map(|at| [at + 1, blank(at + 1)]));
    starts.retain(|start| *start < text.len());
    starts.sort_unstable();
    starts.dedup();
    starts.into_iter().map(|start| segment.start + start).collect()
}

#[cfg(test)]
mod tests {
    use hc_core::SecretString;

    use super::*;

    fn all(secret: &str, lines: &[&str]) -> Vec<String> {
        let redactor = Redactor::builder().secret(&SecretString::new(secret)).build();
        let mut lines_of = LineRedactor::new(redactor);
        lines
            .iter()
            .map(|line| String::from_utf8(lines_of.redact(line.as_bytes()).0.into_owned()).unwrap())
            .collect()
    }

    #[test]
    fn what_is_wrapped_is_covered_line_by_line() {
        let secret = "correct-horse-battery-staple";
        let lines = ["    a.b: xx correct-ho", "    c.d: unrelated", "    a.b: rse-battery-staple yy"];
        assert_eq!(all(secret, &lines), ["    a.b: xx ***", "    c.d: unrelated", "    a.b: *** yy"]);
        // Over many lines, and with a begin that is too short to be telling.
        let lines =
            ["==> x: co", "==> x: rrect-h", "==> x: orse-ba", "==> x: ttery-s", "==> x: taple", "==> x: ok"];
        assert_eq!(
            all(secret, &lines),
            ["==> x: co", "==> x: ***", "==> x: ***", "==> x: ***", "==> x: ***", "==> x: ok"]
        );
        assert_eq!(
            all("kt\n %<Z4z", &["[I] p: x: kt", "[I] p: x:  %<Z4z"]),
            ["[I] p: x: kt", "[I] p: x: ***"]
        );
        // Several lines in one record.
        assert_eq!(
            all(secret, &["1,,ui,say,a correct-horse\\n-battery\\n-staple b"]),
            ["1,,ui,say,a ***\\n***\\n*** b"]
        );
    }

    #[test]
    fn what_only_begins_alike_stays_but_for_its_end() {
        let secret = "correct-horse-battery-staple";
        assert_eq!(all(secret, &["it is correct", "and staple"]), ["it is ***", "and staple"]);
        assert_eq!(all(secret, &["it is c", "orrect"]), ["it is c", "***"]);
        assert_eq!(all(secret, &["it is c", "over"]), ["it is c", "over"]);
    }
}
