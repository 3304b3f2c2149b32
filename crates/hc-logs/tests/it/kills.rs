//! Writers on one log, killed at any moment: what was acknowledged is there, once and whole (LOG-1).
#![cfg(unix)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use hc_logs::Level;
use hc_logs::line::{LINE_VERSION, LogLine};
use hc_logs::read::{Filter, LogReader};
use hc_logs::rotate::{RotatingFile, Rotation};
use hc_test_support::canary::Dice;

/// Writers at any time.
const WRITERS: usize = 3;
const ROTATION: Rotation = Rotation { max_bytes: 1 << 20, max_days: 0 };

/// Line `number` of a writer. Every eighth covers many pages: only between two pages can a kill tear a line.
fn line(name: &str, number: u64) -> String {
    let mut dice = Dice(number * 7919 + name.len() as u64 + 1);
    let length = if dice.roll(8) == 0 { 4_000 + dice.roll(900_000) } else { dice.roll(400) };
    let line = LogLine {
        version: LINE_VERSION,
        timestamp: time::macros::datetime!(2026-11-20 22:56:20.5 UTC),
        level: Level::Info,
        component: "kills".into(),
        run_id: "20261120T225620.123Z-1f2e3d4c".parse().unwrap(),
        target: None,
        message: format!("{name} {number} {}", "x".repeat(length)),
        fields: BTreeMap::new(),
    };
    line.to_json()
}

/// Name and number of the writer of a line that is whole; `None` for one that is torn.
fn owner(text: &str) -> Option<(String, u64)> {
    let parsed: LogLine = serde_json::from_str(text).ok()?;
    let mut words = parsed.message.split(' ');
    let (name, number) = (words.next()?.to_owned(), words.next()?.parse().ok()?);
    (line(&name, number) == text).then_some((name, number))
}

/// The writer that the tests start as a process of its own, to be killed; does nothing by itself.
#[test]
fn endless_writer() {
    let mut args = std::env::args();
    if !args.by_ref().any(|arg| arg == "--skip") {
        return;
    }
    let Some(spec) = args.next() else { return };
    let Some((path, name)) = spec.split_once('|') else { return };
    let mut log = RotatingFile::new(PathBuf::from(path), ROTATION);
    let mut out = std::io::stdout();
    for number in 0.. {
        log.append(format!("{}\n", line(name, number)).as_bytes()).unwrap();
        // Nobody listens any more when the test itself was stopped.
        if out.write_all(format!("ack {number}\n").as_bytes()).and_then(|()| out.flush()).is_err() {
            return;
        }
        if number % 8 == 7 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

struct Writer {
    name: String,
    process: Child,
    acknowledged: Receiver<u64>,
    last: Option<u64>,
}

impl Writer {
    fn start(path: &Path, name: String) -> Self {
        let spec = format!("{}|{name}", path.display());
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["kills::endless_writer", "--exact", "--quiet", "--skip", &spec])
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (send, acknowledged) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(number) = line.strip_prefix("ack ").and_then(|number| number.parse().ok()) {
                    let _ = send.send(number);
                }
            }
        });
        Self { name, process, acknowledged, last: None }
    }

    /// Waits for its first line, so that a kill finds it writing.
    fn is_writing(&mut self) {
        if self.last.is_none() {
            self.last = Some(self.acknowledged.recv_timeout(Duration::from_secs(60)).unwrap());
        }
    }

    /// `kill -9`; gives the number of the last line that was acknowledged.
    fn kill(mut self) -> (String, Option<u64>) {
        self.process.kill().unwrap();
        let status = self.process.wait().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{status}");
        // Ends when the pipe is empty and closed.
        (self.name, self.acknowledged.iter().last().or(self.last))
    }
}

/// Every file of the log: the active one and whatever has a number, not only what [`LogReader`] would find.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_none_or(|ending| ending != "lock")).collect()
}

/// One log, `rounds` kills; gives kills and torn lines.
fn survive(rounds: usize, seed: u64) -> (u64, u64) {
    let mut dice = Dice(seed);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kills.jsonl");
    let mut started = 0;
    let mut start = || {
        started += 1;
        Writer::start(&path, format!("writer-{started}"))
    };
    let mut writers: Vec<_> = (0..WRITERS).map(|_| start()).collect();
    let (mut acknowledged, mut kills) = (BTreeMap::new(), 0);
    for _ in 0..rounds {
        writers.iter_mut().for_each(Writer::is_writing);
        std::thread::sleep(Duration::from_micros(dice.roll(12_000) as u64));
        acknowledged.extend([writers.swap_remove(dice.roll(WRITERS)).kill()]);
        kills += 1;
        writers.push(start());
    }
    for writer in writers {
        acknowledged.extend([writer.kill()]);
        kills += 1;
    }
    // Locks are free: nobody waits for somebody who is dead.
    for path in std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()) {
        std::fs::File::options().read(true).write(true).open(&path).unwrap().try_lock().unwrap();
    }
    // A last writer, who closes what the last kill tore.
    RotatingFile::new(path.clone(), ROTATION).append(format!("{}\n", line("last", 0)).as_bytes()).unwrap();
    acknowledged.insert("last".into(), Some(0));

    let (mut seen, mut torn) = (BTreeMap::<(String, u64), u64>::new(), Vec::new());
    for file in files(dir.path()) {
        for text in std::fs::read_to_string(&file).unwrap().split('\n').filter(|text| !text.is_empty()) {
            match owner(text) {
                Some(owner) => *seen.entry(owner).or_default() += 1,
                None => torn.push(text.to_owned()),
            }
        }
    }
    for (name, last) in &acknowledged {
        for number in 0..last.map_or(0, |last| last + 1) {
            let count = seen.remove(&(name.clone(), number));
            assert_eq!(count, Some(1), "line {number} of {name}, who was told that it is written");
        }
    }
    // A writer may die between its line and its word; no line is there that was not begun.
    for ((name, number), count) in &seen {
        let next = acknowledged[name].map_or(0, |last| last + 1);
        assert_eq!((*number, *count), (next, 1), "line {number} of {name}");
    }
    assert!(torn.len() as u64 <= kills, "{} torn lines of {kills} kills", torn.len());
    for text in &torn {
        // The beginning of one line, and of another only behind it: as a whole that stands elsewhere too, or torn
        // like the first where both writers were killed. Nothing of either is inside of the other.
        let begins: Vec<usize> = text.match_indices("{\"version\"").map(|(at, _)| at).collect();
        let whole = begins.windows(2).skip(1).all(|pair| owner(&text[pair[0]..pair[1]]).is_some());
        assert!(begins.first() == Some(&0) && whole, "mixed: {}", &text[..text.len().min(400)]);
    }

    let mut reader = LogReader::open(dir.path(), "kills", Filter::default()).unwrap();
    let read = reader.by_ref().count() as u64;
    let whole =
        acknowledged.values().map(|last| last.map_or(0, |last| last + 1)).sum::<u64>() + seen.len() as u64;
    assert_eq!((read, reader.skipped()), (whole, torn.len() as u64), "what the reader sees");
    (kills, torn.len() as u64)
}

#[test]
fn twenty_kills_lose_no_acknowledged_line() {
    survive(20, 0x5eed);
}

#[test]
#[ignore = "long: the full count of issue 7"]
fn two_hundred_kills_lose_no_acknowledged_line() {
    let (mut kills, mut torn) = (0, 0);
    for round in 0..10 {
        let (more, of_them) = survive(20, 0xfeed_beef + round);
        (kills, torn) = (kills + more, torn + of_them);
    }
    println!("{kills} kills, {torn} torn lines");
}
