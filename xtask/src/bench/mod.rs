//! `cargo xtask bench [--json] [NAME]`: hybrid beside its peers, alternating in one run; medians and ratios.
//!
//! A measurement is a pair: ours and a peer that does the comparable work. Both run in turn, so that a busy
//! machine disturbs both; what counts is the ratio of the medians.

mod commands;
mod hashing;
mod inputs;
mod project;
mod sources;
mod state;
mod stream;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;

type Run = fn(&Bench) -> Result<Vec<Row>>;

/// Every benchmark by its name.
const BENCHES: &[(&str, Run)] = &[
    ("state", state::run),
    ("start", commands::start),
    ("plan", commands::plan),
    ("wrapper", commands::wrapper),
    ("scheduling", commands::scheduling),
    ("hashing", hashing::run),
    ("large", hashing::large),
    ("inputs", inputs::run),
    ("stream", stream::run),
    ("sources", sources::run),
];

/// Where benchmarks find things.
pub(crate) struct Bench {
    /// The workspace.
    pub root: PathBuf,
    /// The optimised binary.
    pub hybrid: PathBuf,
}

/// One comparison.
pub(crate) struct Row {
    /// What was done.
    pub name: String,
    /// Median of ours.
    pub ours: Duration,
    /// Who it is compared with.
    pub peer: String,
    /// Median of the peer.
    pub theirs: Duration,
    /// Peak memory of both in KiB, where it was looked at.
    pub memory: Option<(u64, u64)>,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.ours.as_secs_f64() / self.theirs.as_secs_f64().max(1e-9)
    }
}

/// Runs the benchmarks that `words` name, all when none.
pub(crate) fn main(root: &Path, words: &[&str]) -> Result<()> {
    if cfg!(debug_assertions) {
        // In-process measurements of unoptimised code would say nothing.
        let status = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--release", "--package", "xtask", "--", "bench"])
            .args(words)
            .current_dir(root)
            .status()?;
        if !status.success() {
            bail!("the optimised benchmark ended with {status}");
        }
        return Ok(());
    }
    let as_json = words.contains(&"--json");
    let names: Vec<&&str> = words.iter().filter(|word| !word.starts_with("--")).collect();
    if let Some(unknown) = names.iter().find(|name| !BENCHES.iter().any(|(bench, _)| bench == **name)) {
        let known: Vec<&str> = BENCHES.iter().map(|(name, _)| *name).collect();
        bail!("no benchmark is called {unknown}; there are {}", known.join(", "));
    }
    build(root)?;
    // Both are built into the same directory, wherever that is.
    let bench = Bench { root: root.to_owned(), hybrid: std::env::current_exe()?.with_file_name("hybrid") };
    let mut rows = Vec::new();
    for (name, run) in BENCHES {
        if names.is_empty() || names.contains(&name) {
            eprintln!("{name} …");
            rows.extend(run(&bench).with_context(|| format!("benchmark {name}"))?);
        }
    }
    print(&rows, as_json);
    Ok(())
}

fn build(root: &Path) -> Result<()> {
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--package", "hc-cli"])
        .current_dir(root)
        .status()?;
    if !status.success() {
        bail!("hybrid does not build");
    }
    Ok(())
}

fn print(rows: &[Row], as_json: bool) {
    if as_json {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({ "name": row.name, "ours_ms": ms(row.ours), "peer": row.peer, "peer_ms": ms(row.theirs),
                        "ratio": row.ratio(), "peak_kib": row.memory.map(|(ours, theirs)| [ours, theirs]) })
            })
            .collect();
        println!("{}", json!({ "peak_rss_kib": peak_rss_kib("/proc/self/status"), "rows": rows }));
        return;
    }
    println!("{:<48} {:>11} {:>11} {:>7}  {:<15} peer", "what", "hybrid ms", "peer ms", "ratio", "peak MiB");
    for row in rows {
        let memory = row.memory.map(|(ours, theirs)| format!("{:.0} / {:.0}", mib(ours), mib(theirs)));
        println!(
            "{:<48} {:>11.2} {:>11.2} {:>7.2}  {:<15} {}",
            row.name,
            ms(row.ours),
            ms(row.theirs),
            row.ratio(),
            memory.unwrap_or_default(),
            row.peer
        );
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Peak memory that a status file of the system tells, in KiB; 0 where it does not.
fn peak_rss_kib(status: &str) -> u64 {
    let status = std::fs::read_to_string(status).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

/// Peak memory of a program in KiB, looked at while it runs; children do not count.
pub(crate) fn memory(program: &Path, args: &[&str], cwd: &Path) -> Result<u64> {
    let mut child = Command::new(program)
        .args(args)
        .current_dir(cwd)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("{} cannot be run", program.display()))?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        peak = peak.max(peak_rss_kib(&status));
        std::thread::sleep(Duration::from_micros(300));
    }
    Ok(peak)
}

/// Runs both in turn, once each to warm up and then `rounds` times, and compares the medians.
pub(crate) fn compare(
    name: impl Into<String>,
    peer: impl Into<String>,
    rounds: usize,
    mut ours: impl FnMut() -> Result<()>,
    mut theirs: impl FnMut() -> Result<()>,
) -> Result<Row> {
    ours()?;
    theirs()?;
    let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        our_times.push(timed(&mut ours)?);
        their_times.push(timed(&mut theirs)?);
    }
    Ok(Row {
        name: name.into(),
        ours: median(our_times),
        peer: peer.into(),
        theirs: median(their_times),
        memory: None,
    })
}

fn timed(work: &mut dyn FnMut() -> Result<()>) -> Result<Duration> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Runs a program quietly; it must succeed.
pub(crate) fn quiet(program: &Path, args: &[&str], cwd: &Path) -> Result<()> {
    let output = Command::new(program)
        .args(args)
        .current_dir(cwd)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{} cannot be run", program.display()))?;
    if !output.status.success() {
        bail!("{} {}: {}", program.display(), args.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// Whether a program can be started at all; its benchmark is left out otherwise.
pub(crate) fn installed(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}
