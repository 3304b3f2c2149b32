//! Texts are kept once, found again, and nothing that happens to their files is more than a text that is gone.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use hc_core::Digest;
use hc_records::kept::{self, Mode, Texts};
use hc_records::{Input, InputKind, layout};
use proptest::prelude::*;
use time::{Duration, OffsetDateTime};

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH.saturating_add(Duration::days(20_000));

fn project() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Writes a file and gives the input that it is.
fn input(root: &Path, name: &str, bytes: &[u8]) -> Input {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
    let (blake3, size) = (Digest::of(bytes), bytes.len() as u64);
    Input { name: name.into(), kind: InputKind::Script, blake3, size, executable: false }
}

fn keep(root: &Path, inputs: &[Input]) -> kept::Relied {
    kept::keep_texts(root, NOW, inputs, &|_, _| true).unwrap()
}

fn files(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root.join(layout::OBJECTS)).unwrap().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.extension().is_some()).collect()
}

fn prune(root: &Path, used: &[&Input], before: OffsetDateTime, mode: Mode) -> kept::Pruned {
    let used: HashSet<Digest> = used.iter().map(|input| input.blake3).collect();
    kept::prune(root, &|digest| used.contains(digest), before, mode).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_was_kept_is_found(
        runs in proptest::collection::vec(
            proptest::collection::btree_map("[a-e]", "[a-z \n]{0,40}|[ab]{100000}", 0..6), 1..4),
    ) {
        let dir = project();
        let mut all: BTreeMap<Digest, String> = BTreeMap::new();
        for run in &runs {
            let inputs: Vec<Input> =
                run.iter().map(|(name, text)| input(dir.path(), name, text.as_bytes())).collect();
            keep(dir.path(), &inputs);
            all.extend(run.values().map(|text| (Digest::of(text.as_bytes()), text.clone())));
        }
        let texts = Texts::open(dir.path());
        for (digest, text) in &all {
            let found = texts.get(digest);
            prop_assert_eq!(found.as_ref(), Some(text));
        }
        prop_assert_eq!(texts.get(&Digest::of(b"never kept")), None);
        prop_assert!(kept::check(dir.path()).is_empty());
        let kept_twice = files(dir.path()).len();
        let last = runs.last().unwrap();
        let again: Vec<Input> =
            last.iter().map(|(name, text)| input(dir.path(), name, text.as_bytes())).collect();
        keep(dir.path(), &again);
        prop_assert_eq!(files(dir.path()).len(), kept_twice);
    }
}

#[test]
fn a_pack_that_is_cut_short_or_edited_anywhere_only_loses_texts() {
    let dir = project();
    let root = dir.path();
    let inputs = [input(root, "a.sh", b"echo one\n"), input(root, "b.sh", b"echo two\necho two\n")];
    keep(root, &inputs);
    let pack = files(root).pop().unwrap();
    let good = std::fs::read(&pack).unwrap();
    let look = |bytes: &[u8]| {
        std::fs::write(&pack, bytes).unwrap();
        let texts = Texts::open(root);
        let found = inputs.each_ref().map(|input| texts.get(&input.blake3));
        for (found, input) in found.iter().zip(&inputs) {
            let whole = found.as_ref().is_none_or(|text| Digest::of(text.as_bytes()) == input.blake3);
            assert!(whole, "{found:?}");
        }
        (found.iter().flatten().count(), kept::check(root).len())
    };
    assert_eq!(look(&good), (2, 0));
    for length in 0..good.len() {
        assert_eq!(look(&good[..length]), (0, 1), "cut to {length} bytes");
    }
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x41;
        let (found, damaged) = look(&bytes);
        // What of a frame is not covered by the texts' digests may change.
        assert!(found == 2 || damaged == 1, "byte {at} of {}: {found} found", good.len());
    }
    std::fs::write(&pack, [&good[..], b"x"].concat()).unwrap();
    assert_eq!(kept::check(root).len(), 1);
}

