//! Ansible and Puppet for real, on root file systems that the example project builds (PROV-1 … PROV-4, issue 5).
//! Each build bootstraps a Debian: minutes, so only under `./check --full`.

use std::process::Command;

use crate::project::Project;

const TARGET: &str = "linux.rootfs.minimal";

fn switch(project: &Project, ansible: bool, puppet: bool) {
    for (stack, on) in [("ansible", ansible), ("puppet", puppet)] {
        let word = if on { "enable" } else { "disable" };
        project.ok(&["provisioners", word, stack, "--builder", TARGET]);
    }
}

/// A file of the newest image; `None` when it has no such file.
fn file_of_image(project: &Project, name: &str) -> Option<String> {
    let record = project.ok(&["artifacts", "show", TARGET, "--format", "json"]).json();
    let files = record["result"]["artifact"]["files"].as_array().unwrap().clone();
    let image = files.iter().find_map(|file| file["path"].as_str().filter(|path| path.ends_with(".tar.zst")));
    let image = project.path(image.unwrap());
    let output = Command::new("tar").args(["--zstd", "-xOf"]).arg(image).arg(name).output().unwrap();
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
#[ignore = "builds four root file systems"]
fn ansible_only_puppet_only_both_and_neither() {
    let project = Project::example();
    for (ansible, puppet) in [(false, false), (true, false), (false, true), (true, true)] {
        switch(&project, ansible, puppet);
        project.ok(&["validate", "--targets", TARGET]);
        project.ok(&["build", "--targets", TARGET]);
        project.ok(&["test", "--suite", "smoke", "--targets", TARGET]);
        let release = file_of_image(&project, "./etc/hybrid-release").unwrap();
        assert!(release.contains(&format!("ANSIBLE={ansible}")), "{release}");
        let limits = file_of_image(&project, "./etc/security/limits.d/60-hardening.conf");
        assert_eq!(limits.is_some(), ansible, "what the role writes, with ansible {ansible} puppet {puppet}");
        let banner = file_of_image(&project, "./etc/issue.net").unwrap_or_default();
        assert_eq!(banner.contains("Puppet"), puppet, "{banner}");
        assert_eq!(file_of_image(&project, "./usr/bin/puppet").is_some(), puppet);
    }
}

#[test]
#[ignore = "builds root file systems"]
fn a_task_and_a_manifest_that_fail_end_the_build_and_leave_no_image() {
    let project = Project::example();
    switch(&project, true, false);
    project.ok(&["validate", "--targets", TARGET]);
    project.ok(&["build", "--targets", TARGET]);
    let images = |project: &Project| std::fs::read_dir(project.path("artifacts/images")).unwrap().count();
    let before = images(&project);

    let tasks = "templates/ansible/roles/motd/tasks/main.yml";
    let good = project.read(tasks);
    project.write(
        tasks,
        &format!("{good}\n- name: Break\n  ansible.builtin.fail:\n    msg: broken on purpose\n"),
    );
    project.ok(&["validate", "--targets", TARGET]);
    project.run(&["build", "--targets", TARGET]).expect(1).says("broken on purpose");
    assert_eq!(images(&project), before);

    project.write(tasks, &good);
    let manifest = "templates/puppet/manifests/site.pp";
    let site = project.read(manifest);
    project.write(manifest, &format!("{site}\nfail('broken on purpose')\n"));
    switch(&project, false, true);
    project.ok(&["validate", "--targets", TARGET]);
    project.run(&["build", "--targets", TARGET]).expect(1).says("broken on purpose");
    assert_eq!(images(&project), before);
    let status = project.ok(&["artifacts", "list", "--format", "json"]).json();
    assert_eq!(status["result"]["artifacts"].as_array().unwrap().len(), 1, "{status}");
}
