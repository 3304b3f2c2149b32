//! A text without its short line breaks, and the way back to its offsets.
//!
//! `base64` wraps at 76 columns, `fold` anywhere: forms are searched in the squeezed text. Runs of more than
//! four bytes (more than one empty line) stay in and keep their neighbours apart.

use std::borrow::Cow;
use std::ops::Range;

/// Whether a byte ends lines.
pub(crate) fn is_break(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

/// Breaks of more bytes separate.
const MAX_BREAK: usize = 4;

/// The squeezed text.
pub(crate) struct Squeezed<'a> {
    bytes: Cow<'a, [u8]>,
    /// `(squeezed offset, bytes removed before it)`, sorted by both.
    breaks: Vec<(usize, usize)>,
}

impl<'a> Squeezed<'a> {
    /// Squeezes `text`.
    pub(crate) fn new(text: &'a [u8]) -> Self {
        let Some(first) = memchr::memchr2(b'\n', b'\r', text) else {
            return Self { bytes: Cow::Borrowed(text), breaks: Vec::new() };
        };
        let mut bytes = Vec::with_capacity(text.len());
        let (mut breaks, mut removed, mut from, mut at) = (Vec::new(), 0, 0, first);
        loop {
            let run = text[at..].iter().take_while(|byte| is_break(**byte)).count();
            if run <= MAX_BREAK {
                bytes.extend_from_slice(&text[from..at]);
                removed += run;
                breaks.push((bytes.len(), removed));
                from = at + run;
            }
            let next = at + run;
            match memchr::memchr2(b'\n', b'\r', &text[next..]) {
                Some(found) => at = next + found,
                None => break,
            }
        }
        bytes.extend_from_slice(&text[from..]);
        Self { bytes: Cow::Owned(bytes), breaks }
    }

    /// The bytes without the breaks.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where the byte at `at` (or the end) stands in the original.
    pub(crate) fn origin(&self, at: usize) -> usize {
        let after = self.breaks.partition_point(|(offset, _)| *offset <= at);
        at + after.checked_sub(1).map_or(0, |index| self.breaks[index].1)
    }

    /// The original end of a range that ends before `end`.
    pub(crate) fn origin_of_end(&self, end: usize) -> usize {
        end.checked_sub(1).map_or(0, |last| self.origin(last) + 1)
    }

    /// The squeezed offset of the last break in `range`.
    pub(crate) fn last_break_in(&self, range: Range<usize>) -> Option<usize> {
        let before_end = self.breaks.partition_point(|(offset, _)| *offset < range.end);
        let (offset, _) = self.breaks[..before_end].last()?;
        (*offset >= range.start).then_some(*offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_breaks_vanish_and_wide_ones_stay() {
        let squeezed = Squeezed::new(b"ab\ncd\r\nef\n\n\n\n\ngh\n");
        assert_eq!(squeezed.bytes(), b"abcdef\n\n\n\n\ngh");
        assert_eq!(squeezed.origin(1), 1);
        assert_eq!(squeezed.origin(2), 3);
        assert_eq!(squeezed.origin_of_end(2), 2);
        assert_eq!(squeezed.origin(4), 7);
        assert_eq!(squeezed.origin(13), 17);
        assert_eq!(squeezed.last_break_in(1..3), Some(2));
        assert_eq!(squeezed.last_break_in(1..5), Some(4));
        assert_eq!(squeezed.last_break_in(5..9), None);
    }
}
