//! What hybrid writes stays in the project: a cloned project may hold links in the places where hybrid writes and
//! removes (SEC-2).

use std::path::{Component, Path, PathBuf};

use hc_config::settings::Settings;
use hc_core::fs::{FsError, confine};
use hc_records::layout;

/// Directories that hybrid writes into, relative to the project.
const WRITTEN: [&str; 10] = [
    layout::HYBRID,
    layout::ARTIFACTS,
    layout::IMAGES,
    layout::CONFIGS,
    layout::LOGS,
    layout::PACKER_LOGS,
    layout::TEST_LOGS,
    layout::SOURCES,
    hc_state::paths::STATE,
    hc_state::paths::PACKER,
];
/// Directories whose direct children are written into.
const WITH_CHILDREN: [&str; 3] = [layout::HYBRID, layout::CACHES, layout::CONFIGS];

/// Where a project may send its log besides: the sockets of the system's own loggers.
const LOGGERS: [&str; 2] = ["/dev/log", "/run/systemd/journal"];

/// Checks the places that hybrid.toml names and hybrid writes to.
///
/// # Errors
/// [`FsError::Outside`] for the first that lies out of `root`, which is resolved already.
pub(crate) fn of_settings(root: &Path, settings: &Settings) -> Result<(), FsError> {
    inside(root, &settings.packer.cache_dir)?;
    let is_logger = |socket: &PathBuf| {
        let plain = socket.components().all(|part| !matches!(part, Component::ParentDir));
        plain && LOGGERS.iter().any(|logger| socket.starts_with(logger))
    };
    match &settings.logs.system_socket {
        Some(socket) if !is_logger(socket) => inside(root, socket),
        _ => Ok(()),
    }
}

fn inside(root: &Path, named: &Path) -> Result<(), FsError> {
    let normal = hc_core::fs::normalize(named);
    confine(root, normal.strip_prefix(root).unwrap_or(&normal)).map(drop)
}

/// Checks every directory that hybrid writes into.
///
/// # Errors
/// [`FsError::Outside`] for the first that leads out of `root`, which is resolved already.
pub(crate) fn check(root: &Path) -> Result<(), FsError> {
    for relative in WRITTEN {
        confine(root, Path::new(relative))?;
    }
    for relative in WITH_CHILDREN {
        let dir = PathBuf::from(relative);
        for child in std::fs::read_dir(root.join(&dir)).into_iter().flatten().flatten() {
            // A file that is a link is refused where it is written.
            if child.file_type().is_ok_and(|kind| kind.is_symlink()) && child.path().is_dir() {
                confine(root, &dir.join(child.file_name()))?;
            }
        }
    }
    Ok(())
}
