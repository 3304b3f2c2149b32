//! What a run used of its mirror, and what it wrote there (CLO-2).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use hc_core::stamp::Stamp;
use walkdir::WalkDir;

use super::{Blind, Kind, Made, Mirror, directory, text};
use crate::inputs::observed::GIT;
use crate::stage::listen::Listener;
use crate::stage::observe;

impl Mirror {
    /// What of a run is not noticed.
    pub fn blind(&self) -> Option<Blind> {
        match (self.keeps_times, self.is_observed()) {
            (true, _) => None,
            (false, true) => self.made.contains_key(Path::new(GIT)).then_some(Blind::Git),
            (false, false) => Some(Blind::Files),
        }
    }

    /// What was read of the mirror and is not known: paths relative to the project, as in
    /// [`Observed`](hc_records::Observed). What the template says that it writes is its output, even if it was read.
    pub fn read(&self, outputs: &[PathBuf]) -> BTreeSet<String> {
        // Before anything is listed here.
        let heard = self.heard();
        let listed = self.listed.iter().filter(|dir| {
            self.is_listed_again.load(Ordering::Relaxed) && (self.was_read(dir) || heard.contains(*dir))
        });
        let listed: Vec<String> = listed.map(|dir| directory(dir)).collect();
        let used = |(path, made): &(&PathBuf, &Made)| self.is_used(path, made, outputs, &heard);
        let mut read: BTreeMap<&PathBuf, &Made> = self.made.iter().filter(used).collect();
        let moved = self.moved();
        read.extend(self.made.iter().filter(|(path, made)| !made.known && moved.contains(path.as_path())));
        let names = read.into_iter().map(|(path, made)| match made.kind {
            Kind::Dir => directory(path),
            Kind::Copy(_) | Kind::Link(..) => text(path),
        });
        names.chain(listed).collect()
    }

    /// What was heard, by what stands in the mirror: what lies behind a link is the link.
    fn heard(&self) -> BTreeSet<PathBuf> {
        let heard = self.listener.iter().flat_map(Listener::heard);
        let is_link =
            |path: &&Path| self.made.get(*path).is_some_and(|made| matches!(made.kind, Kind::Link(..)));
        heard.map(|path| path.ancestors().find(is_link).map(Path::to_owned).unwrap_or(path)).collect()
    }

    /// Takes over what was heard so far.
    pub fn take_over(&self) {
        if let Some(listener) = &self.listener {
            listener.take_over();
        }
    }

    /// Packer has read the template, for which it lists some directories itself: who lists them from now on uses their names.
    pub fn begin_of_work(&self) {
        if self.is_listed_again.swap(true, Ordering::Relaxed) {
            return;
        }
        for dir in &self.listed {
            observe::forget(&self.root.join(dir));
        }
        if let Some(listener) = &self.listener {
            listener.forget(&self.listed);
        }
    }

    fn was_read(&self, path: &Path) -> bool {
        self.keeps_times && observe::was_read(&self.root.join(path))
    }

    /// Copies that lie elsewhere now: nobody read them where they were, and what they hold is used all the same.
    fn moved(&self) -> BTreeSet<&Path> {
        let copies = self.made.iter().filter_map(|(path, made)| match &made.kind {
            Kind::Copy(copied) => Some((path.as_path(), &copied.copy)),
            Kind::Link(..) | Kind::Dir => None,
        });
        let stands = |path: &Path, copy: &Stamp| {
            let found = self.root.join(path).symlink_metadata();
            found.is_ok_and(|meta| Stamp::of(&meta).is_same_file(copy))
        };
        let gone: BTreeMap<u64, &Path> = copies
            .filter(|(path, copy)| !stands(path, copy))
            .map(|(path, copy)| (copy.inode, path))
            .collect();
        if gone.is_empty() {
            return BTreeSet::new();
        }
        let entries = WalkDir::new(&self.root).min_depth(1).into_iter().flatten();
        let files = entries.filter(|entry| entry.file_type().is_file());
        let inodes = files.filter_map(|entry| Some(Stamp::of(&entry.metadata().ok()?).inode));
        inodes.filter_map(|inode| gone.get(&inode).copied()).collect()
    }

    fn is_used(&self, path: &Path, made: &Made, outputs: &[PathBuf], heard: &BTreeSet<PathBuf>) -> bool {
        let at = self.root.join(path);
        let was_read = || self.was_read(path) || heard.contains(path);
        let is_output = || outputs.iter().any(|output| path.starts_with(output));
        !made.known
            && match &made.kind {
                Kind::Copy(copied) => at.symlink_metadata().is_ok_and(|meta| {
                    let now = Stamp::of(&meta);
                    let is_as_written = now.is_as_written(&copied.copy);
                    // A link was made to it, or its access time was set back by those who read it.
                    let was_handled = is_as_written && now.ctime != copied.copy.ctime;
                    (was_read() || was_handled)
                        && (is_as_written || (now.is_same_file(&copied.copy) && !is_output()))
                }),
                // The kernel tells nothing of a link that is followed.
                Kind::Link(_, None) if !self.keeps_times => path != Path::new(GIT) && self.is_observed(),
                Kind::Link(..) | Kind::Dir => was_read(),
            }
    }

    /// What the run wrote without reading before what stood there: paths relative to the project, those of directories that
    /// it made with a slash at the end.
    pub fn written(&self) -> BTreeSet<String> {
        let mut written = BTreeSet::new();
        let (heard, is_observed) = (self.heard(), self.is_observed());
        let mut walk = WalkDir::new(&self.root).min_depth(1).into_iter();
        while let Some(entry) = walk.next() {
            let Ok(entry) = entry else { continue };
            let Ok(path) = entry.path().strip_prefix(&self.root) else { continue };
            let is_dir = entry.file_type().is_dir();
            match self.made.get(path).map(|made| &made.kind) {
                None if is_dir => {
                    written.insert(directory(path));
                    walk.skip_current_dir();
                }
                None => {
                    written.insert(text(path));
                }
                Some(Kind::Copy(copied)) => {
                    let Ok(now) = entry.metadata().map(|meta| Stamp::of(&meta)) else { continue };
                    // Another file in its place (`sed -i`) was made of what stood there, as far as anybody can tell.
                    let was_read =
                        !now.is_same_file(&copied.copy) || self.was_read(path) || heard.contains(path);
                    if !now.is_as_written(&copied.copy) && is_observed && !was_read {
                        written.insert(text(path));
                    }
                }
                Some(Kind::Link(..) | Kind::Dir) => {}
            }
        }
        written
    }

    /// Large files, linked and not copied, whose originals were changed since the mirror was made: nobody knows which
    /// content the run saw.
    pub fn edited(&self) -> Vec<String> {
        let edited = |made: &Made| match &made.kind {
            Kind::Link(target, Some(stamp)) => {
                target.metadata().map_or(true, |meta| Stamp::of(&meta) != *stamp)
            }
            _ => false,
        };
        self.made.iter().filter(|(_, made)| edited(made)).map(|(path, _)| text(path)).collect()
    }
}
