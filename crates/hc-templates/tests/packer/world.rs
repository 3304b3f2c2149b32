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
    "file(\"/dev/null\")",
    "fileexists(\"/dev/null\")",
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
#[expect(clippy::disallowed_methods, reason = "a test may be given further packers")]
fn packers() -> Vec<PathBuf> {
    let extra = std::env::var_os("HYBRID_TEST_PACKERS").unwrap_or_default();
    let named = std::env::split_paths(&extra).filter(|path| path.is_file());
    let found = Command::new("packer").arg("version").output().is_ok();
    named.chain(found.then(|| "packer".into())).collect()
}

/// What packer says to one expression.
fn console(packer: &Path, root: &Path, expression: &str) -> String {
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
    writeln!(child.stdin.take().unwrap(), "{expression}").unwrap();
    String::from_utf8_lossy(&child.wait_with_output().unwrap().stdout).into_owned()
}

/// The values as JSON in packer's words; `None` for what packer refuses. Many expressions go through one process.
fn theirs(packer: &Path, root: &Path, expressions: &[&str]) -> Vec<Option<String>> {
    let wrapped: Vec<String> =
        expressions.iter().map(|one| format!("try(jsonencode({one}), false)")).collect();
    let said = console(packer, root, &format!("jsonencode([{}])", wrapped.join(", ")));
    match serde_json::from_str::<Vec<serde_json::Value>>(&said) {
        Ok(all) => all.into_iter().map(|value| value.as_str().map(str::to_owned)).collect(),
        Err(_) if expressions.len() == 1 => vec![None],
        Err(_) => {
            let (left, right) = expressions.split_at(expressions.len() / 2);
            [theirs(packer, root, left), theirs(packer, root, right)].concat()
        }
    }
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
    let disk = Disk::new(&root, hc_core::tree::TreeCache::default());
    let bases = Bases { template: "t".into(), workdir: PathBuf::new() };
    let env = BTreeMap::new();
    let mut wrong = Vec::new();
    for packer in packers() {
        let said = console(&packer, &root, "[templatefile(), filebase64()]");
        let lacks = |name: &str| said.contains(&format!("There is no function named \"{name}\""));
        // An older packer refuses what it does not have yet.
        let later: Vec<&str> =
            ["templatefile", "filebase64"].into_iter().filter(|name| lacks(name)).collect();
        for (expression, theirs) in EXPRESSIONS.iter().zip(theirs(&packer, &root, EXPRESSIONS)) {
            let template = Template::new(&disk, &bases, BTreeMap::new(), &env);
            let ours = ours(&template, root.to_str().unwrap(), expression);
            if ours != theirs && !later.iter().any(|name| expression.contains(name)) {
                wrong.push(format!("{}: {expression}: packer {theirs:?}, we {ours:?}", packer.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_read_is_noted_and_a_problem_in_a_template_file_has_its_place() {
    let dir = project();
    let disk = Disk::new(dir.path(), hc_core::tree::TreeCache::default());
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
