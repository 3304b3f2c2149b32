//! `hybrid packer upgrade-check`: the same project under two packers, side by side, and who has to agree (PKR-12).
//!
//! Nothing of it is trusted, recorded or kept but the report: smoke builds write below `.hybrid/upgrade` and go.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hc_core::fs::{create_dirs, write_atomic};
use hc_core::{BuildId, Digest, EnvName};
use hc_packer::{Packer, Retry};
use hc_records::{artifact, layout};

use super::validate::{Worker, validate_target};
use crate::error::Result;
use crate::event::Teller;
use crate::inputs::installed::Plugins;
use crate::inputs::{Digests, plugins};
use crate::outcome::upgrade::{Step, UpgradeReport, UpgradeTarget};
use crate::outcome::validate::Depth;
use crate::plan::parent;
use crate::prepare::{Prepared, Values, secrets};
use crate::project::packer::{Dirs, Scene};
use crate::project::reach::Reach;
use crate::project::redaction::Redaction;
use crate::project::{Project, packer, store};
use crate::select::Selection;
use crate::stage::place::{self, Given, Place};
use crate::stage::{self, Purpose, media, ssh_key};

/// What is compared.
#[derive(Debug, Clone)]
pub struct UpgradeOptions<'a> {
    /// The packer that is used now.
    pub from: &'a Path,
    /// The packer that is to be used.
    pub to: &'a Path,
    /// Builders that are really built under both.
    pub smoke: Option<&'a Selection>,
}

/// Runs fmt, validate and smoke builds under both packers and writes the report to `artifacts/`.
///
/// # Errors
/// `ProjectNotTrusted`; when one of them is no packer, or the project has errors of its own; differences are the report.
pub fn check(
    project: &Project,
    selection: &Selection,
    env: &EnvName,
    options: &UpgradeOptions<'_>,
) -> Result<UpgradeReport> {
    project.demand_trust(packer::RUNS)?;
    let find = |binary: &Path| {
        let binary =
            if binary.components().count() > 1 { project.host.cwd.join(binary) } else { binary.into() };
        packer::located(project, &binary).find()
    };
    let (from, to) = (find(options.from)?, find(options.to)?);
    let (prepared, _) = project.prepare(selection, env, &Values::default())?;
    let mut compared = Vec::new();
    for one in &prepared {
        let smoke = options.smoke.is_some_and(|smoke| smoke.ids.contains(&one.target.builder));
        let smoke = if smoke { Smoke::Build } else { Smoke::Skip };
        let before = under(project, &from, one, smoke)?;
        let after = under(project, &to, one, smoke)?;
        compared.push(UpgradeTarget {
            builder: one.target.builder.to_string(),
            steps: before
                .into_iter()
                .zip(after)
                .map(|(before, after)| Step::compare(before, after))
                .collect(),
        });
    }
    let mut report = UpgradeReport {
        from: from.version.to_string(),
        to: to.version.to_string(),
        env: env.to_string(),
        targets: compared,
        sign_offs: Vec::new(),
        report: String::new(),
    };
    report.sign_offs = sign_offs(&report, &from, &to);
    let path = project.at(layout::upgrade_report(&report.from, &report.to));
    report.report = project.shown(&path);
    if let Some(dir) = path.parent() {
        create_dirs(dir)?;
    }
    let mut json = serde_json::to_vec_pretty(&report).unwrap_or_default();
    json.push(b'\n');
    write_atomic(&path, &json, 0o644)?;
    Ok(report)
}

/// What modern packers say of every template that they accept.
const ACCEPTED: &str = "The configuration is valid.";

/// Whether a builder is really built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Smoke {
    Build,
    Skip,
}

