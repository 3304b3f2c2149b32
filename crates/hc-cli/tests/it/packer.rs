//! `hybrid packer …`, and failures of real packer (PKR-4, PKR-8).

use std::time::{Duration, Instant};

use crate::project::Project;

#[test]
fn a_log_is_classified_by_the_rules_of_the_build() {
    let project = Project::with_motd();
    project.write(
        "hybrid.toml",
        "[[packer.rules]]\nid = \"licence\"\npattern = \"no licence left\"\nclass = \"capacity\"\n",
    );
    project.write("one.log", "Build 'x' errored after 1 s: Timeout waiting for SSH.\n");
    project.write("two.log", "1700000000,null.x,error,no licence left%!(PACKER_COMMA) try later\n");
    let found = project.ok(&["packer", "classify", "one.log", "--format", "json"]).json();
    assert_eq!(found["result"]["rule"], "communicator-timeout");
    let found =
        project.ok(&["packer", "classify", "two.log", "--platform", "null", "--format", "json"]).json();
    assert_eq!(
        (found["result"]["rule"].as_str(), found["result"]["exit_code"].as_u64()),
        (Some("licence"), Some(2))
    );
    assert_eq!(found["result"]["evidence"], "no licence left, try later");
    project.run(&["packer", "classify", "three.log"]).expect(1).says("error[FileUnavailable]");
}

#[test]
fn what_a_script_printed_is_read_by_rules_that_ask_for_it() {
    let project = Project::with_motd();
    project.write(
        "one.log",
        "1,,ui,error,==> null.x: curl: (56) Recv failure: connection reset by peer\n\
         1,,ui,error,Build 'null.x' errored after 1 s: Script exited with non-zero exit status: 7\n\
         1,null.x,error,Script exited with non-zero exit status: 7\n",
    );
    let rule = || {
        let found = project.ok(&["packer", "classify", "one.log", "--format", "json"]).json();
        (found["result"]["rule"].clone(), found["result"]["retryable"].clone())
    };
    let own = "[[packer.rules]]\nid = \"mirror\"\npattern = \"connection reset\"\nclass = \"transient\"\n";
    project.write("hybrid.toml", own);
    assert_eq!(rule(), ("provisioner-exit".into(), false.into()));
    project.write("hybrid.toml", &format!("{own}scope = \"provisioner\"\n"));
    assert_eq!(rule(), ("mirror".into(), true.into()));
}

#[test]
fn a_pin_refuses_every_other_packer() {
    let project = Project::with_motd();
    project.ok(&["packer", "pin"]);
    project.ok(&["validate"]);
    assert!(project.read("hybrid.toml").contains("name = \"test\""));
    project.ok(&["packer", "pin", "0.1.2"]);
    project.run(&["validate"]).expect(1).says("error[PackerPinned]").says("0.1.2");
    project.run(&["packer", "pin", "latest"]).expect(1).says("error[BadVersion]");
    project.ok(&["packer", "pin"]);
    project.ok(&["validate"]);
}

#[test]
fn an_unreachable_guest_is_tried_once_more_and_then_exit_two() {
    let project = Project::empty();
    project.write("configs/overlays/dev.pkrvars.hcl", "");
    project.write("hybrid.toml", "[naming]\nnull = [\"null\"]\n");
    project.write(
        "templates/linux/null/far/far.pkr.hcl",
        "source \"null\" \"far\" {\n  ssh_host     = \"127.0.0.1\"\n  ssh_port     = 1\n  ssh_username = \"x\"\n  ssh_password = \"x\"\n  ssh_timeout  = \"2s\"\n}\n\n\
         build {\n  sources = [\"source.null.far\"]\n}\n",
    );
    project.ok(&["validate"]);
    let build = project.run(&["build", "--format", "json"]).expect(2);
    let result = &build.json()["result"]["builds"][0]["result"];
    assert_eq!(
        (result["classification"].as_str(), result["attempts"].as_u64()),
        (Some("transient"), Some(2))
    );
    assert_eq!(result["rule"], "communicator-timeout");
    assert!(build.stderr.contains("retrying in"), "{}", build.stderr);
}

