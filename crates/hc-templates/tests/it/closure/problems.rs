//! What is told: what is missing, what only packer knows, what lies outside; and what is not told.

use std::path::Path;

use hc_config::Severity;
use hc_templates::closure::{OutsideKind, UnknownKind};

use super::support::{Project, provisioner, source};

fn files() -> Vec<(&'static str, &'static str)> {
    vec![("s/a.sh", ""), ("s/b.sh", ""), ("images/app/x", ""), ("files/x.conf", ""), ("LICENSE", "")]
}

/// Codes, places and messages of what people are told.
fn told(project: &Project, template: &str) -> Vec<String> {
    let builder = project.builder(template);
    let closure = project.closure(template);
    let place =
        |place: &Option<hc_config::Location>| place.as_ref().map(ToString::to_string).unwrap_or_default();
    closure
        .diagnostics(&builder)
        .iter()
        .map(|one| format!("{} {} {}", place(&one.location), one.code, one.message))
        .collect()
}

#[test]
fn what_must_be_there_and_is_not_is_missing() {
    let project = Project::new(&files());
    let body = "scripts = [\n      \"s/a.sh\",\n      \"s/c.sh\",\n    ]\n    inline = [file(\"nothing\")]";
    let found = told(&project, &provisioner("shell", body));
    assert_eq!(
        found,
        [
            "images/app/t.pkr.hcl:10:7 MissingAsset `s/c.sh` does not exist",
            "images/app/t.pkr.hcl:12:15 MissingAsset `images/app/nothing` does not exist",
        ]
    );
    let closure = project.closure(&provisioner("shell", body));
    assert_eq!(closure.problems.missing[0].near.as_deref(), Some(Path::new("s/a.sh")));
    // Nothing else has to exist.
    for body in [
        "inline = [\"sh s/c.sh\"]",
        "environment_vars = [\"X=s/c.sh\"]",
        "execute_command = \"s/c.sh {{ .Path }}\"",
        "script = try(file(\"nothing\"), \"s/a.sh\")",
        "remote_file = \"s/c.sh\"",
        "anything = \"s/c.sh\"",
    ] {
        assert!(told(&project, &provisioner("shell", body)).is_empty(), "{body}");
    }
}

#[test]
fn a_file_of_the_wrong_directory_says_where_packer_looks() {
    let mut project = Project::new(&[("images/app/s/x.sh", "")]);
    let text = provisioner("shell", "script = \"s/x.sh\"");
    let closure = project.closure(&text);
    assert_eq!(closure.files[0].0, Path::new("images/app/s/x.sh"));
    let told = closure.diagnostics(&project.builder(&text));
    assert!(told[0].hint.as_deref().unwrap().contains("workdir"), "{told:?}");
    project.workdir = Some("images/app");
    assert!(project.closure(&text).problems.missing.is_empty());
}

#[test]
fn what_packer_alone_knows_is_told_with_its_place() {
    let project = Project::new(&files());
    let unknown = |body: &str| {
        let closure = project.closure(&provisioner("shell", body));
        let shown = |one: &hc_templates::closure::Unknown| match &one.what {
            UnknownKind::Below(dir) => {
                format!("{} {} below {}", one.location.line, one.attribute, dir.display())
            }
            UnknownKind::Fails(_) => format!("{} {} fails", one.location.line, one.attribute),
            _ => format!("{} {}", one.location.line, one.attribute),
        };
        closure.problems.unknown.iter().map(shown).collect::<Vec<_>>()
    };
    assert_eq!(unknown("script = data.http.x.body"), ["8 script"]);
    assert_eq!(unknown("script = \"s/${uuidv4()}.sh\""), ["8 script below s"]);
    assert_eq!(unknown("scripts = [\"s/a.sh\", timestamp()]"), ["8 scripts"]);
    assert_eq!(unknown("inline = [file(timestamp())]"), ["8 file()"]);
    assert_eq!(unknown("inline = [templatefile(\"${timestamp()}.tpl\", {})]"), ["8 templatefile()"]);
    assert_eq!(unknown("inline = fileset(timestamp(), \"*\")"), ["8 fileset()"]);
    assert_eq!(unknown("anything = \"${path.root}/x/${timestamp()}.cfg\""), Vec::<String>::new());
    assert_eq!(unknown("anything = \"${path.root}/${timestamp()}.cfg\""), ["8 anything below images/app"]);
    assert_eq!(unknown("inline = [nosuchfunction(\"x\")]"), ["8 inline fails"]);
    assert_eq!(unknown("tool_file = timestamp()"), ["8 tool_file"]);
    // These decide nothing of the project.
    for body in [
        "vm_name = \"x-${timestamp()}\"",
        "tags = { built = timestamp(), id = uuidv4() }",
        "inline = [\"echo ${timestamp()} ${data.http.x.body}\"]",
        "remote_path = \"/tmp/${uuidv4()}\"",
        "environment_vars = [\"BUILT=${timestamp()}\"]",
        "pause_before = \"${data.http.x.body}s\"",
        "inline = [\"id ${build.ID}\"]",
    ] {
        assert_eq!(unknown(body), Vec::<String>::new(), "{body}");
    }
}

