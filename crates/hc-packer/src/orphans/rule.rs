//! What a builder makes, as data.

use regex::{Regex, RegexSet};

/// When a builder makes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Before it provisions: later lines that look like it are a script's.
    Before,
    /// At any time.
    Any,
}

/// One kind of thing. Patterns are for the text behind the source's name; their group `name` is the thing's name, other
/// groups are for the commands.
pub(super) struct Rule {
    pub(super) what: &'static str,
    pub(super) when: When,
    /// Lines that announce it.
    pub(super) made: &'static [&'static str],
    /// What the line before has to be; empty for any.
    pub(super) after: &'static str,
    /// Attributes of the source and groups of earlier lines that name it where the line does not.
    pub(super) named_by: &'static [&'static str],
    /// Lines that say that it is removed: the one of that name, or all of the source.
    pub(super) gone: &'static [&'static str],
    /// Lines that take that back.
    pub(super) kept: &'static [&'static str],
    /// Another kind with which it goes.
    pub(super) inside: &'static str,
    /// Commands, the first of which everything is known: `{name}`, `{a|b}` for the first that is known, `[…]` left out
    /// where a part of it is not known.
    pub(super) remove: &'static [&'static str],
    /// The command that shows it, where its name is not known.
    pub(super) look: &'static str,
    /// Whether it lies on this machine.
    pub(super) here: bool,
}

/// What most rules say.
pub(super) const RULE: Rule = Rule {
    what: "",
    when: When::Before,
    made: &[],
    after: "",
    named_by: &[],
    gone: &[],
    kept: &[],
    inside: "",
    remove: &[],
    look: "",
    here: false,
};

/// Something to remember of a line, by the names of its groups.
pub(super) struct Fact {
    pub(super) when: When,
    pub(super) line: &'static str,
    pub(super) after: &'static str,
}

/// A family of builders.
pub(super) struct Family {
    /// How the types of its sources begin.
    pub(super) types: &'static [&'static str],
    /// Parts of the names that people give to its platforms.
    pub(super) platforms: &'static [&'static str],
    pub(super) facts: &'static [Fact],
    pub(super) rules: &'static [Rule],
}

/// A family that can read.
pub(super) struct Compiled {
    pub(super) family: &'static Family,
    /// Any line of interest.
    pub(super) any: RegexSet,
    pub(super) facts: Vec<(Regex, Option<Regex>)>,
    pub(super) rules: Vec<Patterns>,
}

pub(super) struct Patterns {
    pub(super) made: Vec<Regex>,
    pub(super) after: Option<Regex>,
    pub(super) gone: Vec<Regex>,
    pub(super) kept: Vec<Regex>,
}

impl Compiled {
    pub(super) fn new(family: &'static Family) -> Self {
        let regex = |text: &&str| Regex::new(text).expect("a test compiles every pattern of the tables");
        let all = |texts: &[&'static str]| texts.iter().map(regex).collect::<Vec<_>>();
        let one = |text: &&'static str| (!text.is_empty()).then(|| regex(text));
        let texts = family.facts.iter().map(|fact| fact.line).chain(
            family.rules.iter().flat_map(|rule| rule.made.iter().chain(rule.gone).chain(rule.kept).copied()),
        );
        Self {
            family,
            any: RegexSet::new(texts).expect("a test compiles every pattern of the tables"),
            facts: family.facts.iter().map(|fact| (regex(&fact.line), one(&fact.after))).collect(),
            rules: family
                .rules
                .iter()
                .map(|rule| Patterns {
                    made: all(rule.made),
                    after: one(&rule.after),
                    gone: all(rule.gone),
                    kept: all(rule.kept),
                })
                .collect(),
        }
    }
}