#[test]
fn several_writers_at_once_lose_nothing() {
    let dir = project();
    let root = dir.path();
    let inputs: Vec<Input> =
        (0..160).map(|at| input(root, &format!("f{at}"), format!("text {at}\n").as_bytes())).collect();
    // Many small packs, so that some of the writers put packs together meanwhile.
    std::thread::scope(|scope| {
        for part in inputs.chunks(40) {
            scope.spawn(move || part.iter().for_each(|one| drop(keep(root, std::slice::from_ref(one)))));
        }
    });
    let texts = Texts::open(root);
    assert!(inputs.iter().all(|input| texts.get(&input.blake3).is_some()));
    assert!(files(root).len() <= 25, "{}", files(root).len());
}

#[test]
fn what_may_not_be_kept_is_not_kept() {
    let dir = project();
    let root = dir.path();
    let large = vec![b'x'; (kept::TEXT_LIMIT + 1) as usize];
    let inputs = [
        input(root, "secret", b"password"),
        input(root, "binary", b"\0\x01"),
        input(root, "large", &large),
        Input { blake3: Digest::of(b"as it was"), ..input(root, "changed", b"as it is") },
        Input::text(InputKind::Packer, "packer", "1.11.2"),
    ];
    kept::keep_texts(root, NOW, &inputs, &|_, bytes| bytes != b"password").unwrap();
    assert!(files(root).is_empty());
    assert!(kept::is_complete(root));
    // Equal texts: that one of them can be had elsewhere says nothing of the other.
    let twins = [input(root, "elsewhere", b"twin"), input(root, "here", b"twin")];
    kept::keep_texts(root, NOW, &twins, &|input, _| input.name == "here").unwrap();
    assert_eq!(Texts::open(root).get(&twins[0].blake3).as_deref(), Some("twin"));
}

#[test]
fn texts_that_nothing_names_go_when_they_are_old() {
    let dir = project();
    let root = dir.path();
    let (old, used) = (input(root, "old", b"old\n"), input(root, "used", b"used\n"));
    keep(root, &[old.clone(), used.clone()]);
    // As an earlier version kept it.
    let single = input(root, "single", b"single\n");
    let hex = single.blake3.to_string();
    input(root, &format!("{}/{}/{}", layout::OBJECTS, &hex[..2], &hex[2..]), b"single\n");
    let found = |input: &Input| Texts::open(root).get(&input.blake3).is_some();
    assert!(found(&old) && found(&used) && found(&single));

    let day_before = NOW - Duration::DAY;
    assert_eq!(prune(root, &[&used], day_before, Mode::Remove).texts, 0);
    assert_eq!(prune(root, &[&used, &single], NOW, Mode::Plan).texts, 1);
    assert!(found(&old), "a plan removed it");
    assert_eq!(prune(root, &[&used, &single], NOW, Mode::Remove).texts, 1);
    assert!(!found(&old) && found(&used) && found(&single));
    assert!(kept::is_complete(root), "nothing was lost");
    assert!(!root.join(layout::OBJECTS).join(&hex[..2]).exists(), "it is packed");
    // Written anew, they are as old as before.
    assert_eq!(prune(root, &[&single], NOW, Mode::Remove).texts, 1);
    assert!(!found(&used));
}

#[test]
fn damage_is_told_and_a_pack_that_is_gone_makes_the_next_run_look_again() {
    let dir = project();
    let root = dir.path();
    let one = [input(root, "one", b"one\n")];
    let relied = keep(root, &one);
    let pack = files(root).pop().unwrap();
    assert!(kept::is_complete(root) && relied.is_there());
    std::fs::write(&pack, b"garbage").unwrap();
    let damaged = kept::check(root);
    assert!(damaged.len() == 1 && damaged[0].path.starts_with(".hybrid/objects/pack-"), "{damaged:?}");
    assert!(kept::is_complete(root), "the damage is not noticed by a mere look");
    // Cleaning takes it out, and does not forget that something is missing.
    assert!(prune(root, &[], NOW, Mode::Plan).bytes > 0 && pack.exists());
    prune(root, &[], NOW, Mode::Remove);
    assert!(!pack.exists() && !relied.is_there() && !kept::is_complete(root));
    keep(root, &one);
    assert!(kept::is_complete(root) && Texts::open(root).get(&one[0].blake3).is_some());
    // What a later version wrote stays.
    let later = pack.with_file_name(format!("pack-{}.pack", "0".repeat(64)));
    std::fs::write(&later, b"hybrid kept texts 2\nwhatever").unwrap();
    prune(root, &[], NOW, Mode::Remove);
    assert!(later.exists() && kept::check(root).len() == 1);
}
