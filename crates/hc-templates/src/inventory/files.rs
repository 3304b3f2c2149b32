//! Which files are templates, and parsing them on all cores before they are asked for: that takes most of the time of a list.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::thread;

use hc_config::Diagnostic;
use hc_config::hcl::Document;
use hc_config::settings::AdoptedBuilder;
use hc_core::fs::{normalize, read_text};

/// Largest template, var or metadata file that is read, in bytes.
pub const TEXT_LIMIT: u64 = 8 << 20;
/// Fewer files than these are not worth another thread.
const SHARE: usize = 6;
/// Most threads.
const MOST: usize = 8;

type Parsed = Result<Document, Box<Diagnostic>>;

/// What was parsed and not yet asked for.
#[derive(Default)]
pub(super) struct Ahead(HashMap<PathBuf, Parsed>);

impl Ahead {
    /// Parses `files`, relative to `root`. What cannot be read is left to those who ask for it.
    pub(super) fn read(root: &Path, files: BTreeSet<PathBuf>) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let threads = cores.min(MOST).min(files.len() / SHARE);
        if threads < 2 {
            return Self::default();
        }
        let files: Vec<PathBuf> = files.into_iter().collect();
        let parse = |share: usize| -> Vec<(PathBuf, Parsed)> {
            let mine = files.iter().skip(share).step_by(threads);
            let texts = mine.filter_map(|path| Some((path, read_text(&root.join(path), TEXT_LIMIT).ok()??)));
            texts.map(|(path, text)| (path.clone(), Document::parse(path, text))).collect()
        };
        thread::scope(|scope| {
            let parse = &parse;
            let start = |share| (share, thread::Builder::new().spawn_scoped(scope, move || parse(share)));
            let others: Vec<_> = (1..threads).map(start).collect();
            let mut parsed: HashMap<_, _> = parse(0).into_iter().collect();
            for (share, other) in others {
                parsed.extend(match other {
                    Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                    // Where there are no more threads.
                    Err(_) => parse(share),
                });
            }
            Self(parsed)
        })
    }

    /// Parses what adopted builders are made of: files, and directories of which many may speak for one.
    pub(super) fn of_adopted<'a>(root: &Path, mappings: impl Iterator<Item = &'a AdoptedBuilder>) -> Self {
        let paths: BTreeSet<PathBuf> = mappings.map(|mapping| normalize(&mapping.path)).collect();
        let inside = paths.iter().filter(|path| path.is_relative() && !path.starts_with(".."));
        let files = inside.flat_map(|path| {
            if stands_alone(path) {
                return vec![path.clone()];
            }
            let entries = std::fs::read_dir(root.join(path)).into_iter().flatten().flatten();
            let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
            files.map(|entry| path.join(entry.file_name())).filter(|file| is_template(file)).collect()
        });
        Self::read(root, files.collect())
    }

    /// What became of a file, once.
    pub(super) fn take(&mut self, path: &Path) -> Option<Parsed> {
        self.0.remove(path)
    }
}

/// Whether packer takes a file of this name for a template where it is given a directory.
pub(super) fn is_template(path: &Path) -> bool {
    (name(path).ends_with(".pkr.hcl") || name(path).ends_with(".pkr.json")) && !name(path).starts_with('.')
}

/// Whether a mapping that names this path means a file: one template of a directory, or a legacy one in JSON.
pub(super) fn stands_alone(path: &Path) -> bool {
    is_template(path) || name(path).ends_with(".json")
}

/// The last part of a path; empty where it is not text.
pub(super) fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}
