use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::digest::Digest;

const NAMES: [&str; 6] = ["a", "b.txt", "sub/c", "sub/deep/d", "sub/e", "z/f"];

#[derive(Debug, Clone)]
enum Change {
    Write(usize, u8),
    Executable(usize),
    Link(usize),
    Remove(usize),
    Damage(usize),
    Wait,
}

fn change() -> impl Strategy<Value = Change> {
    let file = 0..NAMES.len();
    prop_oneof![
        (file.clone(), any::<u8>()).prop_map(|(file, byte)| Change::Write(file, byte)),
        file.clone().prop_map(Change::Executable),
        file.clone().prop_map(Change::Link),
        file.prop_map(Change::Remove),
        any::<usize>().prop_map(Change::Damage),
        Just(Change::Wait),
    ]
}

fn apply(root: &Path, cache: &Path, change: &Change) {
    let path = |at: usize| root.join(NAMES[at]);
    match change {
        Change::Write(at, byte) => {
            std::fs::create_dir_all(path(*at).parent().unwrap()).unwrap();
            let _ = std::fs::remove_file(path(*at)).map(|()| std::thread::sleep(Duration::from_millis(1)));
            std::fs::write(path(*at), [*byte; 40]).unwrap();
        }
        #[cfg(unix)]
        Change::Executable(at) => {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            if path(*at).symlink_metadata().is_ok_and(|meta| meta.is_file()) {
                std::fs::set_permissions(path(*at), mode).unwrap();
            }
        }
        #[cfg(unix)]
        Change::Link(at) => {
            std::fs::create_dir_all(path(*at).parent().unwrap()).unwrap();
            let _ = std::fs::remove_file(path(*at));
            std::os::unix::fs::symlink("somewhere", path(*at)).unwrap();
        }
        #[cfg(not(unix))]
        Change::Executable(_) | Change::Link(_) => {}
        Change::Remove(at) => drop(std::fs::remove_file(path(*at))),
        Change::Damage(at) => {
            if let Ok(mut bytes) = std::fs::read(cache) {
                if let Some(byte) = at.checked_rem(bytes.len()).and_then(|at| bytes.get_mut(at)) {
                    *byte ^= 1;
                }
                std::fs::write(cache, bytes).unwrap();
            }
        }
        Change::Wait => std::thread::sleep(Duration::from_millis(9)),
    }
}

fn nothing(_: &Path, _: &OsStr) -> bool {
    false
}

fn tree(root: &Path, cache: &TreeCache) -> Node {
    (*walk(root, Path::new(""), cache, &nothing).unwrap().node).clone()
}

/// The same without anything that is clever.
fn plain(root: &Path) -> BTreeMap<PathBuf, Content> {
    fn look(dir: &Path, at: &Path, found: &mut BTreeMap<PathBuf, Content>) {
        for entry in std::fs::read_dir(dir).unwrap().flatten() {
            let path = at.join(entry.file_name());
            let meta = entry.path().symlink_metadata().unwrap();
            if meta.is_dir() {
                look(&entry.path(), &path, found);
            } else if meta.is_file() {
                let (digest, size) = Digest::of_file(&entry.path()).unwrap();
                found.insert(path, Content { digest, size, executable: crate::fs::is_executable(&meta) });
            }
        }
    }
    let mut found = BTreeMap::new();
    look(root, Path::new(""), &mut found);
    found
}

fn files(node: &Node) -> BTreeMap<PathBuf, Content> {
    let mut files = BTreeMap::new();
    node.each_file(Path::new(""), &mut |path, content| {
        files.insert(path, *content);
    });
    files
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    #[test]
    fn a_tree_is_what_is_there_whatever_was_remembered(changes in prop::collection::vec(change(), 1..20)) {
        let dir = tempfile::tempdir().unwrap();
        let (root, file) = (dir.path().join("root"), dir.path().join("cache/tree"));
        std::fs::create_dir(&root).unwrap();
        let mut before: Option<Node> = None;
        for change in &changes {
            apply(&root, &file, change);
            let cache = TreeCache::eager(&file);
            let found = tree(&root, &cache);
            cache.save().unwrap();
            prop_assert_eq!(found.digest(), tree(&root, &TreeCache::default()).digest());
            prop_assert_eq!(&files(&found), &plain(&root));
            if let Some(before) = &before {
                let differences = found.differences(before);
                prop_assert_eq!(differences.is_empty(), before.digest() == found.digest());
                let (old, new) = (files(before), files(&found));
                for path in old.keys().chain(new.keys()).filter(|path| old.get(*path) != new.get(*path)) {
                    prop_assert!(differences.iter().any(|one| one.path == **path), "{path:?}");
                }
            }
            before = Some(found);
        }
    }

    #[test]
    fn bytes_are_the_tree_and_files_too(names in prop::collection::btree_map("[a-c]{1,2}(/[a-c]{1,2}){0,3}", any::<u8>(), 0..12)) {
        // A file is not a directory as well.
        let all: Vec<&String> = names.keys().collect();
        let is_file = |name: &str| !all.iter().any(|other| other.starts_with(&format!("{name}/")));
        let content = |byte: u8| Content { digest: Digest::of(&[byte]), size: 1, executable: byte.is_multiple_of(2) };
        let files_in = || names.iter().filter(|(name, _)| is_file(name)).map(|(name, byte)| (PathBuf::from(name), content(*byte)));
        let node = Node::of_files(files_in());
        prop_assert_eq!(files(&node), files_in().collect::<BTreeMap<_, _>>());
        prop_assert_eq!(node.files(), files_in().count() as u64);
        let mut stored = BTreeMap::new();
        node.each_dir(&mut |dir| { stored.insert(dir.digest(), dir.encode()); });
        prop_assert_eq!(Digest::of(&node.encode()), node.digest());
        let read = Node::decode(&node.digest(), &mut |digest| stored.get(digest).cloned());
        prop_assert_eq!(read.as_ref(), Some(&node));
        for (path, _) in files_in() {
            prop_assert!(matches!(node.get(&path), Some(Entry::File(_))));
            let less = node.without(std::slice::from_ref(&path));
            let left: BTreeMap<_, _> = files_in().filter(|(other, _)| *other != path).collect();
            prop_assert_eq!(less.digest(), Node::of_files(left).digest());
        }
    }
}

#[test]
fn digests_are_pinned() {
    let content = |text: &str, executable| Content {
        digest: Digest::of(text.as_bytes()),
        size: text.len() as u64,
        executable,
    };
    assert_eq!(
        Node::new(Vec::new()).digest().to_string(),
        "0af17bb8fc93fab66994c220ce68383fdf8b4d884874fd2b1affc066d1eb2b59"
    );
    let node = Node::of_files([
        ("run.sh".into(), content("echo hello\n", true)),
        ("files/motd".into(), content("hello\n", false)),
        ("files/ü".into(), content("", false)),
    ]);
    assert_eq!(node.digest().to_string(), "b44e4ad29fe1028d3a308dc4a24270537e1ae40861f550d3e99d1a6783b0079d");
}
