//! The engine alone: every transport brings a commit into a clean tree.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use hc_sources::git::{FetchRequest, GitOptions, Look, Note, Repository, WantedCommit};
use hc_sources::{Sha, SourceError, SourceSpec};

use crate::servers::{Daemon, HttpServer, Manner, certificates};
use crate::upstream::{Upstream, git};

fn options() -> GitOptions {
    GitOptions { idle_timeout: Duration::from_secs(5), ..GitOptions::default() }
}

fn clone(url: &str, reference: &str, dir: &Path) -> Result<Sha, SourceError> {
    clone_with(&options(), url, reference, dir).map(|(sha, _)| sha)
}

fn clone_with(
    options: &GitOptions,
    url: &str,
    reference: &str,
    dir: &Path,
) -> Result<(Sha, Vec<Note>), SourceError> {
    let cancel = AtomicBool::new(false);
    let spec = SourceSpec::new("x", url, reference, &BTreeMap::new())?;
    let repository = Repository::init(dir, url, options)?;
    let (found, mut notes) = repository.resolve(&spec, &cancel)?;
    let sha = found.sha.clone();
    let request = FetchRequest {
        wanted: WantedCommit { sha: sha.clone(), by: Some(found) },
        within: None,
        shallow: false,
    };
    notes.extend(repository.fetch(&spec, &request, &cancel, &mut |_| {})?.notes);
    let tree = repository.tree("x", &sha)?;
    let staged = repository.stage(&tree, None, dir, &cancel)?;
    repository.adopt(staged)?;
    repository.set_head(&sha)?;
    assert!(repository.status(Look::Full)?.is_clean());
    Ok((sha, notes))
}

fn assert_clone(upstream: &Upstream, url: &str, reference: &str) {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("clone");
    assert_eq!(clone(url, reference, &place).unwrap(), upstream.head(), "{url} {reference}");
    assert_eq!(std::fs::read_to_string(place.join("README")).unwrap(), "one\n");
    assert_eq!(git(&place, &["status", "--porcelain"]), "", "{url}");
    assert_eq!(git(&place, &["fsck", "--strict"]), "", "{url}");
}

#[test]
fn branches_and_tags_come_over_file_daemon_and_http() {
    let upstream = Upstream::new();
    upstream.git(&["tag", "light"]);
    upstream.git(&["tag", "-a", "-m", "x", "heavy"]);
    upstream.publish();
    let daemon = Daemon::serve(upstream.root());
    let http = HttpServer::serve(upstream.root(), Manner::Polite);
    for url in [upstream.file_url(), daemon.url(), http.url()] {
        for reference in ["main", "light", "heavy", "refs/heads/main"] {
            assert_clone(&upstream, &url, reference);
        }
    }
}

#[test]
fn a_missing_ref_and_an_ambiguous_one_are_told_apart() {
    let upstream = Upstream::new();
    upstream.git(&["branch", "both"]);
    upstream.git(&["tag", "both"]);
    upstream.publish();
    let http = HttpServer::serve(upstream.root(), Manner::Polite);
    let dir = tempfile::tempdir().unwrap();
    let missing = clone(&http.url(), "nope", &dir.path().join("a")).unwrap_err();
    assert!(matches!(missing, SourceError::ReferenceMissing { .. }), "{missing}");
    let both = clone(&http.url(), "both", &dir.path().join("b")).unwrap_err();
    assert!(matches!(both, SourceError::ReferenceAmbiguous { .. }), "{both}");
}

#[test]
fn a_server_that_asks_who_is_there_gets_an_answer_or_is_named() {
    let upstream = Upstream::new();
    let pem = certificates(upstream.root());
    let locked = Manner::Locked { user: "me", password: "s3cret" };
    let https = HttpServer::serve_tls(upstream.root(), &pem, locked);
    let trusting = GitOptions { ca_file: Some(pem.authority), ..options() };
    let dir = tempfile::tempdir().unwrap();
    let refused = clone_with(&trusting, &https.url(), "main", &dir.path().join("a")).unwrap_err();
    assert_eq!(refused.code(), "SourceAccessDenied", "{refused}");
    let helper = |password: &str| GitOptions {
        credential_program: Some(
            ["/bin/sh", "-c", &format!("cat >/dev/null; echo username=me; echo password={password}")]
                .map(Into::into)
                .to_vec(),
        ),
        environment: [("PATH".into(), std::env::var_os("PATH").unwrap())].into(),
        ..trusting.clone()
    };
    clone_with(&helper("s3cret"), &https.url(), "main", &dir.path().join("b")).unwrap();
    let wrong = clone_with(&helper("wrong"), &https.url(), "main", &dir.path().join("c")).unwrap_err();
    assert_eq!(wrong.code(), "SourceAccessDenied", "{wrong}");
    assert!(!wrong.to_string().contains("wrong") && !wrong.to_string().contains("s3cret"), "{wrong}");
}