/// What one packer says of one target: step name, outcome, details.
type Said = (&'static str, String, BTreeSet<String>);

fn under(project: &Project, packer: &Packer, one: &Prepared, smoke: Smoke) -> Result<Vec<Said>> {
    project.go_on()?;
    let mut said = vec![formatted(project, packer, one)?];
    said.extend(started(project, packer, one)?);
    let checked = validate_target(project, packer, one, &mut Worker::default())?.said;
    let outcome = match (checked.valid, checked.depth) {
        (true, Depth::Full) => "valid".to_owned(),
        (true, _) => "valid, syntax only".to_owned(),
        (false, _) => "refused".to_owned(),
    };
    // Warnings of a template that is accepted are differences too.
    let words = checked.result.map_or_else(String::new, |result| result.stdout);
    let words = words.lines().map(str::trim).filter(|line| !line.is_empty() && *line != ACCEPTED);
    let details = words.map(str::to_owned).collect();
    said.push(("validate", outcome, details));
    if smoke == Smoke::Build {
        said.push(built(project, packer, one)?);
    }
    Ok(said)
}

/// Plugins that packer starts beside itself, for a builder that needs some.
fn started(project: &Project, packer: &Packer, one: &Prepared) -> Result<Option<Said>> {
    let plugins = Plugins::of(project)?;
    let needs = plugins::needs(&one.builder, &plugins.installed);
    if needs.is_empty() {
        return Ok(None);
    }
    if !packer.has_init() {
        return Ok(Some(("plugins", "bundled".into(), BTreeSet::new())));
    }
    let missing = needs.iter().any(|need| need.installed.is_none());
    let details = needs.iter().map(|need| match need.installed {
        Some(plugin) => format!("{} {}", plugin.source, plugin.label()),
        None => format!("{} is not installed", need.source),
    });
    Ok(Some(("plugins", if missing { "missing" } else { "installed" }.into(), details.collect())))
}

fn formatted(project: &Project, packer: &Packer, one: &Prepared) -> Result<Said> {
    let place = Place::of(project, one);
    let dirs = Dirs::of(project);
    let mut unformatted = BTreeSet::new();
    for file in one.builder.layers.iter().chain(&one.builder.files) {
        // There is no stage yet; the files of the project are what people format.
        let call = packer.fmt_check(project.at(file));
        let reach = Reach::common();
        let scene = Scene { env: &one.target.env, cwd: &project.root, work: &place.work, dirs: &dirs, reach };
        let call = packer::around(call, project, &scene)?;
        if call.run(&project.host.cancel)?.code() != Some(0) {
            unformatted.insert(file.display().to_string());
        }
    }
    place.remove();
    let outcome = if unformatted.is_empty() { "formatted" } else { "not formatted" };
    Ok(("fmt", outcome.into(), unformatted))
}

/// Builds into a scratch directory; what is compared is each file's name and digest, without paths and times.
fn built(project: &Project, packer: &Packer, one: &Prepared) -> Result<Said> {
    let place = Place::of(project, one);
    stage::make(project, packer, one, &place, &mut Digests::default(), Purpose::Build)?;
    let secrets = secrets::fetch_all(project, one)?;
    let redaction = Redaction::new(&project.redactor);
    let dirs = Dirs::of(project);
    let state = store::read(project)?;
    let parent = parent::required(project, state.as_ref(), one)?;
    let key = ssh_key::make(project, one, &place.work)?;
    let iso = media::fetched(project, &one.target, &one.builder, &Teller::new(&mut |_| {}))?;
    let given = Given { parent: parent.as_ref(), key: key.as_ref(), iso: iso.as_deref() };
    let scratch = project.at(layout::UPGRADE).join(packer.version.to_string());
    create_dirs(&scratch)?;
    // The same id under both, so that nothing differs by it.
    let id = BuildId::new(&one.target, &project.run_id);
    let output = scratch.join(id.as_str());
    let rules = packer::rules(project)?;
    let vars = place::injected(project, one, &place, id.as_str(), &output, &given);
    let call = place.with(packer.build(&place.packer_dir), one, &vars);
    let reach = one.reach();
    let scene = Scene { env: &one.target.env, cwd: &place.cwd, work: &place.work, dirs: &dirs, reach };
    let call = packer::around(call, project, &scene)?;
    let call = one.manifest_variable().into_iter().fold(call, |call, name| call.manifest_variable(name));
    let built = packer::with_secrets(call, &one.builder, &secrets)
        .platform(one.target.builder.platform())
        .output_dir(&output)
        .retry(Retry::transient(project.settings.packer.retries))
        .rules(&rules)
        .redact(&redaction)
        .run(&project.host.cancel)?;
    let mut details: BTreeSet<String> = BTreeSet::new();
    for file in artifact::inspect(&built.files, &place.cwd, &project.root)? {
        let name = file.path.rsplit('/').next().unwrap_or_default().to_owned();
        details.insert(format!(
            "{name} {}",
            file.blake3.map_or("gone".into(), |digest: Digest| digest.to_string())
        ));
    }
    details.extend(built.image_ids.iter().map(|_| "an image id".to_owned()));
    details.extend(built.result.evidence.clone());
    let _ = std::fs::remove_dir_all(&scratch);
    drop(key);
    place.remove();
    Ok(("build", built.result.classification.to_string(), details))
}

/// Who has to agree, and to what.
fn sign_offs(report: &UpgradeReport, from: &Packer, to: &Packer) -> Vec<String> {
    let mut needed = vec![format!("platform: packer {} instead of {}", report.to, report.from)];
    if from.bundles_plugins() != to.bundles_plugins() {
        needed.push(
            "security: plugins come from elsewhere than the packer binary and have to be pinned".into(),
        );
    }
    let mut owners: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for target in &report.targets {
        for step in target.steps.iter().filter(|step| !step.same) {
            owners.entry(&target.builder).or_default().push(difference(step));
        }
    }
    needed.extend(
        owners.into_iter().map(|(builder, steps)| format!("owner of {builder}: {}", steps.join("; "))),
    );
    needed
}

fn difference(step: &Step) -> String {
    let Step { name, from, to, .. } = step;
    if from != to {
        return format!("{name}: {from} → {to}");
    }
    let what = match name.as_str() {
        "fmt" => "wants other files formatted",
        "plugins" => "starts others",
        "build" => "makes something else",
        _ => "says something else",
    };
    format!("{name}: {from} under both, but {what}")
}
