//! Scripts, recipes that lead to them, pipelines.

use super::{check, makefile};

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
fn jobs_of_gitlab_extend_each_other() {
    check(
        &[
            (
                ".gitlab-ci.yml",
                r#"variables:
  CONFIG: "${CI_PROJECT_DIR}/config"
  ONLY: ""
.packer:
  stage: build
  before_script:
    - packer init "$INPUT"
    - "packer validate -var-file=\"$CONFIG/common.pkrvars.hcl\" -var-file=\"$CONFIG/$VARS\" ${EXTRA} $ONLY \"$INPUT\""
  script:
    - "packer build -force -var-file=\"$CONFIG/common.pkrvars.hcl\" -var-file=\"$CONFIG/$VARS\" ${EXTRA} $ONLY \"$INPUT\""
Debian 12:
  extends: .packer
  variables:
    INPUT: "$CI_PROJECT_DIR/builds/debian/"
    VARS: debian.pkrvars.hcl
    EXTRA: "-var-file=$CONFIG/net.pkrvars.hcl"
Windows:
  extends: [.packer]
  variables: {INPUT: "builds/windows", VARS: windows.pkrvars.hcl, EXTRA: "", ONLY: "-only=a.b"}
"#,
            ),
            ("builds/debian/x.pkr.hcl", ""),
        ],
        "
Debian-12 validate builds/debian [config/common.pkrvars.hcl config/debian.pkrvars.hcl config/net.pkrvars.hcl] @.gitlab-ci.yml:8
Windows validate builds/windows [config/common.pkrvars.hcl config/windows.pkrvars.hcl] only(a.b) @.gitlab-ci.yml:8
",
    );
}

#[test]
fn steps_of_workflows_have_their_directory_matrix_and_environment() {
    check(
        &[
            (
                ".github/workflows/images.yml",
                r"on: push
env:
  LEVEL: one
jobs:
  build:
    strategy:
      matrix:
        os: [debian, ubuntu]
    env:
      TEMPLATE: ${{ matrix.os }}.pkr.hcl
    defaults:
      run:
        working-directory: images
    steps:
      - uses: actions/checkout@v4
      - name: Build
        run: |
          packer init .
          packer build -var level=$LEVEL -var sha=${{ github.sha }} \
            -var-file=${{ matrix.os }}.pkrvars.hcl $TEMPLATE
      - run: packer validate .
        working-directory: other
",
            ),
            ("images/debian.pkr.hcl", ""),
        ],
        "
debian build images/debian.pkr.hcl [images/debian.pkrvars.hcl] var(level=one) in(images) unknown(`-var sha`: `github.sha` is given by whoever runs it) @.github/workflows/images.yml:19
ubuntu build images/ubuntu.pkr.hcl [images/ubuntu.pkrvars.hcl] var(level=one) in(images) unknown(`-var sha`: `github.sha` is given by whoever runs it) @.github/workflows/images.yml:19
debian validate other [] in(other) @.github/workflows/images.yml:21
",
    );
}

#[test]
fn other_pipelines_are_looked_at_too() {
    check(
        &[
            (
                ".travis.yml",
                "language: generic\nscript:\n  - cd images\n  - for t in a b; do packer validate $t.json; done\n",
            ),
            (
                "bitbucket-pipelines.yml",
                "pipelines:\n  default:\n    - step:\n        name: Build\n        script:\n          - packer build images/c.json\n",
            ),
            (
                "Jenkinsfile",
                "node {\n  sh 'packer build images/d.json'\n  def push = 1\n  sh(script: \"\"\"\n    packer build \\\n      -var x=${env.X} images/e.json\n  \"\"\")\n}\n",
            ),
            (
                "build.ps1",
                "Write-Host \"packer build none.json\"\r\npacker.exe build --only=hyperv-iso `\r\n  --var switch=\"ext\" `\r\n  .\\images\\f.json\r\n",
            ),
        ],
        "
travis validate images/a.json [] in(images) @.travis.yml:4
travis validate images/b.json [] in(images) @.travis.yml:4
Jenkinsfile build images/d.json [] @Jenkinsfile:2
Jenkinsfile build images/e.json [] unknown(`-var x`: `env_X` is given by whoever runs it) @Jenkinsfile:5
bitbucket-pipelines build images/c.json [] @bitbucket-pipelines.yml:6
build build images/f.json [] var(switch=ext) only(hyperv-iso) @build.ps1:2
",
    );
}
