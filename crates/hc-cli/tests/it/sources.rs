//! `hybrid sources …` as a user meets it (SRC-1 … SRC-5).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::project::Project;

/// A repository to pin, made with the `git` command line.
struct Upstream(tempfile::TempDir);

fn git(dir: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(dir)
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "t")
        .env("GIT_AUTHOR_EMAIL", "t@example.com")
        .env("GIT_COMMITTER_NAME", "t")
        .env("GIT_COMMITTER_EMAIL", "t@example.com")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

impl Upstream {
    fn new() -> Self {
        let upstream = Self(tempfile::tempdir().unwrap());
        git(upstream.0.path(), &["init", "-q", "-b", "main"]);
        upstream.commit("greet.sh", "#!/bin/sh\nset -eu\necho from upstream\n");
        upstream
    }

    fn commit(&self, path: &str, text: &str) -> String {
        let file = self.0.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
        git(self.0.path(), &["add", "-A"]);
        git(self.0.path(), &["commit", "-q", "-m", "change"]);
        self.head()
    }

    fn head(&self) -> String {
        git(self.0.path(), &["rev-parse", "HEAD"])
    }

    fn url(&self) -> String {
        format!("file://{}", self.0.path().display())
    }
}

fn declare(project: &Project, sources: &[(&str, &str, &str)], more: &str) {
    let mut text = "[project]\nname = \"test\"\n".to_owned();
    for (name, url, reference) in sources {
        text.push_str(&format!("\n[[sources]]\nname = \"{name}\"\nurl = \"{url}\"\nref = \"{reference}\"\n"));
    }
    project.write("hybrid.toml", &format!("{text}\n{more}"));
}

#[test]
fn a_sync_clones_pins_and_records() {
    let upstream = Upstream::new();
    let project = Project::empty();
    declare(&project, &[("modules", &upstream.url(), "main")], "");
    let head = upstream.head();
    let status = project.ok(&["sources", "status", "--format", "json"]).json();
    assert_eq!(status["result"]["sources"][0]["verdict"], "not-pinned");
    let synced = project.ok(&["sources", "sync", "--format", "json"]).json();
    let source = &synced["result"]["sources"][0];
    assert_eq!((source["action"].as_str(), source["sha"].as_str()), (Some("cloned"), Some(head.as_str())));
    assert!(project.read("sources.lock").contains(&head));
    let record = &project.ok(&["state", "show", "--format", "json"]).json()["result"];
    let text = record.to_string();
    assert!(text.contains(&head) && text.contains(&upstream.url()), "{text}");
    assert_eq!(git(&project.path("sources/modules"), &["status", "--porcelain"]), "");
    let again = project.ok(&["sources", "sync"]);
    assert!(again.stdout.contains("unchanged") && again.stdout.contains("modules"), "{}", again.stdout);
    let settled = project.ok(&["state", "show", "--format", "json"]).json()["result"].to_string();
    assert_eq!(settled, text, "a sync that changes nothing writes nothing");
    let new = upstream.commit("new", "x\n");
    project.ok(&["sources", "sync", "--update"]);
    let status = project.ok(&["sources", "status", "--format", "json"]).json();
    let source = &status["result"]["sources"][0];
    assert_eq!((source["verdict"].as_str(), source["present"].as_str()), (Some("ok"), Some(new.as_str())));
    project.ok(&["sources", "verify"]);
    project.run(&["sources", "sync", "nope"]).expect(1).says("error[UnknownSource]").says("modules");
}

