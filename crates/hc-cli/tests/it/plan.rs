//! What is stale and why; `build --stale` builds exactly that (issue 4).

use crate::project::Project;

fn reasons(project: &Project) -> String {
    let plan = project.ok(&["plan", "--format", "json"]).json();
    plan["result"]["targets"][0]["reasons"].to_string()
}

#[test]
fn every_reason_is_said_and_stale_builds_exactly_the_plan() {
    let project = Project::with_motd();
    project.ok(&["validate"]);
    assert_eq!(reasons(&project), "[\"never built\"]");
    project.ok(&["build", "--stale"]);
    assert_eq!(reasons(&project), "[]");
    let nothing = project.ok(&["build", "--stale", "--format", "json"]).json();
    assert_eq!(nothing["result"]["builds"], serde_json::json!([]));
    assert_eq!(nothing["result"]["up_to_date"][0], "linux.file.motd");

    project.edit("templates/scripts/linux/greet.sh", "echo done", "echo finished");
    let plan = project.ok(&["plan", "--format", "json"]).json();
    assert_eq!(plan["result"]["targets"][0]["changed"][0], "templates/scripts/linux/greet.sh");
    assert_eq!(plan["result"]["targets"][0]["trusted"], false);
    project.ok(&["validate"]);
    let built = project.ok(&["build", "--stale", "--format", "json"]).json();
    assert_eq!(built["result"]["builds"].as_array().unwrap().len(), 1);

    let image = built["result"]["builds"][0]["artifact"]["files"][0]["path"].as_str().unwrap().to_owned();
    std::fs::rename(project.path(&image), project.path("elsewhere")).unwrap();
    assert!(reasons(&project).contains("is gone"), "{}", reasons(&project));
    std::fs::rename(project.path("elsewhere"), project.path(&image)).unwrap();
    assert_eq!(reasons(&project), "[]");

    project.write("templates/linux/file/motd/builder.toml", "max_age = \"1s\"\n");
    project.ok(&["validate"]);
    project.ok(&["build"]);
    std::thread::sleep(std::time::Duration::from_millis(1200));
    assert!(reasons(&project).contains("older than 1s"), "{}", reasons(&project));
    project.edit("templates/scripts/linux/greet.sh", "echo finished", "exit 4");
    project.ok(&["validate"]);
    project.run(&["build"]).expect(1);
    assert!(reasons(&project).contains("the last build failed"), "{}", reasons(&project));
}

#[test]
fn two_images_differ_by_inputs_down_to_their_lines() {
    let project = Project::with_motd();
    let build = || {
        project.ok(&["validate"]);
        let build = project.ok(&["build", "--format", "json"]).json();
        build["result"]["builds"][0]["build_id"].as_str().unwrap().to_owned()
    };
    let one = build();
    project.edit("templates/scripts/linux/greet.sh", "echo done", "echo really done");
    project.edit("configs/overlays/dev.pkrvars.hcl", "\"hello\"", "\"good morning\"");
    let two = build();
    let diff = project.ok(&["artifacts", "diff", &one, &two]);
    for line in ["templates/scripts/linux/greet.sh", "-4 echo done", "+4 echo really done", "good morning"] {
        assert!(diff.stdout.contains(line), "no {line:?} in\n{}", diff.stdout);
    }
    assert!(project.ok(&["artifacts", "diff", &two, &two]).stdout.contains("the same"));
}

#[test]
fn a_playbook_that_a_script_runs_brings_its_roles() {
    let project = Project::example();
    let checked = project.ok(&["validate", "--targets", "linux.rootfs.minimal", "--format", "json"]).json();
    // What `inputs` of its builder.toml names is the way out of every warning.
    assert_eq!(checked["diagnostics"], serde_json::json!([]));
    let trusted = project.read("state/packer/trusted/dev/linux.rootfs.minimal.json");
    for file in ["roles/base/tasks/main.yml", "roles/motd/templates/motd.j2", "puppet/hiera.yaml"] {
        assert!(trusted.contains(file), "{file} in {trusted}");
    }
}
