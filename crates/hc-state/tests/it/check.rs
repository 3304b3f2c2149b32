//! `state check` and `diag state`: what is missing or stale, with a cure (STATE-4, STATE-5).

use std::collections::BTreeMap;

use hc_core::Digest;
use hc_state::check::inspect;
use hc_state::{CheckContext, FindingCode, Lineage, State, StateError, StateSeverity};

use crate::project::{Project, fill, run, target};

fn sound() -> State {
    let mut state = State::new(Lineage::new(7, ""), "hybrid test");
    fill(&mut state, 1, 1);
    state
}

fn codes_after(change: impl FnOnce(&mut State)) -> Vec<FindingCode> {
    let mut state = sound();
    change(&mut state);
    inspect(&state, &CheckContext::default()).iter().map(|finding| finding.code).collect()
}

#[test]
fn a_sound_state_has_no_findings() {
    assert_eq!(codes_after(|_| {}), []);
}

#[test]
fn missing_and_stale_fields_are_found() {
    let t = target("linux.qemu.v0@dev");
    let edit =
        |change: &dyn Fn(&mut hc_state::BuilderRecord)| codes_after(|state| change(state.builder_mut(&t)));
    assert_eq!(edit(&|record| record.trusted = None), [FindingCode::MissingTrust]);
    assert_eq!(edit(&|record| record.template_id = None), [FindingCode::MissingTemplateId]);
    assert_eq!(edit(&|r| r.trusted.as_mut().unwrap().inputs = Digest::of(b"new")), [FindingCode::StaleHash]);
    assert_eq!(edit(&|r| r.last_build.as_mut().unwrap().manifest = None), [FindingCode::MissingManifest]);
    assert_eq!(edit(&|r| r.last_build.as_mut().unwrap().git_sha = None), [FindingCode::MissingGitSha]);
    let untested = [FindingCode::MissingProvenance, FindingCode::PublishedUntested];
    assert_eq!(edit(&|record| record.provenance.clear()), untested);
    assert_eq!(edit(&|record| record.provenance[0].links.clear()), untested);
    let failed = [FindingCode::FailedProvenance, FindingCode::PublishedUntested];
    assert_eq!(edit(&|record| record.provenance[0].passed = false), failed);
    // A later pass of the same suite makes good.
    let passed_later = edit(&|record| {
        let later = record.provenance[0].clone();
        record.provenance[0].passed = false;
        record.provenance.push(later);
    });
    assert_eq!(passed_later, []);
    // A failed build needs no tests.
    let failed_build = edit(&|record| record.last_build.as_mut().unwrap().exit_code = 2);
    assert_eq!(failed_build, []);
}

#[test]
fn the_callers_facts_show_drift() {
    let state = sound();
    let t = target("linux.qemu.v0@dev");
    let context = CheckContext {
        current_inputs: BTreeMap::from([(t.clone(), Digest::of(b"edited"))]),
        manifests: BTreeMap::from([(t, None)]),
        ..CheckContext::default()
    };
    let findings = inspect(&state, &context);
    let codes: Vec<FindingCode> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [FindingCode::DriftDetected, FindingCode::ManifestChanged]);
    assert_eq!(findings[0].severity, StateSeverity::Error);
    assert_eq!(findings[0].hint, "run `hybrid validate --targets linux.qemu.v0 --env dev`");
    assert_eq!(findings[0].doc_anchor, "hybrid explain DriftDetected");
}

#[test]
fn sidecars_that_were_edited_or_lost_are_found() {
    let project = Project::new();
    let t = target("linux.qemu.v0@dev");
    project
        .store()
        .with_exclusive::<_, StateError>(&run(1), |locked| {
            fill(locked.state_mut(), 1, 1);
            let digest = locked.write_trusted_manifest(&t, "{}\n".into());
            locked.state_mut().builder_mut(&t).trusted.as_mut().unwrap().manifest = Some(digest);
            Ok(())
        })
        .unwrap();
    let codes = || -> Vec<FindingCode> {
        project.store().check(&CheckContext::default()).iter().map(|finding| finding.code).collect()
    };
    assert_eq!(codes(), []);
    let path = hc_state::paths::trusted_manifest(project.root(), &t);
    std::fs::write(&path, "{ }\n").unwrap();
    assert_eq!(codes(), [FindingCode::TrustedManifestChanged]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(codes(), [FindingCode::TrustedManifestMissing]);
}

#[test]
fn a_run_that_was_killed_is_found_unless_its_target_is_being_built() {
    let project = Project::new();
    let t = target("linux.qemu.v0@dev");
    project
        .store()
        .with_exclusive::<_, StateError>(&run(3), |locked| {
            fill(locked.state_mut(), 1, 1);
            let record = locked.state_mut().runs.last_mut().unwrap();
            (record.outcome, record.exit_code, record.finished_at) =
                (hc_state::RunOutcome::Running, None, None);
            Ok(())
        })
        .unwrap();
    let count = || project.store().check(&CheckContext::default()).len();
    assert_eq!(count(), 1);
    let lock = project.store().build_lock(&t).unwrap();
    assert_eq!(count(), 0);
    drop(lock);
}

#[test]
fn codes_and_anchors_are_unique() {
    let mut anchors: Vec<String> = FindingCode::ALL.iter().map(|code| code.doc_anchor()).collect();
    anchors.sort();
    anchors.dedup();
    assert_eq!(anchors.len(), FindingCode::ALL.len());
}
