//! The functions that depend on files, beside those of real packer.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hc_config::hcl::Document;
use hc_config::hcl::eval::evaluate_in;

use super::*;

/// A project with a template directory `t`, packer running beside it.
fn project() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let files = [
        ("t/a.pkr.hcl", "variable \"x\" {\n  default = 1\n}\n"),
        ("t/sub/h.txt", "hello\n"),
        ("t/s/deep/x.sh", ""),
        ("t/s/y.sh", ""),
        ("t/s/.z.sh", ""),
        ("t/list.tmpl", "x ${a} %{ for i in b ~}\n  <${i}>\n%{ endfor ~}\nend $${no}\n"),
        ("t/one.tmpl", "${b}"),
        ("t/strip.tmpl", "a ${~ a ~}  \n  b\n"),
        ("t/calls.tmpl", "${upper(a)} ${file(\"sub/h.txt\")}"),
        ("t/again.tmpl", "${templatefile(\"one.tmpl\", { b = 1 })}"),
        ("t/var.tmpl", "${path.root}"),
        ("t/e.txt", "e\u{301}"),
        ("other/o.txt", "other"),
        ("top.txt", "top"),
    ];
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    std::fs::write(dir.path().join("t/latin1.txt"), b"\xff").unwrap();
    std::os::unix::fs::symlink("../other", dir.path().join("t/link")).unwrap();
    std::os::unix::fs::symlink("sub/h.txt", dir.path().join("t/h-link.txt")).unwrap();
    dir
}

const EXPRESSIONS: &[&str] = &[
    "path.root",
    "path.cwd",
    "file(\"sub/h.txt\")",
    "file(\"../top.txt\")",
    "file(\"sub/../e.txt\")",
    "file(\"link/o.txt\")",
    "file(\"link/../e.txt\")",
    "file(\"h-link.txt\")",
    "file(\"none/../e.txt\")",
    "file(\"${path.root}/sub/h.txt\")",
    "file(\"${path.cwd}/t/sub/h.txt\")",
    "file(\"t/sub/h.txt\")",
    "file(\"none\")",
    "file(\"sub\")",
    "file(\"\")",
    "file(\"https://example.com/a\")",
    "file(null)",
    "file(5)",
    "file()",
    "try(file(\"none\"), \"other\")",
    "can(file(\"sub/h.txt\"))",
    "filebase64(\"t/sub/h.txt\")",
    "filebase64(\"t/latin1.txt\")",
    "filebase64(\"sub/h.txt\")",
    "filebase64(\"${path.root}/sub/h.txt\")",
    "fileexists(\"sub/h.txt\")",
    "fileexists(\"sub/none\")",
    "fileexists(\"sub\")",
    "fileset(\"s\", \"**/*.sh\")",
    "fileset(\"s\", \"*.sh\")",
    "fileset(\"s\", \"**\")",
    "fileset(\"sub\", \"../s/*.sh\")",
    "fileset(\"sub\", \"h.txt\")",
    "fileset(\"none\", \"*\")",
    "fileset(\".\", \"s/{y,.z}.sh\")",
    "fileset(\".\", \"{s,sub}/*.{sh,txt}\")",
    "fileset(\".\", \"s/[^y].sh\")",
    "fileset(\".\", \"s/[\")",
    "fileset(\".\", \"s/\\\\y.sh\")",
    "fileset(\"../\", \"*.txt\")",
    "fileset(path.cwd, \"t/s/?.sh\")",
    "[for f in fileset(\"s\", \"**/*.sh\") : basename(f)]",
    "templatefile(\"list.tmpl\", { a = 1, b = [\"q\", 2] })",
    "templatefile(\"one.tmpl\", { b = [1, true] })",
    "templatefile(\"one.tmpl\", {})",
    "templatefile(\"one.tmpl\", { b = 1, \"x y\" = 2 })",
    "templatefile(\"one.tmpl\", [1])",
    "templatefile(\"strip.tmpl\", { a = \"A\" })",
    "templatefile(\"calls.tmpl\", { a = \"a\" })",
    "templatefile(\"again.tmpl\", {})",
    "templatefile(\"var.tmpl\", {})",
    "templatefile(\"none\", {})",
    "try(templatefile(\"one.tmpl\", {}), \"other\")",
    "pathexpand(\"a/~\")",
    "pathexpand(\"~other/x\")",
    "abspath(\"x/../y\")",
    "abspath(\"/x/../y\")",
];

