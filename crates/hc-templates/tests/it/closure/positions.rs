//! Attributes of sources, provisioners and post-processors.

use super::support::{Way, check, provisioner, source, way};

const PROVISIONERS: &[(&str, &[Way])] = &[
    (
        "shell",
        &[
            way("script", &["scripts/a.sh"], r#"script = "scripts/a.sh""#, "scripts/a.sh"),
            way(
                "script below the template",
                &["images/app/a.sh"],
                r#"script = "${path.root}/a.sh""#,
                "images/app/a.sh",
            ),
            way(
                "script with dots",
                &["scripts/a.sh"],
                r#"script = "${path.root}/../../scripts/a.sh""#,
                "scripts/a.sh",
            ),
            way("script with a dot", &["scripts/a.sh"], r#"script = "./scripts/a.sh""#, "scripts/a.sh"),
            way(
                "script by path.cwd",
                &["scripts/a.sh"],
                r#"script = "${path.cwd}/scripts/a.sh""#,
                "scripts/a.sh",
            ),
            way(
                "scripts",
                &["scripts/a.sh", "scripts/b.sh"],
                r#"scripts = ["scripts/a.sh", "${path.root}/../../scripts/b.sh"]"#,
                "scripts/a.sh scripts/b.sh",
            ),
            way(
                "environment_vars",
                &["files/x.conf"],
                r#"environment_vars = ["A=1", "CONF=files/x.conf"]
                inline = ["true"]"#,
                "files/x.conf",
            ),
            way("env", &["files/x.conf"], r#"env = { CONF = "files/x.conf" }"#, "files/x.conf"),
            way(
                "execute_command",
                &["scripts/run.sh"],
                r#"execute_command = "sh scripts/run.sh {{ .Vars }} {{ .Path }}""#,
                "scripts/run.sh",
            ),
            way(
                "override",
                &["scripts/a.sh", "scripts/b.sh"],
                r#"script = "scripts/a.sh"
                override = { x = { script = "scripts/b.sh" } }"#,
                "scripts/a.sh scripts/b.sh",
            ),
            way(
                "remote names",
                &["tmp/x.sh"],
                r#"remote_folder = "tmp"
                remote_path = "tmp/x.sh"
                inline = ["true"]"#,
                "",
            ),
        ],
    ),
    ("powershell", &[way("script", &["scripts/a.ps1"], r#"scripts = ["scripts/a.ps1"]"#, "scripts/a.ps1")]),
    (
        "file",
        &[
            way(
                "source",
                &["files/x"],
                r#"source = "files/x"
                destination = "/tmp/x""#,
                "files/x",
            ),
            way(
                "a directory",
                &["files/x", "files/y/z"],
                r#"source = "files"
                destination = "/tmp""#,
                "files/x files/y/z",
            ),
            way(
                "sources",
                &["files/x", "files/y"],
                r#"sources = ["files/x", "files/y"]
                destination = "/tmp/""#,
                "files/x files/y",
            ),
            way(
                "content",
                &["files/x"],
                r#"content = file("../../files/x")
                destination = "files/x""#,
                "files/x",
            ),
            way(
                "a download",
                &["files/x"],
                r#"direction = "download"
                source = "files/x"
                destination = "files/x""#,
                "",
            ),
            way(
                "something generated",
                &["files/x"],
                r#"generated = true
                source = "files/x"
                destination = "/tmp/x""#,
                "",
            ),
            way(
                "a relative destination",
                &["files/x", "out/x"],
                r#"source = "files/x"
                destination = "out/x""#,
                "files/x",
            ),
        ],
    ),
    (
        "puppet-masterless",
        &[
            way("manifest", &["puppet/site.pp"], r#"manifest_file = "puppet/site.pp""#, "puppet/site.pp"),
            way(
                "manifest directory",
                &["m/site.pp", "m/x.pp"],
                r#"manifest_file = "m/site.pp"
                manifest_dir = "m""#,
                "m/site.pp m/x.pp",
            ),
            way(
                "modules",
                &["p/site.pp", "p/modules/a/manifests/init.pp", "p/modules/a/files/x"],
                r#"manifest_file = "p/site.pp"
                module_paths = ["p/modules"]"#,
                "p/modules/a/files/x p/modules/a/manifests/init.pp p/site.pp",
            ),
        ],
    ),
    (
        "chef-solo",
        &[way(
            "everything",
            &[
                "chef/cookbooks/a/recipes/default.rb",
                "chef/roles/r.json",
                "chef/bags/b/i.json",
                "chef/env/e.json",
                "chef/solo.rb.tpl",
            ],
            r#"cookbook_paths = ["chef/cookbooks"]
                roles_path = "chef/roles"
                data_bags_path = "chef/bags"
                environments_path = "chef/env"
                config_template = "chef/solo.rb.tpl"
                run_list = ["a"]"#,
            "chef/bags/b/i.json chef/cookbooks/a/recipes/default.rb chef/env/e.json chef/roles/r.json chef/solo.rb.tpl",
        )],
    ),
    (
        "salt-masterless",
        &[way(
            "everything",
            &["salt/top.sls", "salt/a/init.sls", "pillar/top.sls", "minion", "grains"],
            r#"local_state_tree = "salt"
                local_pillar_roots = "${path.root}/../../pillar"
                minion_config = "minion"
                grains_file = "grains""#,
            "grains minion pillar/top.sls salt/a/init.sls salt/top.sls",
        )],
    ),
    (
        "goss",
        &[way(
            "a plugin that nobody knows",
            &["goss/a.yaml", "goss/v.yaml"],
            r#"tests = ["goss/a.yaml"]
                vars_file = "goss/v.yaml""#,
            "goss/a.yaml goss/v.yaml",
        )],
    ),
    (
        "inspec",
        &[way(
            "profile",
            &["inspec/inspec.yml", "inspec/controls/a.rb"],
            r#"profile = "inspec""#,
            "inspec/controls/a.rb inspec/inspec.yml",
        )],
    ),
    ("hcp-sbom", &[way("a path of the guest", &["sbom.json"], r#"source = "sbom.json""#, "")]),
];

#[test]
fn provisioners() {
    for (kind, ways) in PROVISIONERS {
        check(ways, |way| provisioner(kind, way.template));
    }
}

const SOURCES: &[(&str, &[Way])] = &[
    (
        "qemu",
        &[
            way(
                "http_directory",
                &["http/ks.cfg", "http/sub/y"],
                r#"http_directory = "http""#,
                "http/ks.cfg http/sub/y",
            ),
            way(
                "http_directory below the template",
                &["images/app/http/ks.cfg"],
                r#"http_directory = "${path.root}/http""#,
                "images/app/http/ks.cfg",
            ),
            way(
                "http_content",
                &["images/app/ks.cfg"],
                r#"http_content = { "/ks.cfg" = file("ks.cfg") }"#,
                "images/app/ks.cfg",
            ),
            way(
                "cd_content",
                &["images/app/data/user-data"],
                r#"cd_content = { "user-data" = file("${abspath(path.root)}/data/user-data"), "meta-data" = "" }"#,
                "images/app/data/user-data",
            ),
            way("cd_files", &["cd/a", "cd/b"], r#"cd_files = ["cd/a", "./cd/b"]"#, "cd/a cd/b"),
            way(
                "cd_files with wildcards",
                &["cd/a.x", "cd/b.x", "cd/c.y"],
                r#"cd_files = ["cd/*.x"]"#,
                "cd/a.x cd/b.x",
            ),
            way("cd_files of a directory", &["cd/a", "cd/b/c"], r#"cd_files = ["cd"]"#, "cd/a cd/b/c"),
            way(
                "floppies",
                &["f/a", "f/b", "g/c", "images/app/d"],
                r#"floppy_files = ["f/a", "f/b"]
                floppy_dirs = ["g"]
                floppy_content = { "d" = file("d") }"#,
                "f/a f/b g/c images/app/d",
            ),
            way("local ISO", &["iso/x.iso"], r#"iso_url = "iso/x.iso""#, "iso/x.iso"),
            way(
                "local ISO as url",
                &["iso/x.iso"],
                r#"iso_urls = ["https://x/y.iso", "file://iso/x.iso"]"#,
                "iso/x.iso",
            ),
            way("checksum file", &["iso/SUMS"], r#"iso_checksum = "file:iso/SUMS""#, "iso/SUMS"),
            way(
                "checksum file as url",
                &["iso/SUMS"],
                r#"iso_checksum = "file://${path.cwd}/iso/SUMS""#,
                "iso/SUMS",
            ),
            way("remote checksum file", &["iso/SUMS"], r#"iso_checksum = "file:https://x/iso/SUMS""#, ""),
            way(
                "firmware",
                &["fw/code.fd", "images/app/vars.fd"],
                r#"efi_firmware_code = "fw/code.fd"
                efi_firmware_vars = "${path.root}/vars.fd""#,
                "fw/code.fd images/app/vars.fd",
            ),
            way(
                "qemuargs",
                &["disk.img", "ks.cfg", "kernel"],
                r#"qemuargs = [["-drive", "file=disk.img,format=raw"], ["-fw_cfg", "name=opt/x,file=ks.cfg"], ["-kernel", "./kernel"]]"#,
                "disk.img kernel ks.cfg",
            ),
            way("vm_name of a directory", &["debian/x"], r#"vm_name = "debian""#, ""),
            way("output", &["out/x"], r#"output_directory = "out""#, ""),
            way(
                "output inside what is served",
                &["http/a", "http/out/disk"],
                r#"http_directory = "http"
                output_directory = "http/out""#,
                "http/a",
            ),
            way("boot_command", &["http/ks.cfg"], r#"boot_command = ["http://{{ .HTTPIP }}/ks.cfg"]"#, ""),
            way("key in the project", &["keys/id"], r#"ssh_private_key_file = "keys/id""#, "keys/id"),
            way("key at home", &[], r#"ssh_private_key_file = "~/.ssh/id""#, ""),
            way(
                "a map of a plugin",
                &["files/x"],
                r#"anything = { deep = [{ er = "files/x" }] }"#,
                "files/x",
            ),
            way("directory like a path", &["files/x/y"], r#"anything = "files/x""#, "files/x/y"),
            way("the template's directory", &[], r#"anything = path.root"#, ""),
        ],
    ),
    (
        "amazon-ebs",
        &[
            way("user_data_file", &["ud.sh"], r#"user_data_file = "ud.sh""#, "ud.sh"),
            way(
                "user_data",
                &["images/app/ud.sh"],
                r#"user_data = base64encode(file("ud.sh"))"#,
                "images/app/ud.sh",
            ),
            way("filebase64", &["ud.sh", "images/app/ud.sh"], r#"user_data = filebase64("ud.sh")"#, "ud.sh"),
            way(
                "filebase64 beside the template",
                &["images/app/ud.sh"],
                r#"user_data = filebase64("${path.root}/ud.sh")"#,
                "images/app/ud.sh",
            ),
        ],
    ),
    (
        "googlecompute",
        &[
            way("startup script", &["s.sh"], r#"startup_script_file = "s.sh""#, "s.sh"),
            way("metadata files", &["m.txt"], r#"metadata_files = { a = "m.txt" }"#, "m.txt"),
            way("account file", &[], r#"account_file = "/etc/gcp.json""#, ""),
        ],
    ),
    (
        "virtualbox-iso",
        &[way(
            "vboxmanage",
            &["nv.ram"],
            r#"vboxmanage = [["modifyvm", "{{.Name}}", "--nvram", "nv.ram"]]"#,
            "nv.ram",
        )],
    ),
    ("virtualbox-ovf", &[way("source_path", &["base/x.ovf"], r#"source_path = "base/x.ovf""#, "base/x.ovf")]),
    (
        "parallels-iso",
        &[way("prlctl", &["x.pvs"], r#"prlctl = [["set", "{{.Name}}", "--conf", "x.pvs"]]"#, "x.pvs")],
    ),
    (
        "docker",
        &[way(
            "a Dockerfile",
            &["d/Dockerfile", "d/x"],
            "build {\n path = \"d/Dockerfile\"\n build_dir = \"d\"\n}",
            "d/Dockerfile d/x",
        )],
    ),
    (
        "file",
        &[way(
            "source",
            &["in.txt"],
            r#"source = "in.txt"
                target = "out.txt""#,
            "in.txt",
        )],
    ),
    (
        "proxmox-iso",
        &[way(
            "nested blocks",
            &["cd/a", "x.iso"],
            "additional_iso_files {\n cd_files = [\"cd/a\"]\n iso_url = \"x.iso\"\n}\nboot_iso {\n iso_file = \"local:iso/x.iso\"\n}",
            "cd/a x.iso",
        )],
    ),
];

#[test]
fn sources() {
    for (kind, ways) in SOURCES {
        check(ways, |way| source(kind, way.template));
    }
}

const AROUND: &[Way] = &[
    way(
        "post-processor",
        &["scripts/p.sh"],
        "build {\n sources = [\"null.x\"]\n post-processor \"shell-local\" {\n script = \"scripts/p.sh\"\n }\n}",
        "scripts/p.sh",
    ),
    way(
        "chain of post-processors",
        &["scripts/p.sh", "v.tpl"],
        "build {\n sources = [\"null.x\"]\n post-processors {\n post-processor \"vagrant\" {\n vagrantfile_template = \"v.tpl\"\n }\n \
         post-processor \"shell-local\" {\n inline = [\"sh scripts/p.sh\"]\n }\n }\n}",
        "scripts/p.sh v.tpl",
    ),
    way(
        "manifest is written",
        &["m.json"],
        "build {\n sources = [\"null.x\"]\n post-processor \"manifest\" {\n output = \"m.json\"\n }\n}",
        "",
    ),
    way(
        "error-cleanup-provisioner",
        &["scripts/c.sh"],
        "build {\n sources = [\"null.x\"]\n error-cleanup-provisioner \"shell-local\" {\n script = \"scripts/c.sh\"\n }\n}",
        "scripts/c.sh",
    ),
    way(
        "source inside of a build",
        &["http/a"],
        "build {\n source \"null.x\" {\n name = \"y\"\n http_directory = \"http\"\n }\n}",
        "http/a",
    ),
    way(
        "data source",
        &["get.py", "q.json"],
        "data \"external\" \"d\" {\n program = [\"python3\", \"get.py\"]\n query = { a = \"q.json\" }\n}\nbuild {\n sources = [\"null.x\"]\n}",
        "get.py q.json",
    ),
    way(
        "a provisioner for another source",
        &["scripts/a.sh", "scripts/b.sh"],
        "build {\n sources = [\"null.x\"]\n provisioner \"shell\" {\n only = [\"null.y\"]\n script = \"scripts/a.sh\"\n }\n \
         provisioner \"shell\" {\n except = [\"null.y\"]\n script = \"scripts/b.sh\"\n }\n}",
        "scripts/b.sh",
    ),
    way(
        "dynamic provisioners",
        &["scripts/a.sh", "scripts/b.sh"],
        "build {\n sources = [\"null.x\"]\n dynamic \"provisioner\" {\n for_each = [\"a\", \"b\"]\n labels = [\"shell\"]\n \
         content {\n script = \"scripts/${provisioner.value}.sh\"\n }\n }\n}",
        "scripts/a.sh scripts/b.sh",
    ),
    way(
        "dynamic blocks with an iterator",
        &["cd/a", "cd/b"],
        "source \"proxmox-iso\" \"y\" {\n dynamic \"additional_iso_files\" {\n for_each = { one = \"a\", two = \"b\" }\n iterator = it\n \
         content {\n cd_files = [\"cd/${it.value}\"]\n }\n }\n}\nbuild {\n sources = [\"proxmox-iso.y\"]\n}",
        "cd/a cd/b",
    ),
    way(
        "dynamic over nothing",
        &["scripts/a.sh"],
        "build {\n sources = [\"null.x\"]\n dynamic \"provisioner\" {\n for_each = []\n labels = [\"shell\"]\n content {\n \
         script = \"scripts/a.sh\"\n }\n }\n}",
        "",
    ),
    way(
        "a source that no build names",
        &["http/a"],
        "source \"null\" \"z\" {\n http_directory = \"http\"\n}\nbuild {\n sources = [\"null.x\"]\n}",
        "",
    ),
    way(
        "a variable of the template",
        &["files/x", "files/y"],
        "variable \"a\" {\n default = \"files/x\"\n}\nvariable \"unused\" {\n default = \"files/y\"\n}\nbuild {\n sources = [\"null.x\"]\n \
         provisioner \"shell\" {\n inline = [\"echo ${length(var.a)}\"]\n }\n}",
        "files/x",
    ),
];

#[test]
fn what_stands_around_them() {
    check(AROUND, |way| {
        format!("source \"null\" \"x\" {{\n  communicator = \"none\"\n}}\n{}\n", way.template)
    });
}
