//! Every error code has an example, and every example really ends with its code: docs/errors.md is the data.
//!
//! An example is a block ```` ```console ```` of lines that begin with `$ ` or, where a command goes on, with `> `. All
//! of it is one script of `sh`, run in a fresh project with `hybrid` on `PATH`. The commands before the last one must
//! succeed; the last one must say `error[CODE]` or `warning[CODE]` and end with one of the section's exit codes. Words
//! behind `console` name what the project has besides (docs/errors.md describes them too):
//!
//! - `source`: a git repository `upstream/`, named by hybrid.toml as the source `modules`.
//! - `plugin`: a builder that asks for a plugin, the plugin, and a packer that is a stub.
//! - `server`: uses `$SERVER`, see [`server`].
//! - `root`: skipped for everybody else.
//! - `strace`: skipped where strace cannot trace.
//! - `relatime`: skipped where temporary files keep no access times.

mod example;
mod server;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hc_cli::error_page::{Section, sections};

use crate::docs::{raised, repository, sources};
use crate::project::Project;

/// Codes that no session of a user can raise at will, with the reason and the test that raises each.
const UNREACHABLE: &[(&str, &str, &str)] = &[
    ("BadLogComponent", "names of logs are constants of the program", "verbosity_and_bad_components"),
    ("BundleEntryInvalid", "names of entries are made by the program", "hostile_names_are_refused"),
    (
        "CommitUnknown",
        "needs a device that fails between the rename and the sync of its directory",
        "sync_fails",
    ),
    ("LoggingAlreadySet", "only a program that uses the libraries can do it", "a_process_logs_to_one_place"),
    (
        "StateChanged",
        "needs another writer between plan and commit",
        "a_plan_made_on_another_state_is_refused",
    ),
    (
        "StateNotCommitted",
        "needs a device that fails while the state is written",
        "a_full_device_keeps_the_old_state",
    ),
    (
        "StateUnwritable",
        "needs a time that RFC 3339 cannot write",
        "a_time_that_cannot_be_written_is_said_and_nothing_changes",
    ),
    (
        "ThreadsUnavailable",
        "needs limits that root does not have, or exactly as little memory as the program takes",
        "without_threads_there_is_an_error_and_no_panic",
    ),
];

/// How many examples run side by side.
const THREADS: usize = 2;
/// How long all of them may take: half a minute on a machine with nothing else to do.
const ALL: Duration = Duration::from_secs(180);

#[test]
fn every_code_has_an_example_or_a_reason() {
    let excused: BTreeSet<&str> = UNREACHABLE.iter().map(|(code, _, _)| *code).collect();
    let mut problems = Vec::new();
    for (code, text) in sections() {
        let section = Section::of(text);
        if section.exit_codes.is_empty() {
            problems.push(format!("the section {code} lacks its line `**Exit code.** …`"));
        }
        match (section.example, excused.contains(code)) {
            (None, false) => problems.push(format!(
                "the section {code} lacks an **Example.** with a ```console block whose last command raises it"
            )),
            (Some(_), true) => problems.push(format!("{code} has an example: take it out of UNREACHABLE")),
            _ => {}
        }
    }
    assert!(problems.is_empty(), "docs/errors.md:\n{}", problems.join("\n"));
}

#[test]
fn explain_shows_the_example() {
    let project = Project::bare();
    let human = project.ok(&["explain", "NotAProject"]).stdout;
    assert!(human.contains("\nExit code. 1\n"), "{human}");
    assert!(human.contains("\n    $ cd /\n    $ hybrid status\n"), "{human}");
    assert!(!human.contains("```") && !human.contains("**"), "{human}");
    let document = project.ok(&["explain", "NotAProject", "--format", "json"]).json();
    assert_eq!(document["result"]["example"], "$ cd /\n$ hybrid status");
    assert_eq!(document["result"]["exit_codes"], serde_json::json!([1]));
    assert!(document["result"]["text"].as_str().unwrap().contains("```console"));
}

#[test]
fn what_no_example_reaches_is_raised_by_a_test() {
    let codes = raised();
    let known: BTreeSet<&str> = sections().into_iter().map(|(code, _)| code).collect();
    let mut files = Vec::new();
    for krate in std::fs::read_dir(repository().join("crates")).unwrap().flatten() {
        sources(&krate.path(), &mut files);
    }
    let own = Path::new(file!()).file_name();
    let files: Vec<PathBuf> =
        files.into_iter().filter(|file| file.parent().unwrap().file_name() != own).collect();
    let tests: String = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    for (code, reason, test) in UNREACHABLE {
        assert!(known.contains(code) && codes.contains(*code), "{code} is no code");
        assert!(!reason.is_empty());
        let body = tests.split(&format!("fn {test}(")).nth(1);
        assert!(body.is_some(), "{code}: there is no test `{test}`");
    }
}

#[test]
fn every_example_ends_with_its_code() {
    let start = Instant::now();
    let server = server::serve();
    let examples: Vec<(&str, Section<'_>)> = sections()
        .into_iter()
        .map(|(code, text)| (code, Section::of(text)))
        .filter(|(_, section)| section.example.is_some())
        .collect();
    assert!(examples.len() > 100, "the page was not read: {} examples", examples.len());
    let (next, problems) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((code, section)) = examples.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(problem) = example::run(code, section, &server) {
                        problems.lock().unwrap().push(problem);
                    }
                }
            });
        }
    });
    let problems = problems.into_inner().unwrap();
    assert!(
        problems.is_empty(),
        "docs/errors.md, {} examples fail:\n\n{}",
        problems.len(),
        problems.join("\n")
    );
    assert!(start.elapsed() < ALL, "the examples took {:?}, more than {ALL:?}", start.elapsed());
}
