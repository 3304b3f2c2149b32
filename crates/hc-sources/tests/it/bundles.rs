//! Pins in one file, brought to a host that reaches nobody (SRC-4).

use std::sync::atomic::AtomicBool;

use hc_sources::bundle::{create, inspect, restore};
use hc_sources::sync::Action;

use crate::project::Project;
use crate::upstream::{Upstream, git};

/// A url that no packet leaves for.
const NOWHERE: &str = "https://localhost:1/a.git";

#[test]
fn a_bundle_brings_the_same_commits_to_a_host_without_network() {
    let upstream = Upstream::new();
    upstream.git(&["tag", "v1"]);
    upstream.commit(&[("README", "two\n")]);
    upstream.publish();
    let url = upstream.file_url();
    let mut here = Project::new(&[("branch", &url, "main"), ("tag", &url, "v1"), ("shallow", &url, "main")]);
    here.specs[2].shallow = true;
    assert!(here.sync().iter().all(|result| result.outcome.is_ok()));
    // What somebody put away in a tree is nobody else's business.
    std::fs::write(here.tree("branch").join("README"), "private\n").unwrap();
    git(&here.tree("branch"), &["stash", "-q"]);
    let private = git(&here.tree("branch"), &["rev-parse", "refs/stash"]);
    let file = here.root().join("all.tar.zst");
    let manifest =
        create(&here.sources(), &here.specs, &here.options, &file, &AtomicBool::new(false)).unwrap();
    assert_eq!(manifest.sources.len(), 3);
    assert_eq!(inspect(&file).unwrap(), manifest);

    // The servers are gone.
    drop(upstream);
    let there = Project::new(&[("branch", &url, "main"), ("tag", &url, "v1"), ("shallow", &url, "main")]);
    std::fs::copy(here.root().join("sources.lock"), there.root().join("sources.lock")).unwrap();
    let arrive = |project: &Project| {
        restore(&project.sources(), &project.specs, &file, &project.options, &AtomicBool::new(false), &|_| {})
    };
    for (round, action) in [Action::Cloned, Action::Unchanged].into_iter().enumerate() {
        for result in arrive(&there).unwrap() {
            let synced = result.outcome.unwrap();
            assert_eq!(synced.action, action, "{round}");
            let tree = there.tree(&result.name);
            assert_eq!(git(&tree, &["rev-parse", "HEAD"]), here.lock().sources[&result.name].sha.as_str());
            assert_eq!(git(&tree, &["status", "--porcelain"]), "");
            assert_eq!(git(&tree, &["fsck", "--strict"]), "");
        }
    }
    assert_eq!(there.lock(), here.lock());
    let objects = git(&there.tree("branch"), &["cat-file", "--batch-all-objects", "--batch-check"]);
    assert!(!objects.contains(&private), "{objects}");
    assert!(!there.sources().dir().join(".incoming/.bundle").exists());
    // A project that pins something else is not served from it.
    let other = Project::new(&[("branch", NOWHERE, "main")]);
    assert_eq!(arrive(&other).unwrap_err().code(), "SourceLockOutdated");
}

#[test]
fn a_bundle_that_was_changed_writes_nothing() {
    let upstream = Upstream::new();
    let url = upstream.file_url();
    let here = Project::new(&[("a", &url, "main")]);
    here.sync();
    let file = here.root().join("a.tar.zst");
    create(&here.sources(), &here.specs, &here.options, &file, &AtomicBool::new(false)).unwrap();
    let good = std::fs::read(&file).unwrap();
    let tar = zstd::decode_all(&good[..]).unwrap();
    let there = Project::new(&[("a", &url, "main")]);
    let bad = there.root().join("bad.tar.zst");
    let code = |bytes: &[u8]| {
        std::fs::write(&bad, bytes).unwrap();
        let cancel = AtomicBool::new(false);
        let refused = restore(&there.sources(), &there.specs, &bad, &there.options, &cancel, &|_| {});
        assert!(!there.sources().dir().exists());
        refused.unwrap_err().code()
    };
    let packed = |tar: &[u8]| zstd::encode_all(tar, 1).unwrap();
    for end in [0, 10, good.len() / 2, good.len() - 1] {
        assert_eq!(code(&good[..end]), "SourceBundleInvalid", "cut at {end}");
    }
    let pack = tar.windows(4).position(|window| window == b"PACK").unwrap();
    let mut flipped = tar.clone();
    flipped[pack + 40] ^= 1;
    assert_eq!(code(&packed(&flipped)), "SourceBundleInvalid");
    let text = String::from_utf8_lossy(&tar[512..pack]).into_owned();
    assert!(text.contains("packs/a/0.pack"), "{text}");
    // Same length, so that only the name is wrong.
    let climb = replaced(&tar, b"packs/a/0.pack", b"../../../evil!");
    assert_eq!(code(&packed(&climb)), "SourceBundleInvalid");
    let newer = replaced(&tar, b"\"version\": 1", b"\"version\": 2");
    assert_eq!(code(&packed(&newer)), "SourceBundleInvalid");
    assert_eq!(code(b"not a bundle"), "SourceBundleInvalid");
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut out = bytes.to_vec();
    let mut at = 0;
    while let Some(found) = out[at..].windows(from.len()).position(|window| window == from) {
        out[at + found..at + found + from.len()].copy_from_slice(to);
        at += found + from.len();
    }
    out
}
