//! Writing what packs hold into a new one, so that there are few and nothing useless in them.
//!
//! The new pack is on the device before an old one goes, and only what was read goes: a process that keeps texts at the
//! same time, or makes the same pack, loses nothing.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use hc_core::Digest;

use super::loose::{self, Loose};
use super::objects::Objects;
use super::pack::{Block, Pack, Writer};

/// More packs than this are made fewer.
const MOST: usize = 20;

/// Makes many packs few. A large one is left alone until those that are smaller come to its size: no text is written
/// anew more often than the number of packs has digits.
///
/// Returns how many texts were found damaged, and are gone.
pub(super) fn consolidate(objects: &Objects) -> io::Result<usize> {
    if objects.paths().len() <= MOST {
        return Ok(0);
    }
    let mut packs = objects.packs();
    packs.sort_by_key(|pack| pack.size);
    let (mut before, mut many) = (0, 0);
    for (at, pack) in packs.iter().enumerate() {
        if pack.size <= before {
            many = at + 1;
        }
        before += pack.size;
    }
    packs.truncate(many);
    if packs.len() > 1 { rewrite(&objects.dir, &packs, &[], &|_, _| true) } else { Ok(0) }
}

/// Writes what `wants` (by digest, and since when it is kept) of some packs and single files into one new pack, then
/// removes them. Returns how many texts were found damaged, and are gone.
pub(super) fn rewrite(
    dir: &Path,
    packs: &[Pack],
    single: &[Loose],
    wants: &dyn Fn(&Digest, u64) -> bool,
) -> io::Result<usize> {
    let mut lost = 0;
    let mut new = New { writer: Writer::create(dir)?, block: Block::default(), seen: HashSet::new() };
    for pack in packs {
        pack.each(|text, bytes| match bytes {
            Some(bytes) if wants(&text.digest, text.kept_at) => new.add(text.digest, text.kept_at, bytes),
            Some(_) => Ok(()),
            None => {
                lost += 1;
                Ok(())
            }
        })?;
    }
    for loose in single {
        let Some((kept_at, _)) = loose::kept_at(loose) else { continue };
        match loose::read(loose) {
            Some(bytes) if wants(&loose.digest, kept_at) => new.add(loose.digest, kept_at, &bytes)?,
            Some(_) => {}
            None => lost += 1,
        }
    }
    let written = new.finish()?;
    sync(dir)?;
    for pack in packs.iter().filter(|pack| Some(&pack.path) != written.as_ref()) {
        match std::fs::remove_file(&pack.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    single.iter().for_each(loose::remove);
    Ok(lost)
}

/// The names in a directory, on the device.
fn sync(dir: &Path) -> io::Result<()> {
    #[cfg(unix)]
    std::fs::File::open(dir)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

struct New {
    writer: Writer,
    block: Block,
    seen: HashSet<Digest>,
}

impl New {
    fn add(&mut self, digest: Digest, kept_at: u64, bytes: &[u8]) -> io::Result<()> {
        if self.seen.insert(digest) {
            self.block.add(digest, kept_at, bytes);
        }
        if self.block.is_full() { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        match std::mem::take(&mut self.block).packed()? {
            Some(packed) => self.writer.append(&packed),
            None => Ok(()),
        }
    }

    fn finish(mut self) -> io::Result<Option<PathBuf>> {
        self.flush()?;
        self.writer.finish()
    }
}
