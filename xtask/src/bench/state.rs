//! A state of 5,000 builders and 50 sources: load, check, rewrite, beside a plain serde round trip with the same
//! fsyncs (issue 3).

use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::{Result, anyhow};
use hc_core::{BuildId, Digest, RunId, Target};
use hc_state::{
    ArtifactRef, BuildSummary, CheckContext, SourceRecord, State, StateError, Store, StoreOptions,
    SuiteResult, Trust,
};
use time::OffsetDateTime;

use super::measure::{Bench, Row, compare};

pub(super) fn run(_: &Bench) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (builders, sources, rounds) in [(50, 5, 30), (5_000, 50, 9)] {
        let dir = tempfile::tempdir()?;
        let store = Store::open(dir.path(), StoreOptions::new("bench", "bench", std::process::id(), 1))?;
        let run = RunId::new(OffsetDateTime::now_utc(), 1);
        store.with_exclusive::<_, StateError>(&run, |locked| {
            fill(locked.state_mut(), builders, sources, &run);
            Ok(())
        })?;
        let path = hc_state::paths::state_file(dir.path());
        let kib = std::fs::metadata(&path)?.len() / 1024;
        let what = |verb: &str| format!("state, {builders} builders ({kib} KiB): {verb}");
        rows.push(compare(
            what("load"),
            "serde_json read of the same file",
            rounds,
            || store.read()?.map(drop).ok_or_else(|| anyhow!("the state is gone")),
            || parse(&path),
        )?);
        rows.push(compare(
            what("check"),
            "serde_json read of the same file",
            rounds,
            || {
                store.check(&CheckContext::default());
                Ok(())
            },
            || parse(&path),
        )?);
        let other = dir.path().join("other.json");
        std::fs::copy(&path, &other)?;
        rows.push(compare(
            what("update"),
            "serde_json read, write, fsync, rename, fsync of the directory",
            rounds,
            || {
                store.with_exclusive::<_, StateError>(&run, |locked| {
                    locked.state_mut().plugins.clear();
                    Ok(())
                })?;
                Ok(())
            },
            || round_trip(&other),
        )?);
    }
    Ok(rows)
}

fn parse(path: &Path) -> Result<()> {
    serde_json::from_slice::<State>(&std::fs::read(path)?)?;
    Ok(())
}

fn round_trip(path: &Path) -> Result<()> {
    let state: State = serde_json::from_slice(&std::fs::read(path)?)?;
    let bytes = serde_json::to_vec_pretty(&state)?;
    let temporary = path.with_extension("tmp");
    let mut file = File::create(&temporary)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    if let Some(parent) = path.parent() {
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}

fn fill(state: &mut State, builders: usize, sources: usize, run: &RunId) {
    let now = OffsetDateTime::now_utc();
    for at in 0..sources {
        let record = SourceRecord {
            at: now,
            operator: "bench".into(),
            reference: "v1.2.3".into(),
            run_id: run.clone(),
            scan_status: hc_state::ScanStatus::Clean,
            scans: Default::default(),
            sha: format!("{at:040x}"),
            url: format!("https://git.example/images/source-{at}.git"),
        };
        state.sources.insert(format!("source-{at}"), record);
    }
    for at in 0..builders {
        let Ok(target) = format!("linux.qemu.v{at}@prod").parse::<Target>() else { continue };
        let build_id = BuildId::new(&target, run);
        let inputs = Digest::of(target.to_string().as_bytes());
        let record = state.builder_mut(&target);
        record.template_id = Some(format!("templates/linux/qemu/v{at}"));
        record.trusted = Some(Trust {
            at: now,
            git_sha: Some(format!("{at:040x}")),
            inputs,
            manifest: None,
            run_id: run.clone(),
        });
        record.last_build = Some(BuildSummary {
            artifacts: vec![ArtifactRef {
                digest: Some(inputs),
                id: format!("artifacts/images/{build_id}/disk.qcow2"),
                path: Some(format!("artifacts/images/{build_id}/disk.qcow2")),
                size: Some(1 << 30),
            }],
            at: now,
            build_id: build_id.clone(),
            classification: "success".into(),
            dirty: false,
            duration_ms: 600_000,
            exit_code: 0,
            git_sha: Some(format!("{at:040x}")),
            inputs,
            manifest: Some(inputs),
            record: Some(inputs),
            run_id: run.clone(),
            serial: Some(1),
        });
        record.provenance.push(SuiteResult {
            at: now,
            build_id,
            inputs: Some(inputs),
            links: vec![format!("logs/tests/{at}.log")],
            passed: true,
            record: Some(inputs),
            run_id: run.clone(),
            suite: "smoke".into(),
        });
    }
}
