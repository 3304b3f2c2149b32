//! The fast way over text in which nothing begins: where may a pattern begin at all?
//!
//! Ordinary log text passes at one look for every four bytes: a pattern of seven bytes or more that begins at one of four
//! neighbouring places shows four bytes that are known at the last of them. The few shorter patterns are left to the
//! vector search of a library; where there are too many of them for that, every place is looked at. Only where a pattern
//! may begin are the patterns asked. False alarms are allowed, misses are not.

use aho_corasick::{AhoCorasick, Input, MatchKind};

/// Words of a table that every look asks; 8 KiB stay in the first cache.
const SMALL: usize = 1 << 10;
/// Words of a table that is asked where the small one says yes; fewer false alarms are worth 64 KiB.
const LARGE: usize = 1 << 13;
/// Bytes that one look sees: three would find the dashes and blanks of hex in every line.
const GRAM: usize = 4;
/// Bytes that a look at every place sees.
const HEAD: usize = 3;
/// Places that one look decides about.
const STRIDE: usize = 4;
/// Looks that are made at once.
const LOOKS: usize = 4;
/// Shorter patterns do not show [`GRAM`] bytes wherever in a stride they begin.
const LONG: usize = STRIDE + GRAM - 1;
/// So many short patterns fit one vector search on every processor.
const SHORT_GROUP: usize = 48;
/// With more searches, looking at every place is as fast.
const MOST_SEARCHES: usize = 4;

/// A set of numbers, by their hash.
struct Table<const WORDS: usize>(Box<[u64; WORDS]>);

impl<const WORDS: usize> Table<WORDS> {
    fn new() -> Self {
        Self(Box::new([0; WORDS]))
    }

    fn index(number: u32) -> usize {
        (number.wrapping_mul(0x9e37_79b1) >> (26 - WORDS.ilog2())) as usize
    }

    fn insert(&mut self, number: u32) {
        let index = Self::index(number);
        self.0[index >> 6] |= 1 << (index & 63);
    }

    /// 1 for a number in the set, 0 for most others.
    fn bit(&self, number: u32) -> u64 {
        let index = Self::index(number);
        self.0[index >> 6] >> (index & 63) & 1
    }
}

/// The first three bytes of these four, as a number.
fn head(bytes: [u8; 4]) -> u32 {
    u32::from_le_bytes(bytes) << 8
}

fn gram(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk::<GRAM>().map(|bytes| u32::from_le_bytes(*bytes))
}

fn pair(one: u8, two: u8) -> usize {
    usize::from(one) << 8 | usize::from(two)
}

/// Which bytes begin patterns. Patterns have at least two bytes.
pub(super) struct Heads {
    /// The first bytes of all patterns.
    begins: Table<SMALL>,
    /// By two bytes.
    pairs: Vec<u64>,
    firsts: [bool; 256],
    /// Absent where there are too many short patterns.
    sparse: Option<Sparse>,
}

/// What makes it enough to look at every fourth place.
struct Sparse {
    /// What such a look sees of the long patterns.
    inside: Table<SMALL>,
    /// What they begin with.
    begins: Table<LARGE>,
    /// Find the short patterns.
    short: Vec<AhoCorasick>,
}

impl Sparse {
    fn new(patterns: &[Vec<u8>]) -> Option<Self> {
        let (mut inside, mut begins) = (Table::new(), Table::new());
        for pattern in patterns.iter().filter(|pattern| pattern.len() >= LONG) {
            pattern[..LONG].windows(GRAM).filter_map(gram).for_each(|gram| inside.insert(gram));
            gram(pattern).into_iter().for_each(|gram| begins.insert(gram));
        }
        // A pattern of two bytes makes a search for three bytes dull, so it gets one of its own.
        let short = |lengths: std::ops::Range<usize>| -> Vec<&[u8]> {
            let short = patterns.iter().filter(|pattern| lengths.contains(&pattern.len()));
            short.map(Vec::as_slice).collect()
        };
        let (pairs, others) = (short(0..HEAD), short(HEAD..LONG));
        let groups = pairs.chunks(SHORT_GROUP).chain(others.chunks(SHORT_GROUP));
        let short = groups.map(search).collect::<Option<Vec<_>>>()?;
        (short.len() <= MOST_SEARCHES).then_some(Self { inside, begins, short })
    }

    /// The first place from `from` on where a long pattern may begin.
    fn next(&self, text: &[u8], from: usize) -> Option<usize> {
        // A look decides about its own place and those before it, back to the look before.
        let is_begin = |place: &usize| gram(&text[*place..]).is_some_and(|gram| self.begins.bit(gram) != 0);
        let begin = |look: usize| (look + 1 - STRIDE..=look).find(is_begin);
        let mut look = from + STRIDE - 1;
        while let Some(block) = text.get(look..look + LOOKS * STRIDE) {
            // Independent of each other, without a jump.
            let mut hits = 0;
            for (index, bytes) in block.chunks_exact(STRIDE).enumerate() {
                hits |= gram(bytes).map_or(0, |gram| self.inside.bit(gram)) << index;
            }
            while hits != 0 {
                if let Some(place) = begin(look + STRIDE * hits.trailing_zeros() as usize) {
                    return Some(place);
                }
                hits &= hits - 1;
            }
            look += LOOKS * STRIDE;
        }
        let is_inside = |look: &usize| gram(&text[*look..]).is_some_and(|gram| self.inside.bit(gram) != 0);
        (look..text.len()).step_by(STRIDE).filter(is_inside).find_map(begin)
    }
}

