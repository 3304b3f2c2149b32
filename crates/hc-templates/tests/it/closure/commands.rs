//! Files that commands name, on this machine and in the image.

use super::support::{Project, Way, check, provisioner, way};

const HOST: &[Way] = &[
    way("a script", &["s/a.sh"], r#"inline = ["sh s/a.sh"]"#, "s/a.sh"),
    way("a script with a dot", &["s/a.sh"], r#"inline = ["./s/a.sh --now"]"#, "s/a.sh"),
    way("in quotes", &["s/a;b.sh"], r#"inline = ["sh 's/a;b.sh'"]"#, "s/a;b.sh"),
    way("behind a redirection", &["in.txt"], r#"inline = ["cat <in.txt >out.txt"]"#, "in.txt"),
    way("written to", &["in.txt", "out.txt"], r#"inline = ["cat < in.txt > out.txt"]"#, "in.txt"),
    way("behind a pipe", &["f.jq", "d.json"], r#"inline = ["cat d.json | jq -f f.jq"]"#, "d.json f.jq"),
    way("in a substitution", &["v.txt"], r#"inline = ["echo $(cat v.txt)"]"#, "v.txt"),
    way("in an option", &["c.cfg"], r#"inline = ["tool --config=c.cfg"]"#, "c.cfg"),
    way("by PWD", &["s/a.sh"], r#"inline = ["$PWD/s/a.sh"]"#, "s/a.sh"),
    way("by a variable", &["s/a.sh"], r#"inline = ["$${ROOT}/s/a.sh"]"#, "s/a.sh"),
    way("a directory", &["files/x", "files/d/y"], r#"inline = ["cp -r files /tmp"]"#, "files/d/y files/x"),
    way("a directory like a path", &["a/b/x"], r#"inline = ["tool ./a/b"]"#, "a/b/x"),
    way("a word that is a directory", &["files/x"], r#"inline = ["echo files"]"#, ""),
    way("wildcards", &["f/a.x", "f/b.x", "f/c"], r#"inline = ["cat f/*.x"]"#, "f/a.x f/b.x"),
    way("behind cd", &["d/s.sh"], r#"inline = ["cd d && ./s.sh"]"#, "d/s.sh"),
    way("below the template", &["images/app/s.sh"], r#"inline = ["${path.root}/s.sh"]"#, "images/app/s.sh"),
    way(
        "by a variable's directory",
        &["conf/a.cfg", "conf/b.cfg"],
        r#"inline = ["cp conf/$NAME.cfg x"]"#,
        "conf/a.cfg conf/b.cfg",
    ),
    way(
        "in a heredoc",
        &["s/a.sh", "s/b.sh"],
        "inline = [<<EOT\nset -e\nsh s/a.sh\nif true; then s/b.sh; fi\nEOT\n]",
        "s/a.sh s/b.sh",
    ),
    way("in a comment", &["s/a.sh"], r#"inline = ["true # s/a.sh"]"#, ""),
    way("command", &["s/a.sh"], r#"command = "s/a.sh""#, "s/a.sh"),
    way(
        "execute_command",
        &["s/run.sh"],
        r#"execute_command = ["sh", "s/run.sh", "{{.Script}}"]
        inline = ["true"]"#,
        "s/run.sh",
    ),
    way(
        "environment_vars",
        &["r/x/y"],
        r#"environment_vars = ["ROLES=./r/x"]
        inline = ["true"]"#,
        "r/x/y",
    ),
    way("windows paths", &["s/a.ps1"], r#"inline = ["powershell -File .\\s\\a.ps1"]"#, "s/a.ps1"),
    way("hybrid's own directories", &["logs/x.txt"], r#"inline = ["cat logs/x.txt"]"#, ""),
];

#[test]
fn commands_of_this_machine() {
    check(HOST, |way| provisioner("shell-local", way.template));
}

const GUEST: &[Way] = &[
    way("a script", &["s/a.sh"], r#"inline = ["sh s/a.sh"]"#, "s/a.sh"),
    way("an absolute path", &["tmp/x.sh"], r#"inline = ["sh /tmp/x.sh"]"#, ""),
    way("a bare word", &["install"], r#"inline = ["apt-get install vim"]"#, ""),
    way("a directory", &["files/x"], r#"inline = ["ls files", "ls ./files"]"#, ""),
    way("wildcards", &["a/x"], r#"inline = ["rm -rf ./*", "rm a/*"]"#, ""),
];

#[test]
fn commands_of_the_image() {
    check(GUEST, |way| provisioner("shell", way.template));
    check(GUEST, |way| provisioner("powershell", way.template));
}

#[test]
fn scripts_of_this_machine_are_looked_into() {
    let project = Project::new(&[
        ("s/a.sh", "#!/bin/sh\n. \"$(dirname \"$0\")/lib.sh\"\npython3 tools/x.py\ncp -r ../data/set out\n"),
        ("s/lib.sh", "cat \"$ROOT/data/one.txt\"\n"),
        ("tools/x.py", "open(\"tools/x.json\")\n"),
        ("tools/x.json", ""),
        ("data/one.txt", ""),
        ("data/set/a", ""),
        ("data/two.txt", ""),
    ]);
    let closure = project.closure(&provisioner("shell-local", "script = \"s/a.sh\""));
    let found: Vec<String> = closure.paths().iter().map(|path| path.display().to_string()).collect();
    assert_eq!(found, ["data/one.txt", "data/set/a", "s/a.sh", "s/lib.sh", "tools/x.json", "tools/x.py"]);
    // What runs in the image reads the image.
    let closure = project.closure(&provisioner("shell", "script = \"s/a.sh\""));
    assert_eq!(closure.files.len(), 1);
}
