//! Random changes of inputs that keep enough of their structure to get past the first line of a parser.

/// Largest input that is tried, in bytes.
pub(crate) const LARGEST: usize = 64 << 10;

/// Numbers at the edges of types, and beyond.
const EDGES: &[&str] = &[
    "0",
    "-1",
    "1",
    "255",
    "256",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e999",
    "1e-999",
    "0.1",
    "1e4096",
    "999999999",
    "00",
    "0x10",
];

/// Characters that code which thinks of ASCII gets wrong.
const AWKWARD: &[&str] = &[
    "\0", "\n", "\r\n", "\r", "\t", "\u{feff}", "\u{2028}", "é", "e\u{301}", "漢", "😀", "\u{202e}",
    "\x1b[2J", "\u{7f}", "\u{85}", "\u{a0}", "\\", "\"", "'", "`", "${", "%{",
];

/// What opens and closes, to be nested without end.
const NESTS: &[(&str, &str)] = &[
    ("[", "]"),
    ("{", "}"),
    ("(", ")"),
    ("${", "}"),
    ("\"${", "}\""),
    ("!", ""),
    ("-", ""),
    ("{a={", "}}"),
    ("{\"a\":", "}"),
    ("a{", "}"),
    ("[[", "]]"),
    ("- ", ""),
    ("a.", ""),
    ("<", ">"),
    ("f(", ")"),
    ("1?", ":1"),
    ("1+", ""),
    ("%{if true}", "%{endif}"),
    ("[for a in [1]:", "]"),
    ("&a ", ""),
    ("\n ", ""),
];

/// SplitMix64: the same numbers for the same seed, on every machine.
#[derive(Clone)]
pub(crate) struct Rng(pub u64);

impl Rng {
    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// One of `items`, which are not none.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// Below one of `ends`, so that small numbers are frequent and large ones come.
    fn up_to_one_of(&mut self, ends: &[usize]) -> usize {
        let end = *self.pick(ends);
        self.below(end)
    }

    /// A range inside of `length` bytes, mostly short.
    pub(crate) fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let most = (*self.pick(&[4, 16, 64, 512, LARGEST])).min(length - start);
        start..start + self.below(most + 1)
    }
}

/// A changed copy of one of `corpus`, which is not empty.
pub(crate) fn mutate(corpus: &[Vec<u8>], dictionary: &[&str], rng: &mut Rng) -> Vec<u8> {
    // Short inputs are tried faster, and long ones find little that a short one does not.
    let most = *rng.pick(&[512, 2048, 4096, LARGEST]);
    let mut bytes = rng.pick(corpus).clone();
    for _ in 0..1 + rng.below(6) {
        change(&mut bytes, corpus, dictionary, rng);
        bytes.truncate(most);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], dictionary: &[&str], rng: &mut Rng) {
    let range = rng.range(bytes.len());
    match rng.below(12) {
        0 if !bytes.is_empty() => {
            let at = rng.below(bytes.len());
            bytes[at] ^= 1 << rng.below(8);
        }
        1 if !bytes.is_empty() => {
            let at = rng.below(bytes.len());
            bytes[at] = rng.next() as u8;
        }
        2 | 3 if !dictionary.is_empty() => {
            let token = rng.pick(dictionary).bytes();
            let end = if rng.below(2) == 0 { range.start } else { range.end };
            bytes.splice(range.start..end, token);
        }
        4 => {
            let slice = bytes[range.clone()].to_vec();
            let times = 1 + rng.up_to_one_of(&[1, 4, 64]);
            let times = times.min(LARGEST / slice.len().max(1));
            bytes.splice(range.end..range.end, slice.repeat(times));
        }
        5 => drop(bytes.drain(range)),
        6 => {
            let slice: Vec<u8> = bytes.drain(range).collect();
            let at = rng.below(bytes.len() + 1);
            bytes.splice(at..at, slice);
        }
        7 => {
            let other = rng.pick(corpus);
            let from = rng.range(other.len());
            bytes.splice(range, other[from].iter().copied());
        }
        8 => number(bytes, rng),
        9 => {
            let (open, close) = rng.pick(NESTS);
            let times = 1 + rng.up_to_one_of(&[2, 40, 400, 20_000]);
            let times = times.min(LARGEST.saturating_sub(bytes.len()) / (open.len() + close.len()));
            bytes.splice(range.end..range.end, close.repeat(times).bytes());
            bytes.splice(range.start..range.start, open.repeat(times).bytes());
        }
        10 => lines(bytes, rng),
        _ => drop(bytes.splice(range.start..range.start, rng.pick(AWKWARD).bytes())),
    }
}

/// Puts an edge in the place of a number.
fn number(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let starts: Vec<usize> = (0..bytes.len())
        .filter(|at| {
            bytes[*at].is_ascii_digit() && !at.checked_sub(1).is_some_and(|at| bytes[at].is_ascii_digit())
        })
        .collect();
    if let Some(start) = starts.get(rng.below(starts.len())) {
        let length = bytes[*start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        bytes.splice(*start..start + length, rng.pick(EDGES).bytes());
    }
}

/// Swaps, doubles or drops a line.
fn lines(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    if lines.is_empty() {
        return;
    }
    let (one, two) = (rng.below(lines.len()), rng.below(lines.len()));
    match rng.below(3) {
        0 => lines.swap(one, two),
        1 => lines.insert(one, lines[two].clone()),
        _ => drop(lines.remove(one)),
    }
    *bytes = lines.concat();
}
