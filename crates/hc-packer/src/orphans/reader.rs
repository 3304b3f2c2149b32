//! Reads a log line by line, and keeps what was made by whom.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::command::{filled, is_name};
use super::families::{EVERYBODY, family};
use super::leftover::{Coordinates, Leftover};
use super::rule::{Compiled, Rule, When};
use crate::machine;

/// From here on a source's scripts may speak: the connection stands, or a provisioner without one begins.
static PROVISIONS: LazyLock<Regex> = LazyLock::new(|| {
    let lines = "^(Connected to |Provisioning with |Running local shell script|Executing |Uploading .* => |Downloading .* => )";
    Regex::new(lines).expect("the pattern compiles, as every test of this module shows")
});
/// Packer's own word on how a build ended; no script can say it, its lines bear the name of the source.
static VERDICT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^Build '(?P<source>[^']+)' (errored|finished) after")
        .expect("the pattern compiles, as every test of this module shows")
});

/// Something that was announced.
struct Thing {
    rule: &'static Rule,
    name: Option<String>,
    /// Whether the log itself named it.
    told: bool,
    /// Other groups of the line.
    groups: BTreeMap<String, String>,
    gone: bool,
    /// Its place in the log.
    at: usize,
}

/// One source of the log.
struct Source<'a> {
    families: Vec<&'static Compiled>,
    attributes: Option<&'a BTreeMap<String, String>>,
    facts: BTreeMap<String, String>,
    provisions: bool,
    before: String,
    things: Vec<Thing>,
}

pub(super) struct Reader<'a> {
    platform: &'a str,
    coordinates: &'a Coordinates,
    sources: BTreeMap<String, Source<'a>>,
    lines: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(platform: &'a str, coordinates: &'a Coordinates) -> Self {
        Self { platform, coordinates, sources: BTreeMap::new(), lines: 0 }
    }

    /// Takes one line of a raw log, of machines or of people.
    pub(super) fn line(&mut self, line: &str) {
        match machine::parse(line) {
            Some(record) if record.kind == "ui" => {
                record.data.iter().skip(1).flat_map(|text| text.lines()).for_each(|text| self.said(text));
            }
            Some(_) => {}
            None => self.said(line),
        }
    }

    fn said(&mut self, text: &str) {
        if let Some(verdict) = VERDICT.captures(text.trim_start_matches("==> ")) {
            if let Some(source) = self.sources.get_mut(&verdict["source"]) {
                source.ended();
            }
            return;
        }
        let Some((name, text)) = machine::speaker(text) else { return };
        self.lines += 1;
        if !self.sources.contains_key(name) {
            let source = Source::new(name, self.platform, self.coordinates);
            self.sources.insert(name.to_owned(), source);
        }
        let text = text.trim();
        if let (Some(source), false) = (self.sources.get_mut(name), text.is_empty()) {
            source.line(text, self.lines);
        }
    }

    /// What is left, in the order of the log, each once.
    pub(super) fn left(&self) -> Vec<Leftover> {
        let mut found: Vec<(usize, Leftover)> = Vec::new();
        for source in self.sources.values() {
            found.extend(source.things.iter().filter_map(|thing| Some((thing.at, source.leftover(thing)?))));
        }
        found.sort_by_key(|(at, _)| *at);
        let mut left: Vec<Leftover> = Vec::new();
        for (_, leftover) in found {
            if !left.contains(&leftover) {
                left.push(leftover);
            }
        }
        left
    }
}

impl<'a> Source<'a> {
    fn new(name: &str, platform: &str, coordinates: &'a Coordinates) -> Self {
        let own = |(address, _): &(&String, _)| {
            name == *address || name.strip_suffix(address.as_str()).is_some_and(|front| front.ends_with('.'))
        };
        let mut families = vec![&*EVERYBODY];
        families.extend(family(name, platform));
        Self {
            families,
            attributes: coordinates.iter().find(own).map(|(_, attributes)| attributes),
            facts: BTreeMap::new(),
            provisions: false,
            before: String::new(),
            things: Vec::new(),
        }
    }

