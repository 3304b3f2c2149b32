//! Texts of inputs as they once were: from the commits of the project's own repository, and from what was kept.

use std::cell::OnceCell;

use hc_core::Digest;
use hc_records::kept::{self, TEXT_LIMIT};
use hc_sources::Sha;
use hc_sources::git::History;

use crate::project::Project;

/// Where old texts are looked for; opened when the first is.
pub(super) struct Texts<'a> {
    project: &'a Project,
    kept: OnceCell<kept::Texts>,
    history: OnceCell<Option<(History, Option<Sha>)>>,
}

impl<'a> Texts<'a> {
    pub(super) fn open(project: &'a Project) -> Self {
        Self { project, kept: OnceCell::new(), history: OnceCell::new() }
    }

    /// The text that a digest stands for. `name` is the input's, `commit` was checked out when it was recorded.
    pub(super) fn of(&self, name: &str, digest: &Digest, commit: Option<&str>) -> Option<String> {
        let kept = self.kept.get_or_init(|| kept::Texts::open(&self.project.root));
        kept.get(digest).or_else(|| self.committed(name, digest, commit))
    }

    fn committed(&self, name: &str, digest: &Digest, commit: Option<&str>) -> Option<String> {
        let history = || History::around(&self.project.root).map(|history| (history.head(), history));
        let opened = self.history.get_or_init(|| history().map(|(head, history)| (history, head)));
        let (history, head) = opened.as_ref()?;
        let commit: Option<Sha> = commit.and_then(|commit| commit.parse().ok());
        // The commit may be gone by now, and what is checked out may hold the same.
        let held =
            |sha: &Sha| history.read(sha, name, TEXT_LIMIT).filter(|bytes| Digest::of(bytes) == *digest);
        let bytes = commit.iter().chain(head).find_map(held)?;
        // What may not be kept is not shown either: a secret of several lines is known by the whole text only.
        let may_show = !bytes.contains(&0) && self.project.redactor.is_clean(&bytes);
        may_show.then(|| String::from_utf8(bytes).ok())?
    }
}
