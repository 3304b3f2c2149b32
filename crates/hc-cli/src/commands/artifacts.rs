//! `hybrid artifacts`.

use clap::{Args, Subcommand};
use hc_core::Selector;
use hc_engine::upkeep::artifacts;

use super::writes::Writes;
use crate::args::BuilderArgs;
use crate::command_error::Result;
use crate::report::Outcome;
use crate::session::Session;

/// List, show and compare built images
#[derive(Debug, Subcommand)]
pub(crate) enum ArtifactsCommand {
    /// List built images, newest first
    #[command(after_help = "Example:\n  hybrid artifacts list --targets linux")]
    List(BuilderArgs),
    Show(ShowArgs),
    Diff(DiffArgs),
    Revoke(RevokeArgs),
    Verify(VerifyArgs),
}

/// Read every recorded file again, and ask platforms whether their images are still what was recorded
///
/// Platforms are asked by your own programs (aws, az, gcloud, govc, docker, …), which only read, with the credentials that
/// packer would have. Where one is missing or cannot log in, the image is unverified.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid artifacts verify\n  hybrid artifacts verify --targets linux.aws --strict"
)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    builders: BuilderArgs,
    /// Fail where an image is unverified
    #[arg(long)]
    strict: bool,
}

/// Show the record of one build
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hybrid artifacts show linux.qemu.web\n  hybrid artifacts show linux.qemu.web --lineage"
)]
pub(crate) struct ShowArgs {
    /// Build id, or a builder id for its newest build
    build: String,
    /// Draw the chain of images that it was made from
    #[arg(long)]
    lineage: bool,
}

/// Say which inputs differ between two builds
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  hybrid artifacts diff linux.qemu.base-dev-20261120T101500.000Z-1a2b3c4d linux.qemu.base-dev-20261121T101500.000Z-5e6f7a8b"
)]
pub(crate) struct DiffArgs {
    /// First build id
    left: String,
    /// Second build id
    right: String,
}

/// Take a build back: it and everything made from it cannot be published any more
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  hybrid artifacts revoke linux.qemu.base-dev-20261120T101500.000Z-1a2b3c4d --reason CVE-2026-1234"
)]
pub(crate) struct RevokeArgs {
    /// Build id
    build: String,
    /// Why; recorded with the revocation
    #[arg(long)]
    reason: String,
}

impl ArtifactsCommand {
    pub(super) fn writes(&self) -> Writes {
        match self {
            Self::Revoke(_) => Writes::Project,
            Self::List(_) | Self::Show(_) | Self::Diff(_) | Self::Verify(_) => Writes::Nothing,
        }
    }

    pub(super) fn run(&self, session: &Session) -> Result<Outcome> {
        let project = &session.project;
        match self {
            Self::List(builders) => {
                session.answer(&artifacts::list(project, &Selector::parse(&builders.selector())?)?)
            }
            Self::Show(ShowArgs { build, lineage: true }) => {
                session.answer(&artifacts::show_with_lineage(project, build)?)
            }
            Self::Show(ShowArgs { build, lineage: false }) => {
                session.answer(&artifacts::show(project, build)?)
            }
            Self::Diff(args) => session.answer(&artifacts::diff(project, &args.left, &args.right)?),
            Self::Revoke(args) => session.answer(&artifacts::revoke(project, &args.build, &args.reason)?),
            Self::Verify(args) => {
                let selector = Selector::parse(&args.builders.selector())?;
                session.answer_with(artifacts::verify(project, &selector, args.strict)?)
            }
        }
    }
}
