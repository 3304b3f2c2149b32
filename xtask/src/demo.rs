//! `cargo xtask demo`: compares a run of `./demo` with what is written down. `printed LOG`: README shows what the run
//! printed. `started TRACE DOCTOR`: builders declare the programs that the run started, and no others.
//!
//! TRACE is what strace wrote of `execve` and the calls that make processes, DOCTOR what `hybrid doctor --format json`
//! said of the same targets.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail};
use regex::Regex;

/// Programs that are on every Debian or Ubuntu; scripts start them undeclared.
const EVERYWHERE: &str = "\
    awk base64 basename bash cat chmod chown chroot cp cut date dd df diff dirname du echo env expr \
    false find grep head id install ln ls md5sum mkdir mkfifo mktemp mv nproc numfmt od paste printf \
    readlink realpath rm rmdir sed seq sh sha256sum sleep sort stat sudo sync tail tee test timeout \
    touch tr true truncate tty uname uniq wc xargs";
/// Programs that hybrid, packer and `hybrid doctor --install` start on every machine.
const OWN: &[&str] = &["apt-get", "dash", "dpkg", "hybrid", "packer"];

pub(crate) const USAGE: &str = "demo printed LOG | demo started TRACE DOCTOR";

/// Runs a comparison.
pub(crate) fn main(root: &Path, words: &[&str]) -> Result<()> {
    let read = |path: &str| std::fs::read_to_string(path).with_context(|| format!("cannot read {path}"));
    let findings = match words {
        ["printed", log] => {
            let readme = std::fs::read_to_string(root.join("README.md")).context("cannot read README.md")?;
            unprinted(&readme, &read(log)?)?
        }
        ["started", trace, doctor] => {
            let trace = std::fs::read(trace).with_context(|| format!("cannot read {trace}"))?;
            let declared = declared(&serde_json::from_str(&read(doctor)?)?)?;
            compare(&started(&String::from_utf8_lossy(&trace)), &declared)
        }
        _ => bail!("usage: cargo xtask {USAGE}"),
    };
    if findings.is_empty() {
        println!("demo {}: ok", words[0]);
        return Ok(());
    }
    findings.iter().for_each(|finding| eprintln!("demo: {finding}"));
    bail!("{} findings", findings.len())
}

/// Lines of README's demo that the run did not print, in that order. `…` stands for anything, a line of it for any lines.
fn unprinted(readme: &str, log: &str) -> Result<Vec<String>> {
    let block = readme
        .split_once("<!-- printed by ./demo -->\n```console\n")
        .and_then(|(_, rest)| rest.split_once("\n```"))
        .context("README.md has no block after `<!-- printed by ./demo -->`")?
        .0;
    let mut rest = log.lines().map(normal);
    let mut findings = Vec::new();
    for line in block.lines().map(str::trim_end).filter(|line| !line.is_empty() && *line != "…") {
        let pattern = normal(line).split('…').map(regex::escape).collect::<Vec<_>>().join(".*");
        let pattern = Regex::new(&format!("^{pattern}$"))?;
        if !rest.any(|printed| pattern.is_match(&printed)) {
            findings.push(format!("README.md shows a line that the run did not print there: {line}"));
            break;
        }
    }
    Ok(findings)
}

/// A line without what differs from run to run: ids, digests, numbers, times, runs of blanks.
fn normal(line: &str) -> String {
    let line = Regex::new(r"-\d{8}T[0-9.]+Z-[0-9a-f]{8}").expect("a literal").replace_all(line, "-ID");
    let line = Regex::new(r"\b[0-9a-f]{12,}\b").expect("a literal").replace_all(&line, "DIGEST");
    let line = Regex::new(r"\d+").expect("a literal").replace_all(&line, "N");
    let line = Regex::new(r"NmNs|N\.Ns").expect("a literal").replace_all(&line, "TIME");
    Regex::new(r"\s+").expect("a literal").replace_all(line.trim_end(), " ").into_owned()
}

