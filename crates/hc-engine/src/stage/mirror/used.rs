//! What a run used of its mirror, and what it wrote there (CLO-2).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hc_core::stamp::Stamp;
use walkdir::WalkDir;

use super::{Kind, Made, Mirror, text};
use crate::inputs::observed::GIT;
use crate::stage::observe;

impl Mirror {
    /// What was read of the mirror and is not known: paths relative to the project, as in
    /// [`Observed`](hc_records::Observed). What the template says that it writes is its output, even if it was read.
    pub fn read(&self, outputs: &[PathBuf]) -> BTreeSet<String> {
        if !self.is_observed {
            return BTreeSet::new();
        }
        let read: Vec<_> =
            self.made.iter().filter(|(path, made)| self.is_used(path, made, outputs)).collect();
        // Git looks at every directory: its commit stands for them.
        let by_git = read.iter().any(|(path, _)| *path == Path::new(GIT));
        read.into_iter()
            .filter_map(|(path, made)| match made.kind {
                Kind::Dir if by_git => None,
                Kind::Dir => Some(text(path) + "/"),
                Kind::Copy(_) | Kind::Link(..) => Some(text(path)),
            })
            .collect()
    }

    fn is_used(&self, path: &Path, made: &Made, outputs: &[PathBuf]) -> bool {
        let at = self.root.join(path);
        let is_output = || outputs.iter().any(|output| path.starts_with(output));
        !made.known
            && match &made.kind {
                Kind::Copy(copied) => at.symlink_metadata().is_ok_and(|meta| {
                    let now = Stamp::of(&meta);
                    let is_as_written = now.is_as_written(&copied.copy);
                    // A link was made to it, or its access time was set back by those who read it.
                    let was_handled = is_as_written && now.ctime != copied.copy.ctime;
                    (observe::was_read(&at) || was_handled)
                        && (is_as_written || (now.is_same_file(&copied.copy) && !is_output()))
                }),
                Kind::Link(..) | Kind::Dir => observe::was_read(&at),
            }
    }

    /// What the run wrote without reading before what stood there: paths relative to the project, those of directories that
    /// it made with a slash at the end.
    pub fn written(&self) -> BTreeSet<String> {
        let mut written = BTreeSet::new();
        let mut walk = WalkDir::new(&self.root).min_depth(1).into_iter();
        while let Some(entry) = walk.next() {
            let Ok(entry) = entry else { continue };
            let Ok(path) = entry.path().strip_prefix(&self.root) else { continue };
            let is_dir = entry.file_type().is_dir();
            match self.made.get(path).map(|made| &made.kind) {
                None if is_dir => {
                    written.insert(text(path) + "/");
                    walk.skip_current_dir();
                }
                None => {
                    written.insert(text(path));
                }
                Some(Kind::Copy(copied)) => {
                    let Ok(now) = entry.metadata().map(|meta| Stamp::of(&meta)) else { continue };
                    // Another file in its place (`sed -i`) was made of what stood there, as far as anybody can tell.
                    let was_read = !now.is_same_file(&copied.copy) || observe::was_read(entry.path());
                    if !now.is_as_written(&copied.copy) && self.is_observed && !was_read {
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
