//! Files that are edited while builds run: what gets into an image is what was validated, or there is no image (CLO-4).

use std::fs::Permissions;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::observed::adopted;
use crate::project::{Project, Ran};

/// A file with what was validated and what nobody validated.
struct Edited {
    path: PathBuf,
    mode: Permissions,
    trusted: String,
    other: String,
}

/// The ways in which editors, git and people replace a file.
fn replace(path: &Path, text: &str, way: usize) {
    let next = path.with_extension("next");
    match way % 4 {
        0 => std::fs::write(path, text).unwrap(),
        1 => {
            std::fs::write(&next, text).unwrap();
            std::fs::rename(&next, path).unwrap();
        }
        2 => {
            let _ = std::fs::remove_file(path);
            std::fs::write(path, text).unwrap();
        }
        _ => {
            // Linked elsewhere, outside of the project.
            let elsewhere = tempfile::NamedTempFile::new().unwrap();
            let (_, kept) = elsewhere.keep().unwrap();
            std::fs::write(&kept, text).unwrap();
            let _ = std::fs::remove_file(&next);
            std::os::unix::fs::symlink(&kept, &next).unwrap();
            std::fs::rename(&next, path).unwrap();
            std::thread::sleep(Duration::from_micros(300));
            std::fs::remove_file(path).unwrap();
            std::fs::write(path, text).unwrap();
            std::fs::remove_file(kept).unwrap();
        }
    }
}

/// Ends the edits, after a failure too.
struct Stops<'a>(&'a AtomicBool);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Builds until `edits` edits were made; how many builds passed, and how many were refused.
fn race(project: &Project, files: &[Edited], edits: usize, image: impl Fn(&Ran) -> String) -> (usize, usize) {
    let (stop, made) = (AtomicBool::new(false), AtomicUsize::new(0));
    project.ok(&["validate"]);
    let start = Instant::now();
    let right = image(&project.ok(&["build", "--format", "json"]));
    // Long enough for some builds to find everything in order, however busy the machine is.
    let quiet = AtomicU64::new(took(start));
    let (mut passed, mut refused) = (0, 0);
    // So many edits in a row that most builds meet some, and no test takes forever.
    let pace = if edits > 1_000 { 100 } else { 10 };
    std::thread::scope(|scope| {
        let _stops = Stops(&stop);
        for (at, file) in files.iter().enumerate() {
            let (stop, made, quiet) = (&stop, &made, &quiet);
            scope.spawn(move || {
                let mut turn = at;
                while !stop.load(Ordering::Relaxed) {
                    replace(&file.path, &file.other, turn);
                    std::thread::sleep(Duration::from_micros(500));
                    replace(&file.path, &file.trusted, turn);
                    std::fs::set_permissions(&file.path, file.mode.clone()).unwrap();
                    made.fetch_add(2, Ordering::Relaxed);
                    turn += 1;
                    let pause = if turn % pace == 0 { 2 * quiet.load(Ordering::Relaxed) } else { 3 };
                    std::thread::sleep(Duration::from_millis(pause));
                }
            });
        }
        let begun = Instant::now();
        let enough = |passed: usize, refused: usize| {
            // Where the machine is busy with other tests, it may take a while until a build finds everything in order, and
            // another something to refuse.
            let patience = begun.elapsed() < Duration::from_secs(180);
            let both = passed > 0 && refused > 0;
            made.load(Ordering::Relaxed) >= edits && passed + refused >= 12 && (both || !patience)
        };
        while !enough(passed, refused) {
            let start = Instant::now();
            let build = project.run(&["build", "--format", "json"]);
            quiet.fetch_max(2 * took(start), Ordering::Relaxed);
            if build.code == 0 {
                passed += 1;
                // What nobody named is told at its first use; all of these are named.
                assert!(!build.stdout.contains("InputObserved"), "{}", build.stdout);
                assert_eq!(image(&build), right, "after {} edits", made.load(Ordering::Relaxed));
            } else {
                refused += 1;
            }
        }
    });
    (passed, refused)
}

fn took(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap()
}

fn edited(project: &Project, path: &str, trusted: &str, other: &str) -> Edited {
    project.write(path, trusted);
    let mode = project.path(path).metadata().unwrap().permissions();
    Edited { path: project.path(path), mode, trusted: trusted.to_owned(), other: other.to_owned() }
}

/// A layered builder: overlay, template and a file that the template reads.
fn layered(edits: usize) -> (usize, usize) {
    let project = Project::with_motd();
    let overlay = project.read("configs/overlays/dev.pkrvars.hcl");
    let template = project.read("templates/linux/file/motd/motd.pkr.hcl");
    let files = [
        edited(
            &project,
            "configs/overlays/dev.pkrvars.hcl",
            &overlay,
            &overlay.replace("hello", "nobody saw this"),
        ),
        edited(
            &project,
            "templates/linux/file/motd/motd.pkr.hcl",
            &template,
            &format!("{template}# other\n"),
        ),
    ];
    race(&project, &files, edits, |build| {
        let artifact = &build.json()["result"]["builds"][0]["artifact"];
        project.read(artifact["files"][0]["path"].as_str().unwrap())
    })
}

/// An adopted builder: a script, what it reads, and a var file.
fn mirrored(edits: usize) -> (usize, usize) {
    let project = adopted(&["sh scripts/run.sh"]);
    let script = "cat data/one.txt > out.txt\ncat data/two.txt >> out.txt\n";
    let files = [
        edited(&project, "scripts/run.sh", script, "echo nobody > out.txt\n"),
        edited(&project, "data/one.txt", "one\n", "not one\n"),
        edited(&project, "data/two.txt", "two\n", "not two\n"),
    ];
    race(&project, &files, edits, |_| project.read("out.txt"))
}

#[test]
fn what_is_edited_while_builds_run_never_gets_into_an_image_unvalidated() {
    for race in [layered, mirrored] {
        let (passed, refused) = race(300);
        assert!(passed > 0 && refused > 0, "passed {passed}, refused {refused}");
    }
}

#[test]
#[ignore = "takes some minutes"]
fn ten_thousand_edits_while_builds_run() {
    for race in [layered, mirrored] {
        let (passed, refused) = race(10_000);
        assert!(passed > 0 && refused > 0, "passed {passed}, refused {refused}");
    }
}
