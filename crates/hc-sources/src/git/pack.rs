//! One pack with a commit and its history, and nothing else that lies in the clone: work that somebody put away
//! there does not leave the machine.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use gix_pack::data::output::{self, bytes::FromEntriesIter, count, entry};
use hc_core::fs::io_error;

use super::cause::local;
use super::repository::Repository;
use crate::error::{GitCause, SourceError};
use crate::sha::Sha;

impl Repository {
    /// Writes everything that `sha` leads to into a pack at `file`; commits whose parents are not here come back.
    ///
    /// # Errors
    /// [`SourceError::Repository`] when objects are missing or damaged, [`SourceError::File`].
    pub fn write_pack(&self, sha: &Sha, file: &Path, cancel: &AtomicBool) -> Result<Vec<Sha>, SourceError> {
        let failed = || local("pack", self.dir());
        let walk = self.inner.rev_walk([self.id(sha)?]).all().map_err(failed())?;
        let commits: Vec<gix::ObjectId> =
            walk.map(|commit| Ok(commit?.id)).collect::<gix::Result<_>>().map_err(failed())?;
        let shallow = hc_core::fs::read_text(&self.git_dir().join("shallow"), 16 << 20)?.unwrap_or_default();
        let border = shallow.lines().filter_map(|line| line.parse::<Sha>().ok());
        let border: Vec<Sha> =
            border.filter(|sha| self.id(sha).is_ok_and(|id| commits.contains(&id))).collect();
        let objects = self.inner.objects.clone().into_arc();
        let mut objects = objects.map_err(|error| self.unpackable(&error.to_string()))?.into_inner();
        // Positions in packs stay valid until all of them are written.
        objects.prevent_pack_unload();
        let (counts, _) = count::objects_unthreaded(
            &objects,
            &mut commits.into_iter().map(Ok),
            &gix::progress::Discard,
            cancel,
            count::objects::ObjectExpansion::TreeContents,
        )
        .map_err(failed())?;
        let total = u32::try_from(counts.len()).map_err(|_| self.unpackable("there are too many objects"))?;
        let options = entry::iter_from_counts::Options {
            // One worker keeps the order; most entries are copied from packs as they are.
            thread_limit: Some(1),
            ..entry::iter_from_counts::Options::default()
        };
        let entries =
            output::entry::iter_from_counts(counts, objects, Box::new(gix::progress::Discard), options)
                .map_err(failed())?;
        let mut next = 0;
        let chunks = entries.map(move |chunk| {
            let (number, entries) = chunk?;
            debug_assert_eq!(number, next, "one worker keeps the order");
            next = number + 1;
            Ok(entries)
        });
        let out = std::fs::File::create(file).map_err(io_error("write", file))?;
        let out = std::io::BufWriter::new(out);
        let mut writer =
            FromEntriesIter::new(chunks, out, total, gix_pack::data::Version::V2, gix::hash::Kind::Sha1);
        for written in writer.by_ref() {
            written.map_err(failed())?;
        }
        writer.into_write().flush().map_err(io_error("write", file))?;
        Ok(border)
    }

    fn unpackable(&self, why: &str) -> SourceError {
        SourceError::Repository {
            action: "pack",
            path: self.dir().to_owned(),
            cause: GitCause(vec![why.to_owned()]),
        }
    }
}
