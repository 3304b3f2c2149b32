//! The byte patterns of token shapes: a small deterministic subset of regular expressions that can say
//! "not enough bytes yet".
//!
//! A pattern is a sequence of byte classes with counts: literals, `[...]` classes (ranges, leading `^`,
//! `\s`), `{n}`, `{n,m}`, and `{n,}` on the last element only; one pair of parentheses marks the part that
//! is secret. Matching is greedy without backtracking, so what was matched never un-matches when more
//! bytes arrive, and the bytes looked at are bounded by the sum of the counts: both are what lets a stream
//! be redacted in constant memory with the same result for every chunking.

/// A set of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ByteSet([u64; 4]);

impl ByteSet {
    pub(crate) fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    pub(crate) fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] & (1 << (byte & 63)) != 0
    }

    fn inverted(&self) -> Self {
        Self(self.0.map(|word| !word))
    }

    fn disjoint(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).all(|(a, b)| a & b == 0)
    }

    fn single(&self) -> Option<u8> {
        let mut bytes = (0..=u8::MAX).filter(|byte| self.contains(*byte));
        bytes.next().filter(|_| bytes.next().is_none())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Element {
    set: ByteSet,
    min: usize,
    /// `None`: without end, the tail.
    max: Option<usize>,
}

/// Why a pattern is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternError {
    /// A bracket, brace or parenthesis is unbalanced or empty.
    #[error("unbalanced or empty bracket at offset {0}")]
    Bracket(usize),
    /// A count is not `{n}`, `{n,m}` or `{n,}`.
    #[error("bad count at offset {0}")]
    Count(usize),
    /// A variable count is followed by an element that shares bytes with it.
    #[error("element {0} is ambiguous: it shares bytes with the one after it")]
    Ambiguous(usize),
    /// No literal run of three bytes (two after a fixed head) begins the pattern.
    #[error("no literal anchor near the beginning")]
    NoAnchor,
}

/// What a pattern says about a place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It does not match here, whatever follows.
    No,
    /// More bytes decide.
    More,
    /// `start..end` is secret; with a tail, so is every following byte of [`Pattern::tail`].
    Match {
        /// Where the secret part begins.
        start: usize,
        /// Where its certain part ends.
        end: usize,
    },
}

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    elements: Vec<Element>,
    /// Element indexes between the parentheses.
    group: (usize, usize),
    back: usize,
    anchor: Vec<u8>,
    /// What must not follow a match.
    not_before: Vec<u8>,
}

