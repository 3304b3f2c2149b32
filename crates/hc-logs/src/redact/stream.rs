//! Redaction of a stream, chunk by chunk.

use std::fmt;
use std::io::{self, Write};

use super::engine::{CONTEXT, Progress};
use super::{Counts, Redactor};

/// A stream that is being redacted. Holds back only bytes that may belong to a secret; the result does not
/// depend on how the stream is cut.
pub struct RedactStream {
    redactor: Redactor,
    bytes: Vec<u8>,
    progress: Progress,
    counts: Counts,
}

/// Bytes that are held back are not redacted yet.
impl fmt::Debug for RedactStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedactStream")
            .field("held", &self.held())
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl Redactor {
    /// Starts redacting a stream.
    pub fn stream(&self) -> RedactStream {
        RedactStream::new(self.clone())
    }
}

impl RedactStream {
    fn new(redactor: Redactor) -> Self {
        Self { redactor, bytes: Vec::new(), progress: Progress::default(), counts: Counts::default() }
    }

    /// Takes a chunk and appends what can be shown to `out`.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        self.bytes.extend_from_slice(chunk);
        self.run(false, out);
        let past = self.progress.done.saturating_sub(CONTEXT);
        self.bytes.drain(..past);
        self.progress.forget(past);
    }

    /// Ends the stream and appends the rest to `out`.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Counts {
        self.run(true, out);
        self.counts
    }

    /// Ends what is held back without ending the stream: for a line that must be shown now (a prompt, a
    /// pause). A secret that goes on after this point shows its second half, so only call it at rest.
    pub fn flush(&mut self, out: &mut Vec<u8>) {
        self.run(true, out);
        let past = self.progress.done.saturating_sub(CONTEXT);
        self.bytes.drain(..past);
        self.progress.forget(past);
    }

    /// Bytes held back.
    pub fn held(&self) -> usize {
        self.bytes.len() - self.progress.done
    }

    #[cfg(test)]
    pub(super) fn bytes_at_hand(&self) -> usize {
        self.bytes.len()
    }

    /// What was replaced so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    fn run(&mut self, whole: bool, out: &mut Vec<u8>) {
        let engine = self.redactor.engine();
        let limit = engine.advance(&self.bytes, &mut self.progress, whole, &mut self.counts);
        self.progress.write(&self.bytes, limit, out);
    }
}

/// Redacts whatever is written through it. Call [`RedactWriter::finish`]; dropping it drops what is held
/// back.
#[derive(Debug)]
pub struct RedactWriter<W> {
    stream: RedactStream,
    inner: W,
    out: Vec<u8>,
}

impl<W: Write> RedactWriter<W> {
    /// Redacts on the way to `inner`.
    pub fn new(redactor: &Redactor, inner: W) -> Self {
        Self { stream: redactor.stream(), inner, out: Vec::new() }
    }

    /// Writes the rest; gives the inner writer and what was replaced.
    ///
    /// # Errors
    /// Those of the inner writer.
    pub fn finish(mut self) -> io::Result<(W, Counts)> {
        let counts = self.stream.finish(&mut self.out);
        self.inner.write_all(&self.out)?;
        self.inner.flush()?;
        Ok((self.inner, counts))
    }
}

impl<W: Write> Write for RedactWriter<W> {
    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        self.stream.push(chunk, &mut self.out);
        self.inner.write_all(&self.out)?;
        self.out.clear();
        Ok(chunk.len())
    }

    /// Flushes the inner writer; what may be part of a secret stays held back.
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
