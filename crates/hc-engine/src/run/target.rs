//! One build of one target: lock, secrets, stage, gate again, packer, records.

use std::path::{Path, PathBuf};
use std::time::Instant;

use hc_core::fs::{create_dirs, read_limited, write_atomic};
use hc_core::lock::FileLock;
use hc_core::{BuildId, Digest, SecretString, Target};
use hc_packer::build::Build;
use hc_packer::call::Call;
use hc_packer::checksum::Sums;
use hc_packer::{Built, EndingKind, PackerResult, Retry};
use hc_records::{InputKind, InputManifest, kept, layout};
use hc_state::StateError;

use super::build::{Existing, Run, WorkDir};
use super::observed::{self as seen, Used};
use super::unrecorded;
use crate::error::{EngineError, Result};
use crate::event::Event;
use crate::gate;
use crate::inputs::{Digests, Remembered, collect, observed, plugins, told_apart};
use crate::outcome::build::BuildDoc;
use crate::plan::parent::{self, Parent};
use crate::plan::{Planned, abandoned};
use crate::prepare::{Prepared, secrets};
use crate::project::packer::{self, Scene};
use crate::project::redaction::Redaction;
use crate::record::{self, Ended, images, journal};
use crate::stage::mirror::Mirror;
use crate::stage::place::{self, Given, Place};
use crate::stage::ssh_key::{self, SshKey};
use crate::stage::{self, Purpose, media};

/// Largest manifest of packer's own that is kept, in bytes.
const MANIFEST_LIMIT: u64 = 32 << 20;
/// What to do about a build that took longer than the settings allow.
const TIMED_OUT: &str = "look at the last lines of the raw log, or raise `packer.timeout` in hybrid.toml";

/// Everything that a build stands on once the gate has let it through.
struct Ready<'a> {
    prepared: &'a Prepared,
    build_id: BuildId,
    lock: Option<FileLock>,
    secrets: Vec<(String, SecretString)>,
    place: Place,
    mirror: Option<Mirror>,
    digests: Digests,
    manifest: InputManifest,
    /// The trusted inputs, and what is left of them without those that turned out to be outputs.
    trusted: Option<(Digest, InputManifest)>,
    parent: Option<Parent>,
    key: Option<SshKey>,
    iso: Option<PathBuf>,
    output_dir: PathBuf,
    log: PathBuf,
}

