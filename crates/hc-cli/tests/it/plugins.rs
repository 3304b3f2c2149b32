//! Packer plugins: locked, refused when they differ, installed from archives without a network (SRC-6).

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use hc_packer::Platform;
use hc_packer::plugins::sha256;
use hc_test_support::FakePacker;

use crate::project::Project;

const SOURCE: &str = "github.com/acme/demo";

/// A packer that installs files as the real one does, and is content with everything else.
const INSTALLS: &str = r#"if [ "$1" = plugins ]; then
  [ "$2 $3" = "install --path" ] || { echo "Error: no network"; exit 1; }
  mkdir -p "$PACKER_PLUGIN_PATH/$5"
  cp "$4" "$PACKER_PLUGIN_PATH/$5/"
  sum=$(sha256sum < "$4")
  printf %s "${sum%% *}" > "$PACKER_PLUGIN_PATH/$5/${4##*/}_SHA256SUM"
fi
exit 0"#;

fn platform() -> String {
    Platform::of_this_program().to_string()
}

fn name(version: &str) -> String {
    format!("packer-plugin-demo_v{version}_x5.0_{}", platform())
}

/// A plugin as real packer takes it too: it describes itself.
fn binary(version: &str) -> String {
    let description = format!(
        r#"{{"version":"{version}","sdk_version":"0.6.0","api_version":"x5.0","protocol_version":"v2","builders":["-packer-default-plugin-name-"],"post_processors":[],"provisioners":[],"datasources":[]}}"#
    );
    format!("#!/bin/sh\n[ \"$1\" = describe ] && echo '{description}'\n")
}

/// Puts an archive of a version and its checksums into `archives/`.
fn publish(project: &Project, version: &str) {
    let file = format!("{}.zip", name(version));
    project.write(&format!("archives/{file}"), "");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(project.path("archives").join(&file)).unwrap());
    zip.start_file(name(version), zip::write::SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
    zip.write_all(binary(version).as_bytes()).unwrap();
    zip.finish().unwrap();
    let sum = sha256(&project.path("archives").join(&file)).unwrap();
    project.write(&format!("archives/packer-plugin-demo_v{version}_SHA256SUMS"), &format!("{sum}  {file}\n"));
}

/// A project whose only builder asks for the plugin, with a packer of its own unless a real one can do it.
fn project() -> Project {
    let project = Project::empty();
    let real = std::env::var_os("HYBRID_TEST_PACKERS").unwrap_or_default();
    let real = std::env::split_paths(&real).find(|path| path.is_file());
    let packer = match real {
        Some(path) => path,
        None => FakePacker::new(&project.path("fake"), "1.16.0", INSTALLS).unwrap().path(),
    };
    project.write(
        "hybrid.toml",
        &format!(
            "[project]\nname = \"test\"\n\n[packer]\nbinary = \"{}\"\nplugin_path = \"plugins\"\n\n[naming]\nnull = [\"null\"]\n",
            packer.display()
        ),
    );
    project.write("configs/overlays/dev.pkrvars.hcl", "");
    project.write(
        "templates/linux/null/base/base.pkr.hcl",
        &format!(
            "packer {{\n  required_plugins {{\n    demo = {{\n      version = \"~> 1.0\"\n      source  = \"{SOURCE}\"\n    }}\n  }}\n}}\n\n\
             source \"null\" \"base\" {{\n  communicator = \"none\"\n}}\n\nbuild {{\n  sources = [\"source.null.base\"]\n}}\n"
        ),
    );
    project
}

fn verdict(project: &Project) -> String {
    let status = project.ok(&["packer", "plugins", "status", "--format", "json"]).json();
    status["result"]["plugins"][0]["verdict"].as_str().unwrap().to_owned()
}

