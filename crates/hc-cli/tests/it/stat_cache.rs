//! Unchanged inputs are not read again, and every change is seen all the same.

use std::time::Duration;

use hc_core::Digest;

use crate::project::Project;

/// What remembers single files, and what remembers directories and patterns: the cache, and `inputs` that it serves.
const CACHES: [(&str, &str); 2] = [
    (".hybrid/stat-cache", "templates/scripts/linux/note.sh"),
    (".hybrid/tree-cache", "templates/scripts/linux/*.sh"),
];
const SCRIPT: &str = "templates/scripts/linux/note.sh";

/// A validated and built project whose inputs are old enough to be remembered.
fn project((cache, inputs): (&str, &str)) -> Project {
    let project = Project::with_motd();
    project.write(SCRIPT, "echo one\n");
    project.write("templates/linux/file/motd/builder.toml", &format!("inputs = [\"{inputs}\"]\n"));
    project.ok(&["validate"]);
    project.ok(&["build"]);
    std::thread::sleep(Duration::from_millis(150));
    project.ok(&["plan"]);
    assert!(project.path(cache).exists());
    project
}

fn is_stale(project: &Project, args: &[&str]) -> bool {
    let plan = project.ok(&[&["plan", "--format", "json"], args].concat()).json();
    !plan["result"]["targets"][0]["reasons"].as_array().unwrap().is_empty()
}

#[test]
fn a_change_of_the_same_size_with_the_old_time_is_seen() {
    for (cache, inputs) in CACHES {
        let project = project((cache, inputs));
        assert!(!is_stale(&project, &[]));
        let path = project.path(SCRIPT);
        let before = path.metadata().unwrap().modified().unwrap();
        std::fs::write(&path, "echo two\n").unwrap();
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
        assert!(is_stale(&project, &[]));
        std::fs::write(&path, "echo one\n").unwrap();
        assert!(!is_stale(&project, &[]));
    }
}

#[test]
fn a_cache_that_is_gone_cut_or_from_elsewhere_only_costs_time() {
    for (cache, inputs) in CACHES {
        let project = project((cache, inputs));
        let good = std::fs::read(project.path(cache)).unwrap();
        for bytes in [&b""[..], b"hybrid stat cache 1\n", &good[..good.len() / 2], b"\xff\x00garbage"] {
            std::fs::write(project.path(cache), bytes).unwrap();
            assert!(!is_stale(&project, &[]));
            assert_eq!(std::fs::read(project.path(cache)).unwrap().len(), good.len(), "it is written anew");
        }
        std::fs::remove_file(project.path(cache)).unwrap();
        assert!(!is_stale(&project, &["--no-stat-cache"]));
        assert!(!project.path(cache).exists());
    }
}

#[test]
fn a_cache_that_lies_is_found_by_the_deep_check() {
    for (cache, inputs) in CACHES {
        let project = project((cache, inputs));
        let findings = || {
            let ran = project.run(&["state", "check", "--deep", "--format", "json"]);
            ran.json()["result"]["findings"].to_string()
        };
        assert!(!findings().contains("StatCacheWrong"));
        let mut bytes = std::fs::read(project.path(cache)).unwrap();
        let digest = Digest::of(b"echo one\n");
        let at = bytes.windows(32).position(|window| window == digest.as_bytes()).unwrap();
        bytes[at] ^= 1;
        let header = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let checksum = *Digest::of(&bytes[header + 32..]).as_bytes();
        bytes[header..header + 32].copy_from_slice(&checksum);
        std::fs::write(project.path(cache), bytes).unwrap();
        assert!(is_stale(&project, &[]), "a forged cache is believed");
        assert!(!is_stale(&project, &["--no-stat-cache"]));
        let findings = findings();
        assert!(findings.contains("StatCacheWrong") && findings.contains(SCRIPT), "{findings}");
        assert!(!project.path(cache).exists() && !is_stale(&project, &[]));
    }
}
