//! What docs/formats.md says is what hybrid does: a program that knows nothing but that page computes the same digests.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use crate::project::Project;

fn recompute(what: &str, path: &std::path::Path) -> String {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/recompute.py");
    let output = Command::new("python3").arg(program).arg(what).arg(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn an_independent_program_computes_the_same_digests() {
    let project = Project::with_motd();
    for at in 0..300 {
        project.write(&format!("data/{}/ü {at}.txt", at % 5), &"line\n".repeat(at));
    }
    project.write("data/run.bin", "run\n");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(project.path("data/run.bin"), executable).unwrap();
    symlink("0/ü 5.txt", project.path("data/link")).unwrap();
    std::fs::create_dir_all(project.path("data/empty/deeper")).unwrap();
    project.write("templates/linux/file/motd/builder.toml", "inputs = [\"data/**\"]\n");
    project.ok(&["validate"]);
    let path = project.path("state/packer/trusted/dev/linux.file.motd.json");
    let manifest: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(recompute("manifest", &path), manifest["combined"]);
    assert_eq!(recompute("tree", &project.path("data")), manifest["trees"][0]["blake3"]);
}