#[test]
fn a_locked_plugin_that_was_changed_is_never_started() {
    let project = project();
    publish(&project, "1.0.4");
    publish(&project, "1.2.0");
    publish(&project, "2.0.0");
    assert_eq!(verdict(&project), "missing");
    project.run(&["packer", "plugins", "lock"]).expect(1).says("error[PluginInvalid]");
    project.ok(&["packer", "plugins", "install", "--from", "archives"]);
    assert_eq!(verdict(&project), "not locked");
    project.ok(&["packer", "plugins", "lock"]);
    assert!(project.read("plugins.lock").contains("version = \"1.2.0\""));
    project.ok(&["validate"]);
    let state = project.read("state/packer-hybrid.json");
    assert!(state.contains(SOURCE) && state.contains("\"version\": \"1.2.0\""), "{state}");

    let installed = project.path("plugins").join(SOURCE).join(name("1.2.0"));
    let mut permissions = installed.metadata().unwrap().permissions();
    permissions.set_mode(0o755);
    std::fs::set_permissions(&installed, permissions).unwrap();
    std::fs::write(&installed, binary("1.2.0") + "# changed\n").unwrap();
    assert_eq!(verdict(&project), "differs");
    let plan = project.ok(&["plan", "--format", "json"]).json();
    assert_eq!(plan["result"]["targets"][0]["trusted"], false, "{plan}");
    project.run(&["build"]).expect(3).says("error[PluginDiffers]").says(SOURCE);
    project.run(&["validate"]).expect(3).says("error[PluginDiffers]").says("plugins.lock has sha256:");

    project.ok(&["packer", "plugins", "install", "--from", "archives"]);
    assert_eq!(verdict(&project), "as locked");
    project.ok(&["validate"]);
}

#[test]
fn an_archive_that_is_not_what_its_checksum_says_is_not_opened() {
    let project = project();
    publish(&project, "1.0.4");
    let archive = project.path("archives").join(format!("{}.zip", name("1.0.4")));
    let mut bytes = std::fs::read(&archive).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&archive, bytes).unwrap();
    project
        .run(&["packer", "plugins", "install", "--from", "archives"])
        .expect(1)
        .says("error[PluginInvalid]")
        .says("its checksum is");
    project.write("archives/packer-plugin-demo_v1.0.4_SHA256SUMS", "");
    project.run(&["packer", "plugins", "install", "--from", "archives"]).expect(1).says("it has no checksum");
    project
        .run(&["packer", "plugins", "install", "--from", "nowhere"])
        .expect(1)
        .says("error[PluginInvalid]");
    assert!(!project.path("plugins").exists());

    // What is locked is compared before packer runs any of it.
    publish(&project, "1.0.4");
    project.write(
        "plugins.lock",
        &format!(
            "schema = 1\n[plugins.\"{SOURCE}\"]\nversion = \"1.0.4\"\nsha256 = {{ {} = \"00\" }}\n",
            platform()
        ),
    );
    project
        .run(&["packer", "plugins", "install", "--from", "archives"])
        .expect(3)
        .says("error[PluginDiffers]");
    assert!(!project.path("plugins").exists());
    project.write("plugins.lock", "schema = 9\n");
    project.run(&["packer", "plugins", "status"]).expect(1).says("error[PluginInvalid]").says("format 9");
}

#[test]
fn a_plugin_that_the_lock_does_not_have_stops_the_build_and_an_old_packer_says_so() {
    let project = project();
    publish(&project, "1.0.4");
    project.ok(&["packer", "plugins", "install", "--from", "archives"]);
    project.write("plugins.lock", "schema = 1\n");
    project.run(&["validate"]).expect(1).says("error[PluginNotLocked]").says(SOURCE);
    let old = FakePacker::new(&project.path("old"), "1.6.6", "exit 0").unwrap();
    project.write("hybrid.toml", &format!("[packer]\nbinary = \"{}\"\n", old.path().display()));
    project
        .run(&["packer", "plugins", "install", "--from", "archives"])
        .expect(1)
        .says("error[PackerTooOld]");
}

#[test]
fn packers_between_init_and_install_use_init() {
    let project = project();
    let script = "if [ \"$1\" = init ]; then cat \"$2/plugins.pkr.hcl\" > \"$FAKE/asked\"; echo 'Error: rate limited the plugin getter'; exit 1; fi";
    let packer = FakePacker::new(&project.path("nine"), "1.9.4", script).unwrap();
    project.write(
        "hybrid.toml",
        &format!("[packer]\nbinary = \"{}\"\nplugin_path = \"plugins\"\n", packer.path().display()),
    );
    project
        .run(&["packer", "plugins", "install"])
        .expect(2)
        .says("error[PluginInstallFailed]")
        .says("rate limited")
        .says("use `--from`");
    assert_eq!(packer.args(1).unwrap()[0], "init");
    let asked = project.read("nine/asked");
    assert!(asked.contains(&format!("source  = \"{SOURCE}\"")), "{asked}");
    project
        .run(&["packer", "plugins", "install", "--from", "archives"])
        .expect(1)
        .says("error[PackerTooOld]");
}
