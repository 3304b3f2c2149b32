//! `cargo xtask schema`: `schemas/*.json` from the Rust types; `--check` fails on any difference.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use hc_cli::report::{Envelope, envelope, explain, shell, sources};
use hc_engine::outcome::{
    adopt, artifacts, build, bundle, cache, clean, config, doctor, init, logs, orphans, packer, plan,
    plugins, provisioners, publish, scan, state, suite, templates, trust, upgrade, validate, wizard,
};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

/// Where the schemas are published.
const BASE: &str = "https://hybrid.example/schemas";

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().into_generator()
}

fn schema<T: JsonSchema>(name: &str, title: &str) -> Value {
    let mut schema = generator().into_root_schema_for::<T>().to_value();
    if let Some(object) = schema.as_object_mut() {
        object.insert("$id".into(), json!(format!("{BASE}/{name}.json")));
        object.insert("title".into(), json!(title));
    }
    schema
}

/// A command's answer: the envelope around its own result.
fn answer<T: JsonSchema>(name: &str, title: &str) -> (String, Value) {
    (name.to_owned(), schema::<Envelope<T>>(name, title))
}

fn all() -> BTreeMap<String, Value> {
    let own = |name: &str, value: Value| (name.to_owned(), value);
    BTreeMap::from([
        own(
            "hybrid-toml",
            schema::<hc_config::settings::Settings>("hybrid-toml", "Settings of a hybrid project"),
        ),
        own("builder-toml", schema::<hc_templates::BuilderToml>("builder-toml", "Metadata of a builder")),
        own("state", schema::<hc_state::State>("state", "State of a hybrid project")),
        own("artifact", schema::<hc_records::ArtifactRecord>("artifact", "Record of a build")),
        own(
            "hash-manifest",
            schema::<hc_records::HashManifest>("hash-manifest", "Inputs of a builder's images"),
        ),
        own(
            "secret-baseline",
            schema::<hc_logs::scan::Baseline>(
                "secret-baseline",
                "Plaintext secrets that were known when searching began",
            ),
        ),
        own(
            "log-summary",
            schema::<hc_records::LogSummary>("log-summary", "Logs of a builder's newest build"),
        ),
        own("observed", schema::<hc_records::Observed>("observed", "What runs of a target were seen to use")),
        own(
            "packer-result",
            schema::<hc_packer::PackerResult>("packer-result", "Result of one packer command"),
        ),
        answer::<templates::TemplatesReport>("cli-templates", "hybrid templates list"),
        answer::<templates::ComposeReport>("cli-templates-compose", "hybrid templates compose"),
        answer::<config::RenderReport>("cli-config-render", "hybrid config render"),
        answer::<config::ShowReport>("cli-config-show", "hybrid config show"),
        answer::<config::ExplainReport>("cli-config-explain", "hybrid config show --explain"),
        answer::<config::SchemaReport>("cli-config-schema", "hybrid config schema"),
        answer::<config::ConfigDiffReport>("cli-config-diff", "hybrid config diff"),
        answer::<provisioners::ProvisionersReport>("cli-provisioners", "hybrid provisioners"),
        answer::<validate::ValidateReport>("cli-validate", "hybrid validate"),
        answer::<validate::FmtReport>("cli-fmt", "hybrid fmt"),
        answer::<plan::PlanReport>("cli-plan", "hybrid plan"),
        answer::<plan::StatusReport>("cli-status", "hybrid status"),
        answer::<build::BuildReport>("cli-build", "hybrid build"),
        answer::<suite::SuitesReport>("cli-test", "hybrid test"),
        answer::<publish::PublishReport>("cli-publish", "hybrid publish"),
        answer::<artifacts::ArtifactsReport>("cli-artifacts", "hybrid artifacts list"),
        answer::<artifacts::ArtifactReport>("cli-artifact", "hybrid artifacts show"),
        answer::<artifacts::VerifyReport>("cli-artifacts-verify", "hybrid artifacts verify"),
        answer::<artifacts::RevokedReport>("cli-artifacts-revoke", "hybrid artifacts revoke"),
        answer::<artifacts::ArtifactDiffReport>("cli-artifacts-diff", "hybrid artifacts diff"),
        answer::<sources::SyncDoc>("cli-sources-sync", "hybrid sources sync, resume and unbundle"),
        answer::<sources::StatusDoc>("cli-sources-status", "hybrid sources status"),
        answer::<sources::VerifyDoc>("cli-sources-verify", "hybrid sources verify"),
        answer::<sources::PinDoc>("cli-sources-pin", "hybrid sources pin"),
        answer::<sources::LogDoc>("cli-sources-log", "hybrid sources log"),
        answer::<sources::BundleDoc>("cli-sources-bundle", "hybrid sources bundle"),
        answer::<sources::ScansDoc>("cli-sources-scan", "hybrid sources scan"),
        answer::<state::StateReport>("cli-state", "hybrid state show"),
        answer::<state::FindingsReport>("cli-state-check", "hybrid state check"),
        answer::<state::BackupsReport>("cli-state-backups", "hybrid state backups"),
        answer::<state::StateChangeReport>("cli-state-change", "hybrid state restore, migrate, unlock"),
        answer::<explain::ExplainCodeReport>("cli-explain", "hybrid explain"),
        answer::<adopt::AdoptReport>("cli-init-adopt", "hybrid init --adopt"),
        answer::<init::InitReport>("cli-init", "hybrid init"),
        answer::<doctor::DoctorReport>("cli-doctor", "hybrid doctor"),
        answer::<shell::CompletionsReport>("cli-completions", "hybrid completions"),
        answer::<shell::ManReport>("cli-man", "hybrid man"),
        answer::<packer::PackerReport>("cli-packer", "hybrid packer show"),
        answer::<packer::ClassifyReport>("cli-packer-classify", "hybrid packer classify"),
        answer::<upgrade::UpgradeReport>("cli-packer-upgrade-check", "hybrid packer upgrade-check"),
        answer::<plugins::PluginsReport>("cli-packer-plugins", "hybrid packer plugins"),
        answer::<packer::PinReport>("cli-packer-pin", "hybrid packer pin"),
        answer::<cache::CacheReport>("cli-cache", "hybrid cache"),
        answer::<scan::ScanReport>("cli-secret-scan", "hybrid templates scan"),
        answer::<clean::CleanReport>("cli-clean", "hybrid clean"),
        answer::<logs::LogsReport>("cli-logs", "hybrid logs"),
        answer::<bundle::BundleDoc>("cli-diag-bundle", "hybrid diag bundle"),
        answer::<orphans::OrphansReport>("cli-orphans", "hybrid orphans"),
        answer::<trust::TrustReport>("cli-trust", "hybrid trust"),
        answer::<wizard::WizardReport>("cli-wizard", "hybrid wizard"),
        answer::<envelope::NoResult>("cli-error", "A command that failed before it had a result"),
    ])
}

