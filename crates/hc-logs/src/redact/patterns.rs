//! The byte strings that are searched for, sorted: which is the longest that stands at a place, and which begin like this?
//!
//! No automaton: places where something may begin are rare ([`super::heads`]), and forms of four kilobytes would make its
//! states the most expensive part of a redactor.

/// Sorted byte strings, none of them empty.
pub(super) struct Patterns {
    sorted: Vec<Vec<u8>>,
    /// The first bytes of each as a number: most comparisons need no more.
    keys: Vec<u64>,
    /// For each, the longest other one that it begins with.
    shorter: Vec<Option<usize>>,
    longest: usize,
}

impl Patterns {
    /// Takes byte strings that are sorted and distinct.
    pub(super) fn new(sorted: Vec<Vec<u8>>) -> Self {
        let mut shorter: Vec<Option<usize>> = Vec::with_capacity(sorted.len());
        for (index, pattern) in sorted.iter().enumerate() {
            // What this one begins with is the one before it, or what that one begins with.
            let mut other = index.checked_sub(1);
            while let Some(at) = other.filter(|at| !pattern.starts_with(&sorted[*at])) {
                other = shorter[at];
            }
            shorter.push(other);
        }
        let keys = sorted.iter().map(|pattern| key(pattern)).collect();
        Self { keys, longest: sorted.iter().map(Vec::len).max().unwrap_or(0), sorted, shorter }
    }

    pub(super) fn all(&self) -> &[Vec<u8>] {
        &self.sorted
    }

    /// The length of the longest.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// The longest one that `text` begins with.
    pub(super) fn at_start_of(&self, text: &[u8]) -> Option<usize> {
        let mut found = self.first_after(text).checked_sub(1);
        while let Some(at) = found.filter(|at| !text.starts_with(&self.sorted[*at])) {
            found = self.shorter[at];
        }
        found
    }

    /// Those that begin with `begun` and go on.
    pub(super) fn going_on(&self, begun: &[u8]) -> impl Iterator<Item = usize> {
        let from = self.first_after(begun);
        (from..self.sorted.len()).take_while(move |at| self.sorted[*at].starts_with(begun))
    }

    /// The first one that sorts behind `text`.
    fn first_after(&self, text: &[u8]) -> usize {
        let key = key(text);
        let from = self.keys.partition_point(|other| *other < key);
        let past = from + self.keys[from..].partition_point(|other| *other == key);
        from + self.sorted[from..past].partition_point(|pattern| pattern.as_slice() <= text)
    }
}

/// Sorts as the bytes do; what is shorter sorts as if zeros followed.
fn key(bytes: &[u8]) -> u64 {
    let key = bytes.first_chunk::<8>().copied().unwrap_or_else(|| {
        let mut key = [0; 8];
        key[..bytes.len()].copy_from_slice(bytes);
        key
    });
    u64::from_be_bytes(key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn finds_what_a_search_one_by_one_finds(
            patterns in prop::collection::btree_set("[abc]{1,12}", 0..20),
            text in "[abc]{0,14}",
        ) {
            let sorted: Vec<Vec<u8>> = patterns.into_iter().map(String::into_bytes).collect();
            let patterns = Patterns::new(sorted.clone());
            let text = text.as_bytes();
            let longest = (0..sorted.len()).filter(|at| text.starts_with(&sorted[*at])).max_by_key(|at| sorted[*at].len());
            prop_assert_eq!(patterns.at_start_of(text), longest);
            let goes_on = |at: &usize| sorted[*at].len() > text.len() && sorted[*at].starts_with(text);
            let going_on: Vec<usize> = (0..sorted.len()).filter(goes_on).collect();
            prop_assert_eq!(patterns.going_on(text).collect::<Vec<_>>(), going_on);
        }
    }
}
