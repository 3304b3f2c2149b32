//! Files as the scanner sees them: text, whatever it is encoded in, in pieces of bounded size.
//!
//! A piece has some of what is before and behind it, so that what a rule needs to see is seen once: a key of many lines, a
//! remark on the line above. Bytes that are no text are left alone.

use std::io::Read;
use std::ops::Range;

/// Bytes of text that are looked at together.
const PIECE: usize = 1 << 20;
/// Bytes of text around a piece.
const AROUND: usize = 64 << 10;
/// Bytes by which the kind of a file is told.
const FIRST: usize = 64 << 10;

/// A part of a text.
#[derive(Debug)]
pub struct Piece<'a> {
    /// The part, with what is around it.
    pub text: &'a str,
    /// Where findings begin that are this piece's.
    pub own: Range<usize>,
    /// Lines of the file before it.
    pub lines_before: usize,
}

impl<'a> Piece<'a> {
    /// A text that is at hand as a whole.
    pub fn whole(text: &'a str) -> Self {
        Self { text, own: 0..text.len() + 1, lines_before: 0 }
    }
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// All of it was looked at.
    Whole,
    /// It is no text.
    NoText,
    /// It has more than `limit` bytes; those were looked at.
    TooLarge,
}

/// How a text is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    /// UTF-8, and Latin-1 where that is broken.
    Bytes,
    Utf16Le,
    Utf16Be,
}

/// The text of a file that is at hand as a whole; `None` when it is no text.
pub fn text(bytes: Vec<u8>) -> Option<String> {
    let encoding = encoding(&bytes)?;
    if encoding == Encoding::Bytes {
        return Some(String::from_utf8(bytes).unwrap_or_else(|error| latin1(error.as_bytes())));
    }
    let (mut text, mut rest) = (String::new(), bytes);
    decode(encoding, &mut rest, End::Reached, &mut text);
    Some(text)
}

