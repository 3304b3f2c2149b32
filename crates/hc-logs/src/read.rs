//! Reading the JSON lines back, for `hybrid logs [RUN] [--target T] [--follow]`.
//!
//! Promises: lines that are torn, foreign or huge are skipped and counted, never an error; rotation while
//! reading loses and repeats nothing; memory is bounded by the longest accepted line.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use hc_core::RunId;
use hc_core::fs::{FsError, io_error, open_regular, regular_metadata};

use crate::line::{Level, LogLine};
use crate::rotate::{identity, rotated};

/// Longer lines are skipped, in bytes.
const MAX_LINE: usize = 1 << 20;

/// Which lines are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this run only.
    pub run: Option<RunId>,
    /// Of this target only: the whole `<builder>@<env>`, or one of the two.
    pub target: Option<String>,
    /// Of this level or a heavier one.
    pub level: Option<Level>,
}

impl Filter {
    /// Whether `line` is wanted.
    pub fn accepts(&self, line: &LogLine) -> bool {
        let of_target = |wanted: &String| {
            line.target.as_deref().is_some_and(|target| {
                target == wanted
                    || target.split_once('@').is_some_and(|(builder, env)| builder == wanted || env == wanted)
            })
        };
        self.run.as_ref().is_none_or(|run| *run == line.run_id)
            && self.target.as_ref().is_none_or(of_target)
            && self.level.is_none_or(|level| line.level >= level)
    }
}

/// Reads the lines of a component, oldest first, and then those that come.
#[derive(Debug)]
pub struct LogReader {
    path: PathBuf,
    filter: Filter,
    files: VecDeque<Source>,
    skipped: u64,
}

#[derive(Debug)]
struct Source {
    reader: BufReader<File>,
    identity: (u64, u64),
    /// Bytes of a line whose end is not written yet.
    partial: Vec<u8>,
    /// The line outgrew the limit: skip to its end.
    skipping: bool,
}

impl LogReader {
    /// Opens `<dir>/<component>.jsonl` and its rotated files.
    ///
    /// # Errors
    /// [`FsError`] when a file exists and cannot be opened; no file at all is an empty log.
    pub fn open(dir: &Path, component: &str, filter: Filter) -> Result<Self, FsError> {
        let path = dir.join(format!("{component}.jsonl"));
        let mut reader = Self { path, filter, files: VecDeque::new(), skipped: 0 };
        // Newest first: a rotation meanwhile shows a file twice instead of hiding it.
        let paths = std::iter::once(reader.path.clone()).chain(rotated(&reader.path));
        for path in paths {
            if let Some(source) = Source::open(&path)?
                && reader.files.iter().all(|known| known.identity != source.identity)
            {
                reader.files.push_front(source);
            }
        }
        Ok(reader)
    }

    /// The id of the newest run in the log.
    ///
    /// # Errors
    /// As [`LogReader::open`].
    pub fn newest_run(dir: &Path, component: &str) -> Result<Option<RunId>, FsError> {
        // Ids sort by time.
        Ok(Self::open(dir, component, Filter::default())?.map(|line| line.run_id).max())
    }

    /// Lines that were not readable.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// The lines that were written since the iterator ended; for `--follow`, call it now and then.
    ///
    /// # Errors
    /// As [`LogReader::open`].
    pub fn poll(&mut self) -> Result<Vec<LogLine>, FsError> {
        let mut lines: Vec<_> = self.by_ref().collect();
        // Whatever was rotated in since the newest file we know, oldest first.
        let known = self.files.back().map(|source| source.identity);
        let mut fresh = VecDeque::new();
        for path in std::iter::once(self.path.clone()).chain(rotated(&self.path)) {
            match Source::open(&path)? {
                Some(source) if Some(source.identity) == known => break,
                Some(source) if fresh.iter().all(|other: &Source| other.identity != source.identity) => {
                    fresh.push_front(source);
                }
                _ => {}
            }
        }
        if !fresh.is_empty() {
            // The file was rotated away after its last line: what it still holds was read by the next call.
            lines.extend(self.by_ref());
            self.files.append(&mut fresh);
            lines.extend(self.by_ref());
        }
        Ok(lines)
    }
}

impl Iterator for LogReader {
    type Item = LogLine;

    /// The next line; `None` when there is none yet.
    fn next(&mut self) -> Option<LogLine> {
        loop {
            let source = self.files.front_mut()?;
            match source.next_line() {
                Some(Ok(line)) => match serde_json::from_slice::<LogLine>(&line) {
                    Ok(line) if self.filter.accepts(&line) => return Some(line),
                    Ok(_) => {}
                    Err(_) if line.is_empty() => {}
                    Err(_) => self.skipped += 1,
                },
                Some(Err(())) => self.skipped += 1,
                // The newest file may grow; the others are done.
                None if self.files.len() > 1 => {
                    // A half line at the end of such a file is torn: nobody will finish it.
                    let done = self.files.pop_front();
                    let torn = done.is_some_and(|file| file.skipping || !file.partial.is_empty());
                    self.skipped += u64::from(torn);
                }
                None => return None,
            }
        }
    }
}

