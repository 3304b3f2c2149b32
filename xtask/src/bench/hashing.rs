//! Digests of many small files and of one large one, beside b3sum, sha256sum and git.

use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use hc_core::Digest;
use hc_core::stat_cache::StatCache;

use super::measure::{Bench, Row, compare, installed, quiet};

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
    Ok(rows)
}

/// One file of 4 GiB: made, hashed by all, and looked at again.
pub(super) fn large(_: &Bench) -> Result<Vec<Row>> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("large");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path)?);
    // No two blocks are the same, and no time goes into chance.
    let mut block = vec![0_u8; 1 << 20];
    for at in 0..4_096_u64 {
        block.chunks_exact_mut(8).zip(at << 20..).for_each(|(word, number)| {
            word.copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
        });
        file.write_all(&block)?;
    }
    file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    let mut rows = Vec::new();
    for (peer, args) in peers() {
        let script = format!("{args} large > /dev/null");
        rows.push(compare(
            "hash one file of 4 GiB",
            peer,
            3,
            || {
                Digest::of_file(&path)?;
                Ok(())
            },
            || quiet(Path::new("sh"), &["-c", &script], dir.path()),
        )?);
    }
    let (cache, names) = (dir.path().join("cache"), [std::path::PathBuf::from("large")]);
    let mut first = StatCache::load(&cache);
    first.digests(dir.path(), &names);
    first.save()?;
    rows.push(compare(
        "one file of 4 GiB, unchanged",
        "stat",
        9,
        || {
            StatCache::load(&cache).digests(dir.path(), &names);
            Ok(())
        },
        || quiet(Path::new("stat"), &["large"], dir.path()),
    )?);
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
