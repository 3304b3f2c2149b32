//! Bytes into lines, with bounded memory: a line that is too long comes in pieces, cut where the caller allows.

/// Longest line that is handed over in one piece, in bytes.
pub const LONGEST: usize = 128 << 10;

/// The unfinished line of one stream.
#[derive(Debug, Default)]
pub struct Lines(Vec<u8>);

impl Lines {
    /// Takes bytes and hands over the lines that they end, without line ends. `cut` says how many bytes of an overlong
    /// line go first.
    pub fn take(&mut self, bytes: &[u8], cut: &dyn Fn(&[u8]) -> usize, mut line: impl FnMut(&[u8])) {
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            self.0.extend_from_slice(piece);
            if self.0.last() == Some(&b'\n') {
                line(trimmed(&self.0));
                self.0.clear();
                continue;
            }
            while self.0.len() >= LONGEST {
                let at = cut(&self.0).clamp(1, self.0.len());
                line(&self.0[..at]);
                self.0.drain(..at);
            }
        }
    }

    /// Hands over what no line end followed.
    pub fn finish(&mut self, mut line: impl FnMut(&[u8])) {
        if !self.0.is_empty() {
            line(trimmed(&self.0));
            self.0.clear();
        }
    }
}

fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
