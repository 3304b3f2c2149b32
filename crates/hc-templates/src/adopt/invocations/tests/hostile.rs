//! Files that would run for ever, need more memory than there is, or lead out of the repository.

use std::fmt::Write;

use proptest::prelude::*;

use super::super::read;
use super::{repository, told};

#[test]
fn hostile_files_end() {
    let doubling: String = (1..60).fold("X0 = aaaaaaaa\n".into(), |mut text, at| {
        writeln!(text, "X{at} = $(X{0})$(X{0})\nY{at} := $(foreach a,$(X{at}),$(X{0}))", at - 1).unwrap();
        text
    });
    let functions: String = (0..30).fold(String::new(), |mut text, at| {
        writeln!(text, "f{at}() {{ f{0} a; f{0} b; f{1} c; }}", at + 1, at + 2).unwrap();
        text
    });
    let nested = "$(if a,".repeat(5000) + &")".repeat(5000);
    let deep = "( ".repeat(5000) + "packer build x.json" + &" )".repeat(5000);
    let quotes = "$(echo \"".repeat(3000);
    let numbers = "1 2 3 4 5 6 7 8 9 ".repeat(40);
    for (name, text) in [
        ("Makefile", format!("{doubling}go:\n\tpacker build $(X59) $(Y59) a.json\n")),
        (
            "Makefile",
            "A = $(A)\nB = $(C)\nC = $(B)\ninclude Makefile\ngo:\n\tpacker build $(A) $(B) a.json\n".into(),
        ),
        ("Makefile", format!("go:\n\tpacker build {nested} a.json\n")),
        (
            "Makefile",
            "define F\n$(eval $(call F))$(call F)\nendef\n$(call F)\ngo: ; packer build $(call F) a.json\n"
                .into(),
        ),
        (
            "Makefile",
            format!(
                "L = {numbers}\n$(foreach a,$(L),$(foreach b,$(L),$(foreach c,$(L),$(eval $(a)$(b)$(c): ; packer build $(a)))))\n"
            ),
        ),
        ("Makefile", "%.a: %.b\n\tpacker build $@\n%.b: %.a.a\n\tpacker build $@\nall: x.a\n".into()),
        ("go.sh", format!("{functions}f31() {{ packer build a.json; }}\nf0\n")),
        ("go.sh", deep),
        ("go.sh", format!("packer build {quotes}")),
        ("go.sh", "f() { f; f; packer build $1.json; eval \"f f\"; }\nf x\n. ./go.sh\n./go.sh\n".into()),
        ("go.sh", format!("X={}\n{}packer build $X.json", "a".repeat(60_000), "X=$X$X\n".repeat(60))),
        (
            "go.sh",
            format!(
                "for a in {numbers}; do for b in {numbers}; do for c in {numbers}; do packer build $a$b$c.json; done; done; done\n"
            ),
        ),
        ("go.sh", format!("packer build $(echo a | grep '{}')\n", "(a*)*".repeat(2000))),
    ] {
        let root = repository(&[(name, &text)]);
        let start = std::time::Instant::now();
        let all = read(root.path());
        let took = start.elapsed();
        eprintln!("{name} {took:?} {}", all.found.len());
        assert!(took.as_secs() < 100, "{name} took {took:?}: {}", text.chars().take(200).collect::<String>());
        assert!(all.found.len() + all.unread.len() <= 10_000);
    }
}

#[test]
fn links_and_paths_that_lead_out_are_not_read() {
    let outside = repository(&[("list", "a.json"), ("more.mk", "go: ; packer build b.json\n")]);
    let out = outside.path().display();
    let text = format!(
        "include {out}/more.mk\ninclude link.mk\ngo:\n\tpacker build $(shell cat {out}/list) $(shell cat link)\n"
    );
    let root = repository(&[("Makefile", &text)]);
    std::os::unix::fs::symlink(outside.path().join("list"), root.path().join("link")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("more.mk"), root.path().join("link.mk")).unwrap();
    let all = read(root.path());
    assert!(all.found.is_empty(), "{}", told(&all));
    assert_eq!(all.unread.len(), 1);
}

/// Pieces that mean something to make or to a shell.
const PIECES: [&str; 59] = [
    "$(",
    "${",
    ")",
    "}",
    "$",
    "$$",
    "\\\n",
    "\n",
    "\n\t",
    "\t",
    " ",
    ",",
    ":",
    "=",
    ":=",
    "+=",
    "?=",
    "#",
    "%",
    "ifeq (",
    "\nelse\n",
    "\nendif\n",
    "\ndefine A\n",
    "\nendef\n",
    "include ",
    "call ",
    "foreach ",
    "eval ",
    "shell ",
    "subst ",
    "a",
    "A",
    "Makefile",
    ".PHONY:",
    "packer build ",
    "-var-file=",
    "'",
    "\"",
    "`",
    ";",
    "|",
    "&&",
    "||",
    "(",
    "if ",
    "\nthen ",
    "\nfi\n",
    "for a in ",
    "\ndo ",
    "\ndone\n",
    "case $1 in ",
    "esac",
    "<<",
    "EOF",
    "{",
    "[",
    "]",
    "*",
    "~/é\u{f0001}",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..120),
        noise in "\\PC{0,20}",
    ) {
        let text = pieces.concat() + &noise;
        let script = format!("#!/bin/sh\n{text}");
        let sub = format!("all:\n\t{text}");
        let root = repository(&[("Makefile", &text), ("go.sh", &script), ("sub/Makefile", &sub)]);
        read(root.path());
    }
}
