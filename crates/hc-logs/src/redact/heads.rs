//! The fast way over text in which nothing begins: where may a pattern begin at all?
//!
//! Ordinary log text passes at one look for every four bytes: a pattern of six bytes or more that begins at one of four
//! neighbouring places shows three bytes that are known at the last of them. The few shorter patterns are left to the
//! vector search of a library; where there are too many of them for that, every place is looked at. Only where a pattern
//! may begin is the automaton asked. False alarms are allowed, misses are not.

use aho_corasick::{AhoCorasick, Input, MatchKind};

/// Bits of a table; 8 KiB stay in the first cache.
const BITS: u32 = 16;
/// Bytes that one look sees.
const GRAM: usize = 3;
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

/// Three bytes in a set, by their hash.
struct Grams(Box<[u64; 1 << (BITS - 6)]>);

impl Grams {
    fn new() -> Self {
        Self(Box::new([0; 1 << (BITS - 6)]))
    }

    fn index(bytes: [u8; GRAM]) -> usize {
        Self::index_of(u32::from(bytes[0]) | u32::from(bytes[1]) << 8 | u32::from(bytes[2]) << 16)
    }

    /// Of the low three bytes of `number`.
    fn index_of(number: u32) -> usize {
        ((number << 8).wrapping_mul(0x9e37_79b1) >> (32 - BITS)) as usize
    }

    fn insert(&mut self, bytes: [u8; GRAM]) {
        let index = Self::index(bytes);
        self.0[index >> 6] |= 1 << (index & 63);
    }

    /// 1 where the low three bytes of `number` are in the set, 0 elsewhere.
    fn bit(&self, number: u32) -> u64 {
        let index = Self::index_of(number);
        self.0[index >> 6] >> (index & 63) & 1
    }

    fn contains(&self, bytes: [u8; GRAM]) -> bool {
        let index = Self::index(bytes);
        self.0[index >> 6] >> (index & 63) & 1 != 0
    }
}

/// The three bytes at each place of `bytes`.
fn grams(bytes: &[u8]) -> impl Iterator<Item = [u8; GRAM]> {
    bytes.windows(GRAM).map(|window| [window[0], window[1], window[2]])
}

fn pair(one: u8, two: u8) -> usize {
    usize::from(one) << 8 | usize::from(two)
}

/// Which bytes begin patterns. Patterns have at least two bytes.
pub(super) struct Heads {
    /// The first bytes of all patterns.
    begins: Grams,
    /// By two bytes.
    pairs: Vec<u64>,
    firsts: [bool; 256],
    /// Absent where there are too many short patterns.
    sparse: Option<Sparse>,
}

/// What makes it enough to look at every fourth place.
struct Sparse {
    /// What such a look sees of the long patterns.
    inside: Grams,
    /// Find the short patterns.
    short: Vec<AhoCorasick>,
}

impl Sparse {
    fn new(patterns: &[Vec<u8>]) -> Option<Self> {
        let mut inside = Grams::new();
        for pattern in patterns.iter().filter(|pattern| pattern.len() >= LONG) {
            grams(&pattern[..LONG]).for_each(|gram| inside.insert(gram));
        }
        // A pattern of two bytes makes a search for three bytes dull, so it gets one of its own.
        let short = |lengths: std::ops::Range<usize>| -> Vec<&[u8]> {
            let short = patterns.iter().filter(|pattern| lengths.contains(&pattern.len()));
            short.map(Vec::as_slice).collect()
        };
        let (pairs, others) = (short(0..GRAM), short(GRAM..LONG));
        let groups = pairs.chunks(SHORT_GROUP).chain(others.chunks(SHORT_GROUP));
        let short = groups.map(search).collect::<Option<Vec<_>>>()?;
        (short.len() <= MOST_SEARCHES).then_some(Self { inside, short })
    }
}

impl Heads {
    pub(super) fn new(patterns: &[Vec<u8>]) -> Self {
        let (mut begins, mut pairs, mut firsts) = (Grams::new(), vec![0_u64; 1024], [false; 256]);
        for pattern in patterns {
            match *pattern.as_slice() {
                [one, two, three, ..] => begins.insert([one, two, three]),
                [one, two] => (0..=u8::MAX).for_each(|three| begins.insert([one, two, three])),
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
            Some(sparse) => self.next_sparse(&sparse.inside, text, at),
            None => self.next_dense(text, at),
        }
    }

    fn next_sparse(&self, inside: &Grams, text: &[u8], from: usize) -> Option<usize> {
        // A look decides about its own place and those before it, back to the look before.
        let begin = |look: usize| {
            let mut places = look + 1 - STRIDE..=look;
            places.find(|place| self.may_begin(&text[*place..]))
        };
        let mut look = from + STRIDE - 1;
        while let Some(block) = text.get(look..look + LOOKS * STRIDE) {
            // Independent of each other, without a jump.
            let mut hits = 0;
            for (index, word) in block.chunks_exact(STRIDE).enumerate() {
                hits |= inside.bit(u32::from_le_bytes([word[0], word[1], word[2], 0])) << index;
            }
            while hits != 0 {
                if let Some(place) = begin(look + STRIDE * hits.trailing_zeros() as usize) {
                    return Some(place);
                }
                hits &= hits - 1;
            }
            look += LOOKS * STRIDE;
        }
        let looks = (look..(text.len() + 1).saturating_sub(GRAM)).step_by(STRIDE);
        looks.filter(|look| inside.contains([text[*look], text[*look + 1], text[*look + 2]])).find_map(begin)
    }

    fn next_dense(&self, text: &[u8], at: usize) -> Option<usize> {
        let mut at = at;
        // Eight bytes hold six looks: one load, six independent looks.
        while let Some(eight) = text.get(at..at + 8).and_then(|bytes| <[u8; 8]>::try_from(bytes).ok()) {
            let word = u64::from_le_bytes(eight);
            let mut hits = 0;
            for offset in 0..6 {
                hits |= self.begins.bit((word >> (8 * offset)) as u32) << offset;
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
            [one, two, three, ..] => self.begins.contains([one, two, three]),
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
