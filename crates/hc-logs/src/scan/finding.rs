//! What a scan found: where it is and how much it weighs, never what it is.

use std::ops::Range;
use std::path::PathBuf;

use hc_core::Digest;

use super::rules::SecretSeverity;

/// A plaintext secret, without the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretFinding {
    /// Id of the rule.
    pub rule: &'static str,
    /// What was found, for people.
    pub description: &'static str,
    /// How much it weighs.
    pub severity: SecretSeverity,
    /// The file as given.
    pub path: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Bytes of the secret part in the file, for marking the place; never show what is there.
    pub span: Range<usize>,
    /// What a baseline keeps: digest of rule, path and line.
    pub digest: Digest,
}
