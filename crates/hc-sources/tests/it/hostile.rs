//! Trees that want to write elsewhere are refused before anything is written.

use std::io::Write;
use std::process::Stdio;

use crate::project::{Project, only, refusal};
use crate::upstream::{Upstream, git, git_command};

/// A tree object with these entries, names unchecked; its id.
fn make_tree(upstream: &Upstream, entries: &[(&str, &[u8], &str)]) -> String {
    let mut bytes = Vec::new();
    for (mode, name, id) in entries {
        bytes.extend_from_slice(mode.as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(name);
        bytes.push(0);
        bytes.extend((0..20).map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).unwrap()));
    }
    hash_object(upstream, "tree", &bytes)
}

fn hash_object(upstream: &Upstream, kind: &str, bytes: &[u8]) -> String {
    let mut child = git_command(upstream.root())
        .arg("-C")
        .arg(upstream.work())
        .args(["hash-object", "-t", kind, "-w", "--literally", "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
}

fn publish(upstream: &Upstream, tree: &str) {
    let commit = upstream.git(&["commit-tree", "-m", "x", tree]);
    upstream.git(&["update-ref", "refs/heads/main", &commit]);
    let bare = upstream.bare();
    git(&upstream.work(), &["push", "-q", "--force", bare.to_str().unwrap(), "main"]);
}

#[test]
fn trees_that_write_elsewhere_are_refused() {
    let upstream = Upstream::new();
    let good = upstream.head();
    let blob = hash_object(&upstream, "blob", b"#!/bin/sh\nid\n");
    let link = |target: &str| hash_object(&upstream, "blob", target.as_bytes());
    let inner = make_tree(&upstream, &[("100644", b"hook", &blob)]);
    let long = "a".repeat(300);
    let cases: Vec<(&str, String)> = vec![
        ("dots", make_tree(&upstream, &[("40000", b"..", &inner)])),
        ("slash", make_tree(&upstream, &[("100644", b"../evil", &blob)])),
        ("absolute", make_tree(&upstream, &[("100644", b"/evil", &blob)])),
        ("backslash", make_tree(&upstream, &[("100644", b"..\\evil", &blob)])),
        ("git directory", make_tree(&upstream, &[("40000", b".git", &inner)])),
        ("git in capitals", make_tree(&upstream, &[("40000", b".GIT", &inner)])),
        ("git, short", make_tree(&upstream, &[("40000", b"git~1", &inner)])),
        ("git, ignorable", make_tree(&upstream, &[("40000", ".g\u{200c}it".as_bytes(), &inner)])),
        ("link out", make_tree(&upstream, &[("120000", b"out", &link("../../.."))])),
        ("absolute link", make_tree(&upstream, &[("120000", b"out", &link("/etc/passwd"))])),
        ("link into git", make_tree(&upstream, &[("120000", b"hooks", &link(".git/hooks"))])),
        (
            "link and directory",
            make_tree(&upstream, &[("120000", b"a", &link("b")), ("40000", b"a", &inner)]),
        ),
        ("case", make_tree(&upstream, &[("100644", b"README", &blob), ("100644", b"readme", &blob)])),
        (
            "case of directories",
            make_tree(&upstream, &[("40000", b"A", &inner), ("120000", b"a", &link("b"))]),
        ),
        ("modules link", make_tree(&upstream, &[("120000", b".gitmodules", &link("x"))])),
        ("control", make_tree(&upstream, &[("100644", b"a\x1b[2J", &blob)])),
        ("not text", make_tree(&upstream, &[("100644", b"a\xff", &blob)])),
        ("long", make_tree(&upstream, &[("100644", long.as_bytes(), &blob)])),
    ];
    git(&upstream.bare(), &["config", "receive.fsckObjects", "false"]);
    let settled = Project::new(&[("a", &upstream.file_url(), "main")]);
    only(settled.sync());
    for (what, tree) in cases {
        publish(&upstream, &tree);
        let project = Project::new(&[("a", &upstream.file_url(), "main")]);
        let error = refusal(project.sync());
        assert_eq!((error.code(), error.class().number()), ("SourceHostile", 3), "{what}: {error}");
        assert!(!error.to_string().contains('\u{1b}'), "{what}: {error:?}");
        assert!(!project.tree("a").exists() && !project.root().join("sources.lock").exists(), "{what}");
        let written: Vec<_> =
            std::fs::read_dir(project.root().join("sources/.incoming/a")).unwrap().flatten().collect();
        assert!(written.iter().all(|entry| entry.file_name() == ".git"), "{what}: {written:?}");
        // A tree that is there stays.
        assert_eq!(refusal(settled.update()).code(), "SourceHostile", "{what}");
        assert_eq!(git(&settled.tree("a"), &["rev-parse", "HEAD"]), good.as_str(), "{what}");
        assert_eq!(git(&settled.tree("a"), &["status", "--porcelain"]), "", "{what}");
        let outside: Vec<_> = std::fs::read_dir(project.root()).unwrap().flatten().collect();
        assert_eq!(outside.len(), 1, "{what}: {outside:?}");
    }
}

#[test]
fn links_in_the_place_of_our_directories_are_not_followed() {
    let upstream = Upstream::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let project = Project::new(&[("a", &upstream.file_url(), "main")]);
    std::os::unix::fs::symlink(elsewhere.path(), project.root().join("sources")).unwrap();
    assert_eq!(project.request(&Default::default()).unwrap_err().code(), "SourceNotAClone");
    std::fs::remove_file(project.root().join("sources")).unwrap();
    std::fs::create_dir_all(project.root().join("sources")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), project.tree("a")).unwrap();
    assert_eq!(refusal(project.sync()).code(), "SourceNotAClone");
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn a_tampered_configuration_neither_runs_nor_redirects() {
    let upstream = Upstream::new();
    upstream.commit(&[(".gitattributes", "* filter=evil\n")]);
    upstream.publish();
    let project = Project::new(&[("a", &upstream.file_url(), "main")]);
    only(project.sync());
    let (tree, canary) = (project.tree("a"), project.root().join("canary"));
    let run = format!("touch {}", canary.display());
    for key in
        ["filter.evil.smudge", "filter.evil.clean", "core.fsmonitor", "core.sshCommand", "core.gitProxy"]
    {
        git(&tree, &["config", key, &run]);
    }
    std::fs::write(tree.join(".git/hooks/post-checkout"), format!("#!/bin/sh\n{run}\n")).unwrap();
    upstream.commit(&[("README", "two\n")]);
    upstream.publish();
    only(project.update());
    assert!(!canary.exists());
    git(&tree, &["config", "core.worktree", project.root().to_str().unwrap()]);
    assert_eq!(refusal(project.sync()).code(), "SourceRepository");
    assert!(!project.root().join("README").exists());
}

#[test]
fn a_few_objects_that_stand_for_more_than_a_disk_holds_are_refused() {
    let upstream = Upstream::new();
    let blob = hash_object(&upstream, "blob", b"x");
    let names: Vec<String> = (0..9000).map(|at| format!("{at:04}")).collect();
    // Every level names the one below many times.
    let mut bomb = make_tree(&upstream, &[("100644", b"x", &blob)]);
    for _ in 0..8 {
        let entries: Vec<_> = names[..100].iter().map(|name| ("40000", name.as_bytes(), &*bomb)).collect();
        bomb = make_tree(&upstream, &entries);
    }
    // Of zeros a pack holds a thousandth.
    let zeros = upstream.root().join("zeros");
    std::fs::File::create(&zeros).unwrap().set_len(4 << 20).unwrap();
    let large = upstream.git(&["hash-object", "-w", zeros.to_str().unwrap()]);
    let entries: Vec<_> = names.iter().map(|name| ("100644", name.as_bytes(), &*large)).collect();
    let heavy = make_tree(&upstream, &entries);
    let link = make_tree(&upstream, &[("120000", b"out", &large)]);
    let name = "n".repeat(250);
    let mut deep = make_tree(&upstream, &[("100644", b"x", &blob)]);
    for _ in 0..40 {
        deep = make_tree(&upstream, &[("40000", name.as_bytes(), &deep)]);
    }
    for (tree, why) in [
        (bomb, "500,000 entries"),
        (heavy, "larger than 32 GiB"),
        (link, "link to nothing"),
        (deep, "more than 4096 bytes"),
    ] {
        publish(&upstream, &tree);
        let project = Project::new(&[("a", &upstream.file_url(), "main")]);
        let said = refusal(project.sync()).to_string();
        assert!(said.contains(why), "{said}");
    }
}

/// A server of git's own protocol that names refs until its client has enough; the url.
fn endless_refs() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("git://{}/repo.git", listener.local_addr().unwrap());
    let packet = |line: String| format!("{:04x}{line}", line.len() + 4);
    let serve = move |mut client: std::net::TcpStream| -> std::io::Result<()> {
        let (mut asked, id) = ([0; 1024], "a".repeat(40));
        let _ = std::io::Read::read(&mut client, &mut asked)?;
        client.write_all(packet(format!("{id} HEAD\0multi_ack side-band-64k ofs-delta\n")).as_bytes())?;
        for thousand in 0.. {
            let lines = (0..1000).map(|at| packet(format!("{id} refs/heads/{thousand}-{at}\n")));
            client.write_all(lines.collect::<String>().as_bytes())?;
        }
        Ok(())
    };
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // It ends when the client hangs up.
            std::thread::spawn(move || serve(client));
        }
    });
    url
}

#[test]
fn a_server_that_names_refs_without_end_is_left() {
    let project = Project::new(&[("a", &endless_refs(), "main")]);
    let error = refusal(project.sync());
    let said = format!("{error} {:?}", std::error::Error::source(&error).map(ToString::to_string));
    assert!(said.contains("more than 500,000 refs"), "{said}");
}
