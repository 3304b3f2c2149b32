//! A project directory with a state, and values to put into it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hc_core::{BuildId, Digest, RunId, Target};
use hc_state::{
    ArtifactRef, BuildSummary, PluginRecord, Publication, RunOutcome, RunRecord, ScanStatus, SourceRecord,
    State, StateError, Store, StoreOptions, SuiteResult, Trust, paths,
};
use time::OffsetDateTime;
use time::macros::datetime;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);

pub(crate) struct Project {
    dir: tempfile::TempDir,
}

impl Project {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// A project whose state has had `commits` commits.
    pub(crate) fn with_commits(commits: u64) -> Self {
        let project = Self::new();
        for _ in 0..commits {
            project.bump().unwrap();
        }
        project
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(self.root(), options()).unwrap()
    }

    pub(crate) fn state_file(&self) -> PathBuf {
        paths::state_file(self.root())
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.state_file()).unwrap()
    }

    pub(crate) fn put(&self, bytes: &[u8]) {
        std::fs::write(self.state_file(), bytes).unwrap();
    }

    pub(crate) fn serial(&self) -> u64 {
        self.store().read().unwrap().map_or(0, |state| state.serial)
    }

    pub(crate) fn bump(&self) -> Result<(), StateError> {
        bump(&self.store())
    }

    /// Names directly in `state/`, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        names_in(&paths::state_dir(self.root()))
    }

    pub(crate) fn assert_no_leftovers(&self) {
        let backups = names_in(&paths::backups_dir(self.root()));
        for name in self.names().iter().chain(&backups) {
            assert!(!hc_core::fs::is_temporary(name), "leftover {name}");
        }
    }
}

pub(crate) fn names_in(dir: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

pub(crate) fn options() -> StoreOptions {
    let mut options = StoreOptions::new("hybrid test", "builder-01", std::process::id(), 7);
    options.lock_timeout = Duration::from_secs(20);
    options.operator = "ada".into();
    options
}

/// One commit that changes something.
pub(crate) fn bump(store: &Store) -> Result<(), StateError> {
    store.with_exclusive(&run(1), |locked| {
        let serial = locked.state().serial;
        locked.state_mut().plugins.insert("last".into(), plugin(&serial.to_string()));
        Ok(())
    })
}

pub(crate) fn run(n: u32) -> RunId {
    RunId::new(NOW, n)
}

pub(crate) fn target(text: &str) -> Target {
    text.parse().unwrap()
}

pub(crate) fn plugin(version: &str) -> PluginRecord {
    PluginRecord { checksum: Some("sha256:00".into()), version: version.into() }
}

pub(crate) fn trust(inputs: &str) -> Trust {
    Trust {
        at: NOW,
        git_sha: Some("0123456789abcdef0123456789abcdef01234567".into()),
        inputs: Digest::of(inputs.as_bytes()),
        manifest: None,
        run_id: run(2),
    }
}

pub(crate) fn build(target: &Target, inputs: &str) -> BuildSummary {
    BuildSummary {
        artifacts: vec![ArtifactRef {
            digest: Some(Digest::of(b"image")),
            id: "VM".into(),
            path: Some(format!("artifacts/images/{target}/disk.qcow2")),
            size: Some(7_600_000),
        }],
        at: NOW,
        build_id: BuildId::new(target, &run(3)),
        classification: "success".into(),
        dirty: false,
        duration_ms: 10_600,
        exit_code: 0,
        git_sha: Some("0123456789abcdef0123456789abcdef01234567".into()),
        inputs: Digest::of(inputs.as_bytes()),
        manifest: Some(Digest::of(b"hash manifest")),
        record: Some(Digest::of(b"record")),
        run_id: run(3),
        serial: Some(1),
    }
}

pub(crate) fn provenance(target: &Target) -> SuiteResult {
    SuiteResult {
        at: NOW,
        build_id: BuildId::new(target, &run(3)),
        inputs: Some(Digest::of(b"suite")),
        links: vec![format!("artifacts/{target}.json")],
        passed: true,
        record: Some(Digest::of(b"record")),
        run_id: run(4),
        suite: "smoke".into(),
    }
}

/// Fills `state` with complete records.
pub(crate) fn fill(state: &mut State, builders: usize, sources: usize) {
    for n in 0..builders {
        let target = target(&format!("linux.qemu.v{n}@dev"));
        let record = state.builder_mut(&target);
        record.template_id = Some(format!("templates/linux/qemu/v{n}"));
        record.trusted = Some(trust(&format!("inputs {n}")));
        record.last_build = Some(build(&target, &format!("inputs {n}")));
        record.provenance.push(provenance(&target));
        let (build_id, record) = (BuildId::new(&target, &run(3)), Some(Digest::of(b"record")));
        let publication = Publication { at: NOW, build_id, record, run_id: run(5) };
        state.channels.entry("stable".into()).or_default().insert(target, publication);
    }
    for n in 0..sources {
        state.sources.insert(
            format!("source-{n}"),
            SourceRecord {
                at: NOW,
                operator: "ada".into(),
                reference: "main".into(),
                run_id: run(6),
                scan_status: ScanStatus::Clean,
                scans: Default::default(),
                sha: "89abcdef0123456789abcdef0123456789abcdef".into(),
                url: format!("https://git.example.com/images/source-{n}.git"),
            },
        );
    }
    state.plugins.insert("github.com/hashicorp/qemu".into(), plugin("1.1.0"));
    state.record_run(RunRecord {
        command: "build".into(),
        exit_code: Some(0),
        finished_at: Some(NOW),
        outcome: RunOutcome::Succeeded,
        run_id: run(3),
        started_at: NOW,
        targets: vec![target("linux.qemu.v0@dev")],
    });
}
