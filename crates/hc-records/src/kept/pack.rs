//! A pack of kept texts: one file, written once, looked into by digest. docs/formats.md specifies its encoding.
//!
//! Promises: a pack has its name when it is whole and on the device; what is read from it has the digest it was asked
//! for. A pack that was cut short or edited loses texts, and nothing else happens.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use hc_core::Digest;
use hc_core::fs::{TEMP_PREFIX, open_regular, regular_metadata};
use tempfile::NamedTempFile;

use super::TEXT_LIMIT;

/// First bytes of a pack; the number is the format's.
pub(super) const MAGIC: &[u8] = b"hybrid kept texts 1\n";
/// What packs of every format begin with.
pub(super) const ANY_MAGIC: &[u8] = b"hybrid kept texts ";
/// Length of the index and its digest, in bytes.
const FOOTER: u64 = 8 + 32;
/// One text in the index, in bytes.
const TEXT: usize = 32 + 8 + 4 + 4 + 4;
/// One block in the index, in bytes.
const PLACE: usize = 8 + 4 + 4;
/// A block is closed when it has this many bytes: texts that are alike compress together, and one can be had without
/// reading all.
const BLOCK: usize = 128 << 10;
/// The largest block that is unpacked, in bytes.
const LARGEST_BLOCK: u32 = (BLOCK as u32) + (TEXT_LIMIT as u32);
/// The largest index that is read, in bytes.
const LARGEST_INDEX: u64 = 512 << 20;
/// The fastest of zstd's usual levels: the texts are read once in a while and written at every run.
const LEVEL: i32 = 1;

/// One text of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) digest: Digest,
    /// When it was first kept, in seconds since 1970.
    pub(super) kept_at: u64,
    block: u32,
    offset: u32,
    length: u32,
}

/// Where a block lies in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    offset: u64,
    length: u32,
    plain: u32,
}

/// Texts on their way into a pack.
#[derive(Debug, Default)]
pub(super) struct Block {
    plain: Vec<u8>,
    texts: Vec<(Digest, u64, u32)>,
}

impl Block {
    /// Adds a text of at most [`TEXT_LIMIT`] bytes.
    pub(super) fn add(&mut self, digest: Digest, kept_at: u64, bytes: &[u8]) {
        let length = u32::try_from(bytes.len()).expect("a text is no longer than its limit");
        self.plain.extend_from_slice(bytes);
        self.texts.push((digest, kept_at, length));
    }

    /// Whether the next text belongs into another block.
    pub(super) fn is_full(&self) -> bool {
        is_full(self.plain.len() as u64)
    }

    /// The block as it is written; `None` without a text.
    pub(super) fn packed(self) -> io::Result<Option<Packed>> {
        if self.texts.is_empty() {
            return Ok(None);
        }
        let compressed = zstd::bulk::compress(&self.plain, LEVEL)?;
        let plain = u32::try_from(self.plain.len()).expect("a block is closed before it is large");
        Ok(Some(Packed { compressed, plain, texts: self.texts }))
    }
}

/// Whether texts of so many bytes fill a block.
pub(super) fn is_full(bytes: u64) -> bool {
    bytes >= BLOCK as u64
}

/// A compressed block.
#[derive(Debug)]
pub(super) struct Packed {
    compressed: Vec<u8>,
    plain: u32,
    texts: Vec<(Digest, u64, u32)>,
}

/// A pack that is being written.
#[derive(Debug)]
pub(super) struct Writer {
    dir: PathBuf,
    file: BufWriter<NamedTempFile>,
    at: u64,
    blocks: Vec<Place>,
    texts: Vec<Text>,
}

impl Writer {
    /// Begins a pack in `dir`, without a name yet.
    pub(super) fn create(dir: &Path) -> io::Result<Self> {
        let file = tempfile::Builder::new().prefix(TEMP_PREFIX).tempfile_in(dir)?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        file.write_all(MAGIC)?;
        let at = MAGIC.len() as u64;
        Ok(Self { dir: dir.to_owned(), file, at, blocks: Vec::new(), texts: Vec::new() })
    }

