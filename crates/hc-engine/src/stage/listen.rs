//! Hears reads that leave no access time (CLO-2): those that ask for none (`O_NOATIME`), and all of them where the file
//! system keeps none. The kernel tells (inotify) what is read in the directories that are watched.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// More directories than these are not watched: each costs some microseconds and a piece of the kernel's memory.
const MOST: usize = 5_000;

#[cfg(target_os = "linux")]
pub(super) use linux::Listener;
#[cfg(not(target_os = "linux"))]
pub(super) use nothing::Listener;

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashMap;
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt as _;
    use std::sync::Mutex;

    use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};

    use super::{BTreeSet, MOST, Path, PathBuf};

    /// What is heard of the directories and files that it watches.
    #[derive(Debug)]
    pub(in crate::stage) struct Listener {
        queue: OwnedFd,
        /// Names of what is watched, by the kernel's number of it.
        places: HashMap<i32, PathBuf>,
        heard: Mutex<Heard>,
    }

    #[derive(Debug, Default)]
    struct Heard {
        read: BTreeSet<PathBuf>,
        /// Whether the kernel had more to tell than it could keep.
        missed: bool,
    }

    impl Listener {
        /// Begins to listen: `places` are directories and files by the names under which they are told. `None` when one of
        /// them cannot be watched.
        pub(in crate::stage) fn to<'a>(places: impl Iterator<Item = (&'a Path, PathBuf)>) -> Option<Self> {
            let queue = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok()?;
            let mut watched = HashMap::new();
            for (name, at) in places {
                if watched.len() == MOST {
                    return None;
                }
                let number = inotify::add_watch(&queue, at, WatchFlags::ACCESS).ok()?;
                watched.insert(number, name.to_owned());
            }
            Some(Self { queue, places: watched, heard: Mutex::default() })
        }

        /// Takes over what the kernel has kept so far; to be called now and then, for what it keeps is limited.
        pub(in crate::stage) fn take_over(&self) {
            let mut heard = self.heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let mut buffer = [MaybeUninit::uninit(); 16 << 10];
            let mut reader = Reader::new(&self.queue, &mut buffer);
            while let Ok(event) = reader.next() {
                if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                    heard.missed = true;
                }
                let Some(place) = self.places.get(&event.wd()) else { continue };
                let name = event.file_name().map(|name| std::ffi::OsStr::from_bytes(name.to_bytes()));
                let path = name.map_or_else(|| place.clone(), |name| place.join(name));
                heard.read.insert(path);
            }
        }

        /// Forgets what was heard of `paths`.
        pub(in crate::stage) fn forget(&self, paths: &[PathBuf]) {
            self.take_over();
            let mut heard = self.heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            heard.read.retain(|path| !paths.contains(path));
        }

        /// What was read since.
        pub(in crate::stage) fn heard(&self) -> BTreeSet<PathBuf> {
            self.take_over();
            self.heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner).read.clone()
        }

        /// Whether that is everything.
        pub(in crate::stage) fn is_complete(&self) -> bool {
            self.take_over();
            !self.heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner).missed
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod nothing {
    use super::{BTreeSet, Path, PathBuf};

    /// Hears nothing here.
    #[derive(Debug)]
    pub(in crate::stage) enum Listener {}

    impl Listener {
        pub(in crate::stage) fn to<'a>(_: impl Iterator<Item = (&'a Path, PathBuf)>) -> Option<Self> {
            None
        }

        pub(in crate::stage) fn take_over(&self) {
            match *self {}
        }

        pub(in crate::stage) fn forget(&self, _: &[PathBuf]) {
            match *self {}
        }

        pub(in crate::stage) fn heard(&self) -> BTreeSet<PathBuf> {
            match *self {}
        }

        pub(in crate::stage) fn is_complete(&self) -> bool {
            match *self {}
        }
    }
}
