//! `diag bundle`: what went in with canaries comes out without.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use hc_core::SecretString;
use hc_logs::Redactor;
use hc_logs::bundle::{Bundle, BundleManifest, BundleOptions, ScrubManifest};
use hc_records::retention::{Policy, Retention};
use time::macros::datetime;

fn options() -> BundleOptions {
    BundleOptions {
        name: "hybrid-diag".into(),
        created_at: datetime!(2026-11-20 22:56:20 UTC),
        created_with: "hybrid 0.1.0".into(),
        run_id: Some("20261120T225620.123Z-1f2e3d4c".parse().unwrap()),
        class: Retention::Standard,
        policy: Policy::default(),
    }
}

fn redactor() -> Redactor {
    Redactor::builder().secret(&SecretString::new("canary-in-the-mine")).token_shapes(true).build()
}

fn unpack(bytes: &[u8]) -> (Vec<String>, BTreeMap<String, String>) {
    let mut archive = tar::Archive::new(zstd::Decoder::new(bytes).unwrap());
    let (mut names, mut files) = (Vec::new(), BTreeMap::new());
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        names.push(name.clone());
        files.insert(name, String::from_utf8_lossy(&bytes).into_owned());
    }
    (names, files)
}

fn fill(bundle: &mut Bundle, dir: &Path) {
    std::fs::write(dir.join("packer.log"), "login canary-in-the-mine\nY2FuYXJ5LWluLXRoZS1taW5l\nok\n")
        .unwrap();
    std::os::unix::fs::symlink("/etc/hostname", dir.join("link")).unwrap();
    bundle.add_file("logs/packer.log", &dir.join("packer.log")).unwrap();
    bundle.add_file("logs/link", &dir.join("link")).unwrap();
    bundle.add_file("logs/absent", &dir.join("absent")).unwrap();
    bundle.add_bytes("state/canary-in-the-mine.json", b"{}\n".to_vec()).unwrap();
    bundle.add_bytes("a.txt", b"plain\n".to_vec()).unwrap();
}

#[test]
fn everything_is_scrubbed_listed_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let mut bundle = Bundle::new(options(), redactor()).unwrap();
    fill(&mut bundle, dir.path());
    let path = dir.path().join("diag.tar.zst");
    let report = bundle.write_to(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let (names, files) = unpack(&bytes);
    assert_eq!(
        names,
        ["a.txt", "logs/packer.log", "state/***.json", "manifest.json", "scrub-manifest.json"]
            .map(|name| format!("hybrid-diag/{name}"))
    );
    assert!(files.iter().all(|(name, text)| !name.contains("canary")
        && !text.contains("canary")
        && !text.contains("Y2FuYXJ5")));
    assert_eq!(files["hybrid-diag/logs/packer.log"], "login ***\n***\nok\n");
    let manifest: BundleManifest = serde_json::from_str(&files["hybrid-diag/manifest.json"]).unwrap();
    assert_eq!(manifest, report.manifest);
    assert_eq!(manifest.expires_at, Some(datetime!(2026-12-20 22:56:20 UTC)));
    let skipped: Vec<_> = manifest.skipped.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(skipped, ["logs/absent", "logs/link"]);
    let scrub: ScrubManifest = serde_json::from_str(&files["hybrid-diag/scrub-manifest.json"]).unwrap();
    assert_eq!((scrub.total, scrub.files.len()), (2, 1));
    let rules: Vec<_> = scrub.files["logs/packer.log"].iter().collect();
    assert_eq!(rules, [("secret.base64", 1), ("secret.raw", 1)]);
    assert!(!dir.path().join("diag.tar.zst.partial").exists());
}

#[test]
fn the_same_inputs_make_the_same_bytes() {
    let make = || {
        let dir = tempfile::tempdir().unwrap();
        let mut bundle = Bundle::new(options(), redactor()).unwrap();
        fill(&mut bundle, dir.path());
        bundle.write(Vec::new()).unwrap().0
    };
    assert_eq!(make(), make());
}

#[test]
fn hostile_names_are_refused() {
    let mut bundle = Bundle::new(options(), redactor()).unwrap();
    for name in ["", "/etc/passwd", "../x", "a/../b", "a//b", "a\nb", "a\x1b[2J", "c:\\x", "./a"] {
        let error = bundle.add_bytes(name, Vec::new()).unwrap_err();
        assert_eq!(error.code(), "BundleEntryInvalid", "{name:?}");
        assert!(!error.to_string().contains('\x1b'));
    }
    bundle.add_bytes("a", Vec::new()).unwrap();
    assert!(
        bundle.add_bytes("a", Vec::new()).is_err() && bundle.add_bytes("manifest.json", Vec::new()).is_err()
    );
}
