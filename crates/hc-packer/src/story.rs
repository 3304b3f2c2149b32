//! What packer's stream tells, record by record: which sources began and ended, what they made, and the lines that say
//! why it failed. Pure, and bounded whatever is said.

use std::collections::VecDeque;

use crate::diagnostics::{self, Weight};
use crate::event::{Event, Level};
use crate::images;
use crate::machine::{self, ArtifactFold, Record, StreamArtifact};

/// Lines of each kind that are kept for classification.
const MOST_LINES: usize = 200;
/// Lines that are kept of the step that a source is at.
const MOST_STEP_LINES: usize = 100;
/// Characters that are kept of one of them.
const MOST_STEP_CHARS: usize = 500;
/// Characters that are kept of another line.
const MOST_CHARS: usize = 4_000;
/// Sources that are told apart.
const MOST_SOURCES: usize = 1_000;
/// Texts with which a provisioner or post-processor begins; what was said before them belongs to another step.
const STEP_OPENINGS: &[&str] = &[
    "Provisioning with ",
    "Running local shell script",
    "Running post-processor",
    "Executing Ansible",
    "Executing Chef",
    "Running Puppet",
    "Uploading ",
];
/// Packer's text once a provisioner has failed; what follows is clearing up.
const STEP_FAILED: &str = "Provisioning step had errors";

/// What a failed run said, apart by how much it tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailureLines {
    /// Lines that say why packer failed: `error` records, `Error: …`, `Build '…' errored …`.
    pub last: Vec<String>,
    /// What the messages behind these lines go on to say.
    pub details: Vec<String>,
    /// Packer's other error lines. Those of a source are not among them: what a provisioner writes to its standard error
    /// looks the same in good builds.
    pub other: Vec<String>,
    /// The last lines of the provisioner or post-processor at which a source failed; only rules that ask for it read them.
    pub step: Vec<String>,
}

/// Whether a line says why packer failed, and is not a provisioner's own word.
pub(crate) fn is_final(line: &str) -> bool {
    let line = line.trim_start_matches(['=', '-', '>', ' ']);
    line.starts_with("Build '") && line.contains("' errored") || line.starts_with("Error: ")
}

/// Why a provisioner failed at which packer goes on.
fn ignored(text: &str) -> Option<&str> {
    let why = text.strip_prefix("Warning: Provisioner failed with \"")?;
    why.strip_suffix("\", but continue_on_error is set; continuing the build.")
}

#[derive(Debug)]
struct Source {
    name: String,
    step: VecDeque<String>,
    /// Whether its step has failed.
    failing: bool,
    /// Whether it was built, once it has ended.
    built: Option<bool>,
}

/// The story so far.
#[derive(Debug, Default)]
pub(crate) struct Story {
    sources: Vec<Source>,
    fold: ArtifactFold,
    lines: FailureLines,
    /// What sources said of the images that they made.
    telling: Vec<(String, String)>,
}

impl Story {
    /// Takes one record, and tells `sink` what it means.
    pub(crate) fn record(&mut self, record: &Record, sink: &mut dyn FnMut(Event)) {
        if let Some(artifact) = self.fold.take(record) {
            sink(Event::Artifact(artifact.clone()));
        }
        match (record.kind.as_str(), record.data.as_slice()) {
            ("ui", [level, message, ..]) => {
                let level = match level.as_str() {
                    "say" => Level::Say,
                    "error" => Level::Error,
                    _ => Level::Message,
                };
                self.ui(level, message, sink);
            }
            ("error", [message, ..]) => push_lines(&mut self.lines.last, message),
            _ => {}
        }
    }

    fn ui(&mut self, level: Level, message: &str, sink: &mut dyn FnMut(Event)) {
        let Some((speaker, _)) = machine::speaker(message) else {
            self.packers_own(level, message, sink);
            return;
        };
        let speaker = speaker.to_owned();
        if self.begin(&speaker) {
            sink(Event::SourceStarted { source: speaker.clone() });
        }
        for line in message.lines() {
            let (_, text) = machine::speaker(line).unwrap_or(("", line));
            self.of_step(&speaker, text);
            if images::is_telling(text) {
                let text = text.chars().take(MOST_STEP_CHARS).collect();
                push_bounded(&mut self.telling, (speaker.clone(), text));
            }
            if let Some(why) = ignored(text) {
                sink(Event::FailureIgnored { source: speaker.clone(), why: why.to_owned() });
            }
            sink(line_of(&speaker, level, text));
        }
    }

