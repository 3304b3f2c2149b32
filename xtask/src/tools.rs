//! `cargo xtask tools`: the programs that tests start, read from the tests themselves, so that no list can forget one.
//! `./check` has `hybrid doctor --install` install them.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

/// Programs that tests start and that are on every Debian or Ubuntu; scripts use them undeclared as well.
pub(crate) const EVERYWHERE: &[&str] = &[
    "awk",
    "base64",
    "basename",
    "bash",
    "cat",
    "chmod",
    "chown",
    "chroot",
    "cp",
    "cut",
    "date",
    "dd",
    "df",
    "diff",
    "dirname",
    "du",
    "echo",
    "env",
    "expr",
    "false",
    "find",
    "grep",
    "head",
    "id",
    "install",
    "kill",
    "ln",
    "ls",
    "md5sum",
    "mkdir",
    "mkfifo",
    "mktemp",
    "mv",
    "nproc",
    "od",
    "paste",
    "printf",
    "readlink",
    "realpath",
    "rm",
    "rmdir",
    "sed",
    "seq",
    "sh",
    "sha256sum",
    "sleep",
    "sort",
    "stat",
    "sudo",
    "sync",
    "tail",
    "tee",
    "test",
    "timeout",
    "touch",
    "tr",
    "true",
    "truncate",
    "tty",
    "uname",
    "uniq",
    "wc",
    "xargs",
];

/// Programs that tests start in ways that reading does not show.
const UNSEEN: &[(&str, &str)] = &[("zstd", "tar starts it"), ("packer", "hybrid starts it")];

/// Prints the programs, one line of words.
pub(crate) fn print(root: &Path) -> Result<()> {
    println!("{}", Vec::from_iter(all(root)?).join(" "));
    Ok(())
}

fn all(root: &Path) -> Result<BTreeSet<String>> {
    let mut found: BTreeSet<String> = UNSEEN.iter().map(|(program, _)| (*program).to_owned()).collect();
    let linters = hc_provisioners::STACKS.iter().flat_map(|stack| stack.linters);
    found.extend(linters.map(|linter| linter.program.to_owned()));
    for entry in walkdir::WalkDir::new(root.join("crates")) {
        let entry = entry?;
        let path = entry.path();
        let shown = path.strip_prefix(root).unwrap_or(path).display().to_string();
        if shown.ends_with(".rs") && (shown.contains("/tests/") || shown.contains("hc-test-support")) {
            found.extend(started(&std::fs::read_to_string(path)?));
        }
    }
    Ok(found)
}

/// Programs that a file of tests starts by name, those left out that every machine has.
fn started(text: &str) -> impl Iterator<Item = String> {
    let names = text.split("Command::new(\"").skip(1).filter_map(|rest| rest.split('"').next());
    let names = names.filter(|name| !name.contains(['/', ' ']) && !EVERYWHERE.contains(name));
    names.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_say_what_they_start() {
        let text =
            "Command::new(\"strace\").arg(\"x\"); Command::new(\"sh\"); Command::new(\"/proc/self/exe\");";
        assert_eq!(started(text).collect::<Vec<_>>(), ["strace"]);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let all = all(root).unwrap();
        for program in ["git", "openssl", "packer", "strace", "unshare", "yamllint"] {
            assert!(all.contains(program), "{program}: {all:?}");
        }
    }
}
