//! Where a project keeps things, relative to its root: the one place that spells these paths.
//!
//! Pure functions of ids. The files of `state/` are hc-state's, those of `templates/` hc-templates'.

use std::path::{Component, Path};

use hc_core::{BuildId, BuilderId, EnvName, RunId, Target};

/// What hybrid can make anew, and what it works in.
pub const HYBRID: &str = ".hybrid";
/// Downloads and other caches.
pub const CACHES: &str = ".hybrid/cache";
/// What is remembered about unchanged inputs; may be deleted at any time.
pub const STAT_CACHE: &str = ".hybrid/stat-cache";
/// The same for directories of many files; may be deleted at any time.
pub const TREE_CACHE: &str = ".hybrid/tree-cache";
/// Which directories hold no plaintext secrets; may be deleted at any time.
pub const SCANNED: &str = ".hybrid/scanned";
/// The version of the packer that was found, so that it is not asked every time.
pub const PACKER_VERSION: &str = ".hybrid/cache/packer-version.json";
/// Checksums of packer and its plugins, so that those which did not change are not read every time.
pub const CHECKSUMS: &str = ".hybrid/cache/checksums.json";
/// Packages that are being installed: a command of one may be there long before the rest is.
pub const PACKAGES_BEGUN: &str = ".hybrid/cache/packages-begun";
/// Installation media by checksum (PKR-9).
pub const ISO_STORE: &str = ".hybrid/cache/iso";
/// Work directories of runs.
pub const WORK: &str = ".hybrid/work";
/// Temporary files of packers, a directory for each that runs.
pub const TEMPORARY: &str = ".hybrid/tmp";
/// Mirrors of the repository that wait for the next run; may be deleted at any time.
pub const MIRRORS: &str = ".hybrid/mirrors";
/// Builds that have begun and not ended by themselves.
pub const JOURNAL: &str = ".hybrid/journal";
/// Rendered variables that are being written.
pub const RENDERING: &str = ".hybrid/rendering.json";
/// Old contents of text inputs, by digest.
pub const OBJECTS: &str = ".hybrid/objects";
/// Input manifests of builds.
pub const KEPT_INPUTS: &str = ".hybrid/inputs";
/// Files that live as long as a linter runs.
pub const LINT: &str = ".hybrid/lint";
/// Smoke builds of `packer upgrade-check`.
pub const UPGRADE: &str = ".hybrid/upgrade";
/// Records of builds, and images.
pub const ARTIFACTS: &str = "artifacts";
/// Image files, one directory per build.
pub const IMAGES: &str = "artifacts/images";
/// Logs.
pub const LOGS: &str = "logs";
/// Raw logs of packer, one per build.
pub const PACKER_LOGS: &str = "logs/packer";
/// Logs of test suites.
pub const TEST_LOGS: &str = "logs/tests";
/// Rendered variables and overlays.
pub const CONFIGS: &str = "configs";
/// Overlays, edited by people.
pub const OVERLAYS: &str = "configs/overlays";
/// Switches of provisioner stacks.
pub const PROVISIONERS: &str = "configs/provisioners.toml";
/// Ending of hash manifests.
pub const HASH_MANIFEST_ENDING: &str = ".hash.json";
/// Ending of rendered variables.
pub const RENDERED_ENDING: &str = ".auto.pkrvars.hcl";
/// Pinned git repositories.
pub const SOURCES: &str = "sources";

/// The directory of a run below [`WORK`].
pub fn work_of_run(run: &RunId) -> String {
    format!("{WORK}/{run}")
}

/// The directory in which a run works on a target.
pub fn work(run: &RunId, target: &Target) -> String {
    format!("{WORK}/{run}/{target}")
}

/// `artifacts/<build>.json` (PKR-6).
pub fn artifact_record(build: &BuildId) -> String {
    format!("{ARTIFACTS}/{build}.json")
}

/// `artifacts/<builder>.hash.json` (PKR-7).
pub fn hash_manifest(builder: &BuilderId) -> String {
    format!("{ARTIFACTS}/{builder}{HASH_MANIFEST_ENDING}")
}

/// Packer's own manifest of a build.
pub fn packer_manifest(build: &BuildId) -> String {
    format!("{ARTIFACTS}/{build}.packer.json")
}

/// Directory of a build's image files.
pub fn images_of(build: &BuildId) -> String {
    format!("{IMAGES}/{build}")
}

/// Raw log of a build.
pub fn packer_log(build: &BuildId) -> String {
    format!("{PACKER_LOGS}/{build}.log")
}

/// Log of a test suite on a build.
pub fn test_log(build: &BuildId, suite: &str) -> String {
    format!("{TEST_LOGS}/{build}.{suite}.log")
}

/// Journal entry of a build.
pub fn journal_entry(build: &str) -> String {
    format!("{JOURNAL}/{build}.json")
}

/// Inputs of a build, for comparisons with later ones.
pub fn kept_inputs(build: &BuildId) -> String {
    format!("{KEPT_INPUTS}/{build}.json")
}

/// Report of `packer upgrade-check` between two versions.
pub fn upgrade_report(from: &str, to: &str) -> String {
    format!("{ARTIFACTS}/upgrade-{from}-{to}.json")
}

/// Diagnostic bundle of a run.
pub fn bundle(run: &RunId) -> String {
    format!("{ARTIFACTS}/diag-{run}.tar.zst")
}

/// `configs/<env>/<builder>.auto.pkrvars.hcl` (CONFIG-2).
pub fn rendered(target: &Target) -> String {
    format!("{CONFIGS}/{}/{}{RENDERED_ENDING}", target.env, target.builder)
}

/// The overlay of an environment.
pub fn overlay(env: &EnvName) -> String {
    format!("{OVERLAYS}/{env}.pkrvars.hcl")
}

/// The overlay of an environment and a platform.
pub fn platform_overlay(env: &EnvName, builder: &BuilderId) -> String {
    format!("{OVERLAYS}/{env}/{}.pkrvars.hcl", builder.platform())
}

/// The overlay of an environment, a platform and a variant.
pub fn variant_overlay(env: &EnvName, builder: &BuilderId) -> String {
    format!("{OVERLAYS}/{env}/{}.{}.pkrvars.hcl", builder.platform(), builder.variant())
}

/// The tree of a pinned source.
pub fn source(name: &str) -> String {
    format!("{SOURCES}/{name}")
}

/// The source that a path relative to the project lies in.
pub fn source_of(path: &Path) -> Option<&str> {
    let mut parts = path.components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(first)), Some(Component::Normal(name))) if first == SOURCES => name.to_str(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_below_a_source_belong_to_one() {
        assert_eq!(source_of(Path::new("sources/a/b/c.sh")), Some("a"));
        for other in ["sources", "scripts/sources/a", "/sources/a", "../sources/a/b"] {
            assert_eq!(source_of(Path::new(other)), None, "{other}");
        }
    }
}
