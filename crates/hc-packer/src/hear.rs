//! What one attempt says, heard line by line: redacted, logged, told to the caller, and remembered as far as the result
//! needs it (PKR-2). Memory is bounded whatever is said.

use std::io::Write;

use crate::classify::is_final;
use crate::event::{Event, Level, Redact};
use crate::machine::{self, ArtifactFold, StreamArtifact};
use crate::process::Pipe;
use crate::result::Tail;

/// Error lines that are kept for classification.
const MAX_ERRORS: usize = 200;
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
    pub(crate) finished: Vec<String>,
    pub(crate) failed: Vec<String>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) artifacts: Vec<StreamArtifact>,
    /// `error` records and the lines that name a failed build: what made packer fail.
    pub(crate) final_errors: Vec<String>,
    /// Packer's other error lines. Those of a source are not among them: what a provisioner writes to its standard error
    /// looks the same in good builds.
    pub(crate) errors: Vec<String>,
}

pub(crate) struct Reader<'a> {
    redact: &'a dyn Redact,
    sink: &'a mut dyn FnMut(Event),
    log: &'a mut dyn Write,
    stdout: Tail,
    stderr: Tail,
    fold: ArtifactFold,
    final_errors: Vec<String>,
    errors: Vec<String>,
    finished: Vec<String>,
    failed: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(
        redact: &'a dyn Redact,
        sink: &'a mut dyn FnMut(Event),
        log: &'a mut dyn Write,
    ) -> Self {
        Self {
            redact,
            sink,
            log,
            stdout: Tail::default(),
            stderr: Tail::default(),
            fold: ArtifactFold::default(),
            final_errors: Vec::new(),
            errors: Vec::new(),
            finished: Vec::new(),
            failed: Vec::new(),
        }
    }

    pub(crate) fn line(&mut self, pipe: Pipe, raw: &[u8]) {
        let clean = self.redact.redact(raw);
        // A failing log never fails a build.
        let _ = self.log.write_all(&clean).and_then(|()| self.log.write_all(b"\n"));
        let text = String::from_utf8_lossy(&clean).into_owned();
        let record = if pipe == Pipe::Stdout { machine::parse(&text) } else { None };
        match record {
            Some(record) => self.record(&record),
            None => {
                let tail = if pipe == Pipe::Stdout { &mut self.stdout } else { &mut self.stderr };
                tail.push(&text);
                self.say("", Level::Message, &text);
            }
        }
    }

    fn record(&mut self, record: &machine::Record) {
        self.fold.take(record);
        match (record.kind.as_str(), record.data.as_slice()) {
            ("ui", [level, message, ..]) => {
                let level = match level.as_str() {
                    "say" => Level::Say,
                    "error" => Level::Error,
                    _ => Level::Message,
                };
                self.ui(level, message);
            }
            ("error", [message, ..]) => push_lines(&mut self.final_errors, message),
            _ => {}
        }
    }

    fn ui(&mut self, level: Level, message: &str) {
        let speaker = machine::speaker(message).map(|(source, _)| source.to_owned());
        for line in message.lines() {
            let (_, text) = machine::speaker(line).unwrap_or(("", line));
            self.stdout.push(line);
            if speaker.is_none() {
                self.verdict(text);
                if level == Level::Error {
                    push_lines(if is_final(text) { &mut self.final_errors } else { &mut self.errors }, text);
                }
            }
            self.say(speaker.as_deref().unwrap_or_default(), level, text);
        }
    }

    /// `Build 'null.x' finished after …` and `Build 'null.x' errored after …`.
    fn verdict(&mut self, text: &str) {
        let Some((source, rest)) = text.strip_prefix("Build '").and_then(|rest| rest.split_once("' ")) else {
            return;
        };
        let list = if rest.starts_with("finished") {
            &mut self.finished
        } else if rest.starts_with("errored") {
            &mut self.failed
        } else {
            return;
        };
        if !list.iter().any(|known| known == source) {
            list.push(source.to_owned());
        }
    }

    fn say(&mut self, source: &str, level: Level, text: &str) {
        // Progress bars rewrite their line with carriage returns; the last version is the line.
        let text = text.rsplit('\r').find(|part| !part.is_empty()).unwrap_or_default();
        (self.sink)(Event::Line { source: source.to_owned(), level, text: text.to_owned() });
    }

    pub(crate) fn finish(self) -> Heard {
        Heard {
            finished: self.finished,
            failed: self.failed,
            stdout: self.stdout.finish(),
            stderr: self.stderr.finish(),
            artifacts: self.fold.finish(),
            final_errors: self.final_errors,
            errors: self.errors,
        }
    }
}

fn push_lines(list: &mut Vec<String>, text: &str) {
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if list.len() == MAX_ERRORS {
            list.remove(0);
        }
        list.push(line.to_owned());
    }
}
