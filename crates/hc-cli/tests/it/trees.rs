//! Directories of many files are one input, and what differs in them is told down to the file and its lines (PKR-7).

use std::os::unix::fs::PermissionsExt;

use crate::observed::plan_says;
use crate::project::Project;

/// A builder with a directory of 300 files.
fn project() -> Project {
    let project = Project::with_motd();
    for at in 0..300 {
        project.write(&format!("data/{}/file-{at}.txt", at % 7), &format!("text {at}\n"));
    }
    project.write("templates/linux/file/motd/builder.toml", "inputs = [\"data/**\"]\n");
    project
}

fn trusted(project: &Project) -> serde_json::Value {
    serde_json::from_str(&project.read("state/packer/trusted/dev/linux.file.motd.json")).unwrap()
}

#[test]
fn many_files_are_one_input_and_a_change_names_the_file_and_its_lines() {
    let project = project();
    project.ok(&["validate"]);
    let manifest = trusted(&project);
    assert_eq!(manifest["format"], 2);
    let tree = &manifest["trees"][0];
    assert_eq!((tree["name"].as_str(), tree["files"].as_u64()), (Some("data/"), Some(300)));
    assert!(!manifest["inputs"].to_string().contains("file-1.txt"));
    project.ok(&["build"]);
    plan_says(&project, &["0 to build"]);
    project.write("data/3/file-10.txt", "other 10\n");
    plan_says(&project, &["data/3/file-10.txt", "1 to build"]);
    let refused = project.run(&["build"]).expect(1);
    refused.says("changed data/3/file-10.txt").says("-1 text 10").says("+1 other 10");
    project.write("data/3/file-10.txt", "text 10\n");
    plan_says(&project, &["0 to build"]);
    project.write("data/new/file.txt", "new\n");
    std::fs::remove_file(project.path("data/0/file-0.txt")).unwrap();
    project.run(&["build"]).expect(1).says("added data/new/file.txt").says("removed data/0/file-0.txt");
    project.ok(&["validate"]);
    project.ok(&["build"]);
    let builds = project.ok(&["artifacts", "list", "--format", "json"]).json();
    let ids: Vec<&str> = builds["result"]["artifacts"]
        .as_array()
        .unwrap_or_else(|| panic!("{builds}"))
        .iter()
        .map(|build| build["build_id"].as_str().unwrap())
        .collect();
    let diff = project.ok(&["artifacts", "diff", ids[0], ids[1]]).stdout;
    assert!(diff.contains("data/new/file.txt") && diff.contains("data/0/file-0.txt"), "{diff}");
}

#[test]
fn the_executable_bit_counts_and_other_bits_and_empty_directories_do_not() {
    let project = project();
    project.ok(&["validate"]);
    project.ok(&["build"]);
    let mode = |path: &str, mode: u32| {
        std::fs::set_permissions(project.path(path), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for path in ["data/3/file-10.txt", "templates/scripts/linux/greet.sh"] {
        let before = project.path(path).metadata().unwrap().permissions().mode() & 0o777;
        let is_executable = before & 0o100 != 0;
        mode(path, if is_executable { 0o700 } else { 0o600 });
        plan_says(&project, &["0 to build"]);
        mode(path, if is_executable { 0o644 } else { 0o755 });
        plan_says(&project, &[path, "1 to build"]);
        let word = if is_executable { "it is not executable any more" } else { "it is executable now" };
        project.run(&["build"]).expect(1).says(path).says(word);
        mode(path, before);
        plan_says(&project, &["0 to build"]);
    }
    std::fs::create_dir_all(project.path("data/empty/one")).unwrap();
    plan_says(&project, &["0 to build"]);
}

#[test]
fn what_a_first_format_trusts_stays_trusted_where_contents_are_the_same() {
    let project = project();
    project.ok(&["validate"]);
    project.ok(&["build"]);
    crate::format_1::put_back(&project, "linux.file.motd");
    plan_says(&project, &["0 to build"]);
    project.ok(&["build"]);
    crate::format_1::put_back(&project, "linux.file.motd");
    project.write("data/3/file-10.txt", "other 10\n");
    project.run(&["build"]).expect(1).says("changed data/3/file-10.txt").says("-1 text 10");
    project.write("data/3/file-10.txt", "text 10\n");
    let said = project.ok(&["state", "migrate"]).stdout;
    assert!(said.contains("linux.file.motd"), "{said}");
    assert_eq!(trusted(&project)["format"], 2);
    plan_says(&project, &["0 to build"]);
}

#[test]
fn without_what_was_stored_a_difference_is_told_by_the_directory() {
    let project = project();
    project.ok(&["validate"]);
    std::fs::remove_dir_all(project.path("state/packer/trees")).unwrap();
    project.ok(&["build"]);
    std::fs::remove_dir_all(project.path("state/packer/trees")).unwrap();
    project.write("data/3/file-10.txt", "other 10\n");
    plan_says(&project, &["data/", "1 to build"]);
    project.run(&["build"]).expect(1).says("changed data/");
    project.ok(&["validate"]);
    project.ok(&["build"]);
}
