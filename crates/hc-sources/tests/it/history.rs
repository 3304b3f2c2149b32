//! What a commit certainly holds of the files beside it. `true` is a promise; `false` is only caution.

use std::path::Path;
use std::time::Duration;

use hc_sources::Sha;
use hc_sources::git::History;

use crate::upstream::{Upstream, git};

/// Lets the clock that stamps files go on, so that no file is as young as the index.
fn settle() {
    std::thread::sleep(Duration::from_millis(30));
}

/// Whether a file counts as unchanged, and whether the commit is seen to hold its bytes.
fn seen(root: &Path, sha: &Sha, path: &str) -> (bool, bool) {
    let history = History::around(&root.canonicalize().unwrap()).unwrap();
    let snapshot = history.snapshot(sha, &[path]).unwrap();
    let bytes = std::fs::read(root.join(path)).unwrap();
    let unchanged = history.unchanged(&snapshot, &[(path, bytes.len() as u64)]);
    if unchanged[0] {
        // The promise.
        assert_eq!(history.read(sha, path, 1 << 20).as_deref(), Some(&bytes[..]), "{path}");
    }
    (unchanged[0], snapshot.holds(path, &bytes))
}

/// A repository with some committed files whose index is settled.
fn repository(files: &[(&str, &str)]) -> (Upstream, Sha) {
    let upstream = Upstream::new();
    for (path, text) in files {
        let path = upstream.work().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    settle();
    let sha = upstream.commit(&[]);
    (upstream, sha)
}

#[test]
fn committed_files_are_unchanged_until_they_change() {
    let (upstream, sha) = repository(&[("a/b.sh", "one\n"), ("sub/c.sh", "two\n")]);
    let root = upstream.work();
    assert_eq!(seen(&root, &sha, "a/b.sh"), (true, true));
    // A directory of the repository is as good a root.
    assert_eq!(seen(&root.join("sub"), &sha, "c.sh"), (true, true));
    // The same content with other times is not promised, and seen by its bytes.
    std::fs::remove_file(root.join("sub/c.sh")).unwrap();
    std::fs::write(root.join("sub/c.sh"), "two\n").unwrap();
    assert_eq!(seen(&root, &sha, "sub/c.sh"), (false, true));
    std::fs::write(root.join("a/b.sh"), "ONE\n").unwrap();
    assert_eq!(seen(&root, &sha, "a/b.sh"), (false, false));
    // Staged is not committed.
    settle();
    git(&root, &["add", "-A"]);
    assert_eq!(seen(&root, &sha, "a/b.sh"), (false, false));
    // An older commit holds what it held.
    let next = upstream.commit(&[]);
    let history = History::around(&root.canonicalize().unwrap()).unwrap();
    assert_eq!(history.head(), Some(next.clone()));
    assert_eq!(history.read(&sha, "a/b.sh", 100).as_deref(), Some(&b"one\n"[..]));
    assert_eq!(history.read(&next, "a/b.sh", 100).as_deref(), Some(&b"ONE\n"[..]));
    assert_eq!(history.read(&next, "a/b.sh", 2), None);
    assert_eq!(history.read(&next, "a", 100), None);
    assert_eq!(history.read(&next, "../a/b.sh", 100), None);
}

#[test]
fn a_file_that_changed_in_the_tick_of_the_index_is_not_promised() {
    let (upstream, sha) = repository(&[("f", "one\n")]);
    let path = upstream.work().join("f");
    let index = upstream.work().join(".git/index");
    let touched = path.metadata().unwrap().modified().unwrap();
    // An index that is no younger than the file.
    std::fs::File::options().write(true).open(&index).unwrap().set_modified(touched).unwrap();
    assert_eq!(seen(&upstream.work(), &sha, "f"), (false, true));
}

#[test]
fn conversions_are_never_mistaken_for_the_file() {
    // Line endings: the commit has fewer bytes.
    let (upstream, _) = repository(&[("unix", "a\n")]);
    let root = upstream.work();
    upstream.git(&["config", "core.autocrlf", "true"]);
    std::fs::write(root.join("dos"), "a\r\nb\r\n").unwrap();
    settle();
    let sha = upstream.commit(&[]);
    assert_eq!(upstream.git(&["status", "--porcelain"]), "");
    assert_eq!(seen(&root, &sha, "dos"), (false, false));
    // A filter whose output is as long as its input.
    upstream.git(&["config", "filter.shift.clean", "tr a-y b-z"]);
    upstream.git(&["config", "filter.shift.smudge", "tr b-z a-y"]);
    std::fs::write(root.join(".gitattributes"), "*.shifted filter=shift\n").unwrap();
    std::fs::write(root.join("x.shifted"), "abc\n").unwrap();
    settle();
    let sha = upstream.commit(&[]);
    assert_eq!(seen(&root, &sha, "x.shifted"), (false, false));
    assert_eq!(seen(&root, &sha, "unix"), (false, true));
}

#[test]
fn what_a_person_told_git_not_to_look_at_is_looked_at() {
    for flag in ["--assume-unchanged", "--skip-worktree"] {
        let (upstream, sha) = repository(&[("f", "one\n")]);
        upstream.git(&["update-index", flag, "f"]);
        assert_eq!(seen(&upstream.work(), &sha, "f"), (false, true), "{flag}");
    }
}

#[test]
fn links_missing_files_and_missing_repositories_hold_nothing() {
    let (upstream, _) = repository(&[("target", "text")]);
    std::os::unix::fs::symlink("target", upstream.work().join("link")).unwrap();
    std::os::unix::fs::symlink("/", upstream.work().join("out")).unwrap();
    settle();
    let sha = upstream.commit(&[]);
    let root = upstream.work().canonicalize().unwrap();
    assert_eq!(seen(&root, &sha, "link"), (false, false));
    let history = History::around(&root).unwrap();
    let snapshot = history.snapshot(&sha, &["gone", "out/etc/passwd", "/etc/passwd", ""]).unwrap();
    let asked = [("gone", 0), ("out/etc/passwd", 1), ("/etc/passwd", 1), ("", 0)];
    assert_eq!(history.unchanged(&snapshot, &asked), [false; 4]);
    assert_eq!(history.read(&sha, "link", 100), None);
    assert!(history.snapshot(&"0".repeat(40).parse().unwrap(), &["target"]).is_none());
    let bare = tempfile::tempdir().unwrap();
    assert!(History::around(&bare.path().canonicalize().unwrap()).is_none());
    // A work tree beside its repository.
    upstream.git(&["worktree", "add", "-q", "../beside", "HEAD"]);
    settle();
    let beside = upstream.root().join("beside").canonicalize().unwrap();
    git(&beside, &["status"]);
    assert!(seen(&beside, &sha, "target").1);
    std::fs::remove_file(root.join(".git/index")).unwrap();
    assert_eq!(seen(&root, &sha, "target"), (false, true));
}
