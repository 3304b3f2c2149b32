//! What the readers of Makefiles and scripts may see: the files of the repository, under a root that has no place on
//! this machine, and a budget of work. Nothing here starts a program.
//!
//! A value that is not known is one character of a private plane in the middle of a text (a *mark*), which stands for
//! its reason; so it takes its way through every function on texts, and spoils only the words that hold it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use hc_core::fs::read_text;

/// The repository's root in values; no text of a file contains it.
pub(super) const ROOT: &str = "/\u{f8ff}";
/// First mark and number of marks.
const FIRST: u32 = 0xF_0000;
const MARKS: u32 = 0xFFFD;
/// Steps of work for one repository.
const STEPS: u64 = 9_000_000;
/// Largest file that is read, in bytes.
const FILE_LIMIT: u64 = 1 << 20;
/// Longest text that an expansion makes, in bytes.
pub(super) const TEXT_LIMIT: usize = 256 << 10;
/// Most names that a pattern gives.
const MATCHES: usize = 2000;

/// Why a value is not known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Why {
    /// A variable or an argument that whoever starts it gives.
    Given(String),
    /// Anything else, in words.
    Other(String),
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
}

/// Where a line stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    /// File relative to the repository.
    pub(super) file: Rc<str>,
    /// Line, from 1.
    pub(super) line: usize,
}

/// Names in one directory, sorted, with what they are.
type Listing = Rc<[(String, Kind)]>;

/// The repository, as far as it may be seen.
pub(super) struct World {
    root: PathBuf,
    whys: RefCell<Vec<Why>>,
    marks: RefCell<HashMap<Why, char>>,
    /// Steps that are left for the file that is read, and for all after it.
    steps: Cell<u64>,
    later: Cell<u64>,
    texts: RefCell<HashMap<String, Option<Rc<str>>>>,
    listings: RefCell<HashMap<String, Listing>>,
}

pub(super) fn is_mark(letter: char) -> bool {
    (FIRST..FIRST + MARKS).contains(&u32::from(letter))
}

/// Whether a text has no mark.
pub(super) fn is_known(text: &str) -> bool {
    !text.contains(is_mark)
}

