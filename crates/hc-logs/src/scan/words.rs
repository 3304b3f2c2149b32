//! Which rules can match which lines at all, by words that stand in every match: one pass over a text instead of one for each
//! rule and line.

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};

use super::rules::line_rules;

/// A set of rules, by their numbers.
pub(super) type Rules = u32;

struct Words {
    finder: Option<AhoCorasick>,
    /// The rule of each word.
    rules: Vec<Rules>,
    /// Rules that may match any line.
    always: Rules,
}

fn words() -> &'static Words {
    static WORDS: OnceLock<Words> = OnceLock::new();
    WORDS.get_or_init(|| {
        let (mut texts, mut rules, mut always) = (Vec::new(), Vec::new(), 0);
        for (at, rule) in line_rules().iter().enumerate() {
            texts.extend(rule.words.iter().cloned());
            rules.extend(rule.words.iter().map(|_| 1 << at));
            always |= if rule.words.is_empty() { 1 << at } else { 0 };
        }
        let finder = AhoCorasickBuilder::new().ascii_case_insensitive(true).build(texts).ok();
        Words { finder, rules, always }
    })
}

/// Whether no line of a text can match any of `rules`.
pub(super) fn excluded(text: &str, rules: Rules) -> bool {
    let words = words();
    let is_match = |finder: &AhoCorasick| is_odd(text) || finder.is_match(text);
    words.always & rules == 0 && !words.finder.as_ref().is_none_or(is_match)
}

/// Patterns know that these two are an `s` and a `k`; the finder does not.
fn is_odd(text: &str) -> bool {
    !text.is_ascii() && text.contains(['\u{17f}', '\u{212a}'])
}

/// For each line, the rules that can match it. `lines` are their ranges in the text.
pub(super) fn candidates(text: &str, lines: &[Range<usize>]) -> Vec<Rules> {
    let words = words();
    let Some(finder) = words.finder.as_ref().filter(|_| !is_odd(text)) else {
        return vec![Rules::MAX; lines.len()];
    };
    let mut found = vec![words.always; lines.len()];
    let mut at = 0;
    for hit in finder.find_overlapping_iter(text) {
        // Hits come by their ends.
        while lines.get(at).is_some_and(|line| line.end < hit.end()) {
            at += 1;
        }
        if let Some(found) = found.get_mut(at) {
            *found |= words.rules[hit.pattern().as_usize()];
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_rules_of_its_words() {
        let text = "nothing\nPassWord = 1\n\ndefault = \"x\"\n";
        let lines = [0..7, 8..20, 21..21, 22..35];
        let found = candidates(text, &lines);
        let always = words().always;
        assert_eq!((found[0], found[2]), (always, always));
        assert!(found[1] != always && found[3] != always && found[1] != found[3]);
        let odd = candidates("pa\u{17f}\u{17f}word\n", &[0..10, 11..11]);
        assert_eq!(odd, [Rules::MAX, Rules::MAX]);
        assert!(line_rules().len() <= 32);
    }
}