    /// Adds a block.
    pub(super) fn append(&mut self, packed: &Packed) -> io::Result<()> {
        self.file.write_all(&packed.compressed)?;
        let too_many = |_| io::Error::other("a pack cannot hold that many texts");
        let block = u32::try_from(self.blocks.len()).map_err(too_many)?;
        let length = u32::try_from(packed.compressed.len()).map_err(too_many)?;
        self.blocks.push(Place { offset: self.at, length, plain: packed.plain });
        self.at += u64::from(length);
        let mut offset = 0;
        for &(digest, kept_at, length) in &packed.texts {
            self.texts.push(Text { digest, kept_at, block, offset, length });
            offset += length;
        }
        Ok(())
    }

    /// Flushes the pack once and gives it its name; `None` when there is nothing in it.
    pub(super) fn finish(mut self) -> io::Result<Option<PathBuf>> {
        if self.texts.is_empty() {
            return Ok(None);
        }
        // Of equal texts the one that was kept first tells since when.
        self.texts.sort_unstable_by_key(|text| (text.digest, text.kept_at));
        self.texts.dedup_by_key(|text| text.digest);
        let index = format(&self.blocks, &self.texts);
        let digest = Digest::of(&index);
        self.file.write_all(&index)?;
        self.file.write_all(&(index.len() as u64).to_le_bytes())?;
        self.file.write_all(digest.as_bytes())?;
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        readable(file.as_file())?;
        file.as_file().sync_data()?;
        let path = self.dir.join(name(&digest));
        file.persist(&path)?;
        Ok(Some(path))
    }
}