fn text(schema: &Value) -> Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(schema)?))
}

/// Writes all schemas and removes those that no type stands behind.
pub fn write(root: &Path) -> Result<()> {
    let dir = root.join("schemas");
    std::fs::create_dir_all(&dir)?;
    let all = all();
    for (name, schema) in &all {
        std::fs::write(dir.join(format!("{name}.json")), text(schema)?)?;
    }
    for stray in strays(&dir, &all)? {
        std::fs::remove_file(dir.join(&stray))?;
        println!("removed schemas/{stray}");
    }
    println!("schemas: {} written", all.len());
    Ok(())
}

/// Fails when a schema differs from its type.
pub fn check(root: &Path) -> Result<()> {
    let dir = root.join("schemas");
    let all = all();
    let mut different = strays(&dir, &all)?;
    for (name, schema) in &all {
        let file = format!("{name}.json");
        let on_disk = std::fs::read_to_string(dir.join(&file)).unwrap_or_default();
        if on_disk != text(schema)? {
            different.push(file);
        }
    }
    if different.is_empty() {
        println!("schemas: {} up to date", all.len());
        return Ok(());
    }
    bail!(
        "schemas differ from their types: {}; run `cargo xtask schema` and look at the diff",
        different.join(", ")
    )
}

fn strays(dir: &Path, all: &BTreeMap<String, Value>) -> Result<Vec<String>> {
    let mut strays = Vec::new();
    for entry in std::fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.strip_suffix(".json").is_some_and(|stem| !all.contains_key(stem)) {
            strays.push(name);
        }
    }
    Ok(strays)
}

#[cfg(test)]
mod tests {
    #[test]
    fn schemas_on_disk_are_those_of_the_types() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        super::check(root).unwrap();
    }

    #[test]
    fn every_schema_has_an_id_and_a_title() {
        for (name, schema) in super::all() {
            assert!(schema["$id"].as_str().unwrap().ends_with(&format!("{name}.json")));
            assert!(schema["title"].is_string() && schema["$schema"].as_str().unwrap().contains("2020-12"));
        }
    }
}