#[test]
fn what_packer_alone_knows_is_told_with_its_reason() {
    let project = Project::new(&files());
    let reasons = |locals: &str, body: &str| {
        let text = format!("locals {{\n{locals}}}\n{}", provisioner("shell", body));
        let closure = project.closure(&text);
        let reasons = closure.problems.unknown.iter().map(|one| one.reason.clone().unwrap_or_default());
        reasons.collect::<Vec<_>>()
    };
    let time = "timestamp() depends on the time of the run";
    let day = "  day  = formatdate(\"YYYY\", timestamp())\n  name = \"x-${local.day}\"\n";
    assert_eq!(reasons("", "script = \"s/${uuidv4()}.sh\""), ["uuidv4() has another value in every run"]);
    assert_eq!(reasons(day, "script = \"s/${local.name}.sh\""), [time]);
    assert_eq!(reasons(day, "inline = [file(\"${local.name}\")]"), [time]);
    assert_eq!(reasons("", "script = data.http.x.body"), ["`data.http` is asked when packer runs"]);
    assert_eq!(
        reasons("", "scripts = [\"s/${vault(\"a\", \"b\")}\", \"s/${build.ID}\"]"),
        ["vault() asks a server when packer runs", ""]
    );
}

#[test]
fn types_of_variables_decide_what_a_template_reads() {
    let project = Project::new(&files());
    let of = |body: &str| {
        let text = format!(
            "variable \"none\" {{\n  type = list(string)\n  default = []\n}}\nvariable \"disks\" {{\n  \
             type = list(object({{ size = number, script = optional(string, \"s/b.sh\") }}))\n  \
             default = [{{ size = 1 }}]\n}}\n{}",
            provisioner("shell", body)
        );
        let files = project.closure(&text).files;
        files.into_iter().map(|(path, _)| path.display().to_string()).collect::<Vec<_>>()
    };
    // An empty list is no empty tuple.
    assert_eq!(of("script = var.none == [] ? \"s/b.sh\" : \"s/a.sh\""), ["s/a.sh"]);
    assert_eq!(of("script = length(var.none) == 0 ? \"s/b.sh\" : \"s/a.sh\""), ["s/b.sh"]);
    assert_eq!(of("script = var.disks[0].script"), ["s/b.sh"]);
    assert_eq!(of("scripts = [for k, v in setunion([\"s/a.sh\"]) : k]"), ["s/a.sh"]);
}

#[test]
fn a_variable_without_a_value_is_not_told_twice() {
    let project = Project::new(&files());
    let text = format!(
        "variable \"s\" {{\n  type = string\n}}\n{}",
        provisioner("shell", "script = var.s\n    inline = [file(var.s), \"sh s/a.sh ${var.s}\"]")
    );
    let closure = project.closure(&text);
    assert!(closure.problems.unknown.is_empty(), "{:?}", closure.problems);
    assert_eq!(closure.files.len(), 1, "what is known counts all the same");
}

