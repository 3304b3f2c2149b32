//! vSphere on vcsim, with the real vsphere plugin: a template that is made, started from, found again, and destroyed.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::results::{How, report};
use super::{Server, packers, project, skipped};
use crate::project::Project;

/// `linux.vsphere.base` is cloned from a machine of the simulator, `linux.vsphere.web` from it.
fn write(project: &Project, server: &str) {
    for (name, template) in [("base", "\"DC0_H0_VM0\""), ("web", "var.hybrid_parent_image_id")] {
        project.write(
            &format!("templates/linux/vsphere/{name}/{name}.pkr.hcl"),
            &format!(
                "variable \"hybrid_parent_image_id\" {{\n  type    = string\n  default = \"\"\n}}\n\n\
                 variable \"password\" {{\n  type      = string\n  sensitive = true\n}}\n\n\
                 source \"vsphere-clone\" \"{name}\" {{\n  vcenter_server      = \"{server}\"\n  username            = \"user\"\n  \
                 password            = var.password\n  insecure_connection = true\n  datacenter          = \"DC0\"\n  \
                 cluster             = \"DC0_C0\"\n  host                = \"DC0_C0_H0\"\n  datastore           = \"LocalDS_0\"\n  \
                 template            = {template}\n  vm_name             = \"{name}-1\"\n  communicator        = \"none\"\n  \
                 disable_shutdown    = true\n  convert_to_template = true\n}}\n\n\
                 build {{\n  sources = [\"source.vsphere-clone.{name}\"]\n}}\n"
            ),
        );
    }
    project.write("configs/overlays/dev.pkrvars.hcl", "password = env(\"VC_PASSWORD\")\n");
    project.write(
        "templates/linux/vsphere/base/builder.toml",
        "[suites.smoke]\ncommand = [\"true\"]\n\n[publish]\nsuites = [\"smoke\"]\n",
    );
    project.write("templates/linux/vsphere/web/builder.toml", "parent = \"linux.vsphere.base\"\n");
}

/// govc: the one beside vcsim.
fn govc() -> Option<PathBuf> {
    let beside = PathBuf::from(std::env::var_os("HYBRID_TEST_VCSIM")?).with_file_name("govc");
    if !beside.is_file() {
        skipped("there is no program govc beside the one of HYBRID_TEST_VCSIM");
    }
    Some(beside).filter(|path| path.is_file())
}

fn record(project: &Project, builder: &str) -> Value {
    project.ok(&["artifacts", "show", builder, "--format", "json"]).json()["result"]["artifact"].clone()
}

fn statuses(verified: &Value) -> Vec<(String, String)> {
    let images = verified["result"]["images"].as_array().unwrap();
    let text = |image: &Value, key: &str| image[key].as_str().unwrap().to_owned();
    images.iter().map(|image| (text(image, "id"), text(image, "status"))).collect()
}

fn with_path(project: &mut Project, dir: &Path) {
    let others = std::env::var_os("PATH").unwrap();
    let all = std::iter::once(dir.to_owned()).chain(std::env::split_paths(&others));
    project.set_env("PATH", std::env::join_paths(all).unwrap().to_str().unwrap());
}

#[test]
fn a_template_is_found_by_its_place_started_from_and_missed_when_it_is_gone() {
    for packer in packers() {
        let Some(mut project) = project(&packer, &["vsphere"]) else { return };
        let Some(server) = Server::vcsim() else { return };
        let Some(govc) = govc() else { return };
        project.set_env("VC_PASSWORD", "pass-of-the-simulator");
        write(&project, &server.address());
        project.ok(&["validate"]);
        project.ok(&["build", "--with-parents", "--targets", "web"]);
        let base = record(&project, "linux.vsphere.base");
        let image = &base["images"][0];
        assert_eq!((&image["provider"], &image["kind"]), (&"vsphere".into(), &"template".into()));
        assert_eq!((&image["id"], &image["name"]), (&"base-1".into(), &"base-1".into()));
        assert_eq!(
            image["place"],
            serde_json::json!({
                "cluster": "DC0_C0", "datacenter": "DC0", "datastore": "LocalDS_0", "host": "DC0_C0_H0",
                "inventory_path": "/DC0/vm/base-1", "server": server.address(),
            })
        );
        let web = record(&project, "linux.vsphere.web");
        assert_eq!(web["provenance"]["parent"]["image_id"], "/DC0/vm/base-1");
        let pair = |id: &str, status: &str| (id.to_owned(), status.to_owned());

        // Without govc nobody knows, and that is said.
        let bare = project.path("bare");
        std::fs::create_dir(&bare).unwrap();
        let mut alone = project.command(&["artifacts", "verify", "--format", "json"]);
        let ran = crate::project::Ran::from(alone.env("PATH", &bare).output().unwrap()).expect(0);
        let unverified = ran.says("warning[ImageUnverified]").says("`govc` is not installed").json();
        assert_eq!(statuses(&unverified), [pair("web-1", "unverified"), pair("base-1", "unverified")]);
        let mut alone = project.command(&["artifacts", "verify", "--strict"]);
        crate::project::Ran::from(alone.env("PATH", &bare).output().unwrap()).expect(1);

        // Server and login come from the template, the secret by the environment of govc alone.
        with_path(&mut project, govc.parent().unwrap());
        let verified = project.ok(&["artifacts", "verify", "--strict", "--format", "json"]).json();
        assert_eq!(statuses(&verified), [pair("web-1", "present"), pair("base-1", "present")]);
        let of_vcenter = |args: &[&str]| {
            let mut command = Command::new(&govc);
            command.args(args).env("GOVC_URL", server.address()).env("GOVC_INSECURE", "1");
            command.env("GOVC_USERNAME", "user").env("GOVC_PASSWORD", "pass-of-the-simulator");
            assert!(command.status().unwrap().success(), "{args:?}");
        };
        of_vcenter(&["vm.markasvm", "-pool", "/DC0/host/DC0_C0/Resources", "/DC0/vm/web-1"]);
        of_vcenter(&["vm.destroy", "/DC0/vm/base-1"]);
        let ran = project.run(&["artifacts", "verify", "--format", "json"]).expect(1);
        assert_eq!(statuses(&ran.json()), [pair("web-1", "changed"), pair("base-1", "gone")]);
        assert!(
            !ran.stdout.contains("pass-of-the-simulator") && !ran.stderr.contains("pass-of-the-simulator")
        );
        let shown = project.run(&["artifacts", "verify"]).expect(1).stdout;
        assert!(shown.contains("web-1: it is no template any more"), "{shown}");
        report(
            "vSphere",
            "vsphere",
            &packer,
            How::Simulator,
            "a clone becomes a template with its place, a child of it, images looked at again and missed",
        );
    }
}
