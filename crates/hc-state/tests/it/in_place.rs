//! Something else stands in the state's place: refused, not followed, not overwritten.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use hc_state::{RestorePoint, StateError, Store, paths};

use crate::project::{Project, bump, names_in, options, run, target};

fn refused(project: &Project, code: &str, words: &str) -> StateError {
    let error = project.bump().unwrap_err();
    assert_eq!((error.code(), error.class().number()), (code, 1));
    assert!(error.to_string().contains(words), "{error}");
    error
}

#[test]
fn a_directory() {
    let project = Project::with_commits(2);
    std::fs::remove_file(project.state_file()).unwrap();
    std::fs::create_dir(project.state_file()).unwrap();
    std::fs::write(project.state_file().join("precious"), "x").unwrap();
    let error = refused(&project, "StateNotRegular", "is a directory, expected a regular file");
    assert_eq!(error.backup().unwrap().serial, 1);
    assert_eq!(project.store().read().unwrap_err().code(), "StateNotRegular");
    let kept = project.store().restore(RestorePoint::NewestGood, &run(9)).unwrap().kept.unwrap();
    assert_eq!(std::fs::read_to_string(kept.join("precious")).unwrap(), "x");
    assert_eq!(project.serial(), 3);
}

#[test]
fn a_symlink_to_elsewhere() {
    let (project, elsewhere) = (Project::with_commits(2), Project::with_commits(1));
    let outside = elsewhere.bytes();
    std::fs::remove_file(project.state_file()).unwrap();
    symlink(elsewhere.state_file(), project.state_file()).unwrap();
    refused(&project, "StateNotRegular", "is a symlink");
    assert_eq!(project.store().read().unwrap_err().code(), "StateNotRegular");
    project.store().restore(RestorePoint::NewestGood, &run(9)).unwrap();
    assert_eq!(elsewhere.bytes(), outside, "the link was followed");
    assert_eq!(project.serial(), 3);
}

#[test]
fn a_fifo_blocks_nobody() {
    let project = Project::with_commits(2);
    for path in [project.state_file(), paths::lock_file(project.root()), paths::audit_log(project.root())] {
        let _ = std::fs::remove_file(&path);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let error = match path.ends_with("audit.log") {
            true => project.store().audit_log().unwrap_err(),
            false => project.bump().unwrap_err(),
        };
        assert_eq!(error.code(), "StateNotRegular", "{}", path.display());
        std::fs::remove_file(&path).unwrap();
        if path == project.state_file() {
            std::fs::copy(paths::backup_file(project.root(), 1), &path).unwrap();
        }
    }
    project.bump().unwrap();
}

#[test]
fn a_read_only_file_is_read_and_not_replaced() {
    let project = Project::with_commits(2);
    let old = project.bytes();
    let mode =
        |mode| std::fs::set_permissions(project.state_file(), std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o444);
    assert_eq!(project.serial(), 2);
    refused(&project, "StateReadOnly", "is read-only");
    assert_eq!(project.bytes(), old);
    mode(0o644);
    project.bump().unwrap();
}

#[test]
fn a_file_of_another_owner() {
    let project = Project::with_commits(2);
    if std::os::unix::fs::chown(project.state_file(), Some(12_345), None).is_err() {
        eprintln!("skipped: only root can give files away");
        return;
    }
    let old = project.bytes();
    assert_eq!(project.serial(), 2, "reading is harmless");
    refused(&project, "StateNotOwned", "belongs to user 12345");
    assert_eq!(project.bytes(), old);
}

