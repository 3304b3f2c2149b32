//! Any state survives being written and read.

use std::collections::BTreeMap;

use hc_core::{BuildId, Digest, RunId, Target};
use hc_state::codec::{decode, encode};
use hc_state::{
    ArtifactRef, AuditHead, BuildSummary, BuilderRecord, Lineage, PluginRecord, Publication, RunOutcome,
    RunRecord, ScanStatus, SourceRecord, State, SuiteResult, Trust, WrittenBy,
};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use time::OffsetDateTime;

fn at() -> impl Strategy<Value = OffsetDateTime> {
    // Years 1 to 9999, to the nanosecond: what RFC 3339 can say.
    (-62_135_596_800_i64..253_402_300_799, 0_i64..1_000_000_000).prop_map(|(seconds, nanoseconds)| {
        OffsetDateTime::from_unix_timestamp(seconds).unwrap() + time::Duration::nanoseconds(nanoseconds)
    })
}

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 8]>().prop_map(|bytes| Digest::of(&bytes))
}

fn run_id() -> impl Strategy<Value = RunId> {
    (0_i64..4_000_000_000, any::<u32>())
        .prop_map(|(seconds, n)| RunId::new(OffsetDateTime::from_unix_timestamp(seconds).unwrap(), n))
}

fn target() -> impl Strategy<Value = Target> {
    "[a-z][a-z0-9]{0,6}\\.[a-z][a-z0-9]{0,6}\\.[a-z][a-z0-9]{0,6}@[a-z]{1,5}"
        .prop_map(|text| text.parse().unwrap())
}

fn build_id() -> impl Strategy<Value = BuildId> {
    (target(), run_id()).prop_map(|(target, run)| BuildId::new(&target, &run))
}

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,12}"
}

prop_compose! {
    fn trust()(at in at(), git_sha in of(text()), inputs in digest(), manifest in of(digest()), run_id in run_id()) -> Trust {
        Trust { at, git_sha, inputs, manifest, run_id }
    }
}

prop_compose! {
    fn artifact()(digest in of(digest()), id in text(), path in of(text()), size in of(any::<u64>())) -> ArtifactRef {
        ArtifactRef { digest, id, path, size }
    }
}

prop_compose! {
    fn summary()(
        artifacts in vec(artifact(), 0..3), at in at(), build_id in build_id(), classification in text(),
        dirty in any::<bool>(), duration_ms in any::<u64>(), exit_code in any::<i32>(), git_sha in of(text()),
        inputs in digest(), manifest in of(digest()), record in of(digest()), run_id in run_id(),
        serial in of(any::<u64>()),
    ) -> BuildSummary {
        BuildSummary {
            artifacts, at, build_id, classification, dirty, duration_ms, exit_code, git_sha, inputs, manifest, record, run_id,
            serial,
        }
    }
}

prop_compose! {
    fn provenance()(
        at in at(), build_id in build_id(), inputs in of(digest()), links in vec(text(), 0..3), passed in any::<bool>(),
        record in of(digest()), run_id in run_id(), suite in text(),
    ) -> SuiteResult {
        SuiteResult { at, build_id, inputs, links, passed, record, run_id, suite }
    }
}

prop_compose! {
    fn record()(
        last_build in of(summary()), provenance in vec(provenance(), 0..3), template_id in of(text()),
        trusted in of(trust()),
    ) -> BuilderRecord {
        BuilderRecord { last_build, provenance, template_id, trusted }
    }
}

prop_compose! {
    fn publication()(
        at in at(), build_id in build_id(), record in of(digest()), run_id in run_id(),
    ) -> Publication {
        Publication { at, build_id, record, run_id }
    }
}

prop_compose! {
    fn source()(
        at in at(), operator in text(), reference in text(), run_id in run_id(), sha in text(), url in text(),
        scan_status in prop_oneof![Just(ScanStatus::Clean), Just(ScanStatus::NotScanned), Just(ScanStatus::Findings)],
    ) -> SourceRecord {
        SourceRecord { at, operator, reference, run_id, scan_status, scans: BTreeMap::new(), sha, url }
    }
}

prop_compose! {
    fn run_record()(
        command in text(), exit_code in of(any::<i32>()), finished_at in of(at()), run_id in run_id(),
        started_at in at(), targets in vec(target(), 0..3),
        outcome in prop_oneof![
            Just(RunOutcome::Running), Just(RunOutcome::Succeeded), Just(RunOutcome::Failed), Just(RunOutcome::Interrupted),
        ],
    ) -> RunRecord {
        RunRecord { command, exit_code, finished_at, outcome, run_id, started_at, targets }
    }
}

fn plugins() -> impl Strategy<Value = BTreeMap<String, PluginRecord>> {
    let plugin = (of(text()), text()).prop_map(|(checksum, version)| PluginRecord { checksum, version });
    btree_map(text(), plugin, 0..3)
}

fn channels() -> impl Strategy<Value = BTreeMap<String, BTreeMap<Target, Publication>>> {
    btree_map(text(), btree_map(target(), publication(), 0..3), 0..3)
}

prop_compose! {
    fn state()(
        entropy in any::<u64>(), created_with in text(), serial in any::<u64>(),
        audit in of((digest(), any::<u64>())), written in of((at(), run_id())),
        builders in btree_map(target(), record(), 0..4), channels in channels(), plugins in plugins(),
        runs in vec(run_record(), 0..4), sources in btree_map(text(), source(), 0..3),
    ) -> State {
        let mut state = State::new(Lineage::new(entropy, ""), created_with);
        state.serial = serial;
        state.audit = audit.map(|(digest, entries)| AuditHead { digest, entries });
        state.written_by = written.map(|(at, run_id)| WrittenBy { at, run_id });
        (state.builders, state.channels, state.plugins) = (builders, channels, plugins);
        (state.runs, state.sources) = (runs, sources);
        state
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_state_round_trips(state in state()) {
        let bytes = encode(&state).unwrap();
        let mut back = decode(&bytes).unwrap();
        prop_assert_eq!(&encode(&back).unwrap(), &bytes);
        prop_assert!(back.digest.take().is_some());
        prop_assert_eq!(back, state);
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&bytes).is_err());
    }
}

#[test]
fn the_states_of_every_release_are_read_as_they_were_written() {
    for release in ["0.1.0", "0.1.0-sealed"] {
        let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../hc-records/tests/fixtures");
        let bytes = std::fs::read(fixtures.join(release).join("state.json")).unwrap();
        let state = hc_state::codec::decode(&bytes).unwrap();
        assert_eq!(hc_state::codec::encode(&state).unwrap(), bytes, "{release}");
        assert_eq!(state.seals().count() > 0, release != "0.1.0");
    }
}
