//! The mirror of a repository in which a builder without layers runs (CLO-1): kept between runs, and never older than the
//! repository.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use crate::observed::{ID, adopted, built, hidden, plan_says, works};
use crate::project::Project;

/// The copy of a file in the mirror that waits for the next run.
fn waiting(project: &Project, path: &str) -> PathBuf {
    project.path(&format!(".hybrid/mirrors/0/tree/{path}"))
}

#[test]
fn a_mirror_waits_for_the_next_run_which_makes_anew_only_what_changed() {
    let project = adopted(&["cat notes/a.txt notes/b.txt > out.txt", "ls notes > names.txt"]);
    project.write("notes/a.txt", "a\n");
    project.write("notes/b.txt", "b\n");
    // A file that changed a moment ago may change again without a trace, and is copied again.
    std::thread::sleep(Duration::from_millis(150));
    built(&project);
    let inode = |path: &str| waiting(&project, path).metadata().unwrap().ino();
    let a = inode("notes/a.txt");
    project.write("notes/b.txt", "B\n");
    built(&project);
    assert_eq!(inode("notes/a.txt"), a);
    assert_eq!(project.read("out.txt"), "a\nB\n");
    assert!(!waiting(&project, "out.txt").exists(), "what a run makes goes to the project");
}

#[test]
fn nothing_that_was_done_to_a_waiting_mirror_gets_into_an_image() {
    let project = adopted(&["cat notes/a.txt > out.txt", "ls notes > names.txt", "cat link > linked.txt"]);
    project.write("notes/a.txt", "a\n");
    std::os::unix::fs::symlink("notes/a.txt", project.path("link")).unwrap();
    std::thread::sleep(Duration::from_millis(150));
    built(&project);
    let copy = waiting(&project, "notes/a.txt");
    let modified = copy.metadata().unwrap().modified().unwrap();
    // The same size and the same times.
    std::fs::write(&copy, "X\n").unwrap();
    std::fs::File::options().write(true).open(&copy).unwrap().set_modified(modified).unwrap();
    std::fs::write(waiting(&project, "notes/more.txt"), "more\n").unwrap();
    let link = waiting(&project, "link");
    std::fs::remove_file(&link).unwrap();
    std::fs::write(&link, "no link\n").unwrap();
    built(&project);
    assert_eq!(project.read("out.txt"), "a\n");
    assert_eq!(project.read("names.txt"), "a.txt\n");
    assert_eq!(project.read("linked.txt"), "a\n");
    // An index that was edited is none.
    let index = project.path(".hybrid/mirrors/0/index");
    let text = std::fs::read_to_string(&index).unwrap();
    std::fs::write(&index, text.replacen("notes/a.txt", "notes/b.txt", 1)).unwrap();
    std::fs::remove_file(project.path("notes/a.txt")).unwrap();
    project.write("notes/b.txt", "b\n");
    project.edit("image/image.pkr.hcl", "cat notes/a.txt", "cat notes/b.txt");
    project.edit("image/image.pkr.hcl", "cat link", "true link");
    built(&project);
    assert_eq!((project.read("out.txt"), project.read("names.txt")), ("b\n".into(), "b.txt\n".into()));
}

#[test]
fn what_lies_above_the_project_and_is_named_is_there_and_an_input() {
    let project = adopted(&["true"]);
    let name = format!("{}-beside", project.root().file_name().unwrap().to_str().unwrap());
    let beside = project.root().with_file_name(&name);
    std::fs::create_dir(&beside).unwrap();
    std::fs::write(beside.join("lib.sh"), "echo shared > out.txt\n").unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(beside.join("lib.sh"), executable).unwrap();
    project.write(
        "image/image.pkr.hcl",
        &format!(
            "source \"null\" \"image\" {{\n  communicator = \"none\"\n}}\n\nbuild {{\n  sources = \
             [\"source.null.image\"]\n\n  provisioner \"shell-local\" {{\n    script = \"../{name}/lib.sh\"\n  }}\n}}\n"
        ),
    );
    built(&project);
    assert_eq!(project.read("out.txt"), "shared\n");
    std::fs::write(beside.join("lib.sh"), "echo changed > out.txt\n").unwrap();
    plan_says(&project, &["lib.sh", "1 to build"]);
    project.run(&["build"]).expect(1);
    std::fs::remove_dir_all(&beside).unwrap();
}

#[test]
fn a_large_file_that_changes_while_it_is_used_counts_as_changed() {
    if !works() {
        return eprintln!("skipped: temporary files keep no access times here");
    }
    // In a mirror it is a link.
    let append = |letter: char| format!("printf {letter} >> {}", hidden("disk.img"));
    let project = adopted(&[format!("cat {} | wc -c > size.txt", hidden("disk.img")), append('x')]);
    project.write("disk.img", &"x".repeat(3 << 20));
    let build = built(&project);
    assert!(build.stderr.contains("warning[InputEdited]"), "{}", build.stderr);
    plan_says(&project, &["disk.img", "1 to build"]);
}

#[test]
fn what_cannot_be_moved_to_the_project_is_said_and_stays_where_it_is() {
    let project = adopted(&["rm -r notes", "echo mine > notes", "echo done > done.txt"]);
    project.write("notes/a.txt", "a\n");
    let build = built(&project);
    assert!(build.stderr.contains("warning[ResultLeftBehind]"), "{}", build.stderr);
    assert_eq!(project.read("done.txt"), "done\n");
    assert_eq!(project.read("notes/a.txt"), "a\n");
    plan_says(&project, &["0 to build"]);
    let only = |dir: PathBuf| std::fs::read_dir(dir).unwrap().next().unwrap().unwrap().path();
    let target = only(only(project.path(".hybrid/work")));
    assert!(target.file_name().is_some_and(|name| name.to_string_lossy().starts_with(ID)));
    assert_eq!(std::fs::read_to_string(target.join("above/above/stage/notes")).unwrap(), "mine\n");
}

#[test]
fn a_link_that_leaves_the_project_by_a_relative_path_leads_where_it_did() {
    let project = adopted(&["cat shared/lib.txt > out.txt"]);
    let name = format!("{}-linked", project.root().file_name().unwrap().to_str().unwrap());
    let beside = project.root().with_file_name(&name);
    std::fs::create_dir(&beside).unwrap();
    std::fs::write(beside.join("lib.txt"), "one\n").unwrap();
    std::os::unix::fs::symlink(format!("../{name}"), project.path("shared")).unwrap();
    built(&project);
    assert_eq!(project.read("out.txt"), "one\n");
    std::fs::write(beside.join("lib.txt"), "two\n").unwrap();
    plan_says(&project, &["1 to build"]);
    std::fs::remove_dir_all(&beside).unwrap();
}
