//! `cargo xtask bench [--json] [NAME]`: hybrid beside its peers, alternating in one run; medians and ratios.
//!
//! A measurement is a pair: ours and a peer that does the comparable work. Both run in turn, so that a busy
//! machine disturbs both; what counts is the ratio of the medians.

mod commands;
pub(crate) mod flames;
mod hashing;
mod inputs;
mod measure;
mod project;
mod scale;
mod sources;
mod state;
mod stream;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::json;

use self::measure::{Bench, Row, peak_rss_kib};

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
    ("scale", scale::run),
];

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

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
