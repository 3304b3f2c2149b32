//! Small repositories of the shapes that real ones have, and texts of no shape at all.

use std::fmt::Write;
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;

use super::{Invocations, Verb, read};

/// A repository with these files; two newlines stand where a template is that nobody reads.
fn repository(files: &[(&str, &str)]) -> TempDir {
    let root = TempDir::new().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    root
}

fn told(all: &Invocations) -> String {
    let mut out = String::new();
    let paths = |list: &[std::path::PathBuf]| {
        list.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ")
    };
    for one in &all.found {
        let verb = if one.verb == Verb::Build { "build" } else { "validate" };
        let place = format!("{}:{}", one.location.path.display(), one.location.line);
        write!(out, "{} {verb} {} [{}]", one.name, one.template.display(), paths(&one.var_files)).unwrap();
        let pairs = |list: &[(String, String)]| {
            list.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
        };
        for (label, list) in [
            ("var", pairs(&one.vars)),
            ("preset", pairs(&one.preset)),
            ("only", one.only.join(",")),
            ("except", one.except.join(",")),
            ("in", one.workdir.display().to_string()),
            ("unknown", one.unknown.join("; ")),
        ] {
            if !list.is_empty() {
                write!(out, " {label}({list})").unwrap();
            }
        }
        writeln!(out, " @{place}").unwrap();
    }
    for one in &all.unread {
        writeln!(
            out,
            "? {} @{}:{}: {}",
            one.name,
            one.location.path.display(),
            one.location.line,
            one.reason
        )
        .unwrap();
    }
    out
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &str) {
    let root = repository(files);
    let told = told(&read(root.path()));
    assert_eq!(told.trim(), expected.trim(), "\n{told}");
}

fn makefile(text: &str, expected: &str) {
    check(
        &[("Makefile", text), ("a.json", "{\"builders\": []}"), ("b.json", "{\"builders\": []}")],
        expected,
    );
}

