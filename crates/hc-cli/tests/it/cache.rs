//! Installation media: one download for all builders, named by its checksum, pruned when nobody wants it (PKR-9).

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::project::Project;

const CONTENT: &[u8] = b"an installation medium\n";
const SHA256: &str = "sha256:";

fn serve() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/medium.iso", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let requests = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut line = String::new();
            while reader.read_line(&mut line).unwrap() > 2 {
                line.clear();
            }
            requests.fetch_add(1, Ordering::SeqCst);
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", CONTENT.len());
            let mut out = &stream;
            let _ = out.write_all(head.as_bytes()).and_then(|()| out.write_all(CONTENT));
        }
    });
    (url, count)
}

fn checksum(bytes: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let output = std::process::Command::new("sha256sum").arg(file.path()).output().unwrap();
    format!("{SHA256}{}", String::from_utf8(output.stdout).unwrap().split(' ').next().unwrap())
}

fn project(url: &str, checksum: &str) -> Project {
    let project = Project::empty();
    project.write("configs/overlays/dev.pkrvars.hcl", "");
    project.write(
        "templates/common.pkr.hcl",
        "variable \"hybrid_output_dir\" {\n  type    = string\n  default = \"output\"\n}\n\n\
         variable \"hybrid_iso_path\" {\n  type    = string\n  default = \"\"\n}\n",
    );
    for at in 0..8 {
        let name = format!("m{at}");
        project.write(
            &format!("templates/linux/file/{name}/{name}.pkr.hcl"),
            &format!(
                "source \"file\" \"{name}\" {{\n  source = var.hybrid_iso_path\n  target = \"${{var.hybrid_output_dir}}/image\"\n}}\n\n\
                 build {{\n  sources = [\"source.file.{name}\"]\n}}\n"
            ),
        );
        project.write(
            &format!("templates/linux/file/{name}/builder.toml"),
            &format!("[iso]\nurl = \"{url}\"\nchecksum = \"{checksum}\"\n"),
        );
    }
    project
}

#[test]
fn eight_builders_download_their_medium_once() {
    let (url, requests) = serve();
    let project = project(&url, &checksum(CONTENT));
    project.ok(&["validate"]);
    let build = project.ok(&["build", "--jobs", "8", "--format", "json"]).json();
    for one in build["result"]["builds"].as_array().unwrap() {
        let image = project.read(one["artifact"]["files"][0]["path"].as_str().unwrap());
        assert_eq!(image.as_bytes(), CONTENT);
    }
    assert_eq!(requests.load(Ordering::SeqCst), 1);
    let listed = project.ok(&["cache", "list", "--format", "json"]).json();
    assert_eq!(listed["result"]["files"][0]["builders"].as_array().unwrap().len(), 8);
    project.ok(&["cache", "verify"]);
    assert_eq!(
        project.ok(&["cache", "prune", "--format", "json"]).json()["result"]["files"],
        serde_json::json!([])
    );

    let path = project.path(listed["result"]["files"][0]["path"].as_str().unwrap());
    assert!(path.metadata().unwrap().permissions().readonly());
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "something else").unwrap();
    project.run(&["cache", "verify"]).expect(1);
    for at in 0..8 {
        std::fs::write(project.path(&format!("templates/linux/file/m{at}/builder.toml")), "").unwrap();
    }
    // A builder that cannot be read may want the medium.
    project.write("templates/linux/file/m0/builder.toml", "[iso\n");
    project.run(&["cache", "prune"]).expect(1).says("templates/linux/file/m0/builder.toml");
    assert!(path.exists());
    project.write("templates/linux/file/m0/builder.toml", "");
    let pruned = project.ok(&["cache", "prune", "--format", "json"]).json();
    assert_eq!(pruned["result"]["files"].as_array().unwrap().len(), 1);
    assert!(!path.exists());
}

#[test]
fn a_changed_checksum_is_drift_and_a_wrong_one_is_refused() {
    let (url, _) = serve();
    let project = project(&url, &checksum(CONTENT));
    project.ok(&["validate", "--targets", "m0"]);
    let wrong = checksum(b"another release");
    project.write(
        "templates/linux/file/m0/builder.toml",
        &format!("[iso]\nurl = \"{url}\"\nchecksum = \"{wrong}\"\n"),
    );
    project.run(&["build", "--targets", "m0"]).expect(1).says("error[DriftDetected]").says(&wrong);
    project.ok(&["validate", "--targets", "m0"]);
    project
        .run(&["build", "--targets", "m0"])
        .expect(1)
        .says("error[IsoChecksumMismatch]")
        .says(&checksum(CONTENT));
    assert!(project.ok(&["cache", "list"]).stdout.contains("nothing was downloaded"));
    project.write(
        "templates/linux/file/m0/builder.toml",
        &format!("[iso]\nurl = \"{url}\"\nchecksum = \"none\"\n"),
    );
    // A person is told by validate, not by a build hours later.
    project
        .run(&["validate", "--targets", "m0"])
        .expect(1)
        .says("error[BadChecksum]")
        .says("templates/linux/file/m0/builder.toml:3:13");
    for url in ["ftp://example.org/x.iso", "media/x.iso", "file://media/x.iso"] {
        project.write(
            "templates/linux/file/m0/builder.toml",
            &format!("[iso]\nurl = \"{url}\"\nchecksum = \"{wrong}\"\n"),
        );
        project.run(&["validate", "--targets", "m0"]).expect(1).says("error[BadIsoUrl]").says(url);
    }
}

#[test]
fn a_build_that_waits_for_a_download_says_so() {
    let (url, _) = serve();
    let sum = checksum(CONTENT);
    let project = project(&url, &sum);
    project.ok(&["validate", "--targets", "m0"]);
    let lock = format!(".hybrid/cache/iso/{}/.lock", sum.replace(':', "-"));
    project.write(&lock, "");
    let mut holder = std::process::Command::new("flock")
        .arg(project.path(&lock))
        .args(["sh", "-c", "echo held; sleep 2"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut [0]).unwrap();
    project.ok(&["build", "--targets", "m0"]).says("waiting for it");
    holder.wait().unwrap();
}
