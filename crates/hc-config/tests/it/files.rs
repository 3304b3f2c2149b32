//! The functions that depend on files, beside those of real packer.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use hc_config::Value;
use hc_config::hcl::Document;
use hc_config::hcl::eval::{Scope, evaluate, evaluate_known, explain};
use hc_config::hcl::files::{FileError, FileKind, Files};

/// What lies below a directory in which packer runs.
#[derive(Debug)]
struct Disk {
    template_dir: PathBuf,
    working_dir: PathBuf,
    home: Option<PathBuf>,
}

impl Files for Disk {
    fn template_dir(&self) -> &Path {
        &self.template_dir
    }
    fn working_dir(&self) -> &Path {
        &self.working_dir
    }
    fn home_dir(&self) -> Option<&Path> {
        self.home.as_deref()
    }
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        match path.ends_with("hidden.txt") {
            true => Err(FileError::Hidden),
            false => Ok(std::fs::read(self.working_dir.join(path))?),
        }
    }
    fn kind(&self, path: &Path) -> Result<FileKind, FileError> {
        match std::fs::metadata(self.working_dir.join(path)) {
            Ok(entry) if entry.is_file() => Ok(FileKind::File),
            Ok(_) => Ok(FileKind::Other),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(FileKind::Missing),
            Err(error) => Err(error.into()),
        }
    }
    fn below(&self, dir: &Path) -> Result<Vec<PathBuf>, FileError> {
        let top = self.working_dir.join(dir);
        let (mut dirs, mut files) = (vec![top.clone()], Vec::new());
        while let Some(dir) = dirs.pop() {
            for entry in std::fs::read_dir(dir).into_iter().flatten() {
                let path = entry?.path();
                match path.is_dir() {
                    true => dirs.push(path),
                    false => files.push(path.strip_prefix(&top).unwrap().to_owned()),
                }
            }
        }
        Ok(files)
    }
}

/// A project with a template directory `t`, packer running beside it.
fn project() -> (tempfile::TempDir, Disk) {
    let dir = tempfile::tempdir().unwrap();
    let files = [
        ("t/a.pkr.hcl", "variable \"x\" {\n  default = 1\n}\n"),
        ("t/sub/h.txt", "hello\n"),
        ("t/sub/hidden.txt", "x"),
        ("t/s/deep/x.sh", ""),
        ("t/s/y.sh", ""),
        ("t/s/.z.sh", ""),
        ("t/list.tmpl", "x ${a} %{ for i in b ~}\n  <${i}>\n%{ endfor ~}\nend $${no}\n"),
        ("t/one.tmpl", "${b}"),
        ("t/strip.tmpl", "a ${~ a ~}  \n  b\n"),
        ("t/calls.tmpl", "${upper(a)} ${file(\"sub/h.txt\")}"),
        ("t/again.tmpl", "${templatefile(\"one.tmpl\", { b = 1 })}"),
        ("t/broken.tmpl", "${"),
        ("t/e.txt", "e\u{301}"),
        ("top.txt", "top"),
    ];
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    std::fs::write(dir.path().join("t/latin1.txt"), b"\xff").unwrap();
    let working_dir = dir.path().canonicalize().unwrap();
    let home = Some(working_dir.join("home"));
    (dir, Disk { template_dir: "t".into(), working_dir, home })
}

