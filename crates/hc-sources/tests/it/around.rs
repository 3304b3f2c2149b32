//! The repository that a project lies in: read as git reads it, and nothing of it is run.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use hc_sources::git::Around;

use crate::upstream::{Upstream, git};

fn around(root: &Path) -> Around {
    Around::find(&root.canonicalize().unwrap()).unwrap().expect("a repository")
}

fn is_dirty(root: &Path) -> bool {
    around(root).is_dirty(&Arc::default()).unwrap()
}

fn told(root: &Path) -> Option<String> {
    around(root).told(&AtomicBool::new(false)).unwrap()
}

/// What git itself says of all that `told` tells.
fn by_git(root: &Path) -> String {
    let ask = |args: &[&str]| {
        let output = Command::new("git").arg("-C").arg(root).args(args).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let tags = ask(&["for-each-ref", "--merged=HEAD", "--format=%(objectname) %(refname)", "refs/tags"]);
    let settings = ask(&["config", "--local", "--list"]);
    let settings: Vec<_> = settings.lines().filter(|line| !line.starts_with("branch.")).collect();
    let (head, branch) = (ask(&["rev-parse", "HEAD"]), ask(&["symbolic-ref", "--quiet", "HEAD"]));
    format!("{head}{branch}{tags}{}{}", settings.join("\n"), ask(&["diff-index", "--cached", "HEAD"]))
}

fn write(root: &Path, path: &str, text: &str) -> PathBuf {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn it_says_what_git_says() {
    let upstream = Upstream::new();
    let root = upstream.work();
    let first = upstream.commit(&[
        ("a", "1\n"),
        ("b", "1\n"),
        ("c", "1\n"),
        (".gitignore", "*.log\nout/\n!keep.log\n"),
    ]);
    git(&root, &["tag", "light"]);
    git(&root, &["tag", "-a", "-m", "words", "heavy"]);
    git(&root, &["branch", "aside"]);
    upstream.commit(&[("a", "2\n")]);
    git(&root, &["tag", "later"]);
    git(&root, &["config", "remote.x.Url", "https://example.org/a b"]);
    git(&root, &["config", "branch.x.remote", "no"]);
    assert_eq!(told(&root).unwrap(), by_git(&root));
    assert!(!is_dirty(&root));
    std::fs::remove_file(root.join("b")).unwrap();
    git(&root, &["rm", "-q", "b"]);
    write(&root, "c", "2\n");
    write(&root, "d", "2\n");
    git(&root, &["add", "-A"]);
    assert_eq!(told(&root).unwrap(), by_git(&root));
    assert!(is_dirty(&root));
    git(&root, &["reset", "-q", "--hard"]);
    git(&root, &["checkout", "-q", "aside"]);
    assert_eq!(told(&root).unwrap(), by_git(&root));
    assert!(!told(&root).unwrap().contains("later") && told(&root).unwrap().contains(first.as_str()));
    git(&root, &["checkout", "-q", "--detach"]);
    assert_eq!(told(&root).unwrap(), by_git(&root));
}

#[test]
fn what_is_ignored_is_what_git_ignores() {
    let upstream = Upstream::new();
    let root = upstream.work();
    upstream.commit(&[("sub/.gitignore", "*.log\nout/\n!keep.log\n"), ("sub/x", "1\n")]);
    let sub = root.join("sub");
    write(&sub, "tracked.log", "1\n");
    git(&root, &["add", "-f", "sub/tracked.log"]);
    write(&root, ".git/info/exclude", "secret*\n");
    let paths = ["a.log", "keep.log", "out/x", "x", "tracked.log", "secrets", "../x.log", "deep/er/b.log"];
    for path in paths.iter().filter(|path| !path.starts_with("..")) {
        write(&sub, path, "1\n");
    }
    let ignored = around(&sub).ignored(paths.iter().map(Path::new)).unwrap();
    assert_eq!(ignored, ["a.log", "out/x", "secrets", "deep/er/b.log"].map(PathBuf::from));
}

#[test]
fn every_change_makes_it_dirty_and_a_look_does_not() {
    let upstream = Upstream::new();
    let root = upstream.work();
    upstream.commit(&[("a.sh", "1\n"), (".gitignore", "*.log\n")]);
    write(&root, "x.log", "1\n");
    assert!(!is_dirty(&root));
    // Other times, the same bytes.
    write(&root, "a.sh", "1\n");
    assert!(!is_dirty(&root));
    let new = write(&root, "new/file", "1\n");
    assert!(is_dirty(&root));
    std::fs::remove_file(&new).unwrap();
    assert!(!is_dirty(&root));
    std::fs::set_permissions(root.join("a.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(is_dirty(&root));
    git(&root, &["add", "-A"]);
    assert!(is_dirty(&root), "staged");
}

#[test]
fn before_the_first_commit_everything_is_uncommitted() {
    let dir = tempfile::tempdir().unwrap();
    git(dir.path(), &["init", "-q"]);
    write(dir.path(), "a", "1\n");
    assert_eq!(around(dir.path()).head().unwrap(), None);
    assert!(is_dirty(dir.path()));
    assert_eq!(told(dir.path()), None);
}

#[test]
fn submodules_and_linked_work_trees_count() {
    let (upstream, library) = (Upstream::new(), Upstream::new());
    let root = upstream.work();
    library.commit(&[("lib", "1\n")]);
    upstream.commit(&[("a", "1\n")]);
    let url = library.work().display().to_string();
    git(&root, &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, "lib"]);
    upstream.commit(&[]);
    assert!(!is_dirty(&root));
    let file = write(&root, "lib/lib", "2\n");
    assert!(is_dirty(&root));
    std::fs::write(file, "1\n").unwrap();
    assert!(!is_dirty(&root));
    let linked = tempfile::tempdir().unwrap();
    let beside = linked.path().join("beside");
    git(&root, &["worktree", "add", "-q", "-b", "beside", &beside.display().to_string()]);
    assert_eq!(around(&beside).head().unwrap(), around(&root).head().unwrap());
    write(&beside, "a", "2\n");
    assert!(is_dirty(&beside) && !is_dirty(&root));
}

#[test]
fn a_bare_repository_and_an_empty_directory_are_passed_over() {
    let upstream = Upstream::new();
    let root = upstream.work();
    upstream.commit(&[("a", "1\n")]);
    let head = around(&root).head().unwrap();
    let inner = root.join("inner");
    std::fs::create_dir_all(inner.join(".git")).unwrap();
    assert_eq!(around(&inner).head().unwrap(), head);
    let bare = root.join("bare");
    std::fs::create_dir_all(&bare).unwrap();
    git(&bare, &["init", "-q", "--bare"]);
    git(&bare, &["config", "core.worktree", ".."]);
    assert_eq!(around(&bare).head().unwrap(), head);
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let upstream = Upstream::new();
    let root = upstream.work();
    upstream.commit(&[("a", "1\n")]);
    let find = || Around::find(&root.canonicalize().unwrap()).map(|found| found.unwrap());
    for broken in ["garbage\n", "ref: refs/heads/../../x\n"] {
        write(&root, ".git/HEAD", broken);
        assert!(find().and_then(|found| found.head()).is_err(), "{broken}");
    }
    write(&root, ".git/HEAD", "ref: refs/heads/main\n");
    git(&root, &["config", "core.worktree", "/tmp"]);
    assert!(find().is_err());
    git(&root, &["config", "--unset", "core.worktree"]);
    git(&root, &["config", "extensions.refStorage", "reftable"]);
    assert!(find().and_then(|found| found.head()).is_err(), "a format that is not known");
}

#[test]
fn nothing_that_the_repository_configures_is_run() {
    let upstream = Upstream::new();
    let root = upstream.work();
    upstream.commit(&[
        ("a", "1\n"),
        ("b.bin", "1\n"),
        (".gitattributes", "* filter=x diff=x\n*.bin filter=y\n"),
    ]);
    let marker = root.join("../ran");
    let run = write(&root, "../evil.sh", &format!("#!/bin/sh\necho \"$@\" >> {}\ncat\n", marker.display()));
    std::fs::set_permissions(&run, std::fs::Permissions::from_mode(0o755)).unwrap();
    let run = run.canonicalize().unwrap().display().to_string();
    for key in [
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "core.askPass",
        "core.alternateRefsCommand",
        "core.gitProxy",
        "diff.external",
        "diff.x.command",
        "diff.x.textconv",
        "filter.x.clean",
        "filter.x.smudge",
        "filter.y.process",
        "merge.x.driver",
        "credential.helper",
        "remote.origin.uploadpack",
        "gpg.program",
        "uploadpack.packObjectsHook",
    ] {
        git(&root, &["config", key, &run]);
    }
    for key in ["filter.x.required", "filter.y.required"] {
        git(&root, &["config", key, "true"]);
    }
    git(&root, &["config", "core.hooksPath", &root.display().to_string()]);
    let _ = std::fs::remove_file(&marker);
    write(&root, "a", "2\n");
    write(&root, "b.bin", "1\n");
    let found = around(&root);
    assert!(found.is_dirty(&Arc::default()).unwrap());
    write(&root, "a", "1\n");
    found.is_dirty(&Arc::default()).unwrap();
    found.told(&AtomicBool::new(false)).unwrap();
    found.ignored([Path::new("a"), Path::new("b.bin")]).unwrap();
    found.head().unwrap();
    assert!(!marker.exists(), "{}", std::fs::read_to_string(&marker).unwrap());
}
