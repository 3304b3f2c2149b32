//! Which large directories were searched for plaintext secrets and hold none, so that they are not searched again until
//! something in them changes.
//!
//! A memory that is missing, damaged or of other rules only costs the time to search again.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use hc_core::Digest;
use hc_core::digest::Combiner;
use hc_core::fs::{FsError, open_regular, read_limited, write_unsynced};
use hc_core::tree::{Entry, Node};
use hc_logs::scan::{self, Allow, Looked, Piece, SecretFinding, SecretSeverity, pieces};
use hc_records::layout;
use rayon::prelude::*;

use crate::project::{Project, StatCacheUse};

/// First bytes of the memory; the number is the format's.
const MAGIC: &[u8] = b"hybrid scanned 1\n";
/// With more directories than these, those that no tree has now are forgotten.
const MOST: usize = 500_000;
/// Larger files are looked at in pieces, in bytes.
const AT_ONCE: u64 = 1 << 20;
/// Of a larger text not all is searched, which is a finding, in bytes.
const LARGEST: u64 = 256 << 20;
/// Largest memory that is read, in bytes.
const LIMIT: u64 = 64 << 20;

/// One directory with the files that lie in it itself.
struct Dir {
    key: [u8; 32],
    files: Vec<PathBuf>,
}

/// Files below these trees in which something was found, whatever is accepted of it. `trees` are directories with their
/// places, relative to the project.
pub(super) fn suspects<'a>(
    project: &Project,
    trees: impl IntoIterator<Item = (&'a Path, &'a Node)>,
) -> Vec<PathBuf> {
    let (mut clean, mut dirs, mut seen) = (load(project), Vec::new(), HashSet::new());
    for (base, node) in trees {
        gather(base, node, &clean, &mut seen, &mut dirs);
    }
    let is_suspect =
        |file: &PathBuf| !findings(project, file, &Allow::default(), SecretSeverity::Error).is_empty();
    let searched: Vec<([u8; 32], Vec<PathBuf>)> = dirs
        .into_par_iter()
        .map(|dir| (dir.key, dir.files.into_iter().filter(is_suspect).collect()))
        .collect();
    let before = clean.len();
    clean.extend(searched.iter().filter(|(_, found)| found.is_empty()).map(|(key, _)| *key));
    if clean.len() > before {
        if clean.len() > MOST {
            clean.retain(|key| seen.contains(key));
        }
        save(project, &clean);
    }
    searched.into_iter().flat_map(|(_, found)| found).collect()
}

/// What is found in a file, if it is text. What cannot be read stops those who hash it.
pub(super) fn findings(
    project: &Project,
    file: &Path,
    allow: &Allow,
    least: SecretSeverity,
) -> Vec<SecretFinding> {
    let path = project.at(file);
    match read_limited(&path, AT_ONCE) {
        Ok(Some(bytes)) => {
            let text = pieces::text(bytes);
            text.map_or_else(Vec::new, |text| scan::scan_piece(file, &Piece::whole(&text), allow, least))
        }
        Err(FsError::TooLarge { .. }) => in_pieces(&path, file, allow, least),
        _ => Vec::new(),
    }
}

fn in_pieces(path: &Path, file: &Path, allow: &Allow, least: SecretSeverity) -> Vec<SecretFinding> {
    let mut found = Vec::new();
    let Ok(read) = open_regular(path) else { return found };
    let looked = pieces::each(read, LARGEST, &mut |piece| {
        found.extend(scan::scan_piece(file, piece, allow, least));
    });
    if matches!(looked, Ok(Looked::TooLarge)) {
        found.extend(scan::too_large(file, allow));
    }
    found
}

fn gather(
    at: &Path,
    node: &Node,
    clean: &HashSet<[u8; 32]>,
    seen: &mut HashSet<[u8; 32]>,
    dirs: &mut Vec<Dir>,
) {
    let mut key = Combiner::new("hybrid scanned directory 1");
    key.field(at.as_os_str().as_encoded_bytes()).field(node.digest().as_bytes());
    let key = *key.finish().as_bytes();
    if !seen.insert(key) {
        return;
    }
    let mut files = Vec::new();
    for (name, entry) in node.entries() {
        match entry {
            Entry::File(_) => files.push(at.join(name)),
            Entry::Link(_) => {}
            Entry::Dir(node) => gather(&at.join(name), node, clean, seen, dirs),
        }
    }
    if !clean.contains(&key) {
        dirs.push(Dir { key, files });
    }
}

fn load(project: &Project) -> HashSet<[u8; 32]> {
    if project.stat_cache == StatCacheUse::Off {
        return HashSet::new();
    }
    let bytes = read_limited(&project.at(layout::SCANNED), LIMIT).ok().flatten().unwrap_or_default();
    let body = bytes
        .strip_prefix(MAGIC)
        .and_then(|rest| rest.split_at_checked(32))
        .filter(|(digest, body)| Digest::of(body).as_bytes() == digest)
        .and_then(|(_, body)| body.strip_prefix(scan::rules_digest().as_bytes()));
    body.unwrap_or_default().chunks_exact(32).filter_map(|key| key.try_into().ok()).collect()
}

fn save(project: &Project, clean: &HashSet<[u8; 32]>) {
    let mut body = scan::rules_digest().as_bytes().to_vec();
    clean.iter().for_each(|key| body.extend_from_slice(key));
    let bytes = [MAGIC, Digest::of(&body).as_bytes(), &body].concat();
    if let Err(error) = write_unsynced(&project.at(layout::SCANNED), &bytes) {
        tracing::debug!(%error, "what was scanned is not remembered");
    }
}
