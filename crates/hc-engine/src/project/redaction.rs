//! The one redactor of a run, with its count of replacements for scrub manifests (LOG-2).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use hc_logs::redact::{Counts, LineRedactor, Redactor};
use hc_packer::Redact;

/// Longest private key that is followed, in lines; more are no key.
const LONGEST_KEY: u32 = 200;
/// Shortest word of a key's body that is taken for one.
const KEY_WORD: usize = 16;

/// Knows the secrets of the run and well-known token shapes; follows a private key over its lines.
#[derive(Debug)]
pub struct Redaction {
    redactor: Redactor,
    lines: Mutex<LineRedactor>,
    counts: Mutex<Counts>,
    /// Lines that may still belong to a private key that has begun. Stdout and stderr may have begun one each, and their
    /// lines come mixed: a key's end on one of them does not end the other's, the limit does.
    keys: Mutex<[u32; 2]>,
}

impl Redaction {
    /// Hides what the project's redactor knows, and whatever that learns.
    pub fn new(redactor: &Redactor) -> Self {
        Self {
            redactor: redactor.clone(),
            lines: Mutex::new(LineRedactor::new(redactor.clone())),
            counts: Mutex::new(Counts::default()),
            keys: Mutex::new([0; 2]),
        }
    }

    /// How many replacements were made, by rule.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|(rule, count)| (rule.to_owned(), count)).collect()
    }
}

impl Redaction {
    /// What is left of a line inside a private key; `None` when it is in none.
    fn inside_key(&self, line: &[u8]) -> Option<Vec<u8>> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(line);
        // A record may hold several lines of a key, escaped.
        let begins = text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----");
        let ends = text.contains("-----END ") && text.contains("PRIVATE KEY-----");
        let was_inside = keys.iter().any(|left| *left > 0);
        for left in keys.iter_mut() {
            *left = left.saturating_sub(1);
        }
        if begins
            && !ends
            && let Some(free) = keys.iter_mut().find(|left| **left == 0)
        {
            *free = LONGEST_KEY;
        }
        if ends
            && !begins
            && let Some(open) = keys.iter_mut().find(|left| **left > 0)
        {
            *open = 0;
        }
        if !was_inside && !begins {
            return None;
        }
        // Only what looks like a key's body goes: lines of others come in between.
        let is_body = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
        let mut clean = String::with_capacity(text.len());
        let mut cut = false;
        for word in text.split_inclusive(|c| !is_body(c)) {
            let body = word.trim_end_matches(|c| !is_body(c));
            if body.len() >= KEY_WORD
                || (was_inside && !body.is_empty() && text.trim_end().ends_with(body) && body.ends_with('='))
            {
                clean.push_str("***");
                clean.push_str(&word[body.len()..]);
                cut = true;
            } else {
                clean.push_str(word);
            }
        }
        cut.then(|| clean.into_bytes())
    }
}

impl Redact for Redaction {
    fn redact(&self, line: &[u8]) -> Vec<u8> {
        let cut = self.inside_key(line);
        let line = cut.as_deref().unwrap_or(line);
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let (clean, counts) = lines.redact(line);
        if !counts.is_empty() {
            self.counts.lock().unwrap_or_else(PoisonError::into_inner).merge(&counts);
        }
        clean.into_owned()
    }

    fn probe(&self, piece: &[u8]) -> Vec<u8> {
        self.redactor.redact_bytes(piece).into_owned()
    }
}
