//! Images of every platform through the binary: what a plugin says in packer's stream is in the record, and the platform is
//! asked by its own program. Packer and the programs are scripts; the streams have the shapes of the real plugins.

use hc_test_support::FakePacker;
use serde_json::{Value, json};

use crate::project::{Project, Ran};

/// A platform: what its source says, what its plugin tells, what is recorded, and how the platform is asked.
struct Case {
    platform: &'static str,
    source: &'static str,
    attributes: &'static str,
    /// Telling lines, then who speaks, id and sentence.
    lines: &'static [&'static str],
    artifact: (&'static str, &'static str, &'static str),
    recorded: Value,
    /// The program and what it must be told; no program where nobody knows how to ask.
    asked: Option<(&'static str, &'static [&'static str])>,
    /// An answer that says it is there, and what is said of one that is gone.
    answers: (&'static str, &'static str),
}

fn cases() -> Vec<Case> {
    let sha = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    vec![
        Case {
            platform: "aws",
            source: "amazon-ebs",
            attributes: "region = local.region\nami_name = \"web-1\"\ntags = { Team = \"images\" }",
            lines: &["Creating AMI web-1 from instance i-0ab1"],
            artifact: (
                "mitchellh.amazonebs",
                "eu-west-1:ami-0ab1",
                "AMIs were created:\\neu-west-1: ami-0ab1\\n",
            ),
            recorded: json!([{"provider": "aws", "kind": "ami", "id": "ami-0ab1", "name": "web-1", "region": "eu-west-1", "tags": ["Team=images"]}]),
            asked: Some((
                "aws",
                &["ec2", "describe-images", "--image-ids=ami-0ab1", "--region=eu-west-1", "--output=json"],
            )),
            answers: (
                r#"{"Images": [{"Name": "web-1", "State": "available"}]}"#,
                "An error occurred (InvalidAMIID.NotFound) when calling",
            ),
        },
        Case {
            platform: "azure",
            source: "azure-arm",
            attributes: "location = \"West Europe\"",
            lines: &[],
            artifact: (
                "Azure.ResourceManagement.VMImage",
                "/subscriptions/1-2/resourceGroups/rg/providers/Microsoft.Compute/galleries/g/images/web/versions/1.4.0",
                "Azure.ResourceManagement.VMImage:\\n\\nOSType: Linux\\nManagedImageSharedImageGalleryId: /subscriptions/1-2/resourceGroups/rg/providers/Microsoft.Compute/galleries/g/images/web/versions/1.4.0\\nSharedImageGalleryReplicatedRegions: westeurope\\n",
            ),
            recorded: json!([{
                "provider": "azure", "kind": "gallery-version", "name": "web", "region": "westeurope", "version": "1.4.0",
                "id": "/subscriptions/1-2/resourceGroups/rg/providers/Microsoft.Compute/galleries/g/images/web/versions/1.4.0",
                "place": {"gallery": "g", "resource_group": "rg", "subscription": "1-2"},
            }]),
            asked: Some((
                "az",
                &[
                    "sig",
                    "image-version",
                    "show",
                    "--ids=/subscriptions/1-2/resourceGroups/rg/providers/Microsoft.Compute/galleries/g/images/web/versions/1.4.0",
                    "--output=json",
                    "--only-show-errors",
                ],
            )),
            answers: (
                r#"{"name": "1.4.0", "provisioningState": "Succeeded"}"#,
                "ERROR: (ResourceNotFound) The Resource was not found.",
            ),
        },
        Case {
            platform: "gcp",
            source: "googlecompute",
            attributes: "project_id = \"acme\"\nzone = \"europe-west1-b\"\nimage_family = \"web\"",
            lines: &[],
            artifact: (
                "packer.googlecompute",
                "web-1",
                "A disk image was created in the 'acme' project: web-1",
            ),
            recorded: json!([{"provider": "gcp", "kind": "image", "id": "web-1", "name": "web-1", "place": {"family": "web", "project": "acme", "zone": "europe-west1-b"}}]),
            asked: Some((
                "gcloud",
                &["compute", "images", "describe", "web-1", "--project=acme", "--format=json", "--quiet"],
            )),
            answers: (
                r#"{"name": "web-1", "status": "READY"}"#,
                "The resource 'projects/acme/global/images/web-1' was not found",
            ),
        },
        Case {
            platform: "vsphere",
            source: "vsphere-iso",
            attributes: "vcenter_server = \"vc.example\"\ndatacenter = \"dc1\"\ncluster = \"c1\"\nfolder = \"images/linux\"\ndatastore = \"ds1\"\npassword = var.secret",
            lines: &["Converting virtual machine to template..."],
            artifact: ("jetbrains.vsphere", "web-1", "web-1"),
            recorded: json!([{
                "provider": "vsphere", "kind": "template", "id": "web-1", "name": "web-1",
                "place": {"cluster": "c1", "datacenter": "dc1", "datastore": "ds1", "folder": "images/linux", "inventory_path": "/dc1/vm/images/linux/web-1", "server": "vc.example"},
            }]),
            asked: Some(("govc", &["vm.info", "-json", "/dc1/vm/images/linux/web-1"])),
            answers: (
                r#"{"virtualMachines": [{"name": "web-1", "config": {"template": true}}]}"#,
                "govc: vm 'web-1' not found",
            ),
        },
        Case {
            platform: "proxmox",
            source: "proxmox-iso",
            attributes: "proxmox_url = \"https://pve.example:8006/api2/json\"\nnode = \"pve1\"\nvm_name = \"web-1\"\npool = \"images\"\ntags = \"linux;web\"",
            lines: &[],
            artifact: ("proxmox.iso", "9000", "A template was created: 9000"),
            recorded: json!([{
                "provider": "proxmox", "kind": "template", "id": "9000", "name": "web-1", "tags": ["linux", "web"],
                "place": {"node": "pve1", "pool": "images", "server": "https://pve.example:8006/api2/json"},
            }]),
            asked: Some(("pvesh", &["get", "/cluster/resources", "--type=vm", "--output-format=json"])),
            answers: (r#"[{"vmid": 9000, "name": "web-1", "template": 1}]"#, ""),
        },
        Case {
            platform: "docker",
            source: "docker",
            attributes: "image = \"debian:12\"\ncommit = true",
            lines: &["Image ID: sha256:aa"],
            artifact: (
                "packer.post-processor.docker-import",
                sha,
                "Imported Docker image: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            ),
            recorded: json!([{"provider": "docker", "kind": "container-image", "id": sha}]),
            asked: Some((
                "docker",
                &[
                    "image",
                    "inspect",
                    "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                ],
            )),
            answers: (
                r#"[{"Id": "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "RepoTags": []}]"#,
                "Error response from daemon: No such image: sha256:aa",
            ),
        },
        Case {
            platform: "openstack",
            source: "openstack",
            attributes: "region = \"RegionOne\"\ntenant_name = \"images\"\nimage_name = \"web-1\"",
            lines: &["Creating the image: web-1"],
            artifact: ("mitchellh.openstack", "8a9f2c1e-1", "An image was created: 8a9f2c1e-1"),
            recorded: json!([{"provider": "openstack", "kind": "image", "id": "8a9f2c1e-1", "name": "web-1", "region": "RegionOne", "place": {"project": "images"}}]),
            asked: Some(("openstack", &["image", "show", "8a9f2c1e-1", "--format=json"])),
            answers: (r#"{"name": "web-1", "status": "active"}"#, "No Image found for 8a9f2c1e-1"),
        },
        Case {
            platform: "hcloud",
            source: "hcloud",
            attributes: "snapshot_labels = { app = \"web\" }",
            lines: &[],
            artifact: ("hcloud.builder", "4711", "A snapshot was created: 'web-1' (ID: 4711)"),
            recorded: json!([{"provider": "hcloud", "kind": "snapshot", "id": "4711", "name": "web-1", "tags": ["app=web"]}]),
            asked: Some(("hcloud", &["image", "describe", "4711", "--output=json"])),
            answers: (r#"{"description": "web-1", "status": "available"}"#, "hcloud: Image not found: 4711"),
        },
        Case {
            platform: "digitalocean",
            source: "digitalocean",
            attributes: "region = \"fra1\"",
            lines: &[],
            artifact: (
                "pearkes.digitalocean",
                "fra1%!(PACKER_COMMA)nyc3:4711",
                "A snapshot was created: 'web-1' (ID: 4711) in regions 'fra1%!(PACKER_COMMA)nyc3'",
            ),
            recorded: json!([
                {"provider": "digitalocean", "kind": "snapshot", "id": "4711", "name": "web-1", "region": "fra1"},
                {"provider": "digitalocean", "kind": "snapshot", "id": "4711", "name": "web-1", "region": "nyc3"},
            ]),
            asked: Some(("doctl", &["compute", "image", "get", "4711", "--output=json"])),
            answers: (
                r#"[{"id": 4711, "name": "web-1"}]"#,
                "Error: GET https://api.digitalocean.com/v2/images/4711: 404 not found",
            ),
        },
        Case {
            platform: "nutanix",
            source: "nutanix",
            attributes: "cluster_name = \"c1\"",
            lines: &[],
            artifact: ("packer.nutanix", "f00-1", "f00-1"),
            recorded: json!([{"provider": "nutanix", "kind": "image", "id": "f00-1"}]),
            asked: None,
            answers: ("", ""),
        },
    ]
}

/// A project of which the only builder is built by a packer that prints what the plugin prints.
fn project(case: &Case) -> Project {
    let mut project = Project::empty();
    let Case { platform, source, attributes, lines, artifact: (speaker, id, text), .. } = case;
    let fake = FakePacker::new(
        &project.path("fake"),
        "1.16.0",
        "if [ \"$2\" = build ]; then cat \"$FAKE/stream\"; fi\nexit 0",
    )
    .unwrap();
    let said = lines.iter().map(|line| format!("1,,ui,say,==> {source}.web: {line}\n"));
    let told = [("builder-id", *speaker), ("id", *id), ("string", *text), ("end", "")];
    let told = told.map(|(key, value)| format!("1,{source}.web,artifact,0,{key},{value}\n"));
    let end = format!("1,,ui,say,Build '{source}.web' finished after 1 ms.\n");
    project.write("fake/stream", &said.chain([end]).chain(told).collect::<String>());
    project.write(
        "hybrid.toml",
        &format!("[project]\nname = \"test\"\n\n[packer]\nbinary = \"{}\"\n", fake.path().display()),
    );
    project.write("configs/overlays/dev.pkrvars.hcl", "secret = env(\"THE_SECRET\")\n");
    project.set_env("THE_SECRET", "hunter2-hunter2");
    project.write(
        &format!("templates/linux/{platform}/web/web.pkr.hcl"),
        &format!(
            "variable \"secret\" {{\n  type      = string\n  sensitive = true\n}}\n\nlocals {{\n  region = \"eu-west-1\"\n}}\n\n\
             source \"{source}\" \"web\" {{\n{attributes}\n}}\n\nbuild {{\n  sources = [\"source.{source}.web\"]\n}}\n"
        ),
    );
    project.ok(&["validate"]);
    project.ok(&["build"]);
    project
}

/// `artifacts verify` with these directories for a `PATH`.
fn verified(project: &Project, path: &str, code: i32) -> (Value, Ran) {
    let mut command = project.command(&["artifacts", "verify", "--format", "json"]);
    let ran = Ran::from(command.env("PATH", path).output().unwrap()).expect(code);
    (ran.json()["result"]["images"].clone(), ran)
}

/// A program that writes down what it was told, and answers.
fn program(project: &Project, name: &str, stdout: &str, stderr: &str, code: i32) -> String {
    project.write("tools/stdout", stdout);
    project.write("tools/stderr", stderr);
    let dir = project.path("tools");
    let dir = dir.display();
    project.write(
        &format!("tools/{name}"),
        &format!(
            "#!/bin/sh\nfor word in \"$@\"; do printf '%s\\n' \"$word\"; done > {dir}/args\nenv > {dir}/env\n\
             cat {dir}/stdout\ncat {dir}/stderr >&2\nexit {code}\n"
        ),
    );
    let path = project.path(&format!("tools/{name}"));
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    format!("{dir}:/usr/bin:/bin")
}

#[test]
fn what_a_plugin_says_is_recorded_and_asked_for() {
    for case in cases() {
        let project = project(&case);
        let shown =
            project.ok(&["artifacts", "show", &format!("linux.{}.web", case.platform), "--format", "json"]);
        let artifact = &shown.json()["result"]["artifact"];
        assert_eq!(artifact["images"], case.recorded, "{}", case.platform);
        let regions: std::collections::BTreeSet<&str> =
            case.recorded.as_array().unwrap().iter().filter_map(|image| image["region"].as_str()).collect();
        let only = regions.first().filter(|_| regions.len() == 1);
        assert_eq!(artifact["region"].as_str(), only.copied(), "{}", case.platform);
        let read = project.ok(&["artifacts", "show", &format!("linux.{}.web", case.platform)]).stdout;
        assert!(read.contains(case.recorded[0]["id"].as_str().unwrap()), "{read}");

        let (images, ran) = verified(&project, &project.path("nothing").display().to_string(), 0);
        assert_eq!(images[0]["status"], "unverified", "{}", case.platform);
        let Some((name, arguments)) = case.asked else {
            assert!(images[0]["reason"].as_str().unwrap().starts_with("nobody knows how to ask"), "{images}");
            continue;
        };
        ran.says("warning[ImageUnverified]").says(&format!("`{name}` is not installed"));

        let path = program(&project, name, case.answers.0, "", 0);
        let (images, _) = verified(&project, &path, 0);
        assert!(images.as_array().unwrap().iter().all(|image| image["status"] == "present"), "{images}");
        assert_eq!(project.read("tools/args").lines().collect::<Vec<_>>(), arguments);
        let empty = if case.answers.1.is_empty() { ("[]", "", 0) } else { ("", case.answers.1, 1) };
        let path = program(&project, name, empty.0, empty.1, empty.2);
        let (images, _) = verified(&project, &path, 1);
        assert!(images.as_array().unwrap().iter().all(|image| image["status"] == "gone"), "{images}");
        let path = program(&project, name, "", "Error: hunter2-hunter2 was refused", 1);
        let (images, ran) = verified(&project, &path, 0);
        let reason = images[0]["reason"].as_str().unwrap();
        assert!(images[0]["status"] == "unverified" && reason.contains("*** was refused"), "{images}");
        assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    }
}

#[test]
fn programs_get_the_credentials_of_their_platform_and_no_others() {
    let mut project = project(&cases().into_iter().find(|case| case.platform == "vsphere").unwrap());
    for (name, value) in
        [("GOVC_USERNAME", "ada"), ("GOVC_URL", "elsewhere"), ("AWS_SECRET_ACCESS_KEY", "other-cloud")]
    {
        project.set_env(name, value);
    }
    let path = program(&project, "govc", r#"{"virtualMachines": [{"name": "web-1"}]}"#, "", 0);
    verified(&project, &path, 0);
    let env = project.read("tools/env");
    let has = |line: &str| env.lines().any(|one| one == line);
    // The template says which server, and what its variables give; the environment the rest.
    assert!(has("GOVC_URL=vc.example") && has("GOVC_USERNAME=ada") && has("GOVC_DATACENTER=dc1"), "{env}");
    assert!(has("GOVC_PASSWORD=hunter2-hunter2"), "{env}");
    assert!(!env.contains("other-cloud") && !env.contains("THE_SECRET"), "{env}");
    assert!(!project.read("tools/args").contains("hunter2"));

    // A project that nobody trusts does not choose who gets them.
    std::fs::remove_file(project.path("tools/args")).unwrap();
    let mut command = project.command(&["artifacts", "verify"]);
    let ran = Ran::from(command.env("PATH", &path).env_remove("HYBRID_TRUST").output().unwrap()).expect(0);
    ran.says("the project is not trusted");
    assert!(!project.path("tools/args").exists());
}

#[test]
fn publish_asks_platforms_where_it_is_told_to() {
    let case = cases().into_iter().find(|case| case.platform == "gcp").unwrap();
    let project = project(&case);
    project.write("templates/linux/gcp/web/builder.toml", "[suites.smoke]\ncommand = [\"true\"]\n");
    project.ok(&["validate"]);
    project.ok(&["build", "--rebuild"]);
    project.ok(&["test"]);
    let path = program(&project, "gcloud", "", case.answers.1, 1);
    let publish = |words: &[&str]| {
        let words: Vec<&str> = ["publish"].iter().chain(words).copied().collect();
        Ran::from(project.command(&words).env("PATH", &path).output().unwrap())
    };
    publish(&["--verify"]).expect(1).says("error[PublishRefused]").says("the gcp image web-1 is gone");
    publish(&[]).expect(0);
    program(&project, "gcloud", case.answers.0, "", 0);
    publish(&["--verify", "--channel", "stable"]).expect(0);
}

#[test]
fn a_parent_with_images_in_several_regions_is_taken_in_the_region_of_the_child() {
    let project = project(&cases().into_iter().find(|case| case.platform == "aws").unwrap());
    let stream = project.read("fake/stream");
    let two = "eu-west-1:ami-0ab1%!(PACKER_COMMA)us-east-1:ami-0cd2";
    project.write("fake/stream", &stream.replace(",id,eu-west-1:ami-0ab1", &format!(",id,{two}")));
    let template = project.read("templates/linux/aws/web/web.pkr.hcl");
    project.write("templates/linux/aws/web/builder.toml", "[suites.smoke]\ncommand = [\"true\"]\n");
    project.write(
        "templates/linux/aws/app/app.pkr.hcl",
        &format!(
            "{}\nvariable \"hybrid_parent_image_id\" {{\n  type    = string\n  default = \"\"\n}}\n",
            template
                .replace("\"web\"", "\"app\"")
                .replace(".web\"", ".app\"")
                .replace("local.region", "var.place")
        ),
    );
    project.edit(
        "templates/linux/aws/app/app.pkr.hcl",
        "locals {",
        "variable \"place\" {\n  type    = string\n  default = \"us-east-1\"\n}\n\nlocals {",
    );
    project.write("templates/linux/aws/app/builder.toml", "parent = \"linux.aws.web\"\n");
    project.ok(&["validate"]);
    project.ok(&["validate", "--targets", "app"]);
    project.ok(&["build", "--with-parents", "--rebuild", "--targets", "app"]);
    let args =
        (1..).map_while(|call| std::fs::read_to_string(project.path(&format!("fake/args.{call}"))).ok());
    let given: Vec<String> = args
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|line| Some(line.split_once("hybrid_parent_image_id=")?.1.to_owned()))
        .collect();
    // While it is only checked there is no parent, and a value of the right shape stands for it.
    assert!(given.iter().any(|id| id == "ami-00000000000000000"), "{given:?}");
    assert_eq!(given.last().unwrap(), "ami-0cd2");
    let shown = project.ok(&["artifacts", "show", "linux.aws.app", "--format", "json"]).json();
    assert_eq!(shown["result"]["artifact"]["provenance"]["parent"]["image_id"], "ami-0cd2");

    let known = |region: &str| {
        project.write(
            "configs/overlays/dev.pkrvars.hcl",
            &format!("secret = env(\"THE_SECRET\")\nplace = \"{region}\"\n"),
        );
        project.ok(&["validate"]);
        project.run(&["build", "--targets", "app"]).expect(1).says("error[ParentImageUnclear]")
    };
    known("ap-south-1").says("its region is ap-south-1").says("ami-0ab1 in eu-west-1, ami-0cd2 in us-east-1");
    known("").says("its region is not known");
}
