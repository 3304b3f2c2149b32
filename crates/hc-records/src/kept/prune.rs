//! Which kept texts nothing refers to any more, and which are damaged.

use std::convert::Infallible;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use hc_core::Digest;
use hc_core::fs::{file_names, io_error, is_temporary};
use time::OffsetDateTime;

use super::loose::{self, Loose};
use super::objects::{Objects, is_complete};
use super::pack::{ANY_MAGIC, MAGIC, Pack};
use super::rewrite;
use crate::error::RecordError;

/// A file without a name yet is a killed writer's when it is as old as this.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// Whether anything is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Only counted.
    Plan,
    /// Counted and removed.
    Remove,
}

/// What goes, or went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Texts.
    pub texts: usize,
    /// Bytes on the device, about; those of damaged files with them.
    pub bytes: u64,
}

/// A file of kept texts that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// Path, relative to the project.
    pub path: String,
    /// What is wrong with it.
    pub what: String,
}

/// Takes out the texts that are kept since `before` or longer and whose digest `is_used` does not know, and packs that
/// cannot be read. Only under the lock under which manifests are written: a text that one is about to name must not go.
///
/// # Errors
/// When the object directory cannot be written.
pub fn prune(
    root: &Path,
    is_used: &dyn Fn(&Digest) -> bool,
    before: OffsetDateTime,
    mode: Mode,
) -> Result<Pruned, RecordError> {
    let objects = Objects::of(root);
    let before = u64::try_from(before.unix_timestamp()).unwrap_or(0);
    let stays = |digest: &Digest, kept_at: u64| kept_at > before || is_used(digest);
    let was_complete = is_complete(root);
    let mut pruning = Pruning { dir: &objects.dir, stays: &stays, mode, pruned: Pruned::default(), lost: 0 };
    for path in objects.paths() {
        match Pack::open(&path) {
            Some(pack) => pruning.pack(pack)?,
            None => pruning.unreadable(&path)?,
        }
    }
    pruning.single(&loose::all(&objects.dir))?;
    let Pruning { pruned, lost, .. } = pruning;
    if mode == Mode::Remove {
        sweep(&objects.dir);
        // What was lost is to be looked for again.
        if was_complete && lost == 0 {
            objects.note_complete()?;
        }
    }
    Ok(pruned)
}

struct Pruning<'a> {
    dir: &'a Path,
    stays: &'a dyn Fn(&Digest, u64) -> bool,
    mode: Mode,
    pruned: Pruned,
    lost: usize,
}

impl Pruning<'_> {
    fn pack(&mut self, pack: Pack) -> Result<(), RecordError> {
        let goes = pack.texts().iter().filter(|text| !(self.stays)(&text.digest, text.kept_at));
        let shares: Vec<u64> = goes.map(|text| pack.share(text)).collect();
        self.pruned.texts += shares.len();
        self.pruned.bytes += shares.iter().sum::<u64>();
        if !shares.is_empty() { self.rewrite(&[pack], &[]) } else { Ok(()) }
    }

    fn single(&mut self, single: &[Loose]) -> Result<(), RecordError> {
        for loose in single {
            if let Some((kept_at, size)) = loose::kept_at(loose)
                && !(self.stays)(&loose.digest, kept_at)
            {
                self.pruned.texts += 1;
                self.pruned.bytes += size;
            }
        }
        if !single.is_empty() { self.rewrite(&[], single) } else { Ok(()) }
    }

    fn unreadable(&mut self, path: &Path) -> Result<(), RecordError> {
        if is_of_another_version(path) {
            return Ok(());
        }
        self.lost += 1;
        self.pruned.bytes += path.symlink_metadata().map_or(0, |meta| meta.len());
        match self.mode {
            Mode::Plan => Ok(()),
            Mode::Remove => Ok(std::fs::remove_file(path).map_err(io_error("remove", path))?),
        }
    }

    fn rewrite(&mut self, packs: &[Pack], single: &[Loose]) -> Result<(), RecordError> {
        if self.mode == Mode::Remove {
            let lost = rewrite::rewrite(self.dir, packs, single, self.stays);
            self.lost += lost.map_err(io_error("write", self.dir))?;
        }
        Ok(())
    }
}

/// A later version may read what this one does not.
fn is_of_another_version(path: &Path) -> bool {
    let mut head = vec![0; MAGIC.len()];
    let read = hc_core::fs::open_regular(path).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && head.starts_with(ANY_MAGIC) && head != MAGIC
}

/// Removes what killed writers left.
fn sweep(dir: &Path) {
    for name in file_names(dir).unwrap_or_default().iter().filter(|name| is_temporary(name)) {
        let path = dir.join(name);
        let age = path.symlink_metadata().and_then(|meta| meta.modified()).map(|at| at.elapsed());
        if matches!(age, Ok(Ok(age)) if age >= ABANDONED) {
            let _ = std::fs::remove_file(&path);
        }
    }
}

/// Reads every kept text and compares it with its digest.
pub fn check(root: &Path) -> Vec<Damaged> {
    let objects = Objects::of(root);
    let mut damaged = Vec::new();
    let mut found = |path: &Path, what: String| {
        damaged.push(Damaged { path: path.strip_prefix(root).unwrap_or(path).display().to_string(), what });
    };
    for path in objects.paths() {
        let Some(pack) = Pack::open(&path) else {
            match is_of_another_version(&path) {
                true => found(&path, "it was written by another version of hybrid".to_owned()),
                false => found(&path, "it is cut short, or was edited".to_owned()),
            }
            continue;
        };
        let mut bad = 0;
        let counted = pack.each(|_, bytes| {
            bad += usize::from(bytes.is_none());
            Ok::<_, Infallible>(())
        });
        let Ok(()) = counted;
        if bad > 0 {
            found(&path, format!("{bad} of its {} texts are damaged", pack.texts().len()));
        }
    }
    for loose in loose::all(&objects.dir) {
        if loose::read(&loose).is_none() {
            found(&loose.path, "it is not the text that it is named after".to_owned());
        }
    }
    damaged
}
