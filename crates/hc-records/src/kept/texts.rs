//! Keeping the texts of inputs, and finding them again.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use hc_core::Digest;
use hc_core::fs::{io_error, read_limited};
use rayon::prelude::*;
use time::OffsetDateTime;

use super::objects::Objects;
use super::pack::{Block, Pack, Packed, Writer, is_full};
use super::{TEXT_LIMIT, loose, rewrite};
use crate::error::RecordError;
use crate::input::Input;

/// How many blocks are in memory at once.
const AT_ONCE: usize = 64;

/// Kept texts, by digest.
#[derive(Debug)]
pub struct Texts {
    objects: Objects,
    packs: Vec<Pack>,
}

impl Texts {
    /// Opens what is there.
    pub fn open(root: &Path) -> Self {
        let objects = Objects::of(root);
        Self { packs: objects.packs(), objects }
    }

    /// The text that a digest stands for, where it was kept and is intact.
    pub fn get(&self, digest: &Digest) -> Option<String> {
        let packed = self.packs.iter().find_map(|pack| pack.get(digest));
        String::from_utf8(packed.or_else(|| loose::get(&self.objects.dir, digest))?).ok()
    }
}

/// The packs that hold what was kept.
#[derive(Debug)]
pub struct Relied(Vec<PathBuf>);

impl Relied {
    /// Whether all of them are still there: another process may have taken out what nothing referred to yet.
    pub fn is_there(&self) -> bool {
        self.0.iter().all(|path| path.is_file())
    }
}

/// Keeps the texts among `inputs`, all that are new in one pack with one flush. `may_keep` refuses texts that hold a
/// secret, or that can be had elsewhere for the name of the input.
///
/// # Errors
/// When the object directory cannot be written.
pub fn keep_texts<'a>(
    root: &Path,
    now: OffsetDateTime,
    inputs: impl IntoIterator<Item = &'a Input>,
    may_keep: &(dyn Fn(&Input, &[u8]) -> bool + Sync),
) -> Result<Relied, RecordError> {
    let objects = Objects::create(root)?;
    let wanted = unknown(&objects, inputs);
    let kept_at = u64::try_from(now.unix_timestamp()).unwrap_or(0);
    let written = write(root, &objects.dir, &wanted, kept_at, may_keep);
    written.map_err(io_error("write", &objects.dir))?;
    let lost = rewrite::consolidate(&objects).map_err(io_error("write", &objects.dir))?;
    // What was lost is looked for again by the next run.
    if lost == 0 {
        objects.note_complete()?
    } else {
        objects.note_incomplete()
    }
    Ok(Relied(objects.paths()))
}

/// Those that are not kept yet.
fn unknown<'a>(objects: &Objects, inputs: impl IntoIterator<Item = &'a Input>) -> Vec<&'a Input> {
    let mut wanted: Vec<&Input> = inputs.into_iter().filter(|input| input.size <= TEXT_LIMIT).collect();
    if !wanted.is_empty() {
        let packs = objects.packs();
        let packed = packs.iter().flat_map(|pack| pack.texts()).map(|text| text.digest);
        let single = loose::all(&objects.dir).into_iter().map(|loose| loose.digest);
        let known: HashSet<Digest> = packed.chain(single).collect();
        wanted.retain(|input| !known.contains(&input.blake3));
    }
    wanted
}

/// Blocks are read and compressed by all cores, and written in the order of the inputs.
fn write(
    root: &Path,
    dir: &Path,
    wanted: &[&Input],
    kept_at: u64,
    may_keep: &(dyn Fn(&Input, &[u8]) -> bool + Sync),
) -> io::Result<()> {
    let mut writer: Option<Writer> = None;
    let taken = Mutex::new(HashSet::new());
    // One of equal texts is enough, but only one that may be kept.
    let is_first = |digest| taken.lock().unwrap_or_else(PoisonError::into_inner).insert(digest);
    let wants = |input: &Input, bytes: &[u8]| may_keep(input, bytes) && is_first(input.blake3);
    for blocks in in_blocks(wanted).chunks(AT_ONCE) {
        let packed = |inputs: &&[&Input]| block_of(root, inputs, kept_at, &wants).packed();
        let packed: io::Result<Vec<Option<Packed>>> = blocks.par_iter().map(packed).collect();
        for packed in packed?.iter().flatten() {
            match &mut writer {
                Some(writer) => writer.append(packed)?,
                None => writer.insert(Writer::create(dir)?).append(packed)?,
            }
        }
    }
    writer.map_or(Ok(None), Writer::finish).map(|_| ())
}

/// Neighbours whose sizes fill a block.
fn in_blocks<'s, 'a>(inputs: &'s [&'a Input]) -> Vec<&'s [&'a Input]> {
    let (mut blocks, mut from, mut bytes) = (Vec::new(), 0, 0);
    for (at, input) in inputs.iter().enumerate() {
        bytes += input.size;
        if is_full(bytes) {
            blocks.push(&inputs[from..=at]);
            (from, bytes) = (at + 1, 0);
        }
    }
    blocks.push(&inputs[from..]);
    blocks
}

fn block_of(
    root: &Path,
    inputs: &[&Input],
    kept_at: u64,
    wants: &(dyn Fn(&Input, &[u8]) -> bool + Sync),
) -> Block {
    let mut block = Block::default();
    for input in inputs {
        let Ok(Some(bytes)) = read_limited(&root.join(&input.name), TEXT_LIMIT) else { continue };
        // A file that changed since it was hashed is not the content of this digest.
        if Digest::of(&bytes) == input.blake3 && !bytes.contains(&0) && wants(input, &bytes) {
            block.add(input.blake3, kept_at, &bytes);
        }
    }
    block
}