/// Packers to compare with: on `PATH`, and those that `HYBRID_TEST_PACKERS` names.
fn packers() -> Vec<PathBuf> {
    let extra = std::env::var_os("HYBRID_TEST_PACKERS").unwrap_or_default();
    let named = std::env::split_paths(&extra).filter(|path| path.is_file());
    let found = Command::new("packer").arg("version").output().is_ok();
    named.chain(found.then(|| "packer".into())).collect()
}

/// The value as JSON in packer's words; `None` when packer refuses it, or does not have the function yet.
fn theirs(packer: &Path, root: &Path, expression: &str) -> Option<String> {
    let mut child = Command::new(packer)
        .current_dir(root)
        .env("CHECKPOINT_DISABLE", "1")
        .args(["console", "--config-type=hcl2"])
        .arg(root.join("t"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "jsonencode({expression})").unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    output.status.success().then_some(said).filter(|said| !said.contains("Error"))
}

fn ours(template: &Template<'_>, root: &str, expression: &str) -> Option<String> {
    let text = format!("x = jsonencode({expression})\n");
    let document = Document::parse(Path::new("x.hcl"), text).unwrap();
    let value = &document.body().attributes().next().unwrap().value;
    match evaluate_in(&document, value, &Scope::open(), template) {
        Ok(Value::String(text)) => Some(text.replace(ROOT, root)),
        Ok(_) => Some("unknown".into()),
        Err(_) => None,
    }
}

#[test]
fn functions_of_files_agree_with_packer() {
    let dir = project();
    let root = dir.path().canonicalize().unwrap();
    let disk = Disk::new(&root);
    let bases = Bases { template: "t".into(), workdir: PathBuf::new() };
    let env = BTreeMap::new();
    let mut wrong = Vec::new();
    for packer in packers() {
        let mut missing = BTreeMap::new();
        for expression in EXPRESSIONS {
            let template = Template::new(&disk, &bases, BTreeMap::new(), &env);
            let ours = ours(&template, root.to_str().unwrap(), expression);
            let theirs = theirs(&packer, &root, expression);
            let called = expression.find('(').map(|at| &expression[..at]).unwrap_or_default();
            // An older packer refuses what it does not have yet.
            let lacks = |name: &str| theirs_lack(&packer, &root, name);
            if ours != theirs
                && !(theirs.is_none() && *missing.entry(called).or_insert_with(|| lacks(called)))
            {
                wrong.push(format!("{}: {expression}: packer {theirs:?}, we {ours:?}", packer.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a packer does not know a function at all.
fn theirs_lack(packer: &Path, root: &Path, name: &str) -> bool {
    let known = match name {
        "templatefile" => "templatefile(\"one.tmpl\", { b = 1 })",
        "filebase64" => "filebase64(\"t/sub/h.txt\")",
        _ => return false,
    };
    theirs(packer, root, known).is_none()
}

#[test]
fn what_is_read_is_noted_and_a_problem_in_a_template_file_has_its_place() {
    let dir = project();
    let disk = Disk::new(dir.path());
    let bases = Bases { template: "t".into(), workdir: PathBuf::new() };
    let env = BTreeMap::new();
    let template = Template::new(&disk, &bases, BTreeMap::new(), &env);
    let document = Document::parse(Path::new("x.hcl"), "x = templatefile(\"one.tmpl\", {})\n").unwrap();
    let value = &document.body().attributes().next().unwrap().value;
    let problem = evaluate_in(&document, value, &Scope::open(), &template).unwrap_err();
    assert_eq!(problem.message, "`b` is not known here (t/one.tmpl:1:3)");
    let reads = template.reads.take();
    assert_eq!(reads.spots[0].found, Found::File("t/one.tmpl".into()));
}
