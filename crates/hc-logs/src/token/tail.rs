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

impl Tail {
    /// The tail of a match, if it has one.
    pub(crate) fn after(rule: &TokenRule, pattern: &Pattern) -> Option<Self> {
        if rule.block {
            return Some(Self::Block { left: BLOCK_LIMIT, closing: false, matched: 0 });
        }
        pattern.tail().map(Self::Set)
    }

    /// How many of `bytes` it takes, and whether it may take more after them.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> (usize, bool) {
        match self {
            Self::Set(set) => match bytes.iter().position(|byte| !set.contains(*byte)) {
                Some(end) => (end, false),
                None => (bytes.len(), true),
            },
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