/// Commands with the builders that declare them, or `""` for hybrid itself; optional ones are left out.
fn declared(doctor: &serde_json::Value) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let tools = doctor["result"]["tools"].as_array().context("the document of doctor has no tools")?;
    let mut declared = BTreeMap::new();
    for tool in tools.iter().filter(|tool| tool["required"] == true) {
        let by = tool["needed_by"].as_array().into_iter().flatten().filter_map(|by| by.as_str());
        // `linux.qemu.web (suite boot)`
        let by =
            by.map(|by| by.split(' ').next().filter(|id| id.matches('.').count() == 2).unwrap_or_default());
        let command = tool["command"].as_str().unwrap_or_default().to_owned();
        declared.insert(command, by.map(str::to_owned).collect());
    }
    Ok(declared)
}

/// Something that a script of the templates, packer or hybrid started.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Start {
    /// Name of the program.
    program: String,
    /// The script, or `packer`, `hybrid`; empty for whatever others start.
    by: String,
    /// Builder that the script worked for; empty when it does not say.
    builder: String,
}

/// What a process runs, as far as it matters here.
#[derive(Debug, Clone, Default)]
struct Image {
    by: String,
    builder: String,
}

/// Programs that run another one in their place, or for their caller.
const STAND_INS: &[&str] = &["env", "nice", "sudo", "tar", "timeout", "unshare", "xargs"];

/// Reads a trace.
fn started(trace: &str) -> BTreeSet<Start> {
    let line = Regex::new(r"^(\d+) +(?:<\.\.\. )?(execve|fork|vfork|clone3?)\b(.*)$").expect("a literal");
    let child = Regex::new(r"\) += (\d+)$").expect("a literal");
    let calls: Vec<(&str, &str, &str)> = trace
        .lines()
        .filter_map(|text| line.captures(text))
        .map(|parts| parts.extract::<3>().1)
        .map(|[pid, call, rest]| (pid, call, rest))
        .collect();
    // A parent that waits in vfork returns after its child has started something: so parents first.
    let parents: BTreeMap<&str, &str> = calls
        .iter()
        .filter(|(_, call, _)| *call != "execve")
        .filter_map(|(pid, _, rest)| Some((child.captures(rest)?.get(1)?.as_str(), *pid)))
        .collect();
    let mut images: BTreeMap<&str, Image> = BTreeMap::new();
    let mut unfinished: BTreeMap<&str, &str> = BTreeMap::new();
    let mut found = BTreeSet::new();
    for (pid, call, rest) in calls {
        if call != "execve" {
            // Written down now: the parent may become something else before the child does anything.
            if let Some(child) = child.captures(rest).and_then(|parts| parts.get(1)) {
                let image = image_of(pid, &images, &parents);
                images.entry(child.as_str()).or_insert(image);
            }
            continue;
        }
        if rest.ends_with("<unfinished ...>") {
            unfinished.insert(pid, rest);
            continue;
        }
        if !rest.ends_with("= 0") {
            continue;
        }
        let words = if rest.starts_with('(') { rest } else { unfinished.remove(pid).unwrap_or_default() };
        let before = image_of(pid, &images, &parents);
        let (start, after) = replaced(&before, &strings(words));
        found.extend(start);
        images.insert(pid, after);
    }
    found
}

fn image_of<'a>(
    pid: &'a str,
    images: &BTreeMap<&'a str, Image>,
    parents: &BTreeMap<&'a str, &'a str>,
) -> Image {
    let mut at = pid;
    // Ids do not repeat in a chain of parents, unless the kernel gave one out twice.
    for _ in 0..64 {
        match (images.get(at), parents.get(at)) {
            (Some(image), _) => return image.clone(),
            (None, Some(parent)) => at = parent,
            (None, None) => break,
        }
    }
    Image::default()
}