/// Joins a path and normalises it without asking the disk; both are `/`-separated, the result is relative to the
/// root. `None` for what lies outside of the repository, or is not known.
pub(super) fn join(dir: &str, path: &str) -> Option<String> {
    if !is_known(dir) || !is_known(path) {
        return None;
    }
    let (base, rest) = match path.strip_prefix(ROOT) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => ("", rest),
        _ if path.starts_with('/') || path.starts_with('~') => return None,
        _ => (dir, path),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(rest.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The absolute form of a path below the root.
pub(super) fn absolute(path: &str) -> String {
    if path.is_empty() { ROOT.to_owned() } else { format!("{ROOT}/{path}") }
}

/// A text as people may read it: without marks, on one line, not too long.
pub(super) fn readable(text: &str) -> String {
    let plain: String = text.replace(ROOT, ".").chars().map(|c| if is_mark(c) { '…' } else { c }).collect();
    let mut plain = plain.replace("\\\n", " ").split_whitespace().collect::<Vec<_>>().join(" ");
    if plain.chars().count() > 60 {
        plain = plain.chars().take(59).chain(['…']).collect();
    }
    plain
}

impl World {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: std::fs::canonicalize(root).unwrap_or_else(|_| root.to_owned()),
            whys: RefCell::default(),
            marks: RefCell::default(),
            steps: Cell::new(0),
            later: Cell::new(STEPS),
            texts: RefCell::default(),
            listings: RefCell::default(),
        }
    }

    /// Gives the next file at most so many steps; one that is hostile does not use up those of the others.
    pub(super) fn allot(&self, steps: u64) {
        let all = self.later.get() + self.steps.get();
        self.steps.set(steps.min(all));
        self.later.set(all - steps.min(all));
    }

    /// Spends work; `false` when none is left.
    pub(super) fn spend(&self, steps: usize) -> bool {
        let left = self.steps.get().saturating_sub(steps as u64);
        self.steps.set(left);
        left > 0
    }

    /// The mark of a reason.
    pub(super) fn mark(&self, why: Why) -> char {
        if let Some(mark) = self.marks.borrow().get(&why) {
            return *mark;
        }
        let mut whys = self.whys.borrow_mut();
        let number = u32::try_from(whys.len()).unwrap_or(u32::MAX).min(MARKS - 1);
        let mark = char::from_u32(FIRST + number).unwrap_or(char::REPLACEMENT_CHARACTER);
        if number + 1 < MARKS {
            whys.push(why.clone());
            self.marks.borrow_mut().insert(why, mark);
        }
        mark
    }

    /// A text that is nothing but unknown.
    pub(super) fn unknown(&self, reason: impl Into<String>) -> String {
        self.mark(Why::Other(reason.into())).to_string()
    }

    /// What stands for a text for which no work is left.
    pub(super) fn exhausted(&self) -> String {
        self.unknown("the file asks for more work than is done for it")
    }

    /// The reason behind a mark.
    pub(super) fn why(&self, mark: char) -> Why {
        let at = u32::from(mark).wrapping_sub(FIRST) as usize;
        let why = self.whys.borrow().get(at).cloned();
        why.unwrap_or_else(|| Why::Other("too much of it is not known".into()))
    }

    /// The reasons in a text, each once, in words.
    pub(super) fn reasons(&self, text: &str) -> Vec<String> {
        let mut reasons = Vec::new();
        for mark in text.chars().filter(|letter| is_mark(*letter)) {
            let words = match self.why(mark) {
                Why::Given(name) => format!("`{name}` is given by whoever runs it"),
                Why::Other(words) => words,
            };
            if !reasons.contains(&words) {
                reasons.push(words);
            }
        }
        reasons
    }

    /// The names that only whoever starts it knows, in a text.
    pub(super) fn given(&self, text: &str) -> Vec<(char, String)> {
        let mut names = Vec::new();
        for mark in text.chars().filter(|letter| is_mark(*letter)) {
            if let Why::Given(name) = self.why(mark)
                && !names.iter().any(|(known, _)| *known == mark)
            {
                names.push((mark, name));
            }
        }
        names
    }

    /// The place of a path on this machine, when it really is below the root.
    fn place(&self, path: &str) -> Option<PathBuf> {
        let place = self.root.join(path);
        std::fs::canonicalize(&place).ok().filter(|real| real.starts_with(&self.root)).map(|_| place)
    }

    /// What stands at a path relative to the root.
    pub(super) fn kind(&self, path: &str) -> Option<Kind> {
        let meta = std::fs::metadata(self.place(path)?).ok()?;
        Some(if meta.is_dir() { Kind::Directory } else { Kind::File })
    }

    /// Text of a file relative to the root.
    pub(super) fn text(&self, path: &str) -> Option<Rc<str>> {
        if let Some(text) = self.texts.borrow().get(path) {
            return text.clone();
        }
        let real = self.place(path).and_then(|place| std::fs::canonicalize(place).ok());
        let text = real.and_then(|real| read_text(&real, FILE_LIMIT).ok().flatten());
        let text: Option<Rc<str>> = text.map(|text| clean(&text).into());
        self.texts.borrow_mut().insert(path.to_owned(), text.clone());
        text
    }

    /// Text of a file as it stands, for places in it.
    pub(super) fn original(&self, path: &str) -> Option<String> {
        let real = std::fs::canonicalize(self.place(path)?).ok()?;
        read_text(&real, FILE_LIMIT).ok().flatten()
    }

    /// Names in a directory relative to the root, sorted.
    pub(super) fn list(&self, dir: &str) -> Listing {
        if let Some(listing) = self.listings.borrow().get(dir) {
            return Rc::clone(listing);
        }
        let mut names = Vec::new();
        if let Some(place) = self.place(dir)
            && let Ok(entries) = std::fs::read_dir(place)
        {
            for entry in entries.flatten() {
                let Ok(name) = entry.file_name().into_string() else { continue };
                let path = if dir.is_empty() { name.clone() } else { format!("{dir}/{name}") };
                if let Some(kind) = self.kind(&path).filter(|_| name == clean(&name)) {
                    names.push((name, kind));
                }
            }
        }
        names.sort_by(|a, b| a.0.cmp(&b.0));
        let listing: Listing = names.into();
        self.listings.borrow_mut().insert(dir.to_owned(), Rc::clone(&listing));
        listing
    }

    /// What a pattern of names means in a directory, written as the pattern is, sorted; `None` for a pattern that
    /// leads out of the repository or is not known.
    pub(super) fn glob(&self, dir: &str, pattern: &str) -> Option<Vec<String>> {
        if !is_known(pattern) {
            return None;
        }
        let below = join(dir, pattern);
        let outside = pattern.starts_with('/') && below.is_none() || pattern.starts_with('~');
        if outside {
            return None;
        }
        let (mut written, rest) = match pattern.strip_prefix(ROOT) {
            Some(rest) => (vec![format!("{ROOT}/")], rest.trim_start_matches('/')),
            None => (vec![String::new()], pattern),
        };
        let parts: Vec<&str> = rest.split('/').collect();
        for (at, part) in parts.iter().enumerate() {
            let last = at + 1 == parts.len();
            let end = if last { "" } else { "/" };
            let mut next = Vec::new();
            for before in &written {
                if !part.contains(['*', '?', '[']) {
                    next.push(format!("{before}{part}{end}"));
                    continue;
                }
                let listing = self.list(&join(dir, before)?);
                if !self.spend(listing.len() + 1) {
                    return None;
                }
                for (name, kind) in listing.iter() {
                    let hidden = name.starts_with('.') && !part.starts_with('.');
                    if !hidden && (last || *kind == Kind::Directory) && matches(part, name) {
                        next.push(format!("{before}{name}{end}"));
                    }
                }
            }
            next.truncate(MATCHES);
            written = next;
        }
        written.retain(|path| join(dir, path).is_some_and(|path| self.kind(&path).is_some()));
        Some(written)
    }
}