#[test]
fn linked_directories_lead_nowhere() {
    let elsewhere = tempfile::tempdir().unwrap();
    let project = Project::new();
    symlink(elsewhere.path(), paths::state_dir(project.root())).unwrap();
    assert_eq!(Store::open(project.root(), options()).unwrap_err().code(), "StateNotRegular");

    let project = Project::with_commits(1);
    std::fs::remove_dir(paths::backups_dir(project.root())).unwrap();
    symlink(elsewhere.path(), paths::backups_dir(project.root())).unwrap();
    refused(&project, "StateNotRegular", "expected a directory");
    symlink(elsewhere.path(), paths::build_locks_dir(project.root())).unwrap();
    assert_eq!(project.store().build_lock(&target("a.b.c@dev")).unwrap_err().code(), "StateNotRegular");
    symlink(elsewhere.path(), paths::packer_dir(project.root())).unwrap();
    std::fs::remove_file(paths::backups_dir(project.root())).unwrap();
    let written: Result<_, StateError> = project.store().with_exclusive(&run(1), |locked| {
        Ok(locked.write_trusted_manifest(&target("a.b.c@dev"), "{}\n".into()))
    });
    assert_eq!(written.unwrap_err().code(), "StateNotRegular");
    assert!(names_in(elsewhere.path()).is_empty());
}

#[test]
fn a_linked_lock_is_not_followed() {
    let elsewhere = tempfile::tempdir().unwrap();
    let project = Project::with_commits(1);
    let outside = elsewhere.path().join("precious");
    std::fs::write(&outside, "x").unwrap();
    std::fs::remove_file(paths::lock_file(project.root())).unwrap();
    symlink(&outside, paths::lock_file(project.root())).unwrap();
    refused(&project, "StateNotRegular", "is a symlink");
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), "x");
}

#[test]
fn garbage_in_the_lock_file_stops_nobody() {
    let project = Project::with_commits(1);
    std::fs::write(paths::lock_file(project.root()), vec![0xff; 10_000]).unwrap();
    project.bump().unwrap();
    let far = r#"{"pid":1,"host":"x","command":"y","since":"2036-01-01T00:00:00Z"}"#;
    std::fs::write(paths::lock_file(project.root()), far).unwrap();
    project.bump().unwrap();
}

#[test]
fn a_file_in_a_backups_way_is_moved_aside() {
    let project = Project::with_commits(3);
    std::fs::write(paths::backup_file(project.root(), 3), "somebody's notes").unwrap();
    project.bump().unwrap();
    let names = names_in(&paths::backups_dir(project.root()));
    assert!(names.contains(&"packer-hybrid.3.json.replaced".to_owned()), "{names:?}");
    assert_eq!(project.store().backups().unwrap().iter().filter(|b| b.serial == Some(3)).count(), 2);
    assert_eq!(project.serial(), 4);
}

#[test]
fn a_directory_that_cannot_be_written_is_a_clear_error() {
    let project = Project::with_commits(1);
    // Root writes everywhere, except through a mount that is read-only.
    let script = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec \"$@\"";
    let root = project.root().to_str().unwrap();
    let wrapper = ["unshare", "-Urm", "sh", "-c", script, root];
    let output = crate::child::wrapped(&wrapper, project.root(), "commit").output().unwrap();
    if !unshare_works() {
        return eprintln!("skipped: no user namespaces");
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(crate::child::FAILED + 1), "{text}");
    assert!(text.contains("[FileUnavailable]"), "{text}");
    assert_eq!(project.serial(), 1);
}

pub(crate) fn unshare_works() -> bool {
    let works = |dir: &Path| {
        let script = "mount -t tmpfs -o size=16k tmpfs \"$0\"";
        Command::new("unshare").args(["-Urm", "sh", "-c", script]).arg(dir).output().unwrap().status.success()
    };
    works(tempfile::tempdir().unwrap().path())
}

#[test]
fn commits_go_on_beside_strange_neighbours() {
    let project = Project::with_commits(1);
    let dir = paths::state_dir(project.root());
    std::fs::create_dir(dir.join(".atomicwriteX")).unwrap();
    std::fs::write(dir.join("packer-hybrid.json~"), "x").unwrap();
    std::fs::write(paths::backups_dir(project.root()).join("README"), "x").unwrap();
    bump(&project.store()).unwrap();
    project.assert_no_leftovers();
    assert!(dir.join("packer-hybrid.json~").exists());
}
