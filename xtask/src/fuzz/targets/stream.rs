//! What packer writes: its machine-readable stream and its manifest; and the records made of them.

use std::sync::LazyLock;

use hc_packer::classify::{Rules, classify_text};
use hc_packer::images::{self, Configured, Said};
use hc_packer::lines::{LONGEST, Lines};
use hc_packer::machine::{ArtifactFold, parse, speaker};
use hc_packer::manifest::PackerManifest;
use hc_packer::orphans;
use hc_records::{ArtifactRecord, HashManifest, LogSummary, Observed};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::mutate::Rng;
use super::outcome::{kind, plain};

/// The same lines and events for every chunking; artifacts, classification and leftovers of a killed build.
pub(super) fn machine_readable(bytes: &[u8]) -> u64 {
    let whole = lines(&[bytes]);
    let mut rng = Rng(kind(bytes));
    let mut cuts: Vec<usize> = (0..rng.below(6)).map(|_| rng.below(bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    let chunks: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
    assert_eq!(lines(&chunks), whole, "cut at {cuts:?}");
    assert_eq!(lines(&bytes.chunks(1).collect::<Vec<_>>()), whole, "byte by byte");
    nothing_of_an_overlong_line_is_lost(bytes);

    let (mut fold, mut seen, mut telling) = (ArtifactFold::default(), Vec::new(), Vec::new());
    for line in &whole {
        let line = String::from_utf8_lossy(line);
        let Some(record) = parse(&line) else { continue };
        fold.take(&record);
        let said = record.data.get(1).and_then(|message| speaker(message));
        seen.push(kind((&record.kind, record.data.len().min(5), said.is_some())));
        telling.extend(said.map(|(source, text)| (source.to_owned(), text.to_owned())));
    }
    let artifacts = fold.done();
    let images = images::read(&Said::new(artifacts, None, &telling), &Configured::default());
    let text = String::from_utf8_lossy(bytes);
    static RULES: LazyLock<Rules> = LazyLock::new(Rules::built_in);
    let finding = classify_text(&RULES, "aws", &text);
    let left = if rng.below(16) == 0 {
        orphans::made("aws", &orphans::Coordinates::new(), &text)
    } else {
        Vec::new()
    };
    seen.sort_unstable();
    seen.dedup();
    kind((seen, artifacts.len().min(3), images.len().min(3), finding.rule, left.len().min(3)))
}

fn lines(chunks: &[&[u8]]) -> Vec<Vec<u8>> {
    let (mut lines, mut found) = (Lines::default(), Vec::new());
    for chunk in chunks {
        lines.take(chunk, &|piece| piece.len() / 2, |line| found.push(line.to_vec()));
    }
    lines.finish(|line| found.push(line.to_vec()));
    found
}

/// A line that is too long comes in pieces, but whole.
fn nothing_of_an_overlong_line_is_lost(bytes: &[u8]) {
    let one: Vec<u8> = bytes.iter().copied().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    // Rare, because it costs more than all else.
    if one.len() < 64 || !kind(bytes).is_multiple_of(64) {
        return;
    }
    let long = one.repeat(2 * LONGEST / one.len() + 1);
    let pieces = lines(&long.chunks(one.len()).collect::<Vec<_>>());
    assert!(pieces.iter().all(|piece| piece.len() <= LONGEST + one.len()));
    assert_eq!(pieces.concat(), long);
}

/// Packer's manifest, and what hybrid writes beside it, which reads back as it was.
pub(super) fn manifest(bytes: &[u8]) -> u64 {
    let manifest: Option<PackerManifest> = serde_json::from_slice(bytes).ok();
    let outcome = manifest.as_ref().map(|manifest| {
        let said = Said::new(&[], Some(manifest), &[]);
        let images = images::read(&said, &Configured::default());
        (manifest.builds.len().min(3), images.len().min(3), said.files().count().min(3))
    });
    kind((
        outcome,
        reads_back::<ArtifactRecord>(bytes),
        reads_back::<HashManifest>(bytes),
        reads_back::<LogSummary>(bytes),
        reads_back::<Observed>(bytes),
    ))
}

/// Whether `bytes` are a `T`; then the `T` is written and read without a change.
fn reads_back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(bytes: &[u8]) -> String {
    let read: T = match serde_json::from_slice(bytes) {
        Ok(read) => read,
        Err(error) => return plain(&error.to_string()),
    };
    // RFC 3339 has no year beyond 9999 and no offset with seconds.
    let Ok(text) = serde_json::to_vec(&read) else { return "unwritable".into() };
    let again: T = serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{error}: {read:?}"));
    assert_eq!(again, read);
    "read".into()
}