#[test]
fn twenty_four_targets_at_once_keep_apart() {
    let project = Project::with_motd();
    let template = project.read("templates/linux/file/motd/motd.pkr.hcl");
    std::fs::remove_dir_all(project.path("templates/linux/file/motd")).unwrap();
    for at in 0..24 {
        let name = format!("m{at:02}");
        let text = template
            .replace("\"motd\"", &format!("\"{name}\""))
            .replace("file.motd", &format!("file.{name}"));
        project.write(&format!("templates/linux/file/{name}/{name}.pkr.hcl"), &text);
    }
    project.ok(&["validate"]);
    let start = Instant::now();
    let build = project.ok(&["build", "--jobs", "8", "--format", "json"]).json();
    assert!(start.elapsed() < Duration::from_secs(120));
    let builds = build["result"]["builds"].as_array().unwrap().clone();
    assert_eq!(builds.len(), 24);
    let unique = |field: &dyn Fn(&serde_json::Value) -> String| {
        builds.iter().map(field).collect::<std::collections::BTreeSet<String>>().len()
    };
    assert_eq!(unique(&|one| one["result"]["log_path"].to_string()), 24);
    assert_eq!(unique(&|one| one["result"]["manifest_path"].to_string()), 24);
    assert_eq!(unique(&|one| one["artifact"]["files"][0]["path"].to_string()), 24);
    let listed = project.ok(&["artifacts", "list", "--format", "json"]).json();
    assert_eq!(listed["result"]["artifacts"].as_array().unwrap().len(), 24);
    for one in &builds {
        let manifest = project.read(one["result"]["manifest_path"].as_str().unwrap());
        assert_eq!(manifest.matches("\"builder_type\"").count(), 1, "{manifest}");
    }
    assert_eq!(std::fs::read_dir(project.path(".hybrid/journal")).unwrap().count(), 0);
    assert!(std::fs::read_dir(project.path(".hybrid/work")).unwrap().next().is_none());
}

#[test]
fn an_upgrade_is_checked_step_by_step_and_says_who_has_to_agree() {
    let project = Project::with_motd();
    project.ok(&["fmt"]);
    // The same packer twice: nothing differs, and nothing is left behind.
    let args = [
        "packer",
        "upgrade-check",
        "--from",
        "packer",
        "--to",
        "packer",
        "--smoke",
        "motd",
        "--format",
        "json",
    ];
    let same = project.ok(&args).json();
    let steps = same["result"]["targets"][0]["steps"].as_array().unwrap().clone();
    assert_eq!(steps.len(), 3, "{same}");
    assert!(steps.iter().all(|step| step["same"] == true), "{same}");
    assert_eq!(steps[2]["to"], "success");
    assert_eq!(same["result"]["sign_offs"].as_array().unwrap().len(), 1);
    assert!(project.path(same["result"]["report"].as_str().unwrap()).is_file());
    assert!(!project.path("state/packer-hybrid.json").exists() && !project.path("artifacts/images").exists());

    // A packer that refuses what the other accepts, and makes something else.
    project.write(
        "bin/packer-next",
        "#!/bin/sh\ncase \"$1\" in\nversion) echo 'Packer v1.99.0' ;;\nfmt) exit 0 ;;\nvalidate) echo 'Error: no longer supported'; exit 1 ;;\n*) exit 1 ;;\nesac\n",
    );
    let worse =
        project.run(&["packer", "upgrade-check", "--from", "packer", "--to", "bin/packer-next"]).expect(1);
    assert!(
        worse.stdout.contains("worse") && worse.stdout.contains("+ Error: no longer supported"),
        "{}",
        worse.stdout
    );
    assert!(worse.stdout.contains("owner of linux.file.motd: validate: valid → refused"), "{}", worse.stdout);
    project
        .run(&["packer", "upgrade-check", "--from", "packer", "--to", "/bin/true"])
        .expect(1)
        .says("error[");
}

#[test]
fn a_packer_that_does_not_end_is_not_called_an_interrupt() {
    let project = Project::with_motd();
    project.write(
        "bin/packer",
        "#!/bin/sh\n[ \"$1\" = version ] && { echo 'Packer v1.11.2'; exit; }\nsleep 30\n",
    );
    project.write("hybrid.toml", "[packer]\nbinary = \"bin/packer\"\ntimeout = \"1s\"\ngrace = \"1s\"\n");
    project
        .run(&["validate"])
        .expect(2)
        .says("error[PackerProcess]: packer did not end within 1s")
        .says("timeout");
}