/// Gives `look` the text that `read` gives, piece by piece; of more than `limit` bytes only these.
///
/// # Errors
/// When it cannot be read.
pub fn each(read: impl Read, limit: u64, look: &mut dyn FnMut(&Piece<'_>)) -> std::io::Result<Looked> {
    let mut read = read.take(limit.saturating_add(1));
    let (mut bytes, mut total) = (Vec::new(), 0);
    total += fill(&mut read, &mut bytes, FIRST)?;
    let Some(encoding) = encoding(&bytes) else { return Ok(Looked::NoText) };
    let mut window = Window::default();
    loop {
        let got = fill(&mut read, &mut bytes, PIECE)?;
        total += got;
        let end = if got == 0 { End::Reached } else { End::Ahead };
        decode(encoding, &mut bytes, end, &mut window.text);
        if end == End::Reached {
            window.look(window.text.len() + 1, look);
            return Ok(if total as u64 > limit { Looked::TooLarge } else { Looked::Whole });
        }
        while window.text.len() >= window.from + PIECE + AROUND {
            let to = after_line(&window.text, window.text.len() - AROUND).max(window.from + 1);
            window.look(to, look);
            window.forget(to);
        }
    }
}

fn fill(read: &mut impl Read, bytes: &mut Vec<u8>, count: usize) -> std::io::Result<usize> {
    read.by_ref().take(count as u64).read_to_end(bytes)
}

/// What is kept of a text while it is read.
#[derive(Default)]
struct Window {
    text: String,
    /// What is before was looked at.
    from: usize,
    lines_before: usize,
}

impl Window {
    fn look(&self, to: usize, look: &mut dyn FnMut(&Piece<'_>)) {
        look(&Piece { text: &self.text, own: self.from..to, lines_before: self.lines_before });
    }

    /// Keeps what is around the next piece, which begins at `to`.
    fn forget(&mut self, to: usize) {
        let kept = after_line(&self.text, to.saturating_sub(AROUND));
        self.lines_before += self.text[..kept].bytes().filter(|byte| *byte == b'\n').count();
        self.text.drain(..kept);
        self.from = to - kept;
    }
}

/// The place behind the last line that ends before `at`; `at` itself, or a little before, in a line that is longer.
fn after_line(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let nearest = at.saturating_sub(AROUND / 2);
    text.as_bytes()[nearest..at].iter().rposition(|byte| *byte == b'\n').map_or(at, |line| nearest + line + 1)
}

/// How bytes are encoded, by how they begin; `None` when they are no text.
fn encoding(bytes: &[u8]) -> Option<Encoding> {
    match bytes {
        [0xff, 0xfe, ..] => return Some(Encoding::Utf16Le),
        [0xfe, 0xff, ..] => return Some(Encoding::Utf16Be),
        _ => {}
    }
    let first = &bytes[..bytes.len().min(FIRST)];
    if !first.contains(&0) {
        return Some(Encoding::Bytes);
    }
    // Without a mark: most units of what rules look for are ASCII, so every second byte is zero.
    let (mut even, mut odd) = (0, 0);
    for pair in first.chunks_exact(2) {
        even += usize::from(pair[0] == 0 && pair[1] != 0);
        odd += usize::from(pair[1] == 0 && pair[0] != 0);
    }
    let is_most = |one: usize, other: usize| one * 4 >= first.len() / 2 && other * 16 <= one;
    match () {
        () if is_most(odd, even) => Some(Encoding::Utf16Le),
        () if is_most(even, odd) => Some(Encoding::Utf16Be),
        () => None,
    }
}

/// Whether more bytes follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Reached,
    Ahead,
}

/// Appends the text of `bytes`, and leaves in it what the next ones complete.
fn decode(encoding: Encoding, bytes: &mut Vec<u8>, end: End, text: &mut String) {
    if encoding == Encoding::Bytes {
        let rest = match std::str::from_utf8(bytes) {
            Ok(whole) => {
                text.push_str(whole);
                0
            }
            Err(error) if error.error_len().is_none() && end == End::Ahead => {
                let (whole, rest) = bytes.split_at(error.valid_up_to());
                text.push_str(&String::from_utf8_lossy(whole));
                rest.len()
            }
            Err(_) => {
                text.push_str(&latin1(bytes));
                0
            }
        };
        bytes.drain(..bytes.len() - rest);
        return;
    }
    let unit = |pair: &[u8]| {
        let pair = [pair[0], pair[1]];
        if encoding == Encoding::Utf16Le { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
    };
    let mut units: Vec<u16> = bytes.chunks_exact(2).map(unit).collect();
    let is_open = units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) && end == End::Ahead;
    if is_open {
        units.pop();
    }
    let taken = units.len() * 2;
    text.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
    bytes.drain(..taken);
}

/// Every byte is the character of its number.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::super::{Allow, SecretSeverity, scan_piece};
    use super::*;

    fn lines_of(bytes: &[u8]) -> (Vec<usize>, Looked) {
        let mut found = Vec::new();
        let looked = each(bytes, u64::MAX - 1, &mut |piece| {
            let all = scan_piece(Path::new("a.txt"), piece, &Allow::default(), SecretSeverity::Error);
            found.extend(all.iter().map(|finding| finding.line));
        });
        (found, looked.unwrap())
    }

    fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
        let mark = mark.then_some('\u{feff}');
        let units: Vec<u16> = mark
            .into_iter()
            .chain(text.chars())
            .flat_map(|c| {
                let mut units = [0; 2];
                c.encode_utf16(&mut units).to_vec()
            })
            .collect();
        units.iter().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn a_secret_is_found_in_every_encoding() {
        let text = "größe = 1\nadmin_password = \"correct-horse-7\"\n";
        for bytes in [
            text.as_bytes().to_vec(),
            text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect(),
            utf16(text, false, true),
            utf16(text, true, true),
            utf16(text, false, false),
            utf16(text, true, false),
        ] {
            assert_eq!(lines_of(&bytes), (vec![2], Looked::Whole), "{bytes:?}");
            assert!(super::text(bytes).unwrap().contains("größe = 1\nadmin"));
        }
        let binary: Vec<u8> = (0..4000_u32).map(|at| (at % 7 * 31) as u8).collect();
        assert_eq!(lines_of(&binary), (vec![], Looked::NoText));
        assert_eq!(super::text(binary), None);
    }

    #[test]
    fn more_than_the_limit_is_said() {
        let looked = each(&b"0123456789"[..], 9, &mut |_| {}).unwrap();
        assert_eq!(looked, Looked::TooLarge);
        assert_eq!(each(&b"0123456789"[..], 10, &mut |_| {}).unwrap(), Looked::Whole);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn what_is_found_in_a_large_file_does_not_depend_on_pieces(
            places in prop::collection::btree_set(0..60_000_usize, 1..12),
            wide in any::<bool>(),
            key_at in 0..60_000_usize,
        ) {
            let key = format!("-----BEGIN RSA PRIVATE KEY-----\n{}-----END RSA PRIVATE KEY-----\n", "MIIEpAIBAAKCAQEA0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJ\n".repeat(20));
            let mut text = String::new();
            let (mut wanted, mut line) = (Vec::new(), 0);
            for at in 0..60_000 {
                line += 1;
                if at == key_at {
                    wanted.push(line);
                    text.push_str(&key);
                    line += 21;
                } else if places.contains(&at) {
                    wanted.push(line);
                    text.push_str("db_password = \"correct-horse-7\"\n");
                } else {
                    text.push_str("nothing in this line: it is as long as lines of logs are, más o menos\n");
                }
            }
            let bytes = if wide { utf16(&text, false, true) } else { text.into_bytes() };
            prop_assert_eq!(lines_of(&bytes), (wanted, Looked::Whole));
        }
    }
}
