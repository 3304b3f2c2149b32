//! Sync, lock, update and resume against real servers (SRC-1 … SRC-3, SRC-5).

use hc_core::lock::FileLock;
use hc_sources::git::Note;
use hc_sources::pins::{PinRequest, pin};
use hc_sources::sync::{Action, Event, SyncRequest};
use hc_sources::{PinKind, SourceError};
use time::Duration;

use crate::project::{Project, now, only, refusal};
use crate::servers::{Daemon, HttpServer, Manner};
use crate::upstream::{Upstream, git};

#[test]
fn a_sync_follows_the_lock_and_an_update_moves_it() {
    let upstream = Upstream::new();
    let daemon = Daemon::serve(upstream.root());
    let project = Project::new(&[("a", &daemon.url(), "main")]);
    let first = upstream.head();
    let cloned = only(project.sync());
    assert_eq!((cloned.action, cloned.pin.kind, &cloned.pin.sha), (Action::Cloned, PinKind::Branch, &first));
    assert!(cloned.bytes > 0);
    let second = upstream.commit(&[("README", "two\n"), ("new/file", "x\n")]);
    upstream.publish();
    let unchanged = only(project.sync());
    assert_eq!((unchanged.action, &unchanged.pin.sha), (Action::Unchanged, &first));
    let moved = only(project.update());
    assert_eq!((moved.action, &moved.pin.sha), (Action::Fetched, &second));
    assert_eq!(std::fs::read_to_string(project.tree("a").join("new/file")).unwrap(), "x\n");
    assert_eq!(git(&project.tree("a"), &["status", "--porcelain"]), "");
    assert_eq!(git(&project.tree("a"), &["fsck", "--strict"]), "");
    assert_eq!(project.lock().sources["a"].sha, second);
    // The lock of an older checkout of the project brings the older tree back, without a server.
    let text = std::fs::read_to_string(project.root().join("sources.lock")).unwrap();
    std::fs::write(project.root().join("sources.lock"), text.replace(second.as_str(), first.as_str()))
        .unwrap();
    drop(daemon);
    let back = only(project.sync());
    assert_eq!((back.action, &back.pin.sha), (Action::CheckedOut, &first));
    assert!(!project.tree("a").join("new").exists());
}

#[test]
fn commits_and_tags_are_pinned_and_a_moved_tag_stops() {
    let upstream = Upstream::new();
    let old = upstream.head();
    upstream.git(&["tag", "-a", "-m", "x", "v1"]);
    upstream.commit(&[("README", "two\n")]);
    upstream.publish();
    let http = HttpServer::serve(upstream.root(), Manner::Polite);
    let project = Project::new(&[("tagged", &http.url(), "v1"), ("by-id", &http.url(), old.as_str())]);
    for result in project.sync() {
        assert_eq!(result.outcome.unwrap().pin.sha, old);
    }
    upstream.git(&["tag", "-f", "v1"]);
    upstream.publish();
    let results = project.sync();
    let error = results[0].outcome.as_ref().unwrap_err();
    assert_eq!(error.code(), "SourceTagMoved");
    assert!(results[1].outcome.is_ok());
    assert_eq!(refusal(project.update().into_iter().take(1).collect()).code(), "SourceTagMoved");
    assert_eq!(project.lock().sources["tagged"].sha, old);
    assert_eq!(git(&project.tree("tagged"), &["rev-parse", "HEAD"]), old.as_str());
    // Without its server the pin is here all the same.
    drop(http);
    let notes = project.sync().remove(0).outcome.unwrap().notes;
    assert!(matches!(notes[..], [Note::TagUnchecked { .. }]), "{notes:?}");
}

