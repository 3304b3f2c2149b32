//! One process that feeds one target: whatever goes wrong in here ends the process, and the parent finds the input.
//!
//! Coverage cannot be measured on a stable toolchain. In its place every target tells what kind of outcome an input
//! had, and an input with a new kind of outcome is kept to be changed further.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::mutate::{Rng, mutate};
use super::targets::Target;

/// What one input may cost in processor time.
const LONGEST: Duration = Duration::from_secs(2);
/// What one input may last when the processor does nothing.
const STUCK: Duration = Duration::from_secs(60);
/// What the whole process may take more than at its start, in bytes.
const MEMORY: u64 = 256 << 20;
/// Stack of the threads that hybrid works on, in bytes.
const STACK: usize = 2 << 20;
/// An input that takes longer is not changed further.
const DEAR: Duration = Duration::from_millis(200);
/// Inputs that are kept in memory.
const KEPT: usize = 4096;

/// Inputs that were begun.
static BEGUN: AtomicU64 = AtomicU64::new(0);

/// What to do with a target.
pub(crate) struct Work<'a> {
    /// The target.
    pub target: &'static Target,
    /// What is replayed, and then changed.
    pub seeds: Vec<Vec<u8>>,
    /// How long changed inputs are tried.
    pub time: Duration,
    /// Where the random numbers begin.
    pub seed: u64,
    /// Where the current input is written before it is tried.
    pub current: &'a Path,
}

/// Replays the seeds, then tries changed ones, and prints a line about it.
pub(crate) fn run(work: Work<'_>) -> Result<()> {
    limit_memory()?;
    std::thread::spawn(watch);
    let current = File::create(work.current).context("the current input cannot be written")?;
    let line = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let thread = thread.spawn_scoped(scope, move || feed(work, current))?;
        thread.join().unwrap_or_else(|_| bail!("the target panicked"))
    })?;
    println!("{line}");
    Ok(())
}

fn feed(work: Work<'_>, mut current: File) -> Result<String> {
    let (mut kinds, mut runs, mut slowest) = (HashSet::new(), 0_u64, Duration::ZERO);
    let start = Instant::now();
    let mut one = |bytes: &[u8]| -> Result<(bool, bool)> {
        let mut framed = u32::try_from(bytes.len())?.to_le_bytes().to_vec();
        framed.extend_from_slice(bytes);
        current.seek(SeekFrom::Start(0))?;
        current.write_all(&framed)?;
        BEGUN.fetch_add(1, Ordering::Relaxed);
        let begin = Instant::now();
        let kind = (work.target.run)(bytes);
        let took = begin.elapsed();
        slowest = slowest.max(took);
        runs += 1;
        Ok((kinds.insert(kind), took < DEAR))
    };
    let (mut corpus, mut rng) = (Vec::new(), Rng(work.seed));
    for seed in work.seeds {
        let (_, cheap) = one(&seed)?;
        if cheap || corpus.is_empty() {
            corpus.push(seed);
        }
    }
    let replayed = Instant::now();
    while replayed.elapsed() < work.time {
        let bytes = mutate(&corpus, work.target.dictionary, &mut rng);
        if one(&bytes)? == (true, true) && corpus.len() < KEPT {
            corpus.push(bytes);
        }
    }
    let rate = runs as f64 / start.elapsed().as_secs_f64().max(1e-3);
    Ok(format!("{runs} inputs, {rate:.0}/s, {} kinds of outcome, slowest {slowest:.0?}", kinds.len()))
}

/// Ends the process when one input takes too long.
fn watch() {
    let (mut seen, mut since, mut used) = (0, Instant::now(), Duration::ZERO);
    loop {
        std::thread::sleep(Duration::from_millis(250));
        let begun = BEGUN.load(Ordering::Relaxed);
        let now = processor_time();
        if begun != seen {
            (seen, since, used) = (begun, Instant::now(), now);
        } else if seen > 0 && (now - used > LONGEST || since.elapsed() > STUCK) {
            eprintln!("one input takes longer than {LONGEST:?} of processor time");
            std::process::abort();
        }
    }
}

/// Processor time of this process; on systems without `/proc` the time that passed.
fn processor_time() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // proc(5): utime and stime are the 14th and 15th field, in ticks of 10 ms; the second may hold blanks.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    let ticks: Vec<u64> = fields.filter_map(|field| field.parse().ok()).collect();
    if ticks.len() == 2 { Duration::from_millis(ticks.iter().sum::<u64>() * 10) } else { START.elapsed() }
}

/// From here on an allocation beyond [`MEMORY`] fails, which ends the process.
#[cfg(target_os = "linux")]
fn limit_memory() -> Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:")).context("no VmData")?;
    let kib: u64 = line.split_whitespace().next().unwrap_or_default().parse()?;
    let limit = Some((kib << 10) + MEMORY);
    setrlimit(Resource::Data, Rlimit { current: limit, maximum: limit }).context("memory cannot be limited")
}

/// Other systems have no limit that counts what is used.
#[cfg(not(target_os = "linux"))]
fn limit_memory() -> Result<()> {
    Ok(())
}