impl Heads {
    pub(super) fn new(patterns: &[Vec<u8>]) -> Self {
        let (mut begins, mut pairs, mut firsts) = (Table::new(), vec![0_u64; 1024], [false; 256]);
        for pattern in patterns {
            match *pattern.as_slice() {
                [one, two, three, ..] => begins.insert(head([one, two, three, 0])),
                [one, two] => {
                    (0..=u8::MAX).for_each(|three| begins.insert(head([one, two, three, 0])));
                }
                _ => {}
            }
            if let [one, two, ..] = *pattern.as_slice() {
                pairs[pair(one, two) >> 6] |= 1 << (pair(one, two) & 63);
            }
            firsts[usize::from(pattern.first().copied().unwrap_or(0))] = true;
        }
        Self { begins, pairs, firsts, sparse: Sparse::new(patterns) }
    }

    /// The places of `text` where a pattern may begin, in order.
    pub(super) fn places<'a>(&'a self, text: &'a [u8]) -> Places<'a> {
        let short = self.sparse.iter().flat_map(|sparse| &sparse.short);
        let short = short.map(|search| (search, find(search, text, 0))).collect();
        Places { heads: self, text, long: self.next_long(text, 0), short }
    }

    /// The first place from `at` on where one of the patterns may begin that the short searches do not find.
    fn next_long(&self, text: &[u8], at: usize) -> Option<usize> {
        match &self.sparse {
            Some(sparse) => sparse.next(text, at),
            None => self.next_dense(text, at),
        }
    }

    fn next_dense(&self, text: &[u8], at: usize) -> Option<usize> {
        let mut at = at;
        // Eight bytes hold six looks: one load, six independent looks.
        while let Some(eight) = text.get(at..at + 8).and_then(|bytes| <[u8; 8]>::try_from(bytes).ok()) {
            let word = u64::from_le_bytes(eight);
            let mut hits = 0;
            for offset in 0..6 {
                hits |= self.begins.bit(((word >> (8 * offset)) as u32) << 8) << offset;
            }
            if hits != 0 {
                return Some(at + hits.trailing_zeros() as usize);
            }
            at += 6;
        }
        (at..text.len().saturating_sub(1)).find(|at| self.may_begin(&text[*at..]))
    }

    /// Whether a pattern may begin with `bytes`.
    pub(super) fn may_begin(&self, bytes: &[u8]) -> bool {
        match *bytes {
            [] => false,
            [one] => self.firsts[usize::from(one)],
            [one, two] => self.pairs[pair(one, two) >> 6] >> (pair(one, two) & 63) & 1 != 0,
            [one, two, three, ..] => self.begins.bit(head([one, two, three, 0])) != 0,
        }
    }
}

/// Of leftmost searches alone, the library makes vector searches.
fn search(patterns: &[&[u8]]) -> Option<AhoCorasick> {
    AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(patterns).ok()
}

fn find(search: &AhoCorasick, text: &[u8], from: usize) -> Option<usize> {
    search.find(Input::new(text).range(from..)).map(|found| found.start())
}

/// See [`Heads::places`].
pub(super) struct Places<'a> {
    heads: &'a Heads,
    text: &'a [u8],
    long: Option<usize>,
    short: Vec<(&'a AhoCorasick, Option<usize>)>,
}

impl Iterator for Places<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let places = self.short.iter().filter_map(|(_, place)| *place);
        let place = places.chain(self.long).min()?;
        if self.long == Some(place) {
            self.long = self.heads.next_long(self.text, place + 1);
        }
        for (search, next) in self.short.iter_mut().filter(|(_, next)| *next == Some(place)) {
            *next = find(search, self.text, place + 1);
        }
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Wherever a pattern stands there is a place, with few short patterns and with more than are searched for.
        #[test]
        fn no_place_is_missed(
            patterns in prop::collection::btree_set("[abc]{2,9}", 1..12),
            crowd in prop::sample::select(vec![0, 60, 250]),
            text in "[abcd]{0,80}",
        ) {
            let crowd = (0..crowd).map(|number| format!("x{number:03}"));
            let patterns: Vec<Vec<u8>> = patterns.into_iter().chain(crowd).map(String::into_bytes).collect();
            let heads = Heads::new(&patterns);
            let text = text.as_bytes();
            let places: Vec<usize> = heads.places(text).collect();
            prop_assert!(places.is_sorted_by(|one, two| one < two));
            for at in 0..text.len() {
                let begins = patterns.iter().any(|pattern| text[at..].starts_with(pattern));
                prop_assert!(!begins || places.contains(&at), "{at}: {patterns:?}");
            }
        }
    }

    #[test]
    fn many_short_patterns_make_it_look_everywhere() {
        let patterns =
            |count: u32| (0..count).map(|number| format!("x{number:03}").into_bytes()).collect::<Vec<_>>();
        assert!(Heads::new(&patterns(192)).sparse.is_some());
        assert!(Heads::new(&patterns(193)).sparse.is_none());
    }
}