    fn packers_own(&mut self, level: Level, message: &str, sink: &mut dyn FnMut(Event)) {
        for line in message.lines() {
            sink(line_of("", level, line));
            self.verdict(line, sink);
        }
        for said in diagnostics::parse(message) {
            match said.weight {
                Weight::Warning => sink(Event::Warning { text: said.summary }),
                Weight::Error if level == Level::Error => {
                    push(&mut self.lines.last, &format!("Error: {}", said.summary));
                    said.details.iter().for_each(|line| push(&mut self.lines.details, line));
                }
                Weight::Error => {}
            }
        }
        if level != Level::Error {
            return;
        }
        let mut errored = false;
        for line in message.lines().take_while(|line| !line.starts_with("Error: ")) {
            let is_final = is_final(line);
            errored |= is_final;
            let list = match (is_final, errored) {
                (true, _) => &mut self.lines.last,
                (false, true) => &mut self.lines.details,
                (false, false) => &mut self.lines.other,
            };
            push(list, line);
        }
    }

    /// `Build 'null.x' finished after …` and `Build 'null.x' errored after …: …`.
    fn verdict(&mut self, line: &str, sink: &mut dyn FnMut(Event)) {
        let Some((name, rest)) = line.strip_prefix("Build '").and_then(|rest| rest.split_once("' ")) else {
            return;
        };
        let error = if rest.starts_with("finished") {
            None
        } else if rest.starts_with("errored") {
            Some(rest.split_once(": ").map_or(rest, |(_, why)| why).to_owned())
        } else {
            return;
        };
        if self.begin(name) {
            sink(Event::SourceStarted { source: name.to_owned() });
        }
        if let Some(source) = self.source(name)
            && source.built.is_none()
        {
            source.built = Some(error.is_none());
            sink(Event::SourceFinished { source: name.to_owned(), error });
        }
    }

    /// Whether a source is heard for the first time.
    fn begin(&mut self, name: &str) -> bool {
        let new = self.sources.len() < MOST_SOURCES && self.source(name).is_none();
        if new {
            let step = VecDeque::new();
            self.sources.push(Source { name: name.to_owned(), step, failing: false, built: None });
        }
        new
    }

    fn source(&mut self, name: &str) -> Option<&mut Source> {
        self.sources.iter_mut().find(|source| source.name == name)
    }

    fn of_step(&mut self, name: &str, text: &str) {
        let Some(source) = self.source(name).filter(|source| !source.failing) else { return };
        let bare = text.split_once("): ").filter(|_| text.starts_with('(')).map_or(text, |(_, bare)| bare);
        if bare.starts_with(STEP_FAILED) {
            source.failing = true;
            return;
        }
        if STEP_OPENINGS.iter().any(|opening| bare.starts_with(opening)) {
            source.step.clear();
            return;
        }
        // The oldest line gives its room to the newest: a chatty build has millions.
        let full = source.step.len() == MOST_STEP_LINES;
        let mut line = full.then(|| source.step.pop_front()).flatten().unwrap_or_default();
        line.clear();
        if bare.len() <= MOST_STEP_CHARS {
            line.push_str(bare);
        } else {
            line.extend(bare.chars().take(MOST_STEP_CHARS));
        }
        source.step.push_back(line);
    }

    /// Sources that were built, or that failed.
    pub(crate) fn ended(&self, built: bool) -> Vec<String> {
        let ended = self.sources.iter().filter(|source| source.built == Some(built));
        ended.map(|source| source.name.clone()).collect()
    }

    /// Artifacts of the stream, each once.
    pub(crate) fn artifacts(&self) -> &[StreamArtifact] {
        self.fold.done()
    }

    /// Lines of sources that tell of images.
    pub(crate) fn telling(&self) -> &[(String, String)] {
        &self.telling
    }

    /// The lines that say why it failed.
    pub(crate) fn failure(&self) -> FailureLines {
        let failed = self.sources.iter().filter(|source| source.built == Some(false));
        let step = failed.flat_map(|source| source.step.iter().cloned()).collect();
        FailureLines { step, ..self.lines.clone() }
    }
}

/// A line of a source, or of packer itself where the source is empty.
pub(crate) fn line_of(source: &str, level: Level, text: &str) -> Event {
    // Progress bars rewrite their line with carriage returns; the last version is the line.
    let text = text.rsplit('\r').find(|part| !part.is_empty()).unwrap_or_default();
    Event::Line { source: source.to_owned(), level, text: text.to_owned() }
}

fn push_lines(list: &mut Vec<String>, text: &str) {
    text.lines().for_each(|line| push(list, line));
}

fn push(list: &mut Vec<String>, line: &str) {
    if line.trim().is_empty() {
        return;
    }
    push_bounded(list, line.chars().take(MOST_CHARS).collect());
}

fn push_bounded<T>(list: &mut Vec<T>, one: T) {
    if list.len() == MOST_LINES {
        list.remove(0);
    }
    list.push(one);
}
