//! The fuzzer sees what it is there for, whatever becomes of the process that it happens in.

use std::path::Path;
use std::process::Command;

/// Whether the input passes, and what was said.
fn tried(input: &str) -> (bool, String) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("input");
    std::fs::write(&file, input).unwrap();
    fuzz(&["--input", file.to_str().unwrap(), "trap"])
}

fn fuzz(words: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).arg("fuzz").args(words).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn every_way_to_fail_is_seen() {
    for (input, sign) in [
        ("panic", "as told"),
        ("stack", "overflowed its stack"),
        ("time", "longer than 2s of processor time"),
        ("memory", "memory allocation of"),
    ] {
        let (passed, said) = tried(input);
        assert!(
            !passed && said.contains(sign) || (input == "memory" && cfg!(not(target_os = "linux"))),
            "{input}: {said}"
        );
    }
    assert!(tried("nothing of all that").0);
}

#[test]
fn every_target_has_good_seeds() {
    let (_, said) = fuzz(&["--help"]);
    let names: Vec<&str> = said.split_once("there are ").unwrap().1.trim().split(", ").collect();
    assert!(names.len() > 10, "{said}");
    for name in names {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(name);
        let files = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name());
        let good = files.filter(|file| !file.to_string_lossy().starts_with("found-")).count();
        assert!(good >= 8, "{}: {good}", dir.display());
    }
}
