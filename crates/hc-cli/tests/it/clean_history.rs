//! SEC-2 as a property: whatever a project has lived through, `clean` takes no evidence, and takes what is none.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

use hc_core::{Digest, RunId, Target};
use hc_state::{BuildSummary, Publication, StateError, Store, StoreOptions};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::project::Project;

const TARGETS: [&str; 4] =
    ["linux.file.motd@dev", "linux.file.motd@prod", "linux.file.motd-extra@dev", "linux.qemu.base@dev"];
/// `logs.keep_days` of the projects.
const KEEP_DAYS: i64 = 30;

/// What happened in one build.
#[derive(Debug, Clone)]
struct Past {
    target: usize,
    age_days: i64,
    failed: bool,
    /// Made from the build at this place, when there is one.
    parent: Option<usize>,
    published: bool,
    /// Days from now until its log expires, when a summary says so; `Some(None)`: never.
    expiry: Option<Option<i64>>,
    /// Killed: its journal entry is still there.
    killed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Damage {
    None,
    Summary,
    Record,
    State,
}

#[derive(Debug, Clone)]
struct Ask {
    scope: &'static str,
    older_than_days: i64,
    /// `--build` of the build at this place instead.
    build: Option<usize>,
}

fn past() -> impl Strategy<Value = Past> {
    let expiry = prop::option::weighted(0.6, prop::option::weighted(0.9, -40i64..40));
    (0..TARGETS.len(), 0i64..90, prop::bool::weighted(0.2), prop::option::of(0usize..10))
        .prop_flat_map(|base| (Just(base), prop::bool::weighted(0.2)))
        .prop_flat_map(move |(base, published)| {
            (Just((base, published)), expiry.clone(), prop::bool::weighted(0.1))
        })
        .prop_map(|(((target, age_days, failed, parent), published), expiry, killed)| Past {
            target,
            age_days,
            failed,
            parent,
            published: published && !failed,
            expiry,
            killed,
        })
}

fn ask() -> impl Strategy<Value = Ask> {
    let scope = prop::sample::select(vec!["artifacts", "logs", "work", "cache", "all", "all", "all"]);
    (scope, prop::sample::select(vec![0i64, 20, 60]), prop::option::weighted(0.3, 0usize..10))
        .prop_map(|(scope, older_than_days, build)| Ask { scope, older_than_days, build })
}

fn damage() -> impl Strategy<Value = Damage> {
    prop::sample::select(vec![
        Damage::None,
        Damage::None,
        Damage::None,
        Damage::None,
        Damage::Summary,
        Damage::Record,
        Damage::State,
    ])
}

fn text(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap()
}

fn touch(path: &Path, at: OffsetDateTime) {
    File::options().write(true).open(path).unwrap().set_modified(SystemTime::from(at)).unwrap();
}

/// A build as it lies in the project.
struct Made {
    id: String,
    target: Target,
    at: OffsetDateTime,
}

/// Writes a history down as the builds themselves would have.
fn write(project: &Project, history: &[Past], now: OffsetDateTime, damage: Damage) -> Vec<Made> {
    let made: Vec<Made> = history
        .iter()
        .enumerate()
        .map(|(index, past)| {
            // Seconds keep the ages of two builds apart.
            let at = now - time::Duration::days(past.age_days) - time::Duration::seconds(60 + index as i64);
            let target: Target = TARGETS[past.target].parse().unwrap();
            let format = time::macros::format_description!("[year][month][day]T[hour][minute][second].000Z");
            let run = format!("{}-{index:08x}", at.format(format).unwrap());
            Made { id: format!("{}-{}-{run}", target.builder, target.env), target, at }
        })
        .collect();
    let mut logs: BTreeMap<String, Vec<serde_json::Value>> = BTreeMap::new();
    for (past, build) in history.iter().zip(&made) {
        let id = &build.id;
        let run = &id[id.len() - 29..];
        for log in [format!("logs/packer/{id}.log"), format!("logs/tests/{id}.smoke.log")] {
            project.write(&log, "log\n");
            touch(&project.path(&log), build.at);
        }
        if let Some(expiry) = past.expiry {
            let until = expiry.map(|days| text(now + time::Duration::days(days)));
            let log = format!("logs/packer/{id}.log");
            let entry = json!({ "path": log, "retention_class": "standard", "expires_at": until });
            logs.entry(build.target.builder.to_string()).or_default().push(entry);
        }
        if past.killed {
            project.write(&format!(".hybrid/journal/{id}.json"), "{ torn");
        }
        if past.failed {
            continue;
        }
        let built = |at: &usize| history.get(*at).is_some_and(|parent| !parent.failed);
        let parent = past.parent.filter(built).map(|at| &made[at]).filter(|parent| parent.id != *id);
        let parent = parent.map(|parent| json!({ "build_id": parent.id, "blake3": null }));
        let record = json!({
            "schema": { "name": "artifact", "version": 1 }, "build_id": id, "builder": build.target.builder,
            "env": build.target.env, "platform": build.target.builder.platform(), "region": null,
            "image_ids": [], "files": [], "created_at": text(build.at), "duration_ms": 1,
            "provenance": {
                "run_id": run, "git_sha": null, "dirty": false, "inputs": Digest::of(b""), "parent": parent,
                "packer_version": "1.6.6", "plugins": {}
            },
        });
        project.write(&format!("artifacts/{id}.json"), &record.to_string());
        project.write(&format!("artifacts/{id}.packer.json"), "{}");
        project.write(&format!("artifacts/images/{id}/image"), "image");
        project.write(&format!(".hybrid/inputs/{id}.json"), "{}");
        project.write(&format!("artifacts/{}.hash.json", build.target.builder), "{}");
    }
    for (builder, mut earlier) in logs {
        let newest = earlier.pop().unwrap();
        let last = made.iter().rev().find(|build| build.target.builder.to_string() == builder).unwrap();
        let summary = json!({
            "schema": { "name": "log-summary", "version": 1 }, "builder": builder, "env": last.target.env,
            "build_id": last.id, "artifacts": [], "manifest_path": null, "log_path": newest["path"],
            "scrub_manifest": null, "retention_class": "standard", "expires_at": newest["expires_at"],
            "earlier": earlier,
        });
        let broken = damage == Damage::Summary;
        let bytes = if broken { "{ \"cut\":".to_owned() } else { summary.to_string() };
        project.write(&format!("state/packer/logs/{builder}.json"), &bytes);
    }
    if damage == Damage::Record
        && let Some((_, build)) = history.iter().zip(&made).find(|(past, _)| !past.failed)
    {
        project.write(&format!("artifacts/{}.json", build.id), "{ torn");
    }
    if damage != Damage::State {
        state(project, history, &made, now);
    }
    for dir in [".hybrid/work/20200101T000000.000Z-00000000/x.y.z@dev", "logs/packer"] {
        std::fs::create_dir_all(project.path(dir)).unwrap();
    }
    made
}

fn state(project: &Project, history: &[Past], made: &[Made], now: OffsetDateTime) {
    let store = Store::open(project.root(), StoreOptions::new("test", "host", 1, 1)).unwrap();
    let run: RunId = "20200101T000000.000Z-00000000".parse().unwrap();
    store
        .with_exclusive(&run, |locked| -> Result<(), StateError> {
            let state = locked.state_mut();
            state.plugins.clear();
            for (past, build) in history.iter().zip(made) {
                let build_id: hc_core::BuildId = build.id.parse().unwrap();
                let run_id: RunId = build.id[build.id.len() - 29..].parse().unwrap();
                let last = &mut state.builder_mut(&build.target).last_build;
                if last.as_ref().is_none_or(|last| last.at < build.at) {
                    *last = Some(BuildSummary {
                        artifacts: Vec::new(),
                        at: build.at,
                        build_id: build_id.clone(),
                        classification: "success".into(),
                        dirty: false,
                        duration_ms: 1,
                        exit_code: i32::from(past.failed),
                        git_sha: None,
                        inputs: Digest::of(b""),
                        manifest: None,
                        record: None,
                        run_id: run_id.clone(),
                        serial: None,
                    });
                }
                if past.published {
                    let channel = state.channels.entry("stable".into()).or_default();
                    channel.insert(
                        build.target.clone(),
                        Publication { at: now, build_id, record: None, run_id },
                    );
                }
            }
            Ok(())
        })
        .unwrap();
}

/// Places of the builds that have to stay, told by the rule and not by the program.
fn evidence(history: &[Past], made: &[Made], damage: Damage) -> BTreeSet<usize> {
    let records: Vec<usize> = (0..history.len()).filter(|at| !history[*at].failed).collect();
    if !records.is_empty() && matches!(damage, Damage::Record | Damage::State) {
        return records.into_iter().collect();
    }
    let newest = |at: &usize| {
        records.iter().all(|other| made[*other].target != made[*at].target || made[*other].at <= made[*at].at)
    };
    let published = |at: &usize| {
        // The last one written wins its place in the channel.
        let later = |other: usize| history[other].published && made[other].target == made[*at].target;
        history[*at].published && !(*at + 1..history.len()).any(later)
    };
    let mut kept: BTreeSet<usize> =
        records.iter().copied().filter(|at| newest(at) || published(at)).collect();
    loop {
        let parents: Vec<usize> = kept
            .iter()
            .filter_map(|at| history[*at].parent.filter(|parent| *parent < made.len() && parent != at))
            .filter(|parent| !history[*parent].failed && !kept.contains(parent))
            .collect();
        if parents.is_empty() {
            return kept;
        }
        kept.extend(parents);
    }
}

/// Whether the raw log of the build at `at` is under retention.
fn log_kept(history: &[Past], made: &[Made], at: usize, now: OffsetDateTime, damage: Damage) -> bool {
    let past = &history[at];
    let summarised = |other: &Past| {
        other.expiry.is_some()
            && made[at].target.builder == TARGETS[other.target].parse::<Target>().unwrap().builder
    };
    if past.killed || damage == Damage::Summary && history.iter().any(summarised) {
        return true;
    }
    match past.expiry {
        Some(None) => true,
        Some(Some(days)) => days > 0,
        None => made[at].at + time::Duration::days(KEEP_DAYS) > now,
    }
}

fn check(history: &[Past], ask: &Ask, damage: Damage) {
    let project = Project::empty();
    let now = OffsetDateTime::now_utc();
    let made = write(&project, history, now, damage);
    let safe = ["state/audit.log", "state/packer-hybrid.json"];
    let before: Vec<_> = safe.iter().map(|path| std::fs::read(project.path(path)).ok()).collect();
    let older = format!("{}d", ask.older_than_days);
    let target = ask.build.and_then(|at| made.get(at));
    let ran = match target {
        Some(build) => project.run(&["clean", "--build", &build.id, "--yes"]),
        None => project.run(&["clean", "--scope", ask.scope, "--older-than", &older, "--yes"]),
    };
    let kept = evidence(history, &made, damage);
    let exists = |path: String| project.path(&path).exists();
    for (at, (past, build)) in history.iter().zip(&made).enumerate() {
        let id = &build.id;
        let asked = match target {
            Some(target) => target.id == *id,
            None => matches!(ask.scope, "artifacts" | "all") && past.age_days >= ask.older_than_days,
        };
        if !past.failed {
            let stays = kept.contains(&at) || !asked;
            let parts = [
                format!("artifacts/{id}.json"),
                format!("artifacts/{id}.packer.json"),
                format!("artifacts/images/{id}/image"),
                format!(".hybrid/inputs/{id}.json"),
            ];
            for part in parts {
                assert_eq!(exists(part.clone()), stays, "{part}: {}{}", ran.stdout, ran.stderr);
            }
            assert!(exists(format!("artifacts/{}.hash.json", build.target.builder)));
        }
        let retained = log_kept(history, &made, at, now, damage);
        let old =
            target.is_none() && matches!(ask.scope, "logs" | "all") && past.age_days >= ask.older_than_days;
        let with_build = asked && !past.failed && !kept.contains(&at);
        let log = exists(format!("logs/packer/{id}.log"));
        if kept.contains(&at) || retained || !(old || with_build) {
            assert!(log, "the log of {id} is gone: {}", ran.stdout);
        } else if !is_last(&made, at) && damage == Damage::None {
            assert!(!log, "the log of {id} is still there: {}", ran.stdout);
        }
        if kept.contains(&at) || made[at].at + time::Duration::days(KEEP_DAYS) > now || !old {
            assert!(exists(format!("logs/tests/{id}.smoke.log")), "{}", ran.stdout);
        }
    }
    if let Some(target) = target {
        let at = made.iter().position(|build| build.id == target.id).unwrap();
        let code = match (history[at].failed, kept.contains(&at)) {
            (true, _) => 1,
            (false, true) => 3,
            (false, false) => 0,
        };
        assert_eq!(ran.code, code, "{}", ran.stderr);
    } else {
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    let after: Vec<_> = safe.iter().map(|path| std::fs::read(project.path(path)).ok()).collect();
    assert!(before == after, "the state or its audit log was touched");
}

/// The state names the last build of a target, failed or not, so its logs stay too.
fn is_last(made: &[Made], at: usize) -> bool {
    made.iter().all(|other| other.target != made[at].target || other.at <= made[at].at)
}

#[test]
fn clean_takes_no_evidence_whatever_the_history() {
    let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
    let cases = (vec(past(), 1..10), ask(), damage());
    runner
        .run(&cases, |(history, ask, damage)| {
            check(&history, &ask, damage);
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_summary_of_a_builder_keeps_the_logs_of_its_earlier_builds() {
    let project = Project::with_motd();
    project.ok(&["validate", "--env", "dev"]);
    project.ok(&["validate", "--env", "prod"]);
    project.ok(&["build", "--env", "prod"]);
    project.ok(&["build", "--env", "dev"]);
    project.ok(&["build", "--env", "dev", "--rebuild"]);
    let logs = || std::fs::read_dir(project.path("logs/packer")).unwrap().flatten().count();
    assert_eq!(logs(), 3);
    let long_ago = SystemTime::now() - Duration::from_secs(400 * 86400);
    for log in std::fs::read_dir(project.path("logs/packer")).unwrap().flatten() {
        touch(&log.path(), long_ago.into());
    }
    // What was promised when they were made counts, not what the files say of themselves.
    project.ok(&["clean", "--scope", "all", "--older-than", "0s", "--yes"]);
    assert_eq!(logs(), 3);
    let summary = "state/packer/logs/linux.file.motd.json";
    let whole = project.read(summary);
    project.write(summary, &whole[..whole.len() / 2]);
    let plan = project.ok(&["clean", "--scope", "logs", "--older-than", "0s", "--yes"]);
    assert_eq!(logs(), 3);
    assert!(plan.stdout.contains("logs of linux.file.motd stay"), "{}", plan.stdout);
    project.ok(&["build", "--env", "dev", "--rebuild"]);
    let anew: serde_json::Value = serde_json::from_str(&project.read(summary)).unwrap();
    assert_eq!(anew["earlier"].as_array().unwrap().len(), 3, "{anew}");
    // Past its day, a log goes, unless its build stays.
    project.write(summary, &project.read(summary).replace("\"expires_at\": \"20", "\"expires_at\": \"19"));
    let plan = project.ok(&["clean", "--scope", "logs", "--older-than", "0s", "--yes"]);
    assert_eq!(logs(), 2, "{}", plan.stdout);
}
