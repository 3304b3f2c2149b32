//! `hybrid init`: a project that passes `validate` at once, made whole or not at all (issue 5).

use crate::project::Project;

const EVERYTHING: [&str; 5] =
    ["--platforms", "file,null,rootfs,qemu,vsphere,proxmox,azure,aws,docker", "--os", "linux,windows", "all"];

#[test]
fn every_scaffold_validates_at_once_in_both_environments() {
    let bare = Project::bare();
    let made = bare.ok(&[&["init"], &EVERYTHING[..], &["--format", "json"]].concat()).json();
    let builders = made["result"]["builders"].as_array().unwrap();
    assert_eq!(builders.len(), 14, "{builders:?}");
    assert_eq!(made["result"]["skipped"].as_array().unwrap().len(), 4);
    for file in made["result"]["files"].as_array().unwrap() {
        assert!(bare.path("all").join(file.as_str().unwrap()).is_file(), "{file}");
    }
    for env in ["dev", "prod"] {
        let checked =
            bare.ok(&["-C", "all", "validate", "--env", env, "--strict", "--format", "json"]).json();
        let targets = checked["result"]["targets"].as_array().unwrap();
        assert_eq!(targets.len(), 14);
        assert!(targets.iter().all(|target| target["valid"] == true), "{targets:#?}");
        assert_eq!(checked["diagnostics"], serde_json::json!([]));
    }
    bare.ok(&["-C", "all", "fmt", "--check"]);
}

#[test]
fn the_first_image_is_two_commands_away() {
    let bare = Project::bare();
    let made = bare.ok(&["init", "images", "--platforms", "file,null"]);
    assert!(made.stdout.contains("hybrid build --env dev --targets linux.file.base"), "{}", made.stdout);
    bare.ok(&["-C", "images", "validate"]);
    let built = bare.ok(&["-C", "images", "build", "--format", "json"]).json();
    let builds = built["result"]["builds"].as_array().unwrap();
    assert_eq!(builds.len(), 2);
    for build in builds {
        let file = build["artifact"]["files"][0]["path"].as_str().unwrap();
        assert!(bare.path("images").join(file).is_file(), "{file}");
    }
}

#[test]
fn nothing_is_overwritten_and_nothing_half_written() {
    let bare = Project::bare();
    bare.write("here/templates/common.pkr.hcl", "# mine\n");
    let refused = bare
        .run(&["init", "here"])
        .expect(1)
        .says("error[WouldOverwrite]")
        .says("templates/common.pkr.hcl")
        .says("--adopt");
    assert!(refused.stdout.is_empty());
    assert_eq!(bare.read("here/templates/common.pkr.hcl"), "# mine\n");
    assert!(!bare.path("here/hybrid.toml").exists());
    bare.ok(&["init", "new"]);
    bare.run(&["init", "new"]).expect(1).says("error[WouldOverwrite]");
}

#[test]
fn a_fresh_repository_keeps_its_readme_and_gitignore() {
    let bare = Project::bare();
    bare.write("repo/README.md", "# Ours\n");
    bare.write("repo/.gitignore", "/logs/\n");
    let made = bare.ok(&["init", "repo"]);
    assert!(made.stdout.contains("left out README.md: exists already"), "{}", made.stdout);
    assert!(made.stdout.contains("add to .gitignore: /.hybrid/  /configs/"), "{}", made.stdout);
    assert_eq!(bare.read("repo/README.md"), "# Ours\n");
    assert_eq!(bare.read("repo/.gitignore"), "/logs/\n");
    bare.ok(&["-C", "repo", "validate"]);
}

#[test]
fn a_wrong_choice_is_named_and_writes_nothing() {
    let bare = Project::bare();
    bare.run(&["init", "x", "--platforms", "vspere"]).expect(1).says("did you mean `vsphere`?");
    bare.run(&["init", "x", "--os", "macos"]).expect(1).says("error[UnknownSystem]");
    bare.run(&["init", "x", "--platforms", "docker", "--os", "windows"])
        .expect(1)
        .says("error[UnsupportedCombination]")
        .says("Windows host");
    assert!(!bare.path("x").exists());
}

#[test]
fn without_ansible_the_stack_is_off_and_the_way_to_it_is_said() {
    let bare = Project::bare();
    let made = crate::project::Ran::from(
        bare.command(&["init", "x", "--platforms", "qemu"]).env("PATH", "/nonexistent").output().unwrap(),
    )
    .expect(0);
    assert!(made.stdout.contains("hybrid provisioners enable ansible"), "{}", made.stdout);
    assert!(bare.read("x/configs/provisioners.toml").contains("ansible = false"));
    bare.ok(&["-C", "x", "validate"]);
}
