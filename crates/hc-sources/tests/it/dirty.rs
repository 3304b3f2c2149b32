//! 200 generated work trees: what hybrid calls dirty is what `git status --porcelain` lists.

use std::collections::BTreeSet;
use std::path::Path;

use hc_sources::git::{DirtyReport, GitOptions, Look, Repository};

use crate::project::{Project, only};
use crate::upstream::{Upstream, git, git_command};

/// A small generator, so that case N is the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

const FILES: [&str; 6] = ["README", "scripts/run.sh", "deep/er/file", "crlf.txt", "link", "unicode-ä"];

fn spoil(tree: &Path, dice: &mut Dice) -> String {
    let file = FILES[dice.roll(FILES.len() as u64) as usize];
    let path = tree.join(file);
    let write = |path: &Path, text: &str| {
        if path.is_dir() {
            return;
        }
        let _ = std::fs::remove_file(path);
        let _ = std::fs::create_dir_all(path.parent().unwrap());
        let _ = std::fs::write(path, text);
    };
    let quietly = |arguments: &[&str]| {
        let _ = git_command(tree).arg("-C").arg(tree).args(arguments).output().unwrap();
    };
    let kind = dice.roll(18);
    match kind {
        0 => write(&path, "changed\n"),
        1 => {
            write(&path, "staged\n");
            quietly(&["add", file]);
        }
        2 => {
            write(&path, "staged\n");
            quietly(&["add", file]);
            write(&path, "and changed\n");
        }
        3 => write(&tree.join("untracked"), "x"),
        4 => write(&tree.join("new/dir/untracked"), "x"),
        5 => write(&tree.join("ignored.log"), "x"),
        6 => write(&tree.join("ignored/dir/x"), "x"),
        7 => {
            let _ = std::fs::remove_file(&path);
        }
        8 => quietly(&["rm", "-q", "--cached", file]),
        9 => quietly(&["mv", file, "renamed"]),
        10 => {
            use std::os::unix::fs::PermissionsExt;
            if let Ok(meta) = std::fs::symlink_metadata(&path)
                && meta.is_file()
            {
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
        11 => write(&tree.join("crlf.txt"), "a\r\nb\r\n"),
        12 => {
            let _ = std::fs::remove_file(&path);
            let _ = std::os::unix::fs::symlink("elsewhere", &path);
        }
        // Another time, the same content.
        13 => {
            if let Ok(text) = std::fs::read(&path)
                && !path.is_symlink()
            {
                std::fs::write(&path, text).unwrap();
            }
        }
        14 => quietly(&["merge", "-q", "other"]),
        15 => quietly(&["rebase", "-q", "other"]),
        16 => {
            let _ = std::fs::create_dir_all(tree.join("empty/dir"));
        }
        _ => {
            write(&tree.join("intended"), "x");
            quietly(&["add", "-N", "intended"]);
        }
    }
    format!("{kind}:{file}")
}

/// The paths of `git status --porcelain`, by what hybrid calls them.
fn porcelain(tree: &Path) -> [BTreeSet<String>; 4] {
    let output = git_command(tree)
        .arg("-C")
        .arg(tree)
        .args(["-c", "status.renames=false", "status", "--porcelain=v1", "-z"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let [mut staged, mut modified, mut untracked, mut conflicted] = [const { BTreeSet::new() }; 4];
    for line in text.split('\0').filter(|line| line.len() > 3) {
        let (code, path) = (&line[..2], line[3..].to_owned());
        let (index, tree) = (code.as_bytes()[0], code.as_bytes()[1]);
        match code {
            "??" => drop(untracked.insert(path)),
            "DD" | "AU" | "UD" | "UA" | "DU" | "AA" | "UU" => drop(conflicted.insert(path)),
            // Added with intent only: its content is not staged.
            " A" => drop(staged.insert(path)),
            _ => {
                if index != b' ' {
                    staged.insert(path.clone());
                }
                if tree != b' ' {
                    modified.insert(path);
                }
            }
        }
    }
    [staged, modified, untracked, conflicted]
}

fn sets(report: &DirtyReport) -> [BTreeSet<String>; 4] {
    [&report.staged, &report.modified, &report.untracked, &report.conflicted]
        .map(|list| list.iter().cloned().collect())
}

#[test]
fn two_hundred_spoiled_trees_are_seen_as_git_sees_them() {
    let upstream = Upstream::new();
    std::os::unix::fs::symlink("README", upstream.work().join("link")).unwrap();
    upstream.commit(&[
        (".gitignore", "*.log\nignored/\n"),
        (".gitattributes", "crlf.txt text\n"),
        ("deep/er/file", "x\n"),
        ("crlf.txt", "a\nb\n"),
        ("unicode-ä", "x\n"),
    ]);
    upstream.publish();
    let project = Project::new(&[("a", &upstream.file_url(), "main")]);
    only(project.sync());
    // The second look writes down that the index is HEAD's; a copy must not be trusted for that.
    only(project.sync());
    assert!(project.tree("a").join(".git/hybrid-seen").is_file());
    let clean = project.tree("a");
    let mut states = BTreeSet::new();
    for case in 1..=200_u64 {
        let copy = tempfile::tempdir().unwrap();
        let tree = copy.path().join("a");
        let copied = std::process::Command::new("cp").arg("-a").arg(&clean).arg(&tree).status().unwrap();
        assert!(copied.success());
        let mut dice = Dice(case.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        if dice.roll(3) == 0 {
            // A branch that conflicts.
            git(&tree, &["checkout", "-q", "-b", "other"]);
            std::fs::write(tree.join("README"), "other\n").unwrap();
            git(&tree, &["commit", "-q", "-am", "other"]);
            git(&tree, &["checkout", "-q", "--detach", "HEAD~1"]);
            std::fs::write(tree.join("README"), "mine\n").unwrap();
            git(&tree, &["commit", "-q", "-am", "mine"]);
        }
        let steps: Vec<String> = (0..=dice.roll(4)).map(|_| spoil(&tree, &mut dice)).collect();
        let repository = Repository::open(&tree, &GitOptions::default()).unwrap().unwrap();
        let report = repository.status(Look::Quick).unwrap();
        assert_eq!(repository.status(Look::Full).unwrap(), report, "case {case}: {steps:?}");
        let expected = porcelain(&tree);
        assert_eq!(sets(&report), expected, "case {case}: {steps:?}");
        let operation = tree.join(".git/MERGE_HEAD").exists()
            || tree.join(".git/rebase-merge").exists()
            || tree.join(".git/rebase-apply").exists();
        assert_eq!(report.operation.is_some(), operation, "case {case}: {steps:?}");
        states.insert((expected.map(|set| !set.is_empty()), operation));
    }
    assert!(states.len() > 10, "the cases are too much alike: {states:?}");
}