impl Source {
    fn open(path: &Path) -> Result<Option<Self>, FsError> {
        if regular_metadata(path)?.is_none() {
            return Ok(None);
        }
        let file = match open_regular(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(io_error("open", path))?,
        };
        let meta = file.metadata().map_err(io_error("inspect", path))?;
        Ok(Some(Self {
            reader: BufReader::new(file),
            identity: identity(&meta),
            partial: Vec::new(),
            skipping: false,
        }))
    }

    /// The next whole line; `Err` for one that was too long; `None` at the end.
    fn next_line(&mut self) -> Option<Result<Vec<u8>, ()>> {
        loop {
            let room = (MAX_LINE - self.partial.len()) as u64;
            let read = self.reader.by_ref().take(room).read_until(b'\n', &mut self.partial).unwrap_or(0);
            let ended = self.partial.last() == Some(&b'\n');
            if ended {
                self.partial.pop();
                let line = std::mem::take(&mut self.partial);
                if std::mem::take(&mut self.skipping) {
                    return Some(Err(()));
                }
                return Some(Ok(line));
            }
            if self.partial.len() >= MAX_LINE {
                self.partial.clear();
                self.skipping = true;
            } else if read == 0 {
                // Stay where the file ends now: a buffered end would hide what comes later.
                let _ = self.reader.stream_position();
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::rotate::{RotatingFile, Rotation};

    fn line(run: u32, target: &str, message: &str) -> String {
        let run = format!("20261120T225620.123Z-{run:08x}");
        format!(
            "{{\"version\":1,\"timestamp\":\"2026-11-20T22:56:20.123Z\",\"level\":\"info\",\"component\":\"x\",\
             \"run_id\":\"{run}\",\"target\":\"{target}\",\"message\":\"{message}\"}}\n"
        )
    }

    fn messages(lines: impl IntoIterator<Item = LogLine>) -> Vec<String> {
        lines.into_iter().map(|line| line.message).collect()
    }

    #[test]
    fn filters_skips_and_orders() {
        let dir = tempfile::tempdir().unwrap();
        let text = [
            line(1, "a.b.c@dev", "one"),
            "torn{\n".into(),
            line(2, "a.b.c@prod", "two"),
            line(2, "a.b.d@dev", "three"),
        ];
        std::fs::write(dir.path().join("x.jsonl"), text.concat()).unwrap();
        std::fs::write(dir.path().join("x.jsonl.1"), line(1, "a.b.c@dev", "zero")).unwrap();
        let huge = [
            vec![b'x'; MAX_LINE + 10],
            b"\n".to_vec(),
            line(1, "a.b.c@dev", "oldest").into_bytes(),
            b"{\"tor".to_vec(),
        ]
        .concat();
        std::fs::write(dir.path().join("x.jsonl.2"), huge).unwrap();
        let read = |filter| LogReader::open(dir.path(), "x", filter).unwrap();
        let mut all = read(Filter::default());
        assert_eq!(messages(all.by_ref()), ["oldest", "zero", "one", "two", "three"]);
        assert_eq!(all.skipped(), 3);
        let newest = LogReader::newest_run(dir.path(), "x").unwrap();
        assert_eq!(messages(read(Filter { run: newest, ..Filter::default() })), ["two", "three"]);
        let target = |target: &str| Filter { target: Some(target.into()), ..Filter::default() };
        assert_eq!(messages(read(target("a.b.c"))), ["oldest", "zero", "one", "two"]);
        assert_eq!(messages(read(target("a.b.c@prod"))), ["two"]);
        assert_eq!(messages(read(Filter { level: Some(Level::Warn), ..Filter::default() })), [""; 0]);
        assert!(LogReader::open(dir.path(), "absent", Filter::default()).unwrap().next().is_none());
    }

    #[test]
    fn following_survives_halves_of_lines_and_rotation() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.jsonl");
        let mut reader = LogReader::open(dir.path(), "x", Filter::default()).unwrap();
        assert!(reader.poll().unwrap().is_empty());
        let text = line(1, "a.b.c@dev", "half");
        let mut file = File::options().append(true).create(true).open(&path).unwrap();
        file.write_all(&text.as_bytes()[..20]).unwrap();
        assert!(reader.poll().unwrap().is_empty());
        file.write_all(&text.as_bytes()[20..]).unwrap();
        assert_eq!(messages(reader.poll().unwrap()), ["half"]);
        let mut log = RotatingFile::new(path, Rotation { max_bytes: 400, max_days: 0 });
        let mut seen = Vec::new();
        for index in 0..20 {
            log.append(line(1, "a.b.c@dev", &index.to_string()).as_bytes()).unwrap();
            if index % 3 == 0 {
                seen.extend(messages(reader.poll().unwrap()));
            }
        }
        seen.extend(messages(reader.poll().unwrap()));
        assert_eq!(seen, (0..20).map(|index| index.to_string()).collect::<Vec<_>>());
    }
}
