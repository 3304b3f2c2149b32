//! Digests of project files, each looked at once per run however many builders share it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hc_core::Digest;
use hc_core::fs::{FsError, io_error, is_executable};
use hc_core::stat_cache::StatCache;
use hc_core::tree::Content;
use hc_packer::Packer;
use hc_packer::checksum::Sums;
use hc_records::{InputTree, layout};

use super::files;
use super::installed::Plugins;
use crate::error::Result;
use crate::prepare::Prepared;
use crate::project::{Project, StatCacheUse};

/// Digests of project files, each looked at once per run however many builders share it.
#[derive(Debug, Default, Clone)]
pub struct Digests {
    /// Sorted by the text of the path: comparing paths part by part takes longer than all the rest.
    known: Vec<(PathBuf, Content)>,
    /// Behind the last one that was asked for: inputs are asked for in their order.
    next: usize,
    /// Whether they are those of copies in a stage.
    staged: bool,
    /// Checksums of packer and plugins.
    sums: Sums,
    /// Plugins and their lock, once they were looked at.
    plugins: Option<Arc<Plugins>>,
}

/// The stat cache, being read while the inputs are looked for.
#[derive(Debug)]
pub struct Remembered(Loading);

#[derive(Debug)]
enum Loading {
    Runs(std::thread::JoinHandle<StatCache>),
    /// Where there are no more threads.
    Done(StatCache),
}

impl Remembered {
    /// Begins to read it, if the project allows to remember.
    pub fn load(project: &Project) -> Self {
        let file = (project.stat_cache == StatCacheUse::On).then(|| project.at(layout::STAT_CACHE));
        let load = move || file.as_deref().map_or_else(StatCache::default, StatCache::load);
        Self(match std::thread::Builder::new().spawn(load.clone()) {
            Ok(thread) => Loading::Runs(thread),
            Err(_) => Loading::Done(load()),
        })
    }
}

impl Digests {
    /// Looks at packer and all files of the targets at once; those that did not change since they were hashed are not
    /// read.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn of_all(
        project: &Project,
        packer: &Packer,
        prepared: &[Prepared],
        remembered: Remembered,
    ) -> Result<Self> {
        // A cache that cannot be read costs time, and that is all.
        let mut cache = match remembered.0 {
            Loading::Runs(thread) => thread.join().unwrap_or_default(),
            Loading::Done(cache) => cache,
        };
        let mut paths: Vec<PathBuf> =
            prepared.iter().flat_map(|one| files::of(one).into_iter().map(|(path, _)| path)).collect();
        let outside = prepared.iter().flat_map(|one| files::outside(project, one));
        paths.extend(outside.filter(|path| path.is_file()));
        paths.push(packer.path.clone());
        paths.sort_unstable_by(|one, other| text(one).cmp(text(other)));
        paths.dedup_by(|one, other| text(one) == text(other));
        let looked_at: BTreeMap<PathBuf, Content> =
            prepared.iter().flat_map(|one| one.closure.contents.iter().cloned()).collect();
        paths.retain(|path| !looked_at.contains_key(path));
        let found = cache.digests(&project.root, &paths);
        let mut known = Vec::with_capacity(paths.len() + looked_at.len());
        for (path, found) in paths.into_iter().zip(found) {
            // What cannot be read is an error of the targets that ask for it.
            if let Ok(found) = found {
                known.push((path, found));
            }
        }
        // Without it the next run takes longer, and that is all.
        if let Err(error) = cache.save() {
            tracing::debug!(%error, "the stat cache was not written");
        }
        let sums = remembered_sums(project);
        let mut digests = Self { known, next: 0, staged: false, sums, plugins: None };
        if !looked_at.is_empty() {
            digests.take(looked_at);
        }
        Ok(digests)
    }

    /// Takes digests that were computed elsewhere (while a stage was written).
    pub fn adopt(&mut self, digests: BTreeMap<PathBuf, Content>) {
        self.staged = true;
        self.take(digests);
    }

    fn take(&mut self, digests: BTreeMap<PathBuf, Content>) {
        let mut known: Vec<_> = digests.into_iter().chain(std::mem::take(&mut self.known)).collect();
        known.sort_by(|(one, _), (other, _)| text(one).cmp(text(other)));
        // What was computed last comes first.
        known.dedup_by(|(later, _), (first, _)| text(later) == text(first));
        self.known = known;
    }

    /// SHA-256 of a program in hex.
    pub fn sha256(&mut self, project: &Project, program: &Path) -> Result<String, FsError> {
        self.sums.of(program, project.now().into())
    }

    /// Plugins that are installed, and their lock.
    pub fn plugins(&mut self, project: &Project) -> Result<Arc<Plugins>> {
        let plugins = match self.plugins.take() {
            Some(plugins) => plugins,
            None => Arc::new(Plugins::of(project)?),
        };
        self.plugins = Some(Arc::clone(&plugins));
        Ok(plugins)
    }

    /// A directory of many files with the contents of the copies that were made of them, where a stage was made; without one,
    /// as it was found.
    pub fn tree(&self, tree: InputTree) -> InputTree {
        let Some(node) = tree.node.clone().filter(|_| self.staged) else { return tree };
        let copied = node.with_contents(tree.base(), &mut |path, found| {
            // What was too large to be copied is as it was found.
            let at = self.known.binary_search_by(|(known, _)| text(known).cmp(text(path)));
            Ok::<_, std::convert::Infallible>(at.map_or(*found, |at| self.known[at].1))
        });
        let Ok(copied) = copied;
        InputTree::new(tree.kind, tree.name, copied.into())
    }

    /// What is known of a file, relative to `root` or absolute; read when it is not known yet.
    pub fn of(&mut self, root: &Path, path: &Path) -> Result<Content, FsError> {
        let is_next = self.known.get(self.next).is_some_and(|(known, _)| text(known) == text(path));
        let at = match is_next {
            true => Ok(self.next),
            false => self.known.binary_search_by(|(known, _)| text(known).cmp(text(path))),
        };
        match at {
            Ok(at) => {
                self.next = at + 1;
                Ok(self.known[at].1)
            }
            Err(at) => {
                let full = root.join(path);
                let read = || -> std::io::Result<Content> {
                    let executable = is_executable(&full.metadata()?);
                    let (digest, size) = Digest::of_file(&full)?;
                    Ok(Content { digest, size, executable })
                };
                let found = read().map_err(io_error("read", &full))?;
                self.known.insert(at, (path.to_owned(), found));
                Ok(found)
            }
        }
    }
}

/// Checksums of programs, remembered if the project allows it.
pub fn remembered_sums(project: &Project) -> Sums {
    match project.stat_cache {
        StatCacheUse::On => Sums::remembered(project.at(layout::CHECKSUMS)),
        StatCacheUse::Off => Sums::default(),
    }
}

fn text(path: &Path) -> &OsStr {
    path.as_os_str()
}
