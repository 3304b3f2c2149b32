//! Cures of files that cannot be read or written.

use std::io::ErrorKind::{
    AlreadyExists, IsADirectory, NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem, StorageFull,
};

use hc_core::fs::FsError;

/// The cure, an imperative.
pub(super) fn hint(error: &FsError) -> &'static str {
    match (error, error.io_kind()) {
        (_, Some(AlreadyExists | IsADirectory | NotADirectory)) => "look at what stands in the path's way",
        (_, Some(StorageFull)) => "free space on the device, then run the command again",
        (_, Some(PermissionDenied | ReadOnlyFilesystem)) => "give this user write access to the path",
        (_, Some(NotFound)) => "check the path",
        (_, Some(_)) => "look at the cause; the old file is intact",
        (FsError::NotUtf8 { .. }, None) => "convert it: `iconv -f latin1 -t utf-8`",
        (FsError::Outside { .. }, None) => {
            "remove the link, or put a real directory there; for space on another device, mount it"
        }
        (FsError::TooLarge { .. }, None) => "look at what was written there",
        (_, None) => "move what stands there out of the way, then run the command again",
    }
}