/// Temporary files are for one user; packs are as readable as the rest of the project.
fn readable(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

fn name(index: &Digest) -> String {
    format!("pack-{index}.pack")
}

/// Whether a file is a pack, by its name.
pub(super) fn is_pack(name: &str) -> bool {
    let digest = name.strip_prefix("pack-").and_then(|rest| rest.strip_suffix(".pack"));
    digest.is_some_and(|digest| digest.parse::<Digest>().is_ok())
}

/// Blocks, then texts, each with their number before them; little endian.
fn format(blocks: &[Place], texts: &[Text]) -> Vec<u8> {
    let mut index = Vec::with_capacity(8 + blocks.len() * PLACE + texts.len() * TEXT);
    index.extend_from_slice(&(blocks.len() as u32).to_le_bytes());
    for block in blocks {
        index.extend_from_slice(&block.offset.to_le_bytes());
        index.extend_from_slice(&block.length.to_le_bytes());
        index.extend_from_slice(&block.plain.to_le_bytes());
    }
    index.extend_from_slice(&(texts.len() as u32).to_le_bytes());
    for text in texts {
        index.extend_from_slice(text.digest.as_bytes());
        index.extend_from_slice(&text.kept_at.to_le_bytes());
        for number in [text.block, text.offset, text.length] {
            index.extend_from_slice(&number.to_le_bytes());
        }
    }
    index
}

/// The index; `None` when anything is not as [`format`] writes it, or points out of a file of `end` bytes.
fn parse(mut index: &[u8], end: u64) -> Option<(Vec<Place>, Vec<Text>)> {
    let index = &mut index;
    let count = usize::try_from(u32::from_le_bytes(take(index)?)).ok()?;
    let mut blocks = Vec::with_capacity(count.min(index.len() / PLACE));
    for _ in 0..count {
        let offset = u64::from_le_bytes(take(index)?);
        let [length, plain] = [take(index)?, take(index)?].map(u32::from_le_bytes);
        let inside = offset.checked_add(u64::from(length)).is_some_and(|behind| behind <= end);
        blocks.push(Some(Place { offset, length, plain }).filter(|_| inside && plain <= LARGEST_BLOCK)?);
    }
    let count = usize::try_from(u32::from_le_bytes(take(index)?)).ok()?;
    let mut texts = Vec::with_capacity(count.min(index.len() / TEXT));
    for _ in 0..count {
        let digest = Digest::from_bytes(take(index)?);
        let kept_at = u64::from_le_bytes(take(index)?);
        let [block, offset, length] = [take(index)?, take(index)?, take(index)?].map(u32::from_le_bytes);
        let plain = blocks.get(usize::try_from(block).ok()?)?.plain;
        let inside = offset.checked_add(length).is_some_and(|behind| behind <= plain);
        texts.push(Some(Text { digest, kept_at, block, offset, length }).filter(|_| inside)?);
    }
    let sorted = texts.is_sorted_by(|one, other| one.digest < other.digest);
    (index.is_empty() && sorted).then_some((blocks, texts))
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (found, behind) = bytes.split_first_chunk::<N>()?;
    *bytes = behind;
    Some(*found)
}

/// An opened pack.
#[derive(Debug)]
pub(super) struct Pack {
    pub(super) path: PathBuf,
    /// Size of the file in bytes.
    pub(super) size: u64,
    file: File,
    blocks: Vec<Place>,
    /// Sorted by digest.
    texts: Vec<Text>,
    /// The block that was unpacked last: neighbours are asked for one after the other.
    last: RefCell<Option<(u32, Vec<u8>)>>,
}

impl Pack {
    /// Opens a pack; `None` for a file that is not one, or not a whole one.
    pub(super) fn open(path: &Path) -> Option<Self> {
        regular_metadata(path).ok()??;
        let file = open_regular(path).ok()?;
        let size = file.metadata().ok()?.len();
        let read = |at: u64, length: u64| read_at(&file, at, length);
        if read(0, MAGIC.len() as u64)? != MAGIC {
            return None;
        }
        let footer = read(size.checked_sub(FOOTER)?, FOOTER)?;
        let (length, digest) = footer.split_first_chunk::<8>()?;
        let length = Some(u64::from_le_bytes(*length)).filter(|length| *length <= LARGEST_INDEX)?;
        let end = size.checked_sub(FOOTER)?.checked_sub(length)?;
        let index = read(end, length)?;
        if Digest::of(&index).as_bytes() != digest {
            return None;
        }
        let (blocks, texts) = parse(&index, end)?;
        Some(Self { path: path.to_owned(), size, file, blocks, texts, last: RefCell::default() })
    }

    /// What it holds, sorted by digest.
    pub(super) fn texts(&self) -> &[Text] {
        &self.texts
    }

    /// Bytes of the file that a text takes, about.
    pub(super) fn share(&self, text: &Text) -> u64 {
        let block = self.blocks[text.block as usize];
        u64::from(text.length) * u64::from(block.length) / u64::from(block.plain).max(1) + TEXT as u64
    }

    /// The text of a digest, where it is intact.
    pub(super) fn get(&self, digest: &Digest) -> Option<Vec<u8>> {
        let at = self.texts.binary_search_by(|text| text.digest.cmp(digest)).ok()?;
        let text = &self.texts[at];
        let mut last = self.last.borrow_mut();
        let block = match last.take() {
            Some((number, block)) if number == text.block => block,
            _ => self.block(text.block)?,
        };
        let (_, block) = last.insert((text.block, block));
        intact(text, block).map(<[u8]>::to_vec)
    }

    /// Gives every text, in the order in which they lie in the file; `None` for one that is damaged.
    pub(super) fn each<E>(
        &self,
        mut sink: impl FnMut(&Text, Option<&[u8]>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut texts: Vec<&Text> = self.texts.iter().collect();
        texts.sort_unstable_by_key(|text| (text.block, text.offset));
        for texts in texts.chunk_by(|one, other| one.block == other.block) {
            let block = self.block(texts[0].block);
            for text in texts {
                sink(text, block.as_deref().and_then(|block| intact(text, block)))?;
            }
        }
        Ok(())
    }

    fn block(&self, number: u32) -> Option<Vec<u8>> {
        let place = self.blocks.get(number as usize)?;
        let compressed = read_at(&self.file, place.offset, u64::from(place.length))?;
        let plain = zstd::bulk::decompress(&compressed, place.plain as usize).ok()?;
        (plain.len() == place.plain as usize).then_some(plain)
    }
}

fn intact<'a>(text: &Text, block: &'a [u8]) -> Option<&'a [u8]> {
    let start = text.offset as usize;
    let bytes = block.get(start..start + text.length as usize)?;
    (Digest::of(bytes) == text.digest).then_some(bytes)
}

fn read_at(mut file: &File, at: u64, length: u64) -> Option<Vec<u8>> {
    file.seek(SeekFrom::Start(at)).ok()?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 == length).then_some(bytes)
}
