//! What one attempt says, heard line by line: redacted, logged, told to the caller, and remembered as far as the result
//! needs it (PKR-2). Memory is bounded whatever is said.

use std::io::Write;

use crate::event::{Event, Level};
use crate::machine;
use crate::process::{self, Pipe};
use crate::redact::Redact;
use crate::result::Tail;
use crate::story::{self, Story};

/// Longest form of a secret that a cut through an overlong line is sure not to divide, in bytes.
const LONGEST_SECRET: usize = 32 << 10;
/// How far a cut moves back when it would divide a secret, in bytes.
const STEP: usize = 509;

/// Where an overlong line may be cut: behind no byte that a secret which is not complete yet may begin with, and
/// through no secret.
pub(crate) fn cut(redact: &dyn Redact, piece: &[u8]) -> usize {
    let whole = redact.probe(piece);
    let last = piece.len().saturating_sub(LONGEST_SECRET).max(1);
    let divides = |at: usize| {
        let mut parts = redact.probe(&piece[..at]);
        parts.extend(redact.probe(&piece[at..]));
        parts != whole
    };
    // Where every place is inside of something secret, each part is masked for itself.
    (0..LONGEST_SECRET / STEP)
        .map_while(|step| last.checked_sub(step * STEP))
        .find(|at| *at > 0 && !divides(*at))
        .unwrap_or(last)
}

/// What was learned from the output of one attempt.
pub(crate) struct Heard {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) story: Story,
}

pub(crate) struct Reader<'a> {
    redact: &'a dyn Redact,
    sink: &'a mut dyn FnMut(Event),
    log: &'a mut dyn Write,
    stdout: Tail,
    stderr: Tail,
    story: Story,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(
        redact: &'a dyn Redact,
        sink: &'a mut dyn FnMut(Event),
        log: &'a mut dyn Write,
    ) -> Self {
        let (stdout, stderr) = (Tail::default(), Tail::default());
        Self { redact, sink, log, stdout, stderr, story: Story::default() }
    }

    pub(crate) fn hear(&mut self, sound: process::Heard<'_>) {
        match sound {
            process::Heard::Started(pid) => (self.sink)(Event::Started { pid }),
            process::Heard::Line(pipe, raw) => self.line(pipe, raw),
            // A killed run's log is all that tells what it left behind.
            process::Heard::Silence => {
                let _ = self.log.flush();
            }
        }
    }

    fn line(&mut self, pipe: Pipe, raw: &[u8]) {
        let clean = self.redact.redact(raw);
        // A failing log never fails a build.
        let _ = self.log.write_all(&clean).and_then(|()| self.log.write_all(b"\n"));
        let text = String::from_utf8_lossy(&clean).into_owned();
        let record = if pipe == Pipe::Stdout { machine::parse(&text) } else { None };
        match record {
            Some(record) => {
                if let ("ui", [_, message, ..]) = (record.kind.as_str(), record.data.as_slice()) {
                    message.lines().for_each(|line| self.stdout.push(line));
                }
                self.story.record(&record, self.sink);
            }
            None => {
                let tail = if pipe == Pipe::Stdout { &mut self.stdout } else { &mut self.stderr };
                tail.push(&text);
                (self.sink)(story::line_of("", Level::Message, &text));
            }
        }
    }

    pub(crate) fn finish(self) -> Heard {
        Heard { stdout: self.stdout.finish(), stderr: self.stderr.finish(), story: self.story }
    }
}
