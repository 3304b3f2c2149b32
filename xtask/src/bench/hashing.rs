//! Digests of many small files and of one large one, beside b3sum, sha256sum and git.

use std::path::Path;

use anyhow::Result;
use hc_core::Digest;

use super::{Bench, Row, compare, installed, quiet};

pub(super) fn run(_: &Bench) -> Result<Vec<Row>> {
    let dir = tempfile::tempdir()?;
    let mut rows = Vec::new();
    let small = dir.path().join("small");
    let files = fill(&small, 20_000)?;
    let ours = || -> Result<()> {
        for file in &files {
            Digest::of_file(file)?;
        }
        Ok(())
    };
    for (peer, args) in peers() {
        let script = format!("find . -type f -print0 | xargs -0 {args} > /dev/null");
        rows.push(compare("hash 20,000 files of 1–8 KiB", peer, 5, ours, || {
            quiet(Path::new("sh"), &["-c", &script], &small)
        })?);
    }
    let large = dir.path().join("large");
    let block = vec![7_u8; 16 << 20];
    let mut text = Vec::new();
    for _ in 0..32 {
        text.extend_from_slice(&block);
    }
    std::fs::write(&large, &text)?;
    drop(text);
    for (peer, args) in peers() {
        let script = format!("{args} large > /dev/null");
        rows.push(compare(
            "hash one file of 512 MiB",
            peer,
            5,
            || {
                Digest::of_file(&large)?;
                Ok(())
            },
            || quiet(Path::new("sh"), &["-c", &script], dir.path()),
        )?);
    }
    Ok(rows)
}

fn peers() -> Vec<(&'static str, &'static str)> {
    let all = [("b3sum", "b3sum"), ("sha256sum", "sha256sum"), ("git hash-object", "git hash-object")];
    all.into_iter().filter(|(_, command)| installed(command.split(' ').next().unwrap_or_default())).collect()
}

pub(super) fn fill(dir: &Path, count: usize) -> Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    for at in 0..count {
        let parent = dir.join(format!("d{:03}", at % 200));
        if at < 200 {
            std::fs::create_dir_all(&parent)?;
        }
        let file = parent.join(format!("f{at:05}"));
        // Sizes from 1 to 8 KiB, the same in every run.
        std::fs::write(&file, format!("{at:08}").repeat(128 * (1 + at % 8)))?;
        files.push(file);
    }
    Ok(files)
}