impl Pattern {
    /// Compiles `text`.
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        let bytes = text.as_bytes();
        let (mut elements, mut at) = (Vec::<Element>::new(), 0);
        let mut group = (None, None);
        while let Some(byte) = bytes.get(at).copied() {
            at += 1;
            let set = match byte {
                b'(' if group.0.is_none() => {
                    group.0 = Some(elements.len());
                    continue;
                }
                b')' if group.0.is_some() && group.1.is_none() => {
                    group.1 = Some(elements.len());
                    continue;
                }
                b'(' | b')' | b']' | b'}' | b'{' => return Err(PatternError::Bracket(at - 1)),
                b'[' => parse_class(bytes, &mut at)?,
                _ => {
                    let mut set = ByteSet::default();
                    at -= 1;
                    parse_byte(bytes, &mut at, &mut set).ok_or(PatternError::Bracket(at))?;
                    set
                }
            };
            let (min, max) = parse_count(bytes, &mut at)?;
            elements.push(Element { set, min, max });
        }
        if group.0.is_some() != group.1.is_some() {
            return Err(PatternError::Bracket(bytes.len()));
        }
        let group = (group.0.unwrap_or(0), group.1.unwrap_or(elements.len()));
        for (index, element) in elements.iter().enumerate() {
            let last = index + 1 == elements.len();
            let variable = element.max != Some(element.min);
            // An optional next element lets the one after it decide, so all up to the first required count.
            let mut rest = elements[index + 1..].iter();
            let mut clash = false;
            for next in rest.by_ref() {
                clash |= !element.set.disjoint(&next.set);
                if next.min > 0 {
                    break;
                }
            }
            if variable && (clash || (last && element.max.is_some()) || (!last && element.max.is_none())) {
                return Err(PatternError::Ambiguous(index));
            }
        }
        let (back, anchor) = find_anchor(&elements).ok_or(PatternError::NoAnchor)?;
        Ok(Self { elements, group, back, anchor, not_before: Vec::new() })
    }

    /// Refuses matches that `literal` follows.
    ///
    /// # Errors
    /// [`PatternError::Count`] for a pattern with a tail: nothing follows that.
    pub(crate) fn not_before(mut self, literal: &str) -> Result<Self, PatternError> {
        if self.tail().is_some() {
            return Err(PatternError::Count(self.elements.len()));
        }
        self.not_before = literal.as_bytes().to_vec();
        Ok(self)
    }

    /// The literal bytes that every match holds, and how many bytes before them a match begins.
    pub(crate) fn anchor(&self) -> (&[u8], usize) {
        (&self.anchor, self.back)
    }

    /// The most bytes that are looked at before a verdict.
    #[cfg(test)]
    pub(crate) fn window(&self) -> usize {
        self.elements.iter().map(|element| element.max.unwrap_or(element.min)).sum::<usize>()
            + self.not_before.len()
    }

    /// Bytes that go on being secret after the end of a match.
    pub(crate) fn tail(&self) -> Option<ByteSet> {
        self.elements.last().filter(|element| element.max.is_none()).map(|element| element.set)
    }

    /// Matches at `at`; with `whole`, nothing follows after `text`.
    pub(crate) fn matches(&self, text: &[u8], at: usize, whole: bool) -> Verdict {
        let (mut at, mut start, mut end) = (at, at, at);
        for (index, element) in self.elements.iter().enumerate() {
            if index == self.group.0 {
                start = at;
            }
            let limit = element.max.unwrap_or(element.min);
            let available = &text[at.min(text.len())..];
            let count = available.iter().take(limit).take_while(|byte| element.set.contains(**byte)).count();
            at += count;
            if count < limit && at == text.len() && !whole {
                return Verdict::More;
            }
            if count < element.min {
                return Verdict::No;
            }
            if index + 1 == self.group.1 {
                end = at;
            }
        }
        if !self.not_before.is_empty() {
            let rest = &text[at.min(text.len())..];
            if rest.starts_with(&self.not_before) {
                return Verdict::No;
            }
            if !whole && self.not_before.starts_with(rest) {
                return Verdict::More;
            }
        }
        Verdict::Match { start, end }
    }
}

fn find_anchor(elements: &[Element]) -> Option<(usize, Vec<u8>)> {
    let literal =
        |element: &Element| element.set.single().filter(|_| element.min == 1 && element.max == Some(1));
    let (mut index, mut back) = (0, 0);
    while let Some(element) = elements.get(index).filter(|element| literal(element).is_none()) {
        // Only a head of fixed length says where a match begins.
        if element.max != Some(element.min) {
            return None;
        }
        back += element.min;
        index += 1;
    }
    let anchor: Vec<u8> = elements[index..].iter().map_while(literal).collect();
    (anchor.len() >= if back > 0 { 2 } else { 3 }).then_some((back, anchor))
}

/// A class alone: `[A-Z0-9]`.
pub(super) fn class(text: &str) -> Result<ByteSet, PatternError> {
    let (bytes, mut at) = (text.as_bytes(), 1);
    if bytes.first() != Some(&b'[') {
        return Err(PatternError::Bracket(0));
    }
    let set = parse_class(bytes, &mut at)?;
    if at == bytes.len() { Ok(set) } else { Err(PatternError::Bracket(at)) }
}

fn parse_class(bytes: &[u8], at: &mut usize) -> Result<ByteSet, PatternError> {
    let open = *at - 1;
    let negated = bytes.get(*at) == Some(&b'^');
    *at += usize::from(negated);
    let mut set = ByteSet::default();
    loop {
        match bytes.get(*at) {
            None => return Err(PatternError::Bracket(open)),
            Some(b']') => break,
            Some(_) => {}
        }
        let first = parse_byte(bytes, at, &mut set).ok_or(PatternError::Bracket(open))?;
        if bytes.get(*at) == Some(&b'-') && bytes.get(*at + 1).is_some_and(|byte| *byte != b']') {
            *at += 1;
            let last = parse_byte(bytes, at, &mut set).ok_or(PatternError::Bracket(open))?;
            (first..=last).for_each(|byte| set.insert(byte));
        }
    }
    *at += 1;
    Ok(if negated { set.inverted() } else { set })
}