#[test]
fn a_secret_in_a_path_is_told() {
    let project = Project::new(&files());
    let text = format!(
        "variable \"s\" {{\n  type = string\n  sensitive = true\n}}\n{}",
        provisioner("shell", "script = \"s/${var.s}.sh\"")
    );
    let closure = project.with(&text, "s = env(\"SECRET\")\n");
    assert_eq!(closure.problems.unknown.len(), 1);
}

#[test]
fn what_lies_outside_is_told_where_it_decides_an_image() {
    let project = Project::new(&files());
    let outside = |text: &str| {
        let closure = project.closure(text);
        closure
            .problems
            .outside
            .iter()
            .map(|one| (one.path.display().to_string(), one.what.clone()))
            .collect::<Vec<_>>()
    };
    let shell = |body: &str| outside(&provisioner("shell", body));
    assert_eq!(shell("script = \"/opt/x.sh\""), [("/opt/x.sh".into(), OutsideKind::Asset)]);
    assert_eq!(shell("script = \"../../x.sh\""), [("../../x.sh".into(), OutsideKind::Asset)]);
    assert_eq!(shell("script = pathexpand(\"~/x.sh\")"), [("~/x.sh".into(), OutsideKind::Asset)]);
    assert_eq!(shell("inline = [file(\"/etc/motd\")]"), [("/etc/motd".into(), OutsideKind::Asset)]);
    assert_eq!(shell("inline = [\"cat /etc/motd\"]"), [], "a path of the image");
    let host = outside(&provisioner("shell-local", "inline = [\"cat /etc/motd ~/.netrc /bin/true\"]"));
    assert_eq!(host, [("/etc/motd".into(), OutsideKind::Read), ("~/.netrc".into(), OutsideKind::Read)]);
    let host = outside(&provisioner("shell-local", "inline = [\"cp x /etc/motd\"]"));
    assert_eq!(host, [("/etc/motd".into(), OutsideKind::Command)], "it may be written");
    let medium = outside(&source(
        "qemu",
        "iso_url = \"/srv/iso/x.iso\"\n  ssh_private_key_file = \"~/.ssh/id\"\n  efi_firmware_code = \"/usr/share/OVMF/CODE.fd\"",
    ));
    assert_eq!(medium.len(), 3);
    assert!(medium.iter().all(|(_, what)| matches!(what, OutsideKind::Medium | OutsideKind::Credential)));
    assert_eq!(told(&project, &source("qemu", "ssh_private_key_file = \"~/.ssh/id\"")), Vec::<String>::new());
    let real = std::fs::canonicalize(project.dir.path()).unwrap();
    let closure = project.closure(&provisioner("shell", &format!("script = \"{}/s/a.sh\"", real.display())));
    assert_eq!(closure.files[0].0, Path::new("s/a.sh"));
    assert!(matches!(closure.problems.outside[0].what, OutsideKind::Absolute(_)));
}

#[test]
fn links_are_followed_and_their_targets_are_inputs() {
    let project = Project::new(&[("real/x.sh", ""), ("real/y", ""), ("shared/z.sh", "")]);
    project.link("http/dir", "../real");
    project.link("http/file.sh", "../shared/z.sh");
    project.link("http/round", "..");
    project.link("s", "real");
    let closure = project.closure(&source("qemu", "http_directory = \"http\""));
    let found: Vec<String> = closure.paths().iter().map(|path| path.display().to_string()).collect();
    // A link to the whole project makes everything an input.
    assert!(
        found.contains(&"real/x.sh".to_owned()) && found.contains(&"shared/z.sh".to_owned()),
        "{found:?}"
    );
    let links: Vec<String> = closure.links.iter().map(|link| link.path.display().to_string()).collect();
    assert_eq!(links, ["http/dir", "http/file.sh", "http/round", "s"]);
    let closure = project.closure(&provisioner("shell", "script = \"s/x.sh\""));
    assert_eq!(closure.files[0].0, Path::new("real/x.sh"));
    assert_eq!(
        (closure.links[0].path.as_path(), closure.links[0].target.as_path()),
        (Path::new("s"), Path::new("real"))
    );
}