/// A text without the characters that have a meaning here.
pub(super) fn clean(text: &str) -> String {
    text.replace('\r', "")
        .chars()
        .map(|c| if is_mark(c) || c == '\u{f8ff}' { char::REPLACEMENT_CHARACTER } else { c })
        .collect()
}

/// Whether a name matches a pattern of `*`, `?` and `[…]`.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, n));
            p += 1;
            continue;
        }
        match one(&pattern[p.min(pattern.len())..], name[n]) {
            Some(used) => {
                p += used;
                n += 1;
            }
            None => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                p = at + 1;
                n = from + 1;
            }
        }
    }
    pattern[p.min(pattern.len())..].iter().all(|letter| *letter == '*')
}

/// How many characters of the pattern match this letter.
fn one(pattern: &[char], letter: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '[' => {
            let end = pattern.iter().skip(2).position(|c| *c == ']').map(|at| at + 2);
            let Some(end) = end else { return (letter == '[').then_some(1) };
            let (negated, set) = match &pattern[1..end] {
                ['!' | '^', rest @ ..] => (true, rest),
                rest => (false, rest),
            };
            let mut found = false;
            let mut at = 0;
            while at < set.len() {
                if set.get(at + 1) == Some(&'-') && at + 2 < set.len() {
                    found |= set[at] <= letter && letter <= set[at + 2];
                    at += 3;
                } else {
                    found |= set[at] == letter;
                    at += 1;
                }
            }
            (found != negated).then_some(end + 1)
        }
        '\\' if pattern.len() > 1 => (pattern[1] == letter).then_some(2),
        other => (*other == letter).then_some(1),
    }
}