#[test]
fn a_force_pushed_branch_keeps_its_pin_and_an_update_says_so() {
    let upstream = Upstream::new();
    let base = upstream.head();
    let lost = upstream.commit(&[("README", "lost\n")]);
    upstream.publish();
    let http = HttpServer::serve(upstream.root(), Manner::Polite);
    let project = Project::new(&[("a", &http.url(), "main")]);
    only(project.sync());
    upstream.git(&["reset", "-q", "--hard", base.as_str()]);
    let new = upstream.commit(&[("README", "other\n")]);
    upstream.publish();
    assert_eq!(only(project.sync()).pin.sha, lost);
    let moved = only(project.update());
    assert_eq!(moved.pin.sha, new);
    assert!(moved.notes.contains(&Note::Rewritten), "{:?}", moved.notes);
    // On a machine without the clone, the lost commit comes only as long as the server has it.
    git(&upstream.bare(), &["reflog", "expire", "--expire=now", "--all"]);
    git(&upstream.bare(), &["gc", "-q", "--prune=now"]);
    let fresh = Project::new(&[("a", &http.url(), "main")]);
    let text = std::fs::read_to_string(project.root().join("sources.lock")).unwrap();
    std::fs::write(fresh.root().join("sources.lock"), text.replace(new.as_str(), lost.as_str())).unwrap();
    assert_eq!(refusal(fresh.sync()).code(), "SourcePinGone");
    assert!(!fresh.tree("a").exists());
}

#[test]
fn what_a_person_changed_is_left_alone_and_the_others_sync() {
    let upstream = Upstream::new();
    let url = upstream.file_url();
    let project = Project::new(&[
        ("dirty", &url, "main"),
        ("ahead", &url, "main"),
        ("foreign", &url, "main"),
        ("fine", &url, "main"),
    ]);
    std::fs::create_dir_all(project.tree("foreign")).unwrap();
    std::fs::write(project.tree("foreign").join("mine"), "x").unwrap();
    let codes = |results: Vec<hc_sources::sync::SourceResult>| -> Vec<&'static str> {
        results
            .iter()
            .map(|result| result.outcome.as_ref().map_or_else(SourceError::code, |done| done.action.as_str()))
            .collect()
    };
    assert_eq!(codes(project.sync()), ["cloned", "cloned", "SourceNotAClone", "cloned"]);
    std::fs::write(project.tree("dirty").join("README"), "mine\n").unwrap();
    let ahead = project.tree("ahead");
    git(&ahead, &["commit", "-q", "--allow-empty", "-m", "mine"]);
    upstream.commit(&[("README", "two\n")]);
    upstream.publish();
    assert_eq!(codes(project.update()), ["SourceDirty", "SourceDiverged", "SourceNotAClone", "fetched"]);
    assert_eq!(std::fs::read_to_string(project.tree("dirty").join("README")).unwrap(), "mine\n");
    assert_eq!(std::fs::read_to_string(project.tree("foreign").join("mine")).unwrap(), "x");
    assert_ne!(project.lock().sources["dirty"].sha, project.lock().sources["fine"].sha);
}

#[test]
fn an_ignored_file_in_the_way_stops_and_another_stays() {
    let upstream = Upstream::new();
    upstream.commit(&[(".gitignore", "*.log\n")]);
    upstream.publish();
    let project = Project::new(&[("a", &upstream.file_url(), "main")]);
    only(project.sync());
    std::fs::write(project.tree("a").join("build.log"), "mine").unwrap();
    std::fs::write(project.tree("a").join("other.log"), "mine").unwrap();
    upstream.git(&["reset", "-q", "--hard"]);
    std::fs::write(upstream.work().join("build.log"), "theirs").unwrap();
    upstream.git(&["add", "-f", "build.log"]);
    upstream.commit(&[("README", "two\n")]);
    upstream.publish();
    let error = refusal(project.update());
    assert!(matches!(&error, SourceError::Obstructed { path } if path.ends_with("build.log")), "{error}");
    assert_eq!(std::fs::read_to_string(project.tree("a").join("build.log")).unwrap(), "mine");
    std::fs::remove_file(project.tree("a").join("build.log")).unwrap();
    only(project.update());
    assert_eq!(std::fs::read_to_string(project.tree("a").join("build.log")).unwrap(), "theirs");
    assert_eq!(std::fs::read_to_string(project.tree("a").join("other.log")).unwrap(), "mine");
}

