//! `cargo xtask fuzz`: random inputs for everything that reads what others wrote.
//!
//! Needs no other toolchain than the stable one. Every target runs in a process of its own, because a stack overflow
//! and an allocation that fails cannot be caught; the parent finds the input, makes it small and keeps it as a seed.

mod mutate;
mod targets;
mod worker;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use targets::{TARGETS, TRAP, Target};
use worker::Work;

/// How `cargo xtask fuzz` is called.
pub(crate) const USAGE: &str = "fuzz [--seconds N] [--seed N] [--input FILE] [TARGET]…";
/// Where seeds are kept, below the workspace: one directory for each target.
const SEEDS: &str = "fuzz/seeds";
/// Targets that run at once.
const JOBS: usize = 2;
/// How long a failing input is made smaller.
const SHRINKING: Duration = Duration::from_secs(30);

/// What the words ask for.
struct Options {
    targets: Vec<&'static Target>,
    seconds: u64,
    seed: u64,
    input: Option<PathBuf>,
    /// Where a worker writes the current input; only the parent gives it.
    current: Option<PathBuf>,
}

impl Options {
    fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self { targets: Vec::new(), seconds: 20, seed: 1, input: None, current: None };
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} needs a value"));
            match word {
                "--seconds" => options.seconds = value()?.parse().context("--seconds takes a number")?,
                "--seed" => options.seed = value()?.parse().context("--seed takes a number")?,
                "--input" => options.input = Some(value()?.into()),
                "--current" => options.current = Some(value()?.into()),
                name => options.targets.push(
                    TARGETS.iter().chain([&TRAP]).find(|target| target.name == name).with_context(|| {
                        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
                        format!("no target is called {name}; there are {}", names.join(", "))
                    })?,
                ),
            }
        }
        if options.targets.is_empty() {
            options.targets = TARGETS.iter().collect();
        }
        Ok(options)
    }
}

/// Replays all seeds of the targets that `words` name (all when none), then tries changed ones for a while.
pub(crate) fn main(root: &Path, words: &[&str]) -> Result<()> {
    let options = Options::parse(words)?;
    if let (Some(current), [target]) = (&options.current, options.targets.as_slice()) {
        let (seeds, time) = match &options.input {
            Some(file) => (vec![std::fs::read(file)?], Duration::ZERO),
            None => (seeds(root, target)?, Duration::from_secs(options.seconds)),
        };
        return worker::run(Work { target, seeds, time, seed: options.seed, current });
    }
    let work = tempfile::tempdir()?;
    let queue = Mutex::new(options.targets.iter());
    let failed = Mutex::new(0);
    std::thread::scope(|scope| {
        for _ in 0..JOBS {
            scope.spawn(|| {
                while let Some(target) = { queue.lock().expect("nobody panics with the lock").next() } {
                    let campaign = Campaign { root, work: work.path(), target, options: &options };
                    if let Err(error) = campaign.run() {
                        eprintln!("{:<17} {error:#}", target.name);
                        *failed.lock().expect("nobody panics with the lock") += 1;
                    }
                }
            });
        }
    });
    match failed.into_inner()? {
        0 => Ok(()),
        count => bail!("{count} targets failed"),
    }
}

/// The seeds of a target, by name.
fn seeds(root: &Path, target: &Target) -> Result<Vec<Vec<u8>>> {
    let dir = root.join(SEEDS).join(target.name);
    let entries = std::fs::read_dir(&dir).with_context(|| format!("no seeds in {}", dir.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    if paths.is_empty() {
        bail!("no seeds in {}", dir.display());
    }
    paths.iter().map(|path| Ok(std::fs::read(path)?)).collect()
}

/// One target with its workers.
struct Campaign<'a> {
    root: &'a Path,
    work: &'a Path,
    target: &'static Target,
    options: &'a Options,
}

impl Campaign<'_> {
    fn run(&self) -> Result<()> {
        let current = self.work.join(self.target.name);
        let (seconds, seed) = (self.options.seconds.to_string(), self.options.seed.to_string());
        let mut words = vec!["--seconds", &seconds, "--seed", &seed];
        let input = self.options.input.as_ref().map(|path| path.display().to_string());
        words.extend(input.iter().flat_map(|path| ["--input", path]));
        let failure = match self.worker(&current, &words)? {
            Ok(line) => {
                println!("{:<17} {line}", self.target.name);
                return Ok(());
            }
            Err(failure) => failure,
        };
        let framed = std::fs::read(&current)?;
        let (length, bytes) = framed.split_first_chunk().with_context(|| failure.clone())?;
        let bytes = bytes[..u32::from_le_bytes(*length) as usize].to_vec();
        if self.options.input.is_some() {
            bail!("{failure}");
        }
        let bytes = self.shrink(bytes, &cause(&failure))?;
        let name = format!("found-{}", hc_core::Digest::of(&bytes).short());
        let path = Path::new(SEEDS).join(self.target.name).join(name);
        std::fs::write(self.root.join(&path), &bytes)?;
        bail!(
            "{failure}\nthe input is kept: cargo xtask fuzz --input {} {}",
            path.display(),
            self.target.name
        )
    }

    /// Runs a worker: its report, or what it said when it died.
    fn worker(&self, current: &Path, words: &[&str]) -> Result<Result<String, String>> {
        let output = Command::new(std::env::current_exe()?)
            .args(["fuzz", self.target.name, "--current"])
            .arg(current)
            .args(words)
            .env("RUST_BACKTRACE", "0")
            .current_dir(self.root)
            .output()?;
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        Ok(if output.status.success() {
            Ok(said(&output.stdout))
        } else {
            let said: String = said(&output.stderr).chars().take(1200).collect();
            Err(format!("{}: {said}", output.status))
        })
    }

    /// Leaves out parts, half of it first, as long as the same goes wrong.
    fn shrink(&self, mut bytes: Vec<u8>, wanted: &str) -> Result<Vec<u8>> {
        let (start, mut size) = (Instant::now(), bytes.len().div_ceil(2));
        let (file, current) = (self.work.join("smaller"), self.work.join("smaller-current"));
        let file = file.with_extension(self.target.name);
        let current = current.with_extension(self.target.name);
        let path = file.display().to_string();
        while size > 0 {
            let mut at = 0;
            while at < bytes.len() && start.elapsed() < SHRINKING {
                let mut smaller = bytes.clone();
                smaller.drain(at..(at + size).min(bytes.len()));
                std::fs::write(&file, &smaller)?;
                match self.worker(&current, &["--input", &path])? {
                    Err(failure) if cause(&failure) == wanted => bytes = smaller,
                    _ => at += size,
                }
            }
            size /= 2;
        }
        Ok(bytes)
    }
}

/// What two failures have in common that are one: the place of the panic, or else the last line.
fn cause(failure: &str) -> String {
    let panic = failure.lines().find_map(|line| line.split_once("panicked at ").map(|(_, place)| place));
    panic.or_else(|| failure.lines().last()).unwrap_or_default().to_owned()
}