#[test]
fn computed_target_lists_take_their_names_from_a_file_of_the_repository() {
    check(
        &[
            (
                "images/Makefile",
                r#"
SHELL := /usr/bin/env bash
PACKER ?= $(shell if [ -n "$$PACKER_BIN" ]; then echo "$$PACKER_BIN"; else command -v packer; fi)
ifneq (,$(findstring build-, $(MAKECMDGOALS)))
	COLOR ?= true
	FLAGS += -color=$(COLOR) -var="seen=$(MAKECMDGOALS)"
endif
ifeq (1,$(strip $(DEBUG)))
FLAGS += -debug
endif
COMMON := config/kube.json \
		config/cni.json
NODE_FLAGS := $(foreach f,$(abspath $(COMMON)),-var-file="$(f)" ) \
		$(FLAGS)
OWN := $(foreach f,$(abspath $(PACKER_VAR_FILES)),-var-file="$(f)" )
# Lists without quotes.
SIG := $(shell grep SIG targets.sh | sed 's/SIG=//' | tr -d \")
NAMES ?= $(addsuffix -gen2,$(addprefix azure-,$(SIG)))
BUILDS := $(addprefix build-,$(NAMES))
VALIDATES := $(addprefix validate-,$(NAMES))

.PHONY: $(BUILDS)
$(BUILDS): deps
	. $(abspath init.sh) $(subst build-,,$@) && $(PACKER) build $(NODE_FLAGS) -var-file="$(abspath azure/$(subst build-azure-,,$@).json)" $(OWN) azure/packer$(findstring -windows,$@).json
.PHONY: $(VALIDATES)
$(VALIDATES): deps
	$(PACKER) validate $(if $(findstring windows,$@),$(NODE_FLAGS) -only=win,$(NODE_FLAGS)) -var-file="$(abspath azure/$(subst validate-azure-,,$@).json)" -except=a -except=b,c $(OWN) azure/packer$(findstring -windows,$@).json

validate-all: $(VALIDATES) ## Validates all
"#,
            ),
            ("images/targets.sh", "SIG=\"ubuntu windows-22\"\n"),
        ],
        "
azure-ubuntu-gen2 build images/azure/packer.json [images/config/kube.json images/config/cni.json images/azure/ubuntu-gen2.json] var(seen=build-azure-ubuntu-gen2) in(images) @images/Makefile:24
azure-windows-22-gen2 build images/azure/packer-windows.json [images/config/kube.json images/config/cni.json images/azure/windows-22-gen2.json] var(seen=build-azure-windows-22-gen2) in(images) @images/Makefile:24
azure-ubuntu-gen2 validate images/azure/packer.json [images/config/kube.json images/config/cni.json images/azure/ubuntu-gen2.json] except(a,b,c) in(images) @images/Makefile:27
azure-windows-22-gen2 validate images/azure/packer-windows.json [images/config/kube.json images/config/cni.json images/azure/windows-22-gen2.json] only(win) except(a,b,c) in(images) @images/Makefile:27
",
    );
}

#[test]
fn validate_wins_over_build_when_both_say_the_same() {
    makefile(
        "F = -var-file=x.json\nbuild-one:\n\tpacker build -force $(F) a.json\nvalidate-one:\n\tpacker validate $(F) a.json\n",
        "one validate a.json [x.json] @Makefile:5",
    );
}

#[test]
fn flags_are_read_as_packer_reads_them() {
    makefile(
        r#"
go:
	PKR_VAR_x=1 packer build -force --only qemu.a,qemu.b -only=c -color=false -on-error abort --var 'k=v w' \
		-var-file v.json -parallel-builds=1 --var-file="../w.json" -timestamp-ui -- a.json | tee log
"#,
        "go build a.json [v.json] var(k=v w) preset(x=1) only(qemu.a,qemu.b,c) unknown(`-var-file ../w.json`: `../w.json` lies outside of the repository) @Makefile:3",
    );
}

#[test]
fn every_function_gives_what_make_gives() {
    let cases = [
        ("$(subst a,b,a-a)", "b-b"),
        ("$(patsubst %.c,x%.o,a.c b.h)", "xa.o b.h"),
        ("$(strip  a   b )", "a b"),
        ("$(findstring a,bab)", "a"),
        ("$(filter %.c d,a.c b.h d)", "a.c d"),
        ("$(filter-out %.c,a.c b.h)", "b.h"),
        ("$(sort c a b a)", "a b c"),
        ("$(word 2,a b c)", "b"),
        ("$(wordlist 2,3,a b c d)", "b c"),
        ("$(words a b c)", "3"),
        ("$(firstword a b)$(lastword a b)", "ab"),
        ("$(dir a/b c)", "a/ ./"),
        ("$(notdir a/b c)", "b c"),
        ("$(suffix a/b.c d)", ".c"),
        ("$(basename a.x/b.c d)", "a.x/b d"),
        ("$(addsuffix .c,a b)", "a.c b.c"),
        ("$(addprefix p/,a b)", "p/a p/b"),
        ("$(join a b,1 2 3)", "a1 b2 3"),
        ("$(wildcard [ab].json z.json)", "a.json b.json"),
        ("$(foreach x,1 2,<$(x)>)", "<1> <2>"),
        ("$(if ,a,b)$(if x,c)", "bc"),
        ("$(or ,a,b)$(and a,b)", "ab"),
        ("$(call PAIR,1,2)", "2-1"),
        ("$(origin PAIR) $(origin NOPE)", "file undefined"),
        ("$(flavor PAIR)", "recursive"),
        ("$(value PAIR)", "$2-$1"),
        ("$(LIST:.c=.o)", "a.o b.o"),
        ("$(LIST:%.c=o/%)", "o/a o/b"),
        ("${LIST}", "a.c b.c"),
        ("$(A$(B))", "ab"),
        ("$(eval E := $(words 1 2))$(E)", "2"),
        ("$(notdir $(CURDIR:%=%/x))", "x"),
        ("$(shell echo one; echo two)", "one two"),
        ("$(firstword $(MAKEFILE_LIST))", "Makefile"),
        ("$$HOME", "$HOME"),
    ];
    for (expression, expected) in cases {
        let text = format!(
            "PAIR = $2-$1\nLIST = a.c b.c\nB = B\nAB = ab\ngo:\n\tpacker build -var 'v={expression}' a.json\n"
        );
        makefile(&text, &format!("go build a.json [] var(v={expected}) @Makefile:6"));
    }
}

#[test]
fn assignments_conditions_and_definitions_follow_make() {
    makefile(
        r"
A = one
LATE = $(A)
NOW := $(A)
A = two
A += three
NOW += $(A)
UNSET ?= set
A ?= never
override O := kept
ifeq ($(A), two three)
X = yes
else ifdef A
X = no
else
X = never
endif
ifneq '$(A)' 'x'
Y = 1
endif
ifndef NOTHING
	Z = 1 # tab before it, no rule open
endif
define RULE
build-$(1):
	packer build -var 'n=$(1)' -var 'x=$(X)$(Y)$(Z)' -var 'late=$(LATE)' -var 'now=$(NOW)' -var 'o=$(O)$(UNSET)' $$(F) a.json
endef
$(foreach n,p q,$(eval $(call RULE,$(n))))
include more.mk
-include nothing.mk
",
        "
p build a.json [] var(n=p x=yes11 late=two three now=one two three o=keptset) @Makefile:28
q build a.json [] var(n=q x=yes11 late=two three now=one two three o=keptset) @Makefile:28
",
    );
}

#[test]
fn rules_of_every_kind_have_their_automatic_variables() {
    check(
        &[
            (
                "Makefile",
                r"
IMAGES = x y
.PHONY: $(IMAGES:%=box-%)
box-%: %/t.pkr.hcl vars/%.pkrvars.hcl
	cd $(<D) && packer build -only=$*.$(@F) -var-file=../$(word 2,$^) .
$(IMAGES:%=check-%): check-%: %/t.pkr.hcl
	@packer validate -var-file=vars/$*.pkrvars.hcl $<
a b:: ; packer build -var t=$@ one.json
prod: ENV = prod
dev: ENV = dev
prod dev: shared
shared:
	packer build -var-file=$(ENV).json two.json
",
            ),
            ("x/t.pkr.hcl", ""),
            ("y/t.pkr.hcl", ""),
            ("prod.json", "{}"),
            ("dev.json", "{}"),
        ],
        "
box-x build x [vars/x.pkrvars.hcl] only(x.box-x) in(x) @Makefile:5
box-y build y [vars/y.pkrvars.hcl] only(y.box-y) in(y) @Makefile:5
check-x validate x/t.pkr.hcl [vars/x.pkrvars.hcl] @Makefile:7
check-y validate y/t.pkr.hcl [vars/y.pkrvars.hcl] @Makefile:7
a build one.json [] var(t=a) @Makefile:8
b build one.json [] var(t=b) @Makefile:8
dev build two.json [dev.json] @Makefile:13
prod build two.json [prod.json] @Makefile:13
",
    );
}

#[test]
fn what_nobody_sets_is_tried_with_the_files_that_are_there() {
    let text = r"
ifndef os
$(error os is required)
endif
DIR ?= images/$(os)
FLAGS := -var-file $(DIR)/default.json $(if $(wildcard $(DIR)/extra.json),-var-file=$(DIR)/extra.json)
VARS := $(shell packer inspect $(DIR)/template.json | awk '{print $$4}')
FLAGS += $(foreach name,$(VARS),-var $(name)='$($(name))') -var region=$(REGION)
validate:
	$(BIN)/packer validate $(FLAGS) $(DIR)/template.json
build: validate
	packer build $(FLAGS) $(DIR)/template.json
%.box: vars/%.json
	packer build -var-file=$< box.json
";
    let template = "{\"builders\": []}";
    check(
        &[
            ("Makefile", text),
            ("images/one/template.json", template),
            ("images/one/extra.json", "{}"),
            ("images/two/template.json", template),
            ("images/notes/readme.md", ""),
            ("vars/p.json", "{}"),
            ("vars/q.json", "{}"),
        ],
        "
one validate images/one/template.json [images/one/default.json images/one/extra.json] unknown(`-var …`: `packer inspect images/one/template.json | awk '{print $4}'` is not run; `-var region`: `REGION` is given by whoever runs it) @Makefile:10
two validate images/two/template.json [images/two/default.json] unknown(`-var …`: `packer inspect images/two/template.json | awk '{print $4}'` is not run; `-var region`: `REGION` is given by whoever runs it) @Makefile:10
p.box build box.json [vars/p.json] @Makefile:14
q.box build box.json [vars/q.json] @Makefile:14
",
    );
}

#[test]
fn a_guess_about_the_machine_is_told_and_hides_no_target() {
    makefile(
        r"
OS := $(shell uname -s)
ifeq ($(OS),Darwin)
FLAGS = -only=vmware
build-mac:
	packer build $(FLAGS) a.json
else
FLAGS = -only=qemu
endif
build-any:
	packer build $(FLAGS) -var time=$(shell date) b.json
build-both:
ifeq ($(OS),Darwin)
	packer build a.json
else
	packer build b.json
endif
",
        "
mac build a.json [] only(qemu) unknown(Makefile:3: taken as if `ifeq ($(OS),Darwin)` does not hold (`uname -s` is not run)) @Makefile:6
any build b.json [] only(qemu) unknown(`-var time`: `date` is not run; Makefile:3: taken as if `ifeq ($(OS),Darwin)` does not hold (`uname -s` is not run)) @Makefile:11
both build a.json [] unknown(Makefile:13: taken as if `ifeq ($(OS),Darwin)` does not hold (`uname -s` is not run)) @Makefile:14
both build b.json [] unknown(Makefile:13: taken as if `ifeq ($(OS),Darwin)` does not hold (`uname -s` is not run)) @Makefile:16
",
    );
}

#[test]
fn make_in_recipes_and_scripts_with_arguments_are_followed() {
    check(
        &[
            (
                "Makefile",
                "build-%:\n\t$(MAKE) -C sub image NAME=$*\nall: build-x build-y\nbuild-z:\n\t./bin/run.sh z extra\n\tbash -c 'cd sub && packer validate -var-file=z.json .'\n",
            ),
            ("sub/Makefile", "image:\n\tpacker build -var-file=$(NAME).json .\n"),
            ("sub/x.json", "{}"),
            ("sub/y.json", "{}"),
            ("sub/t.pkr.hcl", ""),
            (
                "bin/run.sh",
                "#!/bin/sh\nset -e\ncd \"$(dirname \"$0\")/../sub\"\nNAME=${1:-none}\nshift\npacker build -var rest=\"$*\" -var-file=\"$NAME.json\" .\n",
            ),
        ],
        "
z validate sub [sub/z.json] in(sub) @Makefile:6
run build sub [sub/none.json] in(sub) unknown(`-var rest`: `its arguments` is given by whoever runs it) @bin/run.sh:6
z build sub [sub/z.json] var(rest=extra) in(sub) @bin/run.sh:6
x build sub [sub/x.json] in(sub) @sub/Makefile:2
y build sub [sub/y.json] in(sub) @sub/Makefile:2
",
    );
}

#[test]
fn scripts_are_followed_through_loops_branches_and_functions() {
    check(
        &[
            (
                "validate.sh",
                r#"#!/usr/bin/env bash
for template in $(ls -1 *.json); do
  echo "packer validate $template"
  packer validate --only=a --only=b $template || exit 1
done
"#,
            ),
            ("one.json", "{\"builders\": []}"),
            ("two.json", "{\"builders\": []}"),
            (
                "tools/build",
                r#"#!/bin/bash
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
FILES=(-var-file common.json)
FILES+=("-var-file=${REGION:-eu}.json")
run() {
  local name=$1
  (cd "$ROOT/images" && PACKER_LOG=1 "${PACKER_BIN:-packer}" build "${FILES[@]}" -var "name=${name}" "${name%.pkr.hcl}".pkr.hcl)
}
case "$1" in
  debian) run debian.pkr.hcl ;;
  *) [ -n "$1" ] && run "$1" ;;
esac
if [ "$2" = "push" ]; then EXTRA=-force; fi
sudo -E env A=b packer build $EXTRA -var token=$TOKEN images/last.pkr.hcl
cat <<EOF
packer build never.json
EOF
# packer build neither.json
"#,
            ),
            ("images/debian.pkr.hcl", ""),
            ("images/last.pkr.hcl", ""),
        ],
        "
build build images/debian.pkr.hcl [images/common.json images/eu.json] var(name=debian) in(images) @tools/build:7
last build images/last.pkr.hcl [images/common.json images/eu.json] var(name=last) in(images) @tools/build:7
build build images/last.pkr.hcl [] unknown(arguments: `EXTRA` is given by whoever runs it; `-var token`: `TOKEN` is given by whoever runs it) @tools/build:14
validate validate one.json [] only(a,b) @validate.sh:4
validate validate two.json [] only(a,b) @validate.sh:4
",
    );
}

#[test]
fn containers_and_pipes_still_name_their_template() {
    makefile(
        r#"
build:
	docker run --rm -v "$(PWD):/src" -w /src/sub hashicorp/packer:light build -var-file=/src/v.json ../a.json
pipe:
	jq 'del(.x)' b.json | packer build -force -
nothing:
	cat <(x) | packer build -
syntax:
	packer validate -syntax-only a.json
"#,
        "
build build a.json [v.json] in(sub) @Makefile:3
pipe build b.json [] unknown(the template comes through a pipe: `jq del(.x) b.json`) @Makefile:5
? nothing @Makefile:7: the template comes through a pipe
",
    );
}

/// Files that would run for ever, or need more memory than there is.
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
        read(Path::new(root.path()));
    }
}
