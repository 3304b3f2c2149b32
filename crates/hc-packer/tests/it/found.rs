//! Finding packer: the first that is one, within a time, and what went wrong with it otherwise (PKR-1).

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hc_packer::{Cancel, ExitClass, Packer, PackerError};

fn program(dir: &Path, mode: u32, script: &str) -> PathBuf {
    std::fs::create_dir_all(dir).unwrap();
    let path = dir.join("packer");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path
}

#[test]
fn the_first_executable_of_the_path_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    program(&dir.path().join("one"), 0o644, "echo Packer v1.0.0");
    let good = program(&dir.path().join("two"), 0o755, "echo Packer v1.11.2");
    let path = std::env::join_paths(["one", "two"].map(|name| dir.path().join(name))).unwrap();
    let packer = Packer::locate("packer").path(path).find().unwrap();
    assert_eq!((packer.path.as_path(), packer.version.to_string().as_str()), (good.as_path(), "1.11.2"));
    assert_eq!(packer.clone().pinned_to("1.11.2").unwrap(), packer);
    let error = packer.pinned_to("1.16.0").unwrap_err();
    assert_eq!((error.code(), error.class()), ("PackerPinned", ExitClass::Invalid));
    let nowhere = Packer::locate("packer").path(dir.path().join("one")).find().unwrap_err();
    assert!(matches!(nowhere, PackerError::NotFound { .. }), "{nowhere}");
}

#[test]
fn a_relative_packer_is_found_for_good() {
    let dir = tempfile::tempdir_in(".").unwrap();
    program(dir.path(), 0o755, "echo Packer v1.16.0");
    let relative = dir.path().file_name().unwrap();
    let packer = Packer::locate(Path::new(".").join(relative).join("packer")).find().unwrap();
    assert!(packer.path.is_absolute(), "{}", packer.path.display());
    // From another directory it is still the same program.
    let checked = packer.words(["version"]).cwd("/").run(&Cancel::new()).unwrap();
    assert_eq!((checked.code(), checked.output.as_str()), (Some(0), "Packer v1.16.0\n"));
    let based = Packer::locate("bin/../packer").base(std::path::absolute(dir.path()).unwrap());
    assert!(based.find().is_err(), "bin does not exist");
}

#[test]
fn a_shim_explains_itself() {
    let dir = tempfile::tempdir().unwrap();
    let path =
        program(dir.path(), 0o755, "echo 'No version is set for packer; run `asdf global`' >&2; exit 126");
    let error = Packer::locate(path).find().unwrap_err();
    assert!(
        error.to_string().ends_with("it says `No version is set for packer; run `asdf global``"),
        "{error}"
    );
    let path = program(dir.path(), 0o755, "echo \"Packer v1.16.0 at $HOME, $SHIM_HOME, $AWS_PROFILE\"");
    let vars = [("HOME", "/home/x"), ("SHIM_HOME", "y"), ("AWS_PROFILE", "z")];
    let vars = vars.map(|(name, value)| (name.into(), value.into()));
    // What a shim needs passes, as it does for a build.
    assert!(Packer::locate(&path).env(vars).find().is_ok());
}

#[test]
fn a_packer_that_does_not_answer_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = program(dir.path(), 0o755, "sleep 600");
    let start = Instant::now();
    let error = Packer::locate(&path).timeout(Duration::from_millis(200)).find().unwrap_err();
    assert_eq!((error.code(), error.class()), ("PackerProcess", ExitClass::Infrastructure));
    assert!(error.to_string().ends_with("did not tell its version within 0.2 s"), "{error}");
    let cancel = Cancel::new();
    cancel.request();
    let error = Packer::locate(&path).cancel(&cancel).find().unwrap_err();
    assert_eq!((error.code(), error.class()), ("Interrupted", ExitClass::Interrupted));
    assert!(start.elapsed() < Duration::from_secs(120), "{:?}", start.elapsed());
}
