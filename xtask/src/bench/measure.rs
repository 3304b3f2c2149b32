//! Ours and a peer, in turn: times, medians, peak memory.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Where benchmarks find things.
pub(super) struct Bench {
    /// The workspace.
    pub(super) root: PathBuf,
    /// The optimised binary.
    pub(super) hybrid: PathBuf,
}

/// One comparison.
pub(super) struct Row {
    /// What was done.
    pub(super) name: String,
    /// Median of ours.
    pub(super) ours: Duration,
    /// Who it is compared with.
    pub(super) peer: String,
    /// Median of the peer.
    pub(super) theirs: Duration,
    /// Peak memory of both in KiB, where it was looked at.
    pub(super) memory: Option<(u64, u64)>,
}

impl Row {
    pub(super) fn ratio(&self) -> f64 {
        self.ours.as_secs_f64() / self.theirs.as_secs_f64().max(1e-9)
    }
}

/// Peak memory that a status file of the system tells, in KiB; 0 where it does not.
pub(super) fn peak_rss_kib(status: &str) -> u64 {
    let status = std::fs::read_to_string(status).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Peak memory of a program in KiB, looked at while it runs; children do not count.
pub(super) fn memory(program: &Path, args: &[&str], cwd: &Path) -> Result<u64> {
    let mut child = Command::new(program)
        .args(args)
        .current_dir(cwd)
        .env("HYBRID_TRUST", "1")
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
pub(super) fn compare(
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
pub(super) fn quiet(program: &Path, args: &[&str], cwd: &Path) -> Result<()> {
    let output = Command::new(program)
        .args(args)
        .current_dir(cwd)
        .env("HYBRID_TRUST", "1")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{} cannot be run", program.display()))?;
    if !output.status.success() {
        bail!("{} {}: {}", program.display(), args.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// Whether a program can be started at all; its benchmark is left out otherwise.
pub(super) fn installed(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}