#[test]
fn a_dying_server_is_asked_again_and_a_dead_one_is_resumed_later() {
    let upstream = Upstream::new();
    let http = HttpServer::serve(upstream.root(), Manner::Dying { bytes: 300, times: 2 });
    let project = Project::new(&[("a", &http.url(), "main")]);
    only(project.sync());
    let retries =
        project.events.lock().unwrap().iter().filter(|event| matches!(event, Event::Retry { .. })).count();
    assert_eq!(retries, 2);
    assert!(project.sources().interrupted().unwrap().is_none());

    let http = HttpServer::serve(upstream.root(), Manner::Dying { bytes: 300, times: 99 });
    let project = Project::new(&[("a", &http.url(), "main")]);
    assert_eq!(refusal(project.sync()).code(), "SourceUnreachable");
    assert!(!project.tree("a").exists());
    assert!(project.sources().interrupted().unwrap().is_some());
    http.set(Manner::Polite);
    let report = project.resume();
    assert!(report.resumed.is_some());
    assert_eq!(only(report.results).pin.sha, upstream.head());
    assert!(project.sources().interrupted().unwrap().is_none());
}

#[test]
fn one_writer_at_a_time_who_is_named() {
    let upstream = Upstream::new();
    let project = Project::new(&[("a", &upstream.file_url(), "main")]);
    std::fs::create_dir(project.sources().dir()).unwrap();
    let lock = FileLock::try_acquire(&project.sources().dir().join(".lock"), &project.options.me).unwrap();
    let busy = project.request(&SyncRequest::default()).unwrap_err();
    assert_eq!((busy.code(), busy.class().number()), ("SourcesBusy", 2));
    assert!(busy.to_string().contains("pid 1 on h"), "{busy}");
    drop(lock);
    only(project.sync());
}

#[test]
fn what_another_sync_left_stays_on_record() {
    let upstream = Upstream::new();
    let http = HttpServer::serve(upstream.root(), Manner::Dying { bytes: 300, times: 99 });
    let project = Project::new(&[("weak", &http.url(), "main"), ("fine", &upstream.file_url(), "main")]);
    let results = project.sync();
    assert!(results[0].outcome.is_err() && results[1].outcome.is_ok());
    let only_fine = SyncRequest { only: ["fine".to_owned()].into(), update: true };
    upstream.commit(&[("README", "two\n")]);
    upstream.publish();
    assert!(project.request(&only_fine).unwrap().results[0].outcome.is_ok());
    let left = project.sources().interrupted().unwrap().unwrap();
    assert!(left.only.is_empty() && !left.update, "{left:?}");
    http.set(Manner::Polite);
    assert!(project.resume().results.iter().all(|result| result.outcome.is_ok()));
    assert!(project.sources().interrupted().unwrap().is_none());
    let journal = project.sources().dir().join(".journal.json");
    project.sync();
    assert!(!journal.exists());
}

#[test]
fn commits_that_only_remove_files_and_empty_ones_are_checked_out() {
    let upstream = Upstream::new();
    let project = Project::new(&[("a", &upstream.file_url(), "main")]);
    only(project.sync());
    for gone in ["scripts", "README"] {
        upstream.git(&["rm", "-q", "-r", gone]);
        upstream.commit(&[]);
        upstream.publish();
        assert_eq!(only(project.update()).action, Action::Fetched);
        assert!(!project.tree("a").join(gone).exists());
        assert_eq!(git(&project.tree("a"), &["status", "--porcelain"]), "");
    }
    let fresh = Project::new(&[("a", &upstream.file_url(), "main")]);
    assert_eq!(only(fresh.sync()).action, Action::Cloned);
    assert_eq!(git(&fresh.tree("a"), &["status", "--porcelain"]), "");
    upstream.commit(&[("back", "x\n")]);
    upstream.publish();
    only(fresh.update());
    assert!(fresh.tree("a").join("back").exists());
}