/// What happens when a process becomes the program of `words`: what was started, and what it runs now.
fn replaced(before: &Image, words: &[String]) -> (Option<Start>, Image) {
    let Some((path, args)) = words.split_first() else { return (None, before.clone()) };
    let program = path.rsplit('/').next().unwrap_or_default().to_owned();
    let start = Start { program: program.clone(), by: before.by.clone(), builder: before.builder.clone() };
    // `bash templates/scripts/linux/x.sh …`, or the script itself.
    let script = [path].into_iter().chain(args.iter().take(3)).find(|word| is_script(word));
    let after = match (script, program.as_str()) {
        (Some(script), _) => {
            let said = builder_in(&words.join(" "));
            let name = script.rsplit('/').next().unwrap_or_default().to_owned();
            Image { by: name, builder: said.unwrap_or_else(|| before.builder.clone()) }
        }
        // Its plugins are packer again, and only the first call names the stage.
        (None, "packer") => {
            let said =
                builder_in(&words.join(" ")).or((before.by == "packer").then(|| before.builder.clone()));
            Image { by: program.clone(), builder: said.unwrap_or_default() }
        }
        (None, "hybrid") => Image { by: program.clone(), builder: String::new() },
        (None, program) if STAND_INS.contains(&program) => before.clone(),
        // A shell between a program and what it starts.
        (None, "sh" | "bash" | "dash") if !before.by.is_empty() => before.clone(),
        (None, _) => Image::default(),
    };
    ((!is_script(path)).then_some(start), after)
}

fn is_script(word: &str) -> bool {
    word.contains("scripts/") && word.ends_with(".sh") && !word.contains(' ')
}

/// A builder's id in the words of a call, as such or as the path of its directory.
fn builder_in(words: &str) -> Option<String> {
    let id = Regex::new(r"\b(linux|windows)[./]([a-z0-9]+)[./]([a-z0-9-]+?)(?:-[a-z]+-\d{8}T|[@/ ]|$)")
        .expect("a literal");
    id.captures(words).map(|parts| format!("{}.{}.{}", &parts[1], &parts[2], &parts[3]))
}