/// Adds one byte or `\s` to `set`; gives the byte.
fn parse_byte(bytes: &[u8], at: &mut usize, set: &mut ByteSet) -> Option<u8> {
    let byte = *bytes.get(*at)?;
    *at += 1;
    if byte != b'\\' {
        set.insert(byte);
        return Some(byte);
    }
    let escaped = *bytes.get(*at)?;
    *at += 1;
    if escaped == b's' {
        b" \t\r\n\x0b\x0c".iter().for_each(|byte| set.insert(*byte));
    } else {
        set.insert(escaped);
    }
    Some(escaped)
}

fn parse_count(bytes: &[u8], at: &mut usize) -> Result<(usize, Option<usize>), PatternError> {
    if bytes.get(*at) != Some(&b'{') {
        return Ok((1, Some(1)));
    }
    let open = *at;
    let error = || PatternError::Count(open);
    let close = open + memchr::memchr(b'}', &bytes[open..]).ok_or_else(error)?;
    let text = std::str::from_utf8(&bytes[open + 1..close]).map_err(|_| error())?;
    *at = close + 1;
    let number = |text: &str| text.parse::<usize>().map_err(|_| error());
    match text.split_once(',') {
        None => number(text).map(|count| (count, Some(count))),
        Some((min, "")) => Ok((number(min)?, None)),
        Some((min, max)) => {
            let (min, max) = (number(min)?, number(max)?);
            if min > max { Err(error()) } else { Ok((min, Some(max))) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(pattern: &str, text: &str, whole: bool) -> Verdict {
        Pattern::parse(pattern).unwrap().matches(text.as_bytes(), 0, whole)
    }

    #[test]
    fn matches_literals_classes_counts_and_groups() {
        assert_eq!(verdict("ghp_[a-z]{3,}", "ghp_abcdef", true), Verdict::Match { start: 0, end: 7 });
        assert_eq!(
            verdict("://[^:@]{0,8}:([^@]{1,8})@", "://u:pw@h", true),
            Verdict::Match { start: 5, end: 7 }
        );
        assert_eq!(
            verdict("key[\\s=]{1,3}([a-z]{2})", "key = ab", true),
            Verdict::Match { start: 6, end: 8 }
        );
        assert_eq!(verdict("abc\\.[-a]{1}", "abcx-", true), Verdict::No);
    }

    #[test]
    fn says_more_only_while_it_is_open() {
        assert_eq!(verdict("ghp_[a-z]{3,}", "ghp_ab", false), Verdict::More);
        assert_eq!(verdict("ghp_[a-z]{3,}", "ghp_ab", true), Verdict::No);
        assert_eq!(verdict("ghp_[a-z]{3,}", "ghp_a!", false), Verdict::No);
        assert_eq!(verdict("ghp_[a-z]{3,}", "ghp_abc", false), Verdict::Match { start: 0, end: 7 });
    }

    #[test]
    fn what_follows_may_refuse_a_match() {
        let pattern = Pattern::parse("://([a-z]{2})@").unwrap().not_before("sha:").unwrap();
        let verdict = |text: &str, whole| pattern.matches(text.as_bytes(), 0, whole);
        assert_eq!(verdict("://pw@sha:1", true), Verdict::No);
        assert_eq!(verdict("://pw@sha", true), Verdict::Match { start: 3, end: 5 });
        assert_eq!(verdict("://pw@sha", false), Verdict::More);
        assert_eq!(verdict("://pw@", false), Verdict::More);
        assert_eq!(verdict("://pw@sh.x", false), Verdict::Match { start: 3, end: 5 });
        assert!(Pattern::parse("abc[a-z]{1,}").unwrap().not_before("x").is_err());
    }

    #[test]
    fn refuses_what_could_not_be_decided_in_a_stream() {
        assert_eq!(Pattern::parse("abc[a-z]{1,3}x"), Err(PatternError::Ambiguous(3)));
        assert_eq!(Pattern::parse("abc[a-z]{1,}!"), Err(PatternError::Ambiguous(3)));
        assert_eq!(Pattern::parse("abc[a-z]{1,3}"), Err(PatternError::Ambiguous(3)));
        assert_eq!(Pattern::parse("[0-9]{1,2}abc"), Err(PatternError::NoAnchor));
        for broken in ["abc[", "abc(", "abc)", "abc{", "abc[a-z]{x}", "abc[a-z]{3,1}", "abc\\"] {
            assert!(Pattern::parse(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn anchors_are_the_first_literals() {
        let pattern = Pattern::parse("[a-z]{3}[0-9]Q~[a-z]{4,}").unwrap();
        assert_eq!(pattern.anchor(), (&b"Q~"[..], 4));
        assert_eq!(pattern.window(), 10);
    }
}