#[test]
fn a_certificate_counts_only_with_its_authority() {
    let upstream = Upstream::new();
    let pem = certificates(upstream.root());
    let https = HttpServer::serve_tls(upstream.root(), &pem, Manner::Polite);
    let dir = tempfile::tempdir().unwrap();
    let refused = clone(&https.url(), "main", &dir.path().join("a")).unwrap_err();
    assert_eq!(refused.code(), "SourceCertificate", "{refused}");
    let trusting = GitOptions { ca_file: Some(pem.authority), ..options() };
    clone_with(&trusting, &https.url(), "main", &dir.path().join("b")).unwrap();
}

#[test]
fn a_server_that_dies_or_falls_silent_is_named_in_time() {
    let upstream = Upstream::new();
    let http = HttpServer::serve(upstream.root(), Manner::Dying { bytes: 300, times: 1 });
    let dir = tempfile::tempdir().unwrap();
    let died = clone(&http.url(), "main", &dir.path().join("a")).unwrap_err();
    assert!(died.is_transient(), "{died:?}");
    http.set(Manner::Silent { bytes: 300 });
    let start = Instant::now();
    let impatient = GitOptions { idle_timeout: Duration::from_secs(1), ..options() };
    let silent = clone_with(&impatient, &http.url(), "main", &dir.path().join("b")).unwrap_err();
    assert_eq!(silent.code(), "SourceTimeout", "{silent}");
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    http.set(Manner::Overloaded { times: 9 });
    let busy = clone(&http.url(), "main", &dir.path().join("c")).unwrap_err();
    assert!(busy.is_transient(), "{busy:?}");
    assert!(http.requests() > 2);
}

#[test]
fn nobody_there_and_nothing_there_are_told_apart() {
    let upstream = Upstream::new();
    let daemon = Daemon::serve(upstream.root());
    let http = HttpServer::serve(upstream.root(), Manner::Polite);
    let dir = tempfile::tempdir().unwrap();
    for (at, url) in [http.url(), daemon.url(), upstream.file_url()].into_iter().enumerate() {
        let wrong = url.replace("repo.git", "none.git");
        let missing = clone(&wrong, "main", &dir.path().join(at.to_string())).unwrap_err();
        assert_eq!(missing.code(), "SourceNotFound", "{wrong}: {missing}");
    }
    let dead = clone("http://127.0.0.1:1/a.git", "main", &dir.path().join("dead")).unwrap_err();
    assert!(dead.is_transient(), "{dead:?}");
}

#[test]
fn the_dumb_protocol_is_left_to_the_git_program_and_said() {
    let upstream = Upstream::new();
    let http = HttpServer::serve(upstream.root(), Manner::Dumb);
    let dir = tempfile::tempdir().unwrap();
    let alone = clone(&http.url(), "main", &dir.path().join("a")).unwrap_err();
    assert_eq!(alone.code(), "GitProgramNeeded", "{alone}");
    let path = std::env::var_os("PATH").unwrap();
    let program = std::env::split_paths(&path).map(|dir| dir.join("git")).find(|file| file.is_file());
    let helped =
        GitOptions { git_program: program, environment: [("PATH".into(), path)].into(), ..options() };
    let (sha, notes) = clone_with(&helped, &http.url(), "main", &dir.path().join("b")).unwrap();
    assert_eq!(sha, upstream.head());
    assert!(notes.iter().any(|note| matches!(note, Note::GitProgram { .. })), "{notes:?}");
}

/// The program `ssh` is replaced by one that runs what the far side would run.
#[test]
fn ssh_urls_go_through_the_ssh_program() {
    let upstream = Upstream::new();
    let fake = upstream.root().join("ssh");
    let home = upstream.root().display();
    std::fs::write(
        &fake,
        format!(
            "#!/bin/sh\necho \"$@\" >>{home}/ssh.log\nwhile [ \"$1\" != git@localhost ]; do shift; done\nshift\n\
             HOME={home} exec sh -c \"$*\"\n"
        ),
    )
    .unwrap();
    let mut permissions = std::fs::metadata(&fake).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    std::fs::set_permissions(&fake, permissions).unwrap();
    let options = GitOptions { ssh_command: Some(fake.display().to_string()), ..options() };
    let dir = tempfile::tempdir().unwrap();
    let url = format!("ssh://git@localhost{}", upstream.bare().display());
    let cloned = clone_with(&options, &url, "main", &dir.path().join("a"));
    let log = std::fs::read_to_string(upstream.root().join("ssh.log")).unwrap();
    let (sha, _) = cloned.unwrap_or_else(|error| panic!("{error}: {log}"));
    assert_eq!(sha, upstream.head());
    assert!(log.contains("git@localhost") && log.contains("git-upload-pack"), "{log}");
}