#[test]
fn a_dirty_tree_stops_its_sync_with_path_and_way_out() {
    let upstream = Upstream::new();
    let project = Project::empty();
    declare(&project, &[("a", &upstream.url(), "main"), ("b", &upstream.url(), "main")], "");
    project.ok(&["sources", "sync"]);
    project.write("sources/a/greet.sh", "mine\n");
    upstream.commit("new", "x\n");
    let ran = project.run(&["sources", "sync", "--update"]).expect(1);
    for text in ["SourceDirty", "sources/a has 1 modified (greet.sh)", "stash -u", "fetched"] {
        assert!(ran.stdout.contains(text), "{text}:\n{}", ran.stdout);
    }
    assert_eq!(project.read("sources/a/greet.sh"), "mine\n");
    let verified = project.run(&["sources", "verify", "--format", "json"]).expect(1).json();
    assert_eq!(verified["result"]["sources"][0]["problem"]["code"], "SourceDirty");
    assert!(verified["result"]["sources"][1]["problem"].is_null());
    // A damaged object is found, too.
    let objects = project.path("sources/b/.git/objects/pack");
    let pack = std::fs::read_dir(objects).unwrap().flatten().map(|entry| entry.path());
    for pack in pack.filter(|path| path.extension().is_some_and(|end| end == "pack")) {
        let mut bytes = std::fs::read(&pack).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        std::fs::remove_file(&pack).unwrap();
        std::fs::write(&pack, bytes).unwrap();
    }
    let verified = project.run(&["sources", "verify", "b", "--format", "json"]).expect(1).json();
    assert_eq!(verified["result"]["sources"][0]["problem"]["code"], "SourceRepository");
}

#[test]
fn a_force_pin_is_logged_and_expires() {
    let upstream = Upstream::new();
    let old = upstream.head();
    upstream.commit("new", "x\n");
    let mut project = Project::empty();
    project.set_env("USER", "grace");
    declare(&project, &[("a", &upstream.url(), "main")], "");
    project.ok(&["sources", "sync"]);
    let pin = |sha: &str, more: &[&str]| {
        let words = ["sources", "pin", "a", sha, "--reason", "new breaks the driver", "--approved-by"];
        project.run(&[&words[..], more].concat())
    };
    pin(&old[..12], &["ada"]).expect(1).says("error[SourcePinInvalid]");
    pin(&old, &["grace"]).expect(1).says("nobody approves their own pin");
    pin(&old, &["ada", "--expires", "3s"]).expect(0);
    project.ok(&["sources", "sync"]);
    assert_eq!(git(&project.path("sources/a"), &["rev-parse", "HEAD"]), old);
    let log = project.ok(&["sources", "log", "--format", "json"]).json();
    let entry = &log["result"]["entries"][0];
    assert_eq!((entry["approved_by"].as_str(), entry["operator"].as_str()), (Some("ada"), Some("grace")));
    std::thread::sleep(Duration::from_secs(3));
    let expired = project.run(&["sources", "sync"]).expect(1);
    assert!(expired.stdout.contains("SourcePinExpired"), "{}", expired.stdout);
    let status = project.ok(&["sources", "status", "--format", "json"]).json();
    assert_eq!(status["result"]["sources"][0]["verdict"], "pin-expired");
    project.ok(&["sources", "sync", "--update", "a"]);
    assert_eq!(git(&project.path("sources/a"), &["rev-parse", "HEAD"]), upstream.head());
    // A line that somebody took out is missed.
    let log = project.read("state/audit.log");
    project.write("state/audit.log", &log.replace("new breaks the driver", "routine"));
    project.run(&["sources", "log"]).expect(3);
}