#[test]
fn shallow_clones_have_one_commit_and_can_move() {
    let upstream = Upstream::new();
    upstream.commit(&[("README", "two\n")]);
    upstream.publish();
    let http = HttpServer::serve(upstream.root(), Manner::Polite);
    let mut project = Project::new(&[("a", &http.url(), "main")]);
    project.specs[0].shallow = true;
    only(project.sync());
    assert_eq!(git(&project.tree("a"), &["rev-list", "--count", "HEAD"]), "1");
    let third = upstream.commit(&[("README", "three\n")]);
    upstream.publish();
    assert_eq!(only(project.update()).pin.sha, third);
    assert_eq!(git(&project.tree("a"), &["rev-list", "--count", "HEAD"]), "1");
    assert_eq!(git(&project.tree("a"), &["status", "--porcelain"]), "");
}

#[test]
fn submodules_are_reported_each_time() {
    let (upstream, inner) = (Upstream::new(), Upstream::new());
    let url = inner.file_url();
    upstream.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, "libs/inner"]);
    upstream.commit(&[]);
    upstream.publish();
    let project = Project::new(&[("a", &upstream.file_url(), "main")]);
    for action in [Action::Cloned, Action::Unchanged] {
        let synced = only(project.sync());
        assert_eq!(synced.action, action);
        assert_eq!(synced.submodules[0].path, "libs/inner");
        assert!(synced.notes.contains(&Note::Submodules { count: 1 }), "{:?}", synced.notes);
    }
}

#[test]
fn a_force_pin_holds_until_its_day() {
    let upstream = Upstream::new();
    let old = upstream.head();
    let new = upstream.commit(&[("README", "two\n")]);
    upstream.publish();
    let mut project = Project::new(&[("a", &upstream.file_url(), "main")]);
    only(project.sync());
    let request = PinRequest {
        sha: old.clone(),
        reason: "two breaks the driver".into(),
        approved_by: "boss".into(),
        pinned_by: "me".into(),
        lasts: Duration::days(30),
    };
    pin(&project.sources(), &project.specs[0], &request, &project.options).unwrap();
    for results in [project.sync(), project.update()] {
        let synced = only(results);
        assert_eq!(synced.pin.sha, old);
        assert!(synced.notes.contains(&Note::ForcePin));
    }
    project.options.now = now() + Duration::days(30);
    let expired = refusal(project.sync());
    assert_eq!(expired.code(), "SourcePinExpired");
    assert!(expired.to_string().contains("boss"), "{expired}");
    assert_eq!(only(project.update()).pin.sha, new);
    assert!(project.lock().sources["a"].force.is_none());
}

#[test]
fn a_changed_ref_is_pinned_anew_unless_the_lock_must_stay() {
    let upstream = Upstream::new();
    upstream.git(&["branch", "other"]);
    upstream.publish();
    let url = upstream.file_url();
    let mut project = Project::new(&[("a", &url, "main"), ("b", &url, "main")]);
    project.sync();
    project.set(&[("a", &url, "other")]);
    project.options.locked = true;
    assert_eq!(refusal(project.sync()).code(), "SourceLockOutdated");
    project.options.locked = false;
    assert_eq!(only(project.sync()).pin.reference, "other");
    assert_eq!(project.lock().sources.keys().collect::<Vec<_>>(), ["a"]);
    project.options.offline = true;
    assert_eq!(only(project.sync()).action, Action::Unchanged);
    project.set(&[("a", &url, "main")]);
    assert_eq!(refusal(project.sync()).code(), "SourceOffline");
}
