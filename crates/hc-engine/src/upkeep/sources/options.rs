//! How sources are transferred: the settings of the project, and what the caller wants beyond them.

use std::sync::Arc;

use hc_core::lock::Holder;
use hc_sources::retry::{RealPatience, RetryPolicy};
use hc_sources::sync::SyncOptions;

use crate::error::Result;
use crate::project::Project;
use crate::project::sources::{git_options, transfers};

/// What the caller wants beyond the settings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SourceOptions {
    /// What happens to pins.
    pub pins: Pins,
    /// Sources at once; `git.jobs` when absent.
    pub jobs: Option<usize>,
    /// Whether the network is used.
    pub network: Network,
}

/// What a sync does with pins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pins {
    /// Follows them, and pins what is not pinned yet.
    #[default]
    Follow,
    /// Moves those of branches, and drops force pins that expired.
    Move,
    /// Follows them, and refuses to change sources.lock.
    Frozen,
}

/// Whether the network is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Network {
    /// It is.
    #[default]
    Online,
    /// What is here has to do.
    Offline,
}

impl SourceOptions {
    /// Together with the settings of the project.
    ///
    /// # Errors
    /// `ProjectNotTrusted` where the project names programs for transfers.
    pub(super) fn of(&self, project: &Project) -> Result<SyncOptions> {
        let settings = &project.settings.git;
        let jobs = self.jobs.unwrap_or(settings.jobs).max(1);
        let concurrent = jobs.min(project.settings.sources.len()).max(1);
        Ok(SyncOptions {
            git: match self.network {
                Network::Online => transfers(project, concurrent)?,
                Network::Offline => git_options(project, concurrent),
            },
            retry: RetryPolicy { attempts: settings.retries + 1, ..RetryPolicy::default() },
            patience: Arc::new(RealPatience),
            jobs,
            lock_timeout: project.lock_timeout,
            me: project.host.holder(project.now()),
            waiting: Arc::new(|holder: Option<&Holder>| {
                let who = holder.map_or("another process".to_owned(), |holder| {
                    format!("`{}` (pid {} on {})", holder.command, holder.pid, holder.host)
                });
                tracing::warn!("waiting for the lock of sources/, held by {who}");
            }),
            now: project.now(),
            offline: self.network == Network::Offline,
            locked: self.pins == Pins::Frozen,
        })
    }
}