#[test]
fn a_bundle_restores_the_pins_where_there_is_no_network() {
    let upstream = Upstream::new();
    let url = upstream.url();
    let here = Project::empty();
    declare(&here, &[("a", &url, "main")], "");
    here.ok(&["sources", "sync"]);
    here.ok(&["sources", "bundle", "all.tar.zst"]);
    let there = Project::empty();
    declare(&there, &[("a", &url, "main")], "");
    std::fs::copy(here.path("sources.lock"), there.path("sources.lock")).unwrap();
    let head = upstream.head();
    drop(upstream);
    let file = here.path("all.tar.zst");
    let command = there.command(&["sources", "unbundle", file.to_str().unwrap()]);
    // A network namespace of its own has no way out; where that is forbidden, the url is gone all the same.
    let mut isolated = Command::new("unshare");
    isolated
        .args(["-rn", "--"])
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(there.root());
    isolated.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let allowed = Command::new("unshare").args(["-rn", "true"]).status().unwrap().success();
    let output = if allowed {
        isolated.output().unwrap()
    } else {
        there.command(&["sources", "unbundle", file.to_str().unwrap()]).output().unwrap()
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(git(&there.path("sources/a"), &["rev-parse", "HEAD"]), head);
    there.ok(&["sources", "verify"]);
    there.ok(&["sources", "sync", "--offline", "--locked"]);
    there.write("cut.tar.zst", "x");
    there.run(&["sources", "unbundle", "cut.tar.zst"]).expect(1).says("error[SourceBundleInvalid]");
}

#[test]
fn a_scanner_says_what_it_found_and_grows_stale() {
    let upstream = Upstream::new();
    let project = Project::empty();
    let scanners = "[scanners.words]\ncommand = [\"bin/words\"]\nmax_age = \"1s\"\n";
    project.write("bin/words", "#!/bin/sh\nif grep -rn password --include=* . ; then exit 1; fi\n");
    declare(&project, &[("a", &upstream.url(), "main")], scanners);
    project.ok(&["sources", "sync"]);
    let scan = |project: &Project| -> serde_json::Value {
        project.ok(&["sources", "status", "--format", "json"]).json()["result"]["sources"][0]["scans"][0]
            .clone()
    };
    assert_eq!(scan(&project)["result"], "not-scanned");
    project.ok(&["sources", "scan"]);
    assert_eq!(
        (scan(&project)["result"].as_str(), scan(&project)["stale"].as_bool()),
        (Some("clean"), Some(false))
    );
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(scan(&project)["stale"], true);
    assert!(project.ok(&["sources", "status"]).stdout.contains("stale scans"));
    upstream.commit("config", "password = x\n");
    project.ok(&["sources", "sync", "--update"]);
    assert_eq!(scan(&project)["result"], "not-scanned");
    let found = project.run(&["sources", "scan"]).expect(3);
    assert!(found.stdout.contains("./config:1:password"), "{}", found.stdout);
    assert_eq!(scan(&project)["result"], "findings");
    project.edit("hybrid.toml", "bin/words", "bin/nothing");
    project.run(&["sources", "scan"]).expect(1).says("error[ScannerInvalid]");
}

#[test]
fn a_builder_that_reads_a_source_depends_on_its_commit() {
    let upstream = Upstream::new();
    let project = Project::with_motd();
    declare(&project, &[("modules", &upstream.url(), "main")], "");
    project.edit(
        "templates/linux/file/motd/motd.pkr.hcl",
        "${path.root}/../../../scripts/linux/greet.sh",
        "${path.root}/../../../../sources/modules/greet.sh",
    );
    let missing = project.run(&["validate", "--env", "dev"]).expect(1);
    missing.says("error[SourceMissing]").says("hybrid sources sync");
    project.ok(&["sources", "sync"]);
    project.ok(&["validate", "--env", "dev"]);
    let trusted = project.read("state/packer/trusted/dev/linux.file.motd.json");
    assert!(trusted.contains("sources/modules"), "{trusted}");
    project.write("sources/modules/untracked", "x");
    project.run(&["plan", "--env", "dev"]).expect(1).says("SourceDirty");
    std::fs::remove_file(project.path("sources/modules/untracked")).unwrap();
    project.ok(&["plan", "--env", "dev"]);
    upstream.commit("greet.sh", "#!/bin/sh\nset -eu\necho changed\n");
    project.ok(&["sources", "sync", "--update"]);
    let built = project.run(&["build", "--env", "dev"]).expect(1);
    assert!(
        built.stderr.contains("DriftDetected") && built.stderr.contains("sources/modules"),
        "{}",
        built.stderr
    );
}

#[test]
fn an_interrupt_ends_a_sync_that_waits_and_resume_finishes_it() {
    let upstream = Upstream::new();
    // Takes connections and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    for scheme in ["git", "http"] {
        let project = Project::empty();
        declare(&project, &[("a", &format!("{scheme}://127.0.0.1:{port}/a.git"), "main")], "");
        let mut child = project
            .command(&["sources", "sync"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let end = Instant::now() + Duration::from_secs(10);
        while !project.path("sources/.journal.json").exists() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(200));
        let start = Instant::now();
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(130), "{scheme}");
        assert!(start.elapsed() < Duration::from_secs(6), "{scheme}: {:?}", start.elapsed());
        assert!(project.ok(&["sources", "status"]).stdout.contains("hybrid sources resume"));
        declare(&project, &[("a", &upstream.url(), "main")], "");
        let resumed = project.ok(&["sources", "resume"]);
        assert!(resumed.stdout.contains("finished what `hybrid sources sync` left"), "{}", resumed.stdout);
        assert_eq!(git(&project.path("sources/a"), &["status", "--porcelain"]), "");
    }
}