#[test]
fn links_that_lead_out_are_told() {
    let project = Project::new(&[("http/a", "")]);
    project.link("http/out", "/etc/hostname");
    project.link("http/up", "../../../elsewhere");
    project.link("http/nowhere", "nothing");
    project.link("s.sh", "/etc/hostname");
    let template = source("qemu", "http_directory = \"http\"");
    let found = told(&project, &template);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|one| one.contains("AssetOutsideProject") && one.contains("is a link to")));
    assert_eq!(project.closure(&template).files.len(), 1);
    assert_eq!(told(&project, &provisioner("shell", "script = \"s.sh\"")).len(), 1);
}

#[test]
fn what_hybrid_fills_is_never_an_input() {
    let project = Project::new(&[
        ("artifacts/x.json", ""),
        ("logs/y", ""),
        ("state/z", ""),
        (".hybrid/w", ""),
        (".git/v", ""),
        ("packer_cache/u", ""),
        ("keep", ""),
        ("sub/.git/t", ""),
    ]);
    let closure = project.closure(&source("qemu", "http_directory = \".\""));
    let found: Vec<String> = closure.paths().iter().map(|path| path.display().to_string()).collect();
    assert_eq!(found, ["images/app/t.pkr.hcl", "keep"]);
    let closure = project.closure(&provisioner("shell", "script = \"artifacts/x.json\""));
    assert!(closure.files.is_empty());
    assert!(matches!(closure.problems.unknown[0].what, UnknownKind::Own(_)));
}

#[test]
fn inputs_of_builder_toml_are_added_and_must_match() {
    let project = Project::new(&[("data/a.x", ""), ("data/b.x", ""), ("data/c.y", ""), ("dir/d", "")]);
    project.write("tree/e/f", "x");
    project.write("tree/g", "x");
    let template = source("null", "communicator = \"none\"");
    project.write("images/app/builder.toml", "inputs = [\"data/{a,b}.x\", \"dir\", \"tree/**\"]\n");
    let closure = project.closure(&template);
    let found: Vec<String> = closure.paths().iter().map(|path| path.display().to_string()).collect();
    assert_eq!(found, ["data/a.x", "data/b.x", "dir/d", "tree/e/f", "tree/g"]);
    project.write("images/app/builder.toml", "inputs = [\"gone/*\"]\n");
    assert_eq!(
        told(&project, &template),
        ["images/app/builder.toml:1:1 MissingAsset `inputs` pattern `gone/*` matches no file"]
    );
}

#[test]
fn only_what_a_builder_builds_counts() {
    let mut project = Project::new(&[("a/x", ""), ("b/x", ""), ("s/a.sh", ""), ("s/b.sh", "")]);
    let text = "source \"qemu\" \"a\" {\n  http_directory = \"a\"\n}\nsource \"qemu\" \"b\" {\n  http_directory = \"b\"\n}\n\
                build {\n  name = \"n\"\n  sources = [\"qemu.a\", \"qemu.b\"]\n  provisioner \"shell\" {\n    script = \"s/${source.name}.sh\"\n  }\n}\n";
    let all = project.closure(text);
    assert_eq!(all.files.len(), 4);
    for only in ["qemu.a", "n.qemu.a", "*.qemu.a", "n.*.a"] {
        project.only = Some(only);
        let found: Vec<String> =
            project.closure(text).paths().iter().map(|path| path.display().to_string()).collect();
        assert_eq!(found, ["a/x", "s/a.sh"], "{only}");
    }
}

#[test]
fn problems_of_native_builders_weigh_more() {
    let project = Project::new(&[]);
    let mut builder = project.builder(&provisioner("shell", "script = \"gone.sh\""));
    let closure = project.closure(&provisioner("shell", "script = \"gone.sh\""));
    assert_eq!(closure.diagnostics(&builder)[0].severity, Severity::Warning);
    builder.adopted = false;
    assert_eq!(closure.diagnostics(&builder)[0].severity, Severity::Error);
}
