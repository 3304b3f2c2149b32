//! The fast way over text in which nothing begins: a table of the first three bytes of all patterns.
//!
//! Ordinary log text passes at one look per byte, without the chain of loads that an automaton needs; only
//! where a pattern may begin is the automaton asked. False alarms are allowed, misses are not.

/// Bits of the table; 8 KiB stay in the first cache.
const BITS: u32 = 16;

/// Which bytes begin patterns. Patterns have at least two bytes.
pub(super) struct Heads {
    /// By a hash of three bytes.
    triples: Box<[u64; 1 << (BITS - 6)]>,
    /// By two bytes.
    pairs: Vec<u64>,
    firsts: [bool; 256],
}

fn triple(bytes: [u8; 3]) -> usize {
    hash(u32::from(bytes[0]) | u32::from(bytes[1]) << 8 | u32::from(bytes[2]) << 16)
}

/// Of the low three bytes of `number`.
fn hash(number: u32) -> usize {
    ((number << 8).wrapping_mul(0x9e37_79b1) >> (32 - BITS)) as usize
}

fn pair(one: u8, two: u8) -> usize {
    usize::from(one) << 8 | usize::from(two)
}

fn set(bits: &mut [u64], index: usize) {
    bits[index >> 6] |= 1 << (index & 63);
}

fn is_set(bits: &[u64], index: usize) -> bool {
    bits[index >> 6] >> (index & 63) & 1 != 0
}

impl Heads {
    pub(super) fn new(patterns: &[Vec<u8>]) -> Self {
        let mut heads =
            Self { triples: Box::new([0; 1 << (BITS - 6)]), pairs: vec![0; 1024], firsts: [false; 256] };
        for pattern in patterns {
            match *pattern.as_slice() {
                [one, two, three, ..] => {
                    set(&mut heads.triples[..], triple([one, two, three]));
                    set(&mut heads.pairs, pair(one, two));
                }
                [one, two] => {
                    (0..=u8::MAX).for_each(|three| set(&mut heads.triples[..], triple([one, two, three])));
                    set(&mut heads.pairs, pair(one, two));
                }
                _ => {}
            }
            heads.firsts[usize::from(pattern.first().copied().unwrap_or(0))] = true;
        }
        heads
    }

    /// The first place from `at` on where a pattern may begin.
    pub(super) fn next(&self, text: &[u8], at: usize) -> Option<usize> {
        let mut at = at;
        // Eight bytes hold six triples: one load, six independent looks.
        while let Some(eight) = text.get(at..at + 8).and_then(|bytes| <[u8; 8]>::try_from(bytes).ok()) {
            let word = u64::from_le_bytes(eight);
            let mut hits = 0;
            for offset in 0..6 {
                let index = hash((word >> (8 * offset)) as u32);
                hits |= (self.triples[index >> 6] >> (index & 63) & 1) << offset;
            }
            if hits != 0 {
                return Some(at + hits.trailing_zeros() as usize);
            }
            at += 6;
        }
        let rest = text.get(at..)?;
        let hit = |bytes: &[u8]| is_set(&self.triples[..], triple([bytes[0], bytes[1], bytes[2]]));
        if let Some(offset) = rest.windows(3).position(hit) {
            return Some(at + offset);
        }
        // A pattern of two bytes may stand at the very end.
        let last = text.len().checked_sub(2)?;
        (last >= at && is_set(&self.pairs, pair(text[last], text[last + 1]))).then_some(last)
    }

    /// Whether a pattern may begin with `bytes`.
    pub(super) fn may_begin(&self, bytes: &[u8]) -> bool {
        match *bytes {
            [] => false,
            [one] => self.firsts[usize::from(one)],
            [one, two] => is_set(&self.pairs, pair(one, two)),
            [one, two, three, ..] => is_set(&self.triples[..], triple([one, two, three])),
        }
    }
}