/// A process that is killed as a whole.
fn killed_after(project: &Project, args: &[&str], pause: Duration) {
    let mut child = project.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(pause);
    let _ = child.kill();
    let _ = child.wait();
}

/// Kills syncs at random moments; each time, `resume` ends with exactly the locked commits and clean trees.
fn kill_loop(rounds: u64) {
    let upstreams = [Upstream::new(), Upstream::new()];
    for (at, upstream) in upstreams.iter().enumerate() {
        for file in 0..150 {
            std::fs::write(
                upstream.0.path().join(format!("file-{file}")),
                format!("{at} {file}\n").repeat(40),
            )
            .unwrap();
        }
        upstream.commit("last", "x\n");
    }
    let names = ["a", "b"];
    let urls = upstreams.each_ref().map(Upstream::url);
    let start = Instant::now();
    let fresh = || {
        let project = Project::empty();
        declare(&project, &[("a", &urls[0], "main"), ("b", &urls[1], "main")], "");
        project
    };
    let mut project = fresh();
    // How long an undisturbed sync takes, so that the kills fall into it.
    project.ok(&["sources", "sync"]);
    let whole = u64::try_from(start.elapsed().as_millis()).unwrap().max(20);
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let (mut interrupted, mut moved) = (0, 0);
    for round in 0..rounds {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let pause = Duration::from_micros(seed % (whole * 1000));
        if round % 3 == 0 {
            project = fresh();
            killed_after(&project, &["sources", "sync"], pause);
        } else {
            for (at, upstream) in upstreams.iter().enumerate() {
                for file in 0..100 {
                    let path = upstream.0.path().join(format!("file-{file}"));
                    std::fs::write(path, format!("{at} {file} {round}\n").repeat(40)).unwrap();
                }
                let gone = format!("only-{}", round.saturating_sub(1));
                let _ = std::fs::remove_file(upstream.0.path().join(gone));
                upstream.commit(&format!("only-{round}"), "x\n");
            }
            moved += 1;
            killed_after(&project, &["sources", "sync", "--update"], pause);
        }
        interrupted += u32::from(project.path("sources/.journal.json").exists());
        // Sometimes a plain sync comes first instead.
        let way = if round % 2 == 0 { "resume" } else { "sync" };
        project.ok(&["sources", way]);
        let lock = project.read("sources.lock");
        for name in names {
            let tree = project.path(&format!("sources/{name}"));
            let head = git(&tree, &["rev-parse", "HEAD"]);
            assert!(lock.contains(&head), "round {round}: {name} is at {head}\n{lock}");
            assert_eq!(git(&tree, &["status", "--porcelain"]), "", "round {round}: {name}");
            git(&tree, &["fsck"]);
        }
        let journal: PathBuf = project.path("sources/.journal.json");
        assert!(!journal.exists(), "round {round}");
        let left: Vec<_> = std::fs::read_dir(project.path("sources/.incoming")).unwrap().flatten().collect();
        assert!(left.is_empty(), "round {round}: {left:?}");
    }
    assert!(
        interrupted * 4 >= u32::try_from(rounds).unwrap(),
        "only {interrupted} of {rounds} kills hit a sync"
    );
    assert!(moved > 0);
}

#[test]
fn killed_syncs_are_resumed() {
    kill_loop(20);
}

#[test]
#[ignore = "a minute; part of --full"]
fn a_hundred_killed_syncs_are_resumed() {
    kill_loop(100);
}
