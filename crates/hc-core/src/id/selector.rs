//! Which builders a command is about: parts of their ids, and globs over them.

use super::{BuilderId, IdError};

/// What `--targets linux,qemu,linux.*.base` selects: bare part names, or globs over the whole id or its first two parts.
///
/// `*` stands for any run of characters inside one part, `?` for one character. The empty selector selects
/// everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    terms: Vec<String>,
}

impl Selector {
    /// Parses a comma-separated list; blank terms are skipped.
    ///
    /// # Errors
    /// [`IdError::Selector`] for a term that no builder id could ever match.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let mut terms = Vec::new();
        for term in text.split(',').map(str::trim).filter(|term| !term.is_empty()) {
            let legal = term.bytes().all(|b| {
                b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'*' | b'?')
            });
            if !legal || !matches!(term.split('.').count(), 1..=3) {
                return Err(IdError::Selector(term.to_owned()));
            }
            terms.push(term.to_owned());
        }
        Ok(Self { terms })
    }

    /// Selects everything.
    pub fn all() -> Self {
        Self { terms: Vec::new() }
    }

    /// Selects one builder.
    pub fn only(id: &BuilderId) -> Self {
        Self { terms: vec![id.to_string()] }
    }

    /// The terms as given.
    pub fn terms(&self) -> &[String] {
        &self.terms
    }

    /// True when nothing narrows the selection.
    pub fn is_everything(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether `id` is selected by any term.
    pub fn matches(&self, id: &BuilderId) -> bool {
        self.is_everything() || self.terms.iter().any(|term| term_matches(term, id))
    }

    /// Terms that match none of `ids`: a typo that must not select nothing in silence.
    pub fn unmatched<'a>(&'a self, ids: &'a [BuilderId]) -> impl Iterator<Item = &'a str> {
        self.terms.iter().map(String::as_str).filter(|term| !ids.iter().any(|id| term_matches(term, id)))
    }
}

fn term_matches(term: &str, id: &BuilderId) -> bool {
    let parts: Vec<&str> = term.split('.').collect();
    match parts.as_slice() {
        [bare] => [&id.os, &id.platform, &id.variant].into_iter().any(|part| glob(bare, part)),
        [os, platform] => glob(os, &id.os) && glob(platform, &id.platform),
        [os, platform, variant] => {
            glob(os, &id.os) && glob(platform, &id.platform) && glob(variant, &id.variant)
        }
        _ => false,
    }
}

/// Matches `pattern` (`*`, `?`) against the whole of `text` in linear time by greedy backtracking.
fn glob(pattern: &str, text: &str) -> bool {
    let (p, t) = (pattern.as_bytes(), text.as_bytes());
    let (mut pi, mut ti, mut star) = (0, 0, None);
    while ti < t.len() {
        if pi < p.len() && (p[pi] == b'?' || p[pi] == t[ti]) {
            (pi, ti) = (pi + 1, ti + 1);
        } else if pi < p.len() && p[pi] == b'*' {
            star = Some((pi, ti));
            pi += 1;
        } else if let Some((star_pi, star_ti)) = star {
            (pi, ti) = (star_pi + 1, star_ti + 1);
            star = Some((star_pi, star_ti + 1));
        } else {
            return false;
        }
    }
    p[pi..].iter().all(|b| *b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn selectors_match_bare_names_and_globs() {
        let base = "linux.qemu.base".parse::<BuilderId>().unwrap();
        for yes in [
            "linux",
            "qemu",
            "base",
            "linux.*.base",
            "*.*.*",
            "lin*",
            "windows,qemu",
            "",
            "ba?e",
            "linux.*",
            "*.qemu",
        ] {
            assert!(Selector::parse(yes).unwrap().matches(&base), "{yes}");
        }
        for no in ["windows", "linux.azure.*", "linux.azure", "*.base", "lin", "linux.*.web"] {
            assert!(!Selector::parse(no).unwrap().matches(&base), "{no}");
        }
        assert!(Selector::parse("linux/qemu").is_err());
        assert!(Selector::parse("a.b.c.d").is_err());
        let ids = [base];
        let selector = Selector::parse("qemu,qmeu").unwrap();
        assert_eq!(selector.unmatched(&ids).collect::<Vec<_>>(), ["qmeu"]);
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "\\PC{0,80}") {
            let _ = Selector::parse(&text);
        }

        #[test]
        fn star_matches_everything(text in "[a-z0-9-]{0,40}") {
            prop_assert!(glob("*", &text));
            prop_assert!(glob(&text, &text));
        }
    }
}
