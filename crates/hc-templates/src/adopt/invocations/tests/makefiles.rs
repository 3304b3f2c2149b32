//! Makefiles.

use super::{check, makefile};

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
