//! The one redactor that every sink writes through (LOG-2).
//!
//! Owns the knowledge of which byte strings are secret: the resolved secrets in every form that tools give
//! them, and the shapes of well-known tokens. Promises: the union of all matches becomes `***`, the same
//! for every chunking of a stream, in memory bounded by the longest form. Never prints or stores a value
//! anywhere else; `Debug` shows numbers only.
//!
//! Limits, on purpose: secrets below four bytes and above 64 KiB are refused (see [`RedactWarning`]); a form that a line
//! break cuts within its first three bytes keeps those bytes.

mod counts;
mod engine;
mod forms;
mod heads;
mod lines;
mod patterns;
mod squeeze;
mod stream;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use hc_core::SecretString;

pub use counts::Counts;
pub use forms::{MAX_SECRET, MIN_SECRET};
pub use lines::LineRedactor;
pub use stream::{RedactStream, RedactWriter};

use engine::{Engine, Progress};

/// A secret that cannot be redacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RedactWarning {
    /// Which of the given secrets, from 0.
    pub index: usize,
    /// Its length in bytes: below four it cannot be told apart from ordinary text, above 64 KiB it would
    /// need too much memory.
    pub length: usize,
}

impl fmt::Display for RedactWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (length, least, most) = (self.length, forms::MIN_SECRET, forms::MAX_SECRET);
        let why = if length < least { "short" } else { "long" };
        write!(f, "a secret of {length} bytes is too {why} to be redacted ({least} to {most} bytes are)")
    }
}

struct Known {
    secrets: Vec<SecretString>,
    token_shapes: bool,
    /// Compiled when it is asked for: most commands have nothing to redact.
    engine: OnceLock<Arc<Engine>>,
}

impl Known {
    fn engine(&self) -> &Arc<Engine> {
        let compile =
            || Arc::new(Engine::new(self.secrets.iter().map(SecretString::expose), self.token_shapes));
        self.engine.get_or_init(compile)
    }
}

/// Replaces secrets. Clones share what they know: a secret that is added later is unknown to none.
#[derive(Clone)]
pub struct Redactor {
    known: Arc<RwLock<Known>>,
}

/// Collects what a [`Redactor`] has to know.
#[derive(Debug, Default)]
pub struct RedactorBuilder {
    secrets: Vec<SecretString>,
    token_shapes: bool,
}

impl RedactorBuilder {
    /// Adds a secret.
    #[must_use]
    pub fn secret(mut self, secret: &SecretString) -> Self {
        self.secrets.push(secret.clone());
        self
    }

    /// Adds secrets.
    #[must_use]
    pub fn secrets<'a>(mut self, secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        self.secrets.extend(secrets.into_iter().cloned());
        self
    }

    /// Whether well-known token shapes are redacted too; off unless set.
    #[must_use]
    pub fn token_shapes(mut self, on: bool) -> Self {
        self.token_shapes = on;
        self
    }

    /// Compiles. Secrets of impossible length are left out in silence: use
    /// [`RedactorBuilder::build_with_warnings`] where they come from people.
    pub fn build(self) -> Redactor {
        self.build_with_warnings().0
    }

    /// Compiles, with a warning for each secret that is left out.
    pub fn build_with_warnings(self) -> (Redactor, Vec<RedactWarning>) {
        let redactor = Redactor::of(Vec::new(), self.token_shapes);
        let warnings = redactor.add(&self.secrets);
        (redactor, warnings)
    }
}

impl Redactor {
    /// Starts with no secrets and no token shapes.
    pub fn builder() -> RedactorBuilder {
        RedactorBuilder::default()
    }

    /// Knows the token shapes only: what a program starts with.
    pub fn tokens_only() -> Self {
        Self::of(Vec::new(), true)
    }

    fn of(secrets: Vec<SecretString>, token_shapes: bool) -> Self {
        Self { known: Arc::new(RwLock::new(Known { secrets, token_shapes, engine: OnceLock::new() })) }
    }

    /// Adds secrets to this redactor, all its clones and all their open streams (from their next push on).
    /// Gives a warning for each that is too short or too long.
    pub fn add<'a>(&self, secrets: impl IntoIterator<Item = &'a SecretString>) -> Vec<RedactWarning> {
        let mut warnings = Vec::new();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let before = known.secrets.len();
        for (index, secret) in secrets.into_iter().enumerate() {
            let length = secret.expose().trim().len();
            if !(forms::MIN_SECRET..=forms::MAX_SECRET).contains(&length) {
                warnings.push(RedactWarning { index, length });
            } else if !known.secrets.contains(secret) {
                known.secrets.push(secret.clone());
            }
        }
        if known.secrets.len() > before {
            known.engine = OnceLock::new();
        }
        warnings
    }

    fn engine(&self) -> Arc<Engine> {
        Arc::clone(self.known.read().unwrap_or_else(PoisonError::into_inner).engine())
    }

    /// Redacts a text that is at hand as a whole.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.redact_bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(bytes) => Cow::Owned(match String::from_utf8(bytes) {
                Ok(text) => text,
                // A covered range may end inside a character that is no part of a form.
                Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
            }),
        }
    }

    /// Redacts bytes that are at hand as a whole.
    pub fn redact_bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        self.redact_counted(bytes).0
    }

    /// As [`Redactor::redact_bytes`], with what was replaced.
    pub fn redact_counted<'a>(&self, bytes: &'a [u8]) -> (Cow<'a, [u8]>, Counts) {
        let (mut progress, mut counts) = (Progress::default(), Counts::default());
        let limit = self.engine().advance(bytes, &mut progress, true, &mut counts);
        if progress.spans.is_empty() {
            return (Cow::Borrowed(bytes), counts);
        }
        let mut out = Vec::with_capacity(bytes.len());
        progress.write(bytes, limit, &mut out);
        (Cow::Owned(out), counts)
    }

    /// Whether nothing in `bytes` would be replaced.
    pub fn is_clean(&self, bytes: &[u8]) -> bool {
        matches!(self.redact_bytes(bytes), Cow::Borrowed(_))
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("Redactor")
            .field("secrets", &known.secrets.len())
            .field("patterns", &known.engine().patterns())
            .field("token_shapes", &known.token_shapes)
            .finish()
    }
}

#[cfg(test)]
mod tests;