const EXPRESSIONS: &[&str] = &[
    "path.root",
    "path.cwd",
    "file(\"sub/h.txt\")",
    "file(\"../top.txt\")",
    "file(\"sub/../e.txt\")",
    "file(\"${path.root}/sub/h.txt\")",
    "file(\"${path.cwd}/t/sub/h.txt\")",
    "file(\"latin1.txt\")",
    "file(\"none\")",
    "file(\"sub\")",
    "file(null)",
    "try(file(\"none\"), \"other\")",
    "can(file(\"sub/h.txt\"))",
    "filebase64(\"t/sub/h.txt\")",
    "filebase64(\"t/latin1.txt\")",
    "filebase64(\"sub/h.txt\")",
    "fileexists(\"sub/h.txt\")",
    "fileexists(\"sub/none\")",
    "fileexists(\"sub\")",
    "fileset(\"s\", \"**/*.sh\")",
    "fileset(\"s\", \"*.sh\")",
    "fileset(\"sub\", \"../s/*.sh\")",
    "fileset(\"sub\", \"h.txt\")",
    "fileset(\"none\", \"*\")",
    "fileset(\".\", \"s/{y,.z}.sh\")",
    "fileset(\".\", \"s/[^y].sh\")",
    "fileset(\".\", \"s/[\")",
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
    "templatefile(\"broken.tmpl\", {})",
    "templatefile(\"none\", {})",
    "pathexpand(\"~/x\")",
    "pathexpand(\"~\")",
    "pathexpand(\"a/~\")",
    "pathexpand(\"~other/x\")",
    "abspath(\"x/../y\")",
    "abspath(\"/x/../y\")",
    "file(\"~/none\")",
];

#[test]
fn functions_of_files_agree_with_packer() {
    let (_dir, disk) = project();
    let (home, cwd) = (disk.home.clone().unwrap(), disk.working_dir.clone());
    let scope = Scope::closed().with_files(Arc::new(disk));
    let mut wrong = Vec::new();
    for (packer, version) in super::functions::packers() {
        let command = || {
            let mut command = Command::new(&packer);
            command.current_dir(&cwd).env("HOME", &home).args(["console", "--config-type=hcl2", "t"]);
            command
        };
        let theirs = super::functions::theirs(&command, EXPRESSIONS);
        for (expression, theirs) in EXPRESSIONS.iter().zip(theirs) {
            let ours = super::functions::ours(&scope, expression);
            if ours != theirs && !super::functions::uses_later(expression, version) {
                wrong.push(format!("{}: {expression}: packer {theirs:?}, we {ours:?}", packer.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_may_not_be_seen_is_unknown_with_its_place() {
    let (_dir, mut disk) = project();
    disk.home = None;
    let seen = Scope::closed().with_files(Arc::new(disk));
    let blind = Scope::closed();
    for (scope, expression, reason) in [
        (&seen, "file(\"sub/hidden.txt\")", "`t/sub/hidden.txt` is not a file that hybrid reads"),
        (&seen, "try(file(\"sub/hidden.txt\"), \"x\")", "`t/sub/hidden.txt` is not a file that hybrid reads"),
        (&seen, "pathexpand(\"~/x\")", "the home directory is not known here"),
        (&blind, "file(\"sub/h.txt\")", "file() depends on files, which are not read here"),
        (&blind, "can(fileset(\"a\", \"b\"))", "fileset() depends on files, which are not read here"),
    ] {
        let document = Document::parse(Path::new("x.hcl"), format!("\n  x = [1, {expression}]\n")).unwrap();
        let value = &document.body().attributes().next().unwrap().value;
        let explained = explain(&document, value, scope).unwrap();
        assert_eq!(explained.value, Value::List(vec![Value::int(1), Value::Unknown]));
        assert_eq!(explained.unknown[0].message, reason);
        let error = evaluate_known(&document, value, scope).unwrap_err();
        assert_eq!((error.message.as_str(), error.location.unwrap().line), (reason, 2));
    }
}

#[test]
fn a_problem_in_a_template_file_is_told_at_the_call_and_with_its_own_place() {
    let (_dir, disk) = project();
    let scope = Scope::closed().with_files(Arc::new(disk));
    let text = "x = templatefile(\"one.tmpl\", {})\n";
    let document = Document::parse(Path::new("x.hcl"), text).unwrap();
    let error = evaluate(&document, &document.body().attributes().next().unwrap().value, &scope).unwrap_err();
    assert_eq!(error.message, "`b` is not known here (one.tmpl:1:3)");
    assert_eq!(error.location.unwrap().to_string(), "x.hcl:1:5");
}
