//! Paths and contents that expressions make.

use super::support::{Project, Way, check, provisioner, way};

const WAYS: &[Way] = &[
    way("join", &["s/a.sh"], r#"script = join("/", ["s", "a.sh"])"#, "s/a.sh"),
    way("format", &["s/a-1.sh"], r#"script = format("s/%s-%d.sh", "a", 1)"#, "s/a-1.sh"),
    way("replace", &["s/a.sh"], r#"script = replace("s/X.sh", "X", "a")"#, "s/a.sh"),
    way("abspath", &["s/a.sh"], r#"script = abspath("s/a.sh")"#, "s/a.sh"),
    way(
        "abspath of the template",
        &["s/a.sh"],
        r#"script = "${abspath("${path.root}/../..")}/s/a.sh""#,
        "s/a.sh",
    ),
    way(
        "dirname",
        &["images/s/a.sh"],
        r#"script = "${dirname(abspath(path.root))}/s/a.sh""#,
        "images/s/a.sh",
    ),
    way("basename", &["s/app.sh"], r#"script = "s/${basename(abspath(path.root))}.sh""#, "s/app.sh"),
    way("pathexpand", &["s/a.sh"], r#"script = pathexpand("s/a.sh")"#, "s/a.sh"),
    way(
        "for",
        &["s/a.sh", "s/b.sh"],
        r#"scripts = [for name in ["a", "b"] : "s/${name}.sh"]"#,
        "s/a.sh s/b.sh",
    ),
    way(
        "formatlist",
        &["s/a.sh", "s/b.sh"],
        r#"scripts = formatlist("s/%s.sh", ["a", "b"])"#,
        "s/a.sh s/b.sh",
    ),
    way("concat", &["s/a.sh", "s/b.sh"], r#"scripts = concat(["s/a.sh"], ["s/b.sh"])"#, "s/a.sh s/b.sh"),
    way(
        "compact and flatten",
        &["s/a.sh", "s/b.sh"],
        r#"scripts = compact(flatten([["s/a.sh", ""], ["s/b.sh"]]))"#,
        "s/a.sh s/b.sh",
    ),
    way(
        "lookup",
        &["s/a.sh", "s/b.sh"],
        r#"script = lookup({ x = "s/a.sh", y = "s/b.sh" }, "x", "")"#,
        "s/a.sh",
    ),
    way("index", &["s/a.sh", "s/b.sh"], r#"script = ["s/a.sh", "s/b.sh"][1]"#, "s/b.sh"),
    way(
        "a condition that is known",
        &["s/a.sh", "s/b.sh"],
        r#"script = 1 < 2 ? "s/a.sh" : "s/b.sh""#,
        "s/a.sh",
    ),
    way(
        "a condition that packer knows",
        &["s/a.sh", "s/b.sh"],
        r#"script = timestamp() == "" ? "s/a.sh" : "s/b.sh""#,
        "s/a.sh s/b.sh",
    ),
    way(
        "such a condition inside of a path",
        &["s/a.sh", "s/b.sh"],
        r#"script = "s/${timestamp() == "" ? "a" : "b"}.sh""#,
        "s/a.sh s/b.sh",
    ),
    way(
        "a guard behind such a condition",
        &["s/a.sh"],
        r#"script = timestamp() == "" ? "s/a.sh" : file("ERROR: wrong")"#,
        "s/a.sh",
    ),
    way("try", &["s/a.sh"], r#"script = try(file("nothing"), "s/a.sh")"#, "s/a.sh"),
    way("can", &["s/a.sh", "s/b.sh"], r#"script = can(file("nothing")) ? "s/a.sh" : "s/b.sh""#, "s/b.sh"),
    way(
        "the branch that is not taken fails",
        &["s/a.sh"],
        r#"script = true ? "s/a.sh" : file("nothing")"#,
        "s/a.sh",
    ),
    way(
        "the branch that is not taken reads",
        &["s/a.sh", "images/app/x"],
        r#"script = true ? "s/a.sh" : file("x")"#,
        "images/app/x s/a.sh",
    ),
    way(
        "fileexists",
        &["s/a.sh", "s/b.sh", "images/app/flag"],
        r#"script = fileexists("flag") ? "s/a.sh" : "s/b.sh""#,
        "images/app/flag s/a.sh",
    ),
    way(
        "fileexists of nothing",
        &["s/a.sh", "s/b.sh"],
        r#"script = fileexists("flag") ? "s/a.sh" : "s/b.sh""#,
        "s/b.sh",
    ),
    way(
        "fileset",
        &["images/app/s/a.sh", "images/app/s/b.sh", "images/app/s/c.txt"],
        r#"scripts = [for name in fileset("s", "*.sh") : "${path.root}/s/${name}"]"#,
        "images/app/s/a.sh images/app/s/b.sh",
    ),
    way(
        "fileset through directories",
        &["images/app/s/a.sh", "images/app/s/d/b.sh"],
        r#"scripts = [for name in fileset(path.root, "**/*.sh") : "${path.root}/${name}"]"#,
        "images/app/s/a.sh images/app/s/d/b.sh",
    ),
    way(
        "fileset of everything",
        &["images/app/s/a", "images/app/s/d/b"],
        r#"inline = [join(" ", fileset("s", "**"))]"#,
        "images/app/s/a images/app/s/d/b",
    ),
    way(
        "sort of a fileset",
        &["images/app/s/a"],
        r#"inline = sort([for f in fileset("s", "*") : "touch ${f}"])"#,
        "images/app/s/a",
    ),
    way("source.name", &["s/x.sh"], r#"script = "s/${source.name}.sh""#, "s/x.sh"),
    way("source.type", &["s/null.sh"], r#"script = "s/${source.type}.sh""#, "s/null.sh"),
    way("build.name", &["s/b.sh"], r#"script = "s/${build.name}.sh""#, "s/b.sh"),
    way(
        "build.name in a heredoc",
        &["s/b.sh"],
        "inline = [<<-EOT\n      sh s/${build.name}.sh\n      EOT\n    ]",
        "s/b.sh",
    ),
    way("template_dir", &["images/app/a.sh"], r#"script = "{{ template_dir }}/a.sh""#, "images/app/a.sh"),
    way("file() for a hash", &["images/app/x"], r#"inline = ["echo ${sha256(file("x"))}"]"#, "images/app/x"),
    way("file() in a list", &["images/app/x"], r#"inline = split("\n", file("x"))"#, "images/app/x"),
    way("convert", &["s/a.sh"], r#"scripts = convert(["s/a.sh"], set(string))"#, "s/a.sh"),
    way("coalesce", &["s/a.sh"], r#"script = coalesce("", "s/a.sh")"#, "s/a.sh"),
    way("regex_replace", &["s/a.sh"], r#"script = regex_replace("s/b.sh", "b", "a")"#, "s/a.sh"),
    way(
        "splat",
        &["s/a.sh", "s/b.sh"],
        r#"scripts = [{ p = "s/a.sh" }, { p = "s/b.sh" }][*].p"#,
        "s/a.sh s/b.sh",
    ),
    way(
        "a template that loops",
        &["s/a.sh", "s/b.sh"],
        r#"inline = ["%{ for n in ["a", "b"] }sh s/${n}.sh;%{ endfor }"]"#,
        "s/a.sh s/b.sh",
    ),
    way(
        "a command with a part that packer knows",
        &["s/a.sh"],
        r#"inline = ["sh s/a.sh ${timestamp()}"]"#,
        "s/a.sh",
    ),
    way(
        "a list with an element that packer knows",
        &["s/a.sh"],
        r#"inline = concat(["sh s/a.sh"], [timestamp()])"#,
        "s/a.sh",
    ),
];

#[test]
fn expressions() {
    check(WAYS, |way| provisioner("shell", way.template));
}

const LOCALS: &[Way] = &[
    way("a local", &["s/a.sh"], "locals {\n  a = \"s/a.sh\"\n}\nSCRIPT local.a", "s/a.sh"),
    way(
        "a local block",
        &["s/a.sh"],
        "local \"a\" {\n  expression = \"s/a.sh\"\n}\nSCRIPT local.a",
        "s/a.sh",
    ),
    way(
        "locals of later ones",
        &["s/a.sh"],
        "locals {\n  a = \"${local.d}/a.sh\"\n  d = \"s\"\n}\nSCRIPT local.a",
        "s/a.sh",
    ),
    way(
        "a local with two values",
        &["s/a.sh", "s/b.sh"],
        "locals {\n  n = timestamp() == \"\" ? \"a\" : \"b\"\n}\nSCRIPT \"s/${local.n}.sh\"",
        "s/a.sh s/b.sh",
    ),
    way(
        "a map that packer indexes",
        &["s/a.sh", "s/b.sh"],
        "locals {\n  m = { x = \"s/a.sh\", y = \"s/b.sh\" }\n}\nSCRIPT try(local.m[data.http.x.body], \"s/a.sh\")",
        "s/a.sh s/b.sh",
    ),
    way(
        "a null data source",
        &["s/a.sh"],
        "data \"null\" \"d\" {\n  input = \"s/a.sh\"\n}\nSCRIPT data.null.d.output",
        "s/a.sh",
    ),
    way(
        "a local that nothing needs",
        &["s/a.sh", "s/b.sh"],
        "locals {\n  b = \"s/b.sh\"\n}\nSCRIPT \"s/a.sh\"",
        "s/a.sh",
    ),
    way("a variable", &["s/a.sh"], "variable \"a\" {\n  default = \"s/a.sh\"\n}\nSCRIPT var.a", "s/a.sh"),
    way(
        "a variable deep inside",
        &["s/a.sh"],
        "variable \"a\" {\n  default = { x = [{ y = \"s/a.sh\" }] }\n}\nSCRIPT var.a.x[0].y",
        "s/a.sh",
    ),
    way(
        "jsondecode",
        &["s/a.sh", "images/app/p.json"],
        "locals {\n  p = jsondecode(file(\"p.json\"))\n}\nSCRIPT local.p.script",
        "images/app/p.json s/a.sh",
    ),
    way(
        "yamldecode",
        &["s/a.sh", "images/app/p.yaml"],
        "locals {\n  p = yamldecode(file(\"${path.root}/p.yaml\"))\n}\nSCRIPT local.p.list[0].script",
        "images/app/p.yaml s/a.sh",
    ),
    way(
        "templatefile",
        &["s/a.sh", "images/app/t.tpl", "images/app/inner.txt"],
        "locals {\n  t = templatefile(\"t.tpl\", { name = \"a\" })\n}\nSCRIPT trimspace(split(\"\\n\", local.t)[0])",
        "images/app/inner.txt images/app/t.tpl s/a.sh",
    ),
    way(
        "templatefile with what packer knows",
        &["s/a.sh", "images/app/t.tpl", "images/app/inner.txt"],
        "locals {\n  t = templatefile(\"t.tpl\", { name = timestamp() })\n}\nSCRIPT length(local.t) > 0 ? \"s/a.sh\" : \"s/a.sh\"",
        "images/app/inner.txt images/app/t.tpl s/a.sh",
    ),
];

#[test]
fn locals_variables_and_decoded_files() {
    for way in LOCALS {
        let (before, script) = way.template.split_once("SCRIPT ").unwrap();
        let text = format!("{before}\n{}", provisioner("shell", &format!("script = {script}")));
        let project = Project::new(&way.files.iter().map(|file| (*file, "")).collect::<Vec<_>>());
        project.write("images/app/unused.sh", "x");
        project.write("images/app/p.json", "{\"script\": \"s/a.sh\"}");
        project.write("images/app/p.yaml", "list:\n  - script: s/a.sh\n    on: yes\n");
        project.write("images/app/t.tpl", "s/${name}.sh\n${file(\"inner.txt\")}%{ if true }x%{ endif }\n");
        let closure = project.closure(&text);
        let found: Vec<String> = closure.paths().iter().map(|path| path.display().to_string()).collect();
        assert_eq!(found.join(" "), way.wants, "{}: {:?}", way.name, closure.problems);
        assert!(closure.problems.missing.is_empty() && closure.problems.unknown.is_empty(), "{}", way.name);
    }
}

#[test]
fn an_overlay_decides_which_file_is_meant() {
    let project = Project::new(&[("s/a.sh", ""), ("s/b.sh", "")]);
    let text = format!(
        "variable \"n\" {{\n  default = \"a\"\n}}\n{}",
        provisioner("shell", "script = \"s/${var.n}.sh\"")
    );
    let paths = |overlay| -> Vec<String> {
        project.with(&text, overlay).paths().iter().map(|path| path.display().to_string()).collect()
    };
    assert_eq!(paths(""), ["s/a.sh"]);
    assert_eq!(paths("n = \"b\"\n"), ["s/b.sh"]);
}

#[test]
fn the_environment_is_found_with_its_places() {
    let mut project = Project::new(&[("s/a.sh", ""), ("s/b.sh", "")]);
    let text = format!(
        "variable \"n\" {{\n  default = env(\"NAME\")\n}}\nvariable \"m\" {{\n  default = env(\"OTHER\")\n}}\n{}",
        provisioner("shell", "script = \"s/${var.n == \"\" ? \"a\" : var.n}.sh\"\n    inline = [var.m]")
    );
    let closure = project.with(&text, "m = \"x\"\n");
    let uses: Vec<_> =
        closure.env.iter().map(|one| (one.name.as_str(), one.variable.as_str(), one.reaches)).collect();
    assert_eq!(uses, [("NAME", "n", true), ("OTHER", "m", false)]);
    assert_eq!(closure.env[0].location.to_string(), "images/app/t.pkr.hcl:2:13");
    assert_eq!(closure.files[0].0.display().to_string(), "s/a.sh");
    project.env.insert("NAME".into(), "b".into());
    let closure = project.with(&text, "");
    assert_eq!(closure.files[0].0.display().to_string(), "s/b.sh");
}