/// The quoted texts of the arguments of `execve("path", ["word", …], …)`: the path, then the words behind the first.
fn strings(call: &str) -> Vec<String> {
    let quoted = Regex::new(r#""((?:[^"\\]|\\.)*)""#).expect("a literal");
    let all: Vec<String> = quoted.captures_iter(call).map(|parts| parts[1].to_owned()).collect();
    match all.split_first() {
        Some((path, words)) => [path].into_iter().chain(words.iter().skip(1)).cloned().collect(),
        None => Vec::new(),
    }
}

fn compare(started: &BTreeSet<Start>, declared: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut findings = BTreeSet::new();
    for start in started.iter().filter(|start| !start.by.is_empty()) {
        let Start { program, by, builder } = start;
        if EVERYWHERE.split(' ').any(|known| known == program) || OWN.contains(&program.as_str()) {
            continue;
        }
        let known = declared
            .get(program)
            .is_some_and(|by| builder.is_empty() || by.contains(builder) || by.contains(""));
        if !known {
            let whose = if builder.is_empty() { "the demo" } else { builder };
            findings.insert(format!("{by} starts `{program}` for {whose}, and no `requires` declares it"));
        }
    }
    for (command, builders) in declared {
        for id in builders {
            let whose = |start: &&Start| id.is_empty() || start.builder.is_empty() || start.builder == *id;
            let mut of_it = started.iter().filter(|start| !start.by.is_empty()).filter(whose);
            if !of_it.any(|start| start.program == *command) {
                let whose = if id.is_empty() { "the demo" } else { id };
                findings.insert(format!("`{command}` is declared for {whose}, and nothing started it"));
            }
        }
    }
    findings.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = r#"
10 execve("/r/target/debug/hybrid", ["hybrid", "build"], 0x7ffe /* 9 vars */) = 0
10 vfork( <unfinished ...>
11 execve("/usr/bin/packer", ["packer", "build"], 0x1 /* 9 vars */) = 0
10 <... vfork resumed>)                 = 11
11 clone3({flags=CLONE_VM}, 88) = 12
12 execve("/bin/sh", ["sh", "-c", "ROOTFS=1 /w/linux.rootfs.minimal@dev/stage/templates/scripts/linux/rootfs-pack.sh"], 0x1 /* 9 vars */) = 0
12 execve("/w/linux.rootfs.minimal@dev/stage/templates/scripts/linux/rootfs-pack.sh", ["x.sh"], 0x1 /* 9 vars */) = 0
12 execve("/usr/local/bin/bash", ["bash", "/w/linux.rootfs.minimal@dev/stage/templates/scripts/linux/rootfs-pack.sh"], 0x1 /* 9 vars */) = -1 ENOENT (No such file or directory)
12 execve("/usr/bin/bash", ["bash", "/w/linux.rootfs.minimal@dev/stage/templates/scripts/linux/rootfs-pack.sh"], 0x1 /* 9 vars */ <unfinished ...>
12 <... execve resumed>)                 = 0
12 execve("/usr/bin/unshare", ["unshare", "--mount", "bash", "/s/scripts/linux/rootfs-pack.sh"], 0x1 /* 9 vars */) = 0
12 execve("/usr/bin/bash", ["bash", "/s/scripts/linux/rootfs-pack.sh"], 0x1 /* 9 vars */) = 0
12 clone(child_stack=NULL, flags=SIGCHLD) = 13
13 execve("/usr/bin/tar", ["tar", "--zstd"], 0x1 /* 9 vars */) = 0
13 clone(child_stack=NULL, flags=SIGCHLD) = 14
14 execve("/usr/bin/zstd", ["zstd"], 0x1 /* 9 vars */) = 0
12 clone(child_stack=NULL, flags=SIGCHLD) = 15
15 execve("/usr/sbin/chroot", ["chroot", "/root", "/usr/bin/puppet"], 0x1 /* 9 vars */) = 0
15 execve("/usr/bin/puppet", ["/usr/bin/puppet"], 0x1 /* 9 vars */) = 0
"#;

    fn declared_by(entries: &[(&str, &str)]) -> BTreeMap<String, BTreeSet<String>> {
        entries.iter().map(|(command, by)| ((*command).to_owned(), [(*by).to_owned()].into())).collect()
    }

    #[test]
    fn what_scripts_start_has_to_be_declared_by_their_builder() {
        let started = started(TRACE);
        let minimal = "linux.rootfs.minimal";
        let all = [("packer", ""), ("tar", minimal), ("unshare", minimal), ("zstd", minimal)];
        assert_eq!(compare(&started, &declared_by(&all)), Vec::<String>::new());
        for left_out in ["tar", "unshare", "zstd"] {
            let rest: Vec<_> = all.into_iter().filter(|(command, _)| *command != left_out).collect();
            let expected =
                format!("rootfs-pack.sh starts `{left_out}` for {minimal}, and no `requires` declares it");
            assert_eq!(compare(&started, &declared_by(&rest)), [expected]);
        }
        let of_another =
            [("packer", ""), ("tar", minimal), ("unshare", minimal), ("zstd", "linux.qemu.base")];
        assert_eq!(
            compare(&started, &declared_by(&of_another)),
            [
                "`zstd` is declared for linux.qemu.base, and nothing started it".to_owned(),
                format!("rootfs-pack.sh starts `zstd` for {minimal}, and no `requires` declares it")
            ]
        );
        let too_many = [all.as_slice(), &[("puppet", ""), ("qemu-img", minimal)]].concat();
        assert_eq!(
            compare(&started, &declared_by(&too_many)),
            [
                "`puppet` is declared for the demo, and nothing started it",
                "`qemu-img` is declared for linux.rootfs.minimal, and nothing started it"
            ]
        );
    }

    #[test]
    fn readme_shows_what_was_printed() {
        let readme = |lines: &str| format!("# x\n<!-- printed by ./demo -->\n```console\n{lines}\n```\n");
        let log = "noise\n$ hybrid build\nmotd | built in 1.5s\nmotd  artifacts/images/linux.file.motd-dev-20261121T004909.680Z-2b3d098a/motd  147 B  c04b1745a030\n";
        let good = "$ hybrid build\n…\nmotd  artifacts/images/linux.file.motd-dev-20250101T000000.111Z-aaaaaaaa/motd 9 B  0123456789ab";
        assert!(unprinted(&readme(good), log).unwrap().is_empty());
        assert!(unprinted(&readme("$ hybrid build\nmotd | built in …"), log).unwrap().is_empty());
        assert_eq!(unprinted(&readme("$ hybrid bulid"), log).unwrap().len(), 1);
        assert_eq!(unprinted(&readme("motd | built in 1.5s\n$ hybrid build"), log).unwrap().len(), 1);
    }
}