    fn line(&mut self, text: &str, at: usize) {
        // A post-processor makes things of its own platform.
        let kind = text.strip_prefix('(').and_then(|text| text.split_once("): ")).map(|(kind, _)| kind);
        if let Some(own) = kind.and_then(|kind| family(kind, ""))
            && !self.families.iter().any(|known| std::ptr::eq(*known, own))
        {
            self.families.push(own);
        }
        for compiled in self.families.clone() {
            if compiled.any.is_match(text) {
                self.remember(compiled, text);
                for (rule, patterns) in compiled.family.rules.iter().zip(&compiled.rules) {
                    for gone in patterns.gone.iter().filter_map(|gone| gone.captures(text)) {
                        self.mark(rule, &gone, true);
                    }
                    for kept in patterns.kept.iter().filter_map(|kept| kept.captures(text)) {
                        self.mark(rule, &kept, false);
                    }
                    let here = patterns.after.as_ref().is_none_or(|after| after.is_match(&self.before));
                    if here
                        && self.may(rule.when)
                        && let Some((pattern, line)) =
                            patterns.made.iter().find_map(|made| Some((made, made.captures(text)?)))
                    {
                        self.made(rule, groups(pattern, &line), at);
                    }
                }
            }
        }
        self.provisions = self.provisions || PROVISIONS.is_match(text);
        text.clone_into(&mut self.before);
    }

    fn may(&self, when: When) -> bool {
        when == When::Any || !self.provisions
    }

    fn remember(&mut self, compiled: &Compiled, text: &str) {
        for (fact, (line, after)) in compiled.family.facts.iter().zip(&compiled.facts) {
            let here = after.as_ref().is_none_or(|after| after.is_match(&self.before));
            if here
                && self.may(fact.when)
                && let Some(captures) = line.captures(text)
            {
                self.facts.extend(groups(line, &captures));
            }
        }
    }

    fn made(&mut self, rule: &'static Rule, mut groups: BTreeMap<String, String>, at: usize) {
        let told = groups.remove("name");
        let named = || rule.named_by.iter().find_map(|key| self.known(key));
        let name = told.clone().or_else(named).filter(|name| is_name(name));
        let is_it = |thing: &&mut Thing| {
            std::ptr::eq(thing.rule, rule) && !thing.gone && (!thing.told || thing.name == name)
        };
        // Announced first, named by a later line.
        if let Some(known) = self.things.iter_mut().find(is_it) {
            known.groups.extend(groups);
            if told.is_some() {
                (known.name, known.told) = (name, true);
            }
            return;
        }
        self.things.push(Thing { rule, name, told: told.is_some(), groups, gone: false, at });
    }

    /// A line that speaks of things of a kind: of the one that it names, of all otherwise.
    fn mark(&mut self, rule: &'static Rule, line: &Captures<'_>, gone: bool) {
        let only = line.name("name").map(|name| name.as_str());
        for thing in self.things.iter_mut().filter(|thing| std::ptr::eq(thing.rule, rule)) {
            let name = thing.name.as_deref().unwrap_or_default();
            if only.is_none_or(|only| only == name || name.rsplit('/').next() == Some(only)) {
                thing.gone = gone;
            }
        }
    }

    /// The attempt is over: packer cleaned up. What the log never named was not made, or is gone.
    fn ended(&mut self) {
        self.provisions = false;
        self.things.retain(|thing| thing.told);
    }

    fn known(&self, key: &str) -> Option<String> {
        let fact = self.facts.get(key).cloned();
        fact.or_else(|| self.attributes?.get(key).cloned()).filter(|value| !value.is_empty())
    }

    fn leftover(&self, thing: &Thing) -> Option<Leftover> {
        let rule = thing.rule;
        let goes_with = |other: &Thing| other.rule.what == rule.inside && !other.gone;
        if thing.gone || (!rule.inside.is_empty() && self.things.iter().any(goes_with)) {
            return None;
        }
        let known = |key: &str| match key {
            "name" => thing.name.clone(),
            key => thing.groups.get(key).cloned().or_else(|| self.known(key)),
        };
        let remove = rule.remove.iter().find_map(|command| filled(command, &known));
        let name = remove.as_ref().and(thing.name.clone()).unwrap_or_default();
        let remove = remove.or_else(|| filled(rule.look, &known))?;
        Some(Leftover { what: rule.what.into(), name, remove, here: rule.here })
    }
}

/// What the groups of a pattern hold.
fn groups(pattern: &Regex, captures: &Captures<'_>) -> BTreeMap<String, String> {
    let names = pattern.capture_names().flatten();
    names.filter_map(|name| Some((name.to_owned(), captures.name(name)?.as_str().to_owned()))).collect()
}
