//! What the scan of inputs sees: every encoding, large files, files that git ignores, examples (SEC-1).

use std::fmt::Write as _;
use std::process::Command;

use crate::project::Project;

const SCRIPT: &str = "templates/scripts/linux/greet.sh";
const SECRET: &str = "correct-horse-77";

/// A project whose script reads `data`, which holds these bytes.
fn with(data: &[u8]) -> Project {
    let project = Project::with_motd();
    project.write(SCRIPT, "#!/bin/sh\n. ./templates/scripts/linux/settings.ps1\n");
    project.write(
        "templates/linux/file/motd/builder.toml",
        "inputs = [\"templates/scripts/linux/settings.ps1\"]\n",
    );
    project.write("templates/scripts/linux/settings.ps1", "");
    std::fs::write(project.path("templates/scripts/linux/settings.ps1"), data).unwrap();
    project
}

#[track_caller]
fn is_refused(project: &Project, place: &str) {
    let ran = project.run(&["validate"]).expect(3).says("error[PlaintextSecret]").says(place);
    assert!(!ran.stderr.replace('\0', "").contains(SECRET), "{}", ran.stderr);
    let scanned = project.run(&["templates", "scan"]).expect(3);
    assert!(scanned.stdout.contains(place), "{}", scanned.stdout);
}

#[test]
fn a_password_is_found_in_every_encoding() {
    let text = format!("# für\n$x = 1\n$AdminPassword = \"{SECRET}\"\n");
    let units = || text.encode_utf16();
    let marked = |mark: [u8; 2], units: Vec<u8>| [mark.to_vec(), units].concat();
    let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
    for bytes in [
        text.clone().into_bytes(),
        text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect(),
        marked([0xff, 0xfe], little.clone()),
        marked([0xfe, 0xff], big.clone()),
        little,
        big,
    ] {
        is_refused(&with(&bytes), "templates/scripts/linux/settings.ps1:3:");
    }
}

#[test]
fn a_password_is_found_wherever_it_stands_in_a_large_file() {
    for lines in [20_000, 70_000] {
        let mut text = String::new();
        for line in 0..lines {
            writeln!(text, "set of number {line} has nothing that anybody would want to hide").unwrap();
        }
        writeln!(text, "db_password = \"{SECRET}\"").unwrap();
        let place = format!("settings.ps1:{}:", lines + 1);
        is_refused(&with(text.as_bytes()), &place);
    }
    // What is no text is left alone, whatever its size.
    let binary: Vec<u8> = (0..3_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    with(&binary).ok(&["validate"]);
}

#[test]
fn a_text_that_nobody_can_search_is_said_and_can_be_accepted() {
    let project = with(b"");
    let file = project.path("templates/scripts/linux/settings.ps1");
    let fill = format!("yes 'a line of a very large file' | head -c 270000000 > {}", file.display());
    assert!(Command::new("sh").args(["-c", &fill]).status().unwrap().success());
    project
        .run(&["validate"])
        .expect(3)
        .says("too large to be searched")
        .says("the rule `too-large-to-scan`");
    let allow =
        "[[security.allow]]\nrule = \"too-large-to-scan\"\npath = \"templates/scripts/**\"\nreason = ";
    project.write("hybrid.toml", &format!("{allow}\".\"\n"));
    project.run(&["validate"]).expect(1).says("has no reason");
    project.write("hybrid.toml", &format!("{allow}\"generated, and searched where it is made\"\n"));
    project.ok(&["validate"]);
}

#[test]
fn what_git_ignores_and_examples_are_told_where_their_values_are_used() {
    let project = Project::with_motd();
    assert!(
        Command::new("git").arg("-C").arg(project.root()).args(["init", "-q"]).status().unwrap().success()
    );
    project.write(".gitignore", "/configs/overlays/dev.pkrvars.hcl\n/templates/scripts/linux/local.sh\n");
    let overlay = format!("message = \"hello\"\nadmin_password = \"{SECRET}\"\n");
    project.write("configs/overlays/dev.pkrvars.hcl", &overlay);
    project.write("templates/scripts/linux/form.sh.example", "DB_PASSWORD=correct-horse-78\n");
    project.write(SCRIPT, "#!/bin/sh\n. ./templates/scripts/linux/form.sh.example\n");
    let metadata = "inputs = [\"templates/scripts/linux/form.sh.example\"]\n";
    project.write("templates/linux/file/motd/builder.toml", metadata);
    let ran = project.ok(&["validate"]);
    for place in ["configs/overlays/dev.pkrvars.hcl:2:", "templates/scripts/linux/form.sh.example:1:"] {
        assert!(ran.stderr.contains(place), "no {place}:\n{}", ran.stderr);
    }
    assert!(ran.stderr.contains("warning[PlaintextSecret]") && !ran.stderr.contains("correct-horse"));
    let scanned = project.ok(&["templates", "scan"]).stdout;
    assert!(scanned.contains("dev.pkrvars.hcl:2") && scanned.contains("form.sh.example:1"), "{scanned}");
}

#[test]
fn a_suppression_needs_a_reason_in_words() {
    let project = Project::with_motd();
    for (reason, code) in [(".", 3), ("x", 3), ("???", 3), ("throw-away machine of a test", 0)] {
        let line = format!("DB_PASSWORD=\"{SECRET}\" # hybrid:allow hardcoded-password {reason}\n");
        project.write(SCRIPT, &format!("#!/bin/sh\n{line}"));
        project.run(&["validate"]).expect(code);
    }
}
