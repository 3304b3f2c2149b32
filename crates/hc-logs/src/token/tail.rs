//! What goes on being secret after a match: the rest of a long token, the lines of a key block.
//!
//! Tails take bytes without keeping them, so a megabyte of token needs no memory.

use super::{ByteSet, Pattern, TokenRule};

/// A key block without an end line stops being covered after so many bytes.
const BLOCK_LIMIT: usize = 16 * 1024;
const BLOCK_END: &[u8] = b"-----END ";
const BLOCK_CLOSE: &[u8] = b"-----";

/// One running tail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tail {
    /// Bytes of a set.
    Set(ByteSet),
    /// Everything up to and with the END line.
    Block { left: usize, closing: bool, matched: usize },
}

/// Remembers where the runs of sets end, so that a run in which many tokens begin is walked once.
#[derive(Debug, Default)]
pub(crate) struct Runs(Vec<(ByteSet, usize, usize)>);

impl Runs {
    /// How many of `text[from..]` are in `set`. Ask from front to back, always for the same text.
    fn length(&mut self, set: &ByteSet, text: &[u8], from: usize) -> usize {
        let known = self.0.iter_mut().find(|(other, ..)| other == set);
        if let Some((_, start, end)) = &known
            && (*start..=*end).contains(&from)
        {
            return *end - from;
        }
        let length = text[from..].iter().take_while(|byte| set.contains(**byte)).count();
        match known {
            Some(run) => (run.1, run.2) = (from, from + length),
            None => self.0.push((*set, from, from + length)),
        }
        length
    }
}

impl Tail {
    /// The tail of a match, if it has one.
    pub(crate) fn after(rule: &TokenRule, pattern: &Pattern) -> Option<Self> {
        if rule.block {
            return Some(Self::Block { left: BLOCK_LIMIT, closing: false, matched: 0 });
        }
        pattern.tail().map(Self::Set)
    }

    /// How many of `text[from..]` it takes, and whether it may take more after them.
    pub(crate) fn take(&mut self, text: &[u8], from: usize, runs: &mut Runs) -> (usize, bool) {
        let bytes = &text[from..];
        match self {
            Self::Set(set) => {
                let length = runs.length(set, text, from);
                (length, length == bytes.len())
            }
            Self::Block { left, closing, matched } => {
                for (index, byte) in bytes.iter().enumerate() {
                    if *left == 0 {
                        return (index, false);
                    }
                    *left -= 1;
                    let needle = if *closing { BLOCK_CLOSE } else { BLOCK_END };
                    if *byte == needle[*matched] {
                        *matched += 1;
                    } else if *byte == b'-' {
                        // Inside a run of dashes the last five are as good as the first five.
                        *matched = if *matched == BLOCK_CLOSE.len() { *matched } else { 1 };
                    } else {
                        *matched = 0;
                    }
                    if *matched == needle.len() {
                        if *closing {
                            return (index + 1, false);
                        }
                        (*closing, *matched) = (true, 0);
                    }
                }
                (bytes.len(), true)
            }
        }
    }
}