impl Run<'_> {
    pub(super) fn build_target(&self, planned: &Planned) -> Result<BuildDoc> {
        let start = Instant::now();
        let mut ready = self.make_ready(planned)?;
        let redaction = Redaction::new(&self.project.redactor);
        let mut built = self.run_packer(&ready, &redaction)?;
        drop(ready.key.take());
        let succeeded = built.result.exit_code == 0;
        if succeeded {
            self.keep_manifest(&mut built, &ready.build_id)?;
        }
        let target = &planned.prepared.target;
        let used = self.look_at_what_was_used(&mut ready, &mut built)?;
        let duration_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let ended = Ended {
            target,
            build_id: &ready.build_id,
            manifest: &ready.manifest,
            observed: used.as_ref().and_then(|used| used.now.as_ref()),
            trusted: ready.trusted.as_ref(),
            unrecorded: unrecorded::of(&planned.prepared, ready.mirror.as_ref(), &self.commit),
            not_portable: planned.not_portable.clone(),
            built: &built,
            images: images::of(self.project, &planned.prepared, &built),
            cwd: &ready.place.cwd,
            packer_version: self.packer.version.to_string(),
            duration_ms,
            git_sha: self.commit.sha.clone(),
            dirty: self.dirty,
            parent: ready.parent.as_ref().map(|parent| parent.image.clone()),
            scrubbed: redaction.counts(),
        };
        let artifact = record::record(self.project, &self.store, &ended)
            .map_err(|error| not_recorded(error, &ready.build_id, &built.result))?;
        if succeeded {
            kept::keep_inputs(&self.project.root, &ready.build_id, &ready.manifest)?;
        }
        let blind = ready.mirror.as_ref().and_then(Mirror::blind);
        if used.as_ref().is_none_or(|used| used.left_behind.is_empty()) {
            self.clear(&ready.place, ready.mirror.take(), &ready.output_dir, succeeded);
        }
        hc_records::journal::remove(&self.project.root, &ready.build_id)?;
        let result = built.result;
        let (took, told) = (start.elapsed(), Box::new(result.clone()));
        self.teller.tell(Event::Ended { target: target.clone(), took, result: told });
        let (builder, build_id) = (target.builder.to_string(), ready.build_id.to_string());
        let mut warnings =
            used.as_ref().map(|used| seen::warnings(&planned.prepared, used)).unwrap_or_default();
        warnings.extend(blind.map(|blind| seen::not_observed(&target.builder, blind)));
        let observed = used.map(|used| used.first_seen.into_iter().collect()).unwrap_or_default();
        Ok(BuildDoc { builder, build_id, duration_ms, result, artifact, observed, warnings })
    }

    /// What the run used of the project beyond the inputs that the gate saw: it is an input of this build, and of the
    /// target from now on (CLO-2). What the run made goes to the project.
    fn look_at_what_was_used(&self, ready: &mut Ready<'_>, built: &mut Built) -> Result<Option<Used>> {
        let Some(mirror) = &ready.mirror else { return Ok(None) };
        let project = self.project;
        let succeeded = built.result.exit_code == 0;
        let mut used = Used::default();
        if mirror.is_observed() {
            let before = observed::known(project, &ready.prepared.target)?;
            let mut now = before.clone();
            now.paths = mirror.read(&ready.prepared.closure.outputs);
            now.written.retain(|path| project.at(path).symlink_metadata().is_ok());
            now.written.extend(mirror.written());
            now.written.retain(|path| !now.paths.contains(path));
            used.first_seen = &now.paths - &before.paths;
            let inputs = observed::inputs(project, &now.paths, &mut ready.digests)?;
            let (named, written) = told_apart(&ready.manifest, &now);
            ready.trusted = (written && succeeded).then(|| (ready.manifest.combined, named.clone()));
            ready.manifest = named.without(InputKind::Observed).with(inputs);
            if !succeeded {
                // It has not come to everything that it uses, and what it wrote stays in its work directory.
                now.paths.extend(before.paths.iter().cloned());
                now.written.clone_from(&before.written);
            }
            used.now = (now != before).then_some(now);
        }
        used.edited = mirror.edited();
        used.edited.retain(|path| ready.manifest.inputs.iter().any(|input| input.name == *path));
        ready.manifest = ready.manifest.clone().unsure_of(&used.edited);
        if succeeded {
            if self.options.existing == Existing::Replace {
                mirror.remove_replaced(project);
            }
            used.left_behind = mirror.hand_over(project).iter().map(ToString::to_string).collect();
            for file in &mut built.files {
                *file = mirror.in_project(project, &ready.place.cwd.join(&*file));
            }
        }
        Ok(Some(used))
    }

    fn make_ready<'p>(&self, planned: &'p Planned) -> Result<Ready<'p>> {
        let project = self.project;
        let prepared = &planned.prepared;
        let target = &prepared.target;
        let build_id = BuildId::new(target, &project.run_id);
        let lock = self.store.build_lock(target)?;
        self.settle_earlier(target)?;
        let secrets = secrets::fetch_all(project, prepared)?;
        let place = Place::of(project, prepared);
        let state = self.store.read()?;
        let parent = parent::required(project, state.as_ref(), prepared)?;
        let (mirror, digests, manifest) = self.stage(planned, &place)?;
        plugins::enforce(project, self.packer, [prepared], &mut Sums::default())?;
        create_dirs(&project.at(layout::IMAGES))?;
        let output_dir = project.at(layout::images_of(&build_id));
        let log = project.at(layout::packer_log(&build_id));
        let key = ssh_key::make(project, prepared, &place.work)?;
        let iso = media::fetched(project, target, &prepared.builder, self.teller)?;
        Ok(Ready {
            prepared,
            build_id,
            lock,
            secrets,
            place,
            mirror,
            digests,
            manifest,
            trusted: None,
            parent,
            key,
            iso,
            output_dir,
            log,
        })
    }

    /// Makes the stage once, hashed while it is made; it must be what the gate saw.
    fn stage(&self, planned: &Planned, place: &Place) -> Result<(Option<Mirror>, Digests, InputManifest)> {
        let remembered = Remembered::load(self.project);
        let mut digests = Digests::of_all(self.project, self.packer, &[], remembered)?;
        let mirror =
            stage::make(self.project, self.packer, &planned.prepared, place, &mut digests, Purpose::Build)?;
        let manifest = collect(self.project, &planned.prepared, self.packer, &mut digests)?;
        if manifest.combined == planned.manifest.combined {
            return Ok((mirror, digests, manifest));
        }
        let state = self.store.read()?;
        let verdict = gate::gate(self.project, state.as_ref(), &manifest)?;
        Err(gate::refuse(self.project, &[(&manifest, &verdict)]))
    }

    fn run_packer(&self, ready: &Ready<'_>, redaction: &Redaction) -> Result<Built> {
        let project = self.project;
        let Ready { prepared, build_id, place, .. } = ready;
        let target = &prepared.target;
        let given =
            Given { parent: ready.parent.as_ref(), key: ready.key.as_ref(), iso: ready.iso.as_deref() };
        let vars = place::injected(project, prepared, place, build_id.as_str(), &ready.output_dir, &given);
        journal::begin(
            project,
            prepared,
            &journal::Begun {
                build_id,
                work: &place.work,
                output: &ready.output_dir,
                log: &ready.log,
                parent: ready.parent.as_ref().map(|parent| &parent.image.build_id),
                injected: &vars,
            },
        )?;
        self.teller.tell(Event::Building { target: target.clone(), build: build_id.clone() });
        let call = place.with(self.packer.build(&place.packer_dir), prepared, &vars);
        let reach = prepared.reach();
        let scene = Scene { env: &target.env, cwd: &place.cwd, work: &place.work, dirs: &self.dirs, reach };
        let call = packer::around(call, project, &scene)?;
        let call = packer::with_secrets(call, &prepared.builder, &ready.secrets)
            .output_dir(&ready.output_dir)
            .log(&ready.log)
            .redact(redaction)
            .on_event(|event| {
                if let Some(mirror) = &ready.mirror {
                    match event {
                        hc_packer::Event::SourceStarted { .. } => mirror.begin_of_work(),
                        _ => mirror.take_over(),
                    }
                }
                self.teller.tell(Event::Packer { target: target.clone(), event });
            });
        let call = ready.lock.iter().fold(call, |call, lock| call.hold(lock.file()));
        let mut built = self.chosen(call, prepared, &ready.manifest).run(&self.cancel)?;
        if built.result.ending == Some(EndingKind::TimedOut) {
            built.result.hints = vec![TIMED_OUT.to_owned()];
        }
        let shown = |path: Option<String>| path.map(|path| project.shown(path.as_ref()));
        built.result.log_path = shown(built.result.log_path);
        built.result.manifest_path = shown(built.result.manifest_path);
        Ok(built)
    }

    /// Gives a build what settings and options choose for it.
    fn chosen<'a>(
        &'a self,
        call: Call<'a, Build<'a>>,
        prepared: &Prepared,
        manifest: &InputManifest,
    ) -> Call<'a, Build<'a>> {
        let settings = &self.project.settings.packer;
        let platform = prepared.target.builder.platform();
        let seed = manifest.combined.as_bytes()[..8].try_into().expect("a digest has 32 bytes");
        let retries = self.options.retries.unwrap_or(settings.retries);
        let retry = Retry::transient(retries).seed(u64::from_le_bytes(seed));
        let hook = settings.platforms.get(platform).and_then(|platform| platform.before_retry.split_first());
        let retry = hook.into_iter().fold(retry, |retry, (program, args)| retry.before(program, args));
        let call = call.platform(platform).rules(&self.rules).retry(retry);
        let name = prepared.manifest_variable();
        let call = name.into_iter().fold(call, |call, name| call.manifest_variable(name));
        if self.options.existing == Existing::Replace { call.force() } else { call }
    }

    /// Under the target's lock nothing of an earlier run can live any more: its files go.
    fn settle_earlier(&self, target: &Target) -> Result<()> {
        for one in abandoned::abandoned(self.project, &self.store)? {
            if one.entry.target == *target && one.processes.is_empty() {
                journal::settle(self.project, &self.store, &one)?;
            }
        }
        Ok(())
    }

    /// Packer's manifest outlives the work directory.
    fn keep_manifest(&self, built: &mut Built, build_id: &BuildId) -> Result<()> {
        let Some(from) = &built.manifest else { return Ok(()) };
        let to = self.project.at(layout::packer_manifest(build_id));
        if let Some(bytes) = read_limited(from, MANIFEST_LIMIT)? {
            write_atomic(&to, &bytes, 0o644)?;
            built.result.manifest_path = Some(self.project.shown(&to));
        }
        Ok(())
    }

    /// A failed build keeps its work directory for a person to look into; its half-made output goes.
    fn clear(&self, place: &Place, mirror: Option<Mirror>, output_dir: &Path, succeeded: bool) {
        if !succeeded {
            let _ = std::fs::remove_dir_all(output_dir);
        } else if self.options.work == WorkDir::Remove {
            if let Some(mirror) = mirror {
                mirror.put_back();
            }
            place.remove();
        }
    }
}

/// Why a build that has ended is not in the state.
fn not_recorded(error: EngineError, build: &BuildId, result: &PackerResult) -> EngineError {
    match error {
        EngineError::State(source @ StateError::Stopped(_)) => EngineError::NotRecorded {
            build: build.clone(),
            exit_code: result.exit_code,
            source: Box::new(source),
        },
        other => other,
    }
}
