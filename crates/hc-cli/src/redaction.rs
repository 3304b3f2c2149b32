//! The one redactor of a run, with its count of replacements for scrub manifests (LOG-2).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use hc_core::SecretString;
use hc_logs::redact::{Counts, Redactor};
use hc_packer::event::Redact;

/// Knows the secrets of one target and well-known token shapes.
#[derive(Debug)]
pub(crate) struct Redaction {
    redactor: Redactor,
    counts: Mutex<Counts>,
}

impl Redaction {
    /// For these secrets.
    pub(crate) fn new(secrets: &[(String, SecretString)]) -> Self {
        let redactor =
            Redactor::builder().secrets(secrets.iter().map(|(_, secret)| secret)).token_shapes(true).build();
        Self { redactor, counts: Mutex::new(Counts::default()) }
    }

    /// How many replacements were made, by rule.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|(rule, count)| (rule.to_owned(), count)).collect()
    }
}

impl Redact for Redaction {
    fn redact(&self, line: &[u8]) -> Vec<u8> {
        let (clean, counts) = self.redactor.redact_counted(line);
        if !counts.is_empty() {
            self.counts.lock().unwrap_or_else(PoisonError::into_inner).merge(&counts);
        }
        clean.into_owned()
    }
}
