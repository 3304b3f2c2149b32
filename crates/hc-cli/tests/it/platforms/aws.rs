//! AWS on moto, with the real amazon plugin: two regions, a child, images that go behind our back.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::results::{How, report};
use super::{Server, packers, project};
use crate::project::Project;

/// An EBS image that moto always has.
const SOURCE: &str = "ami-760aaa0f";

/// Stands before moto: images that were made there have the root device `standard`, where Amazon says `ebs`, and the plugin
/// starts no machine from such. Lives as long as the test's process.
fn amazon(moto: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || drop(answer(client, moto)));
        }
    });
    port
}

/// One request and its answer; the connection ends with it.
fn answer(mut client: TcpStream, moto: u16) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 8192];
    let (head, length) = loop {
        let read = client.read(&mut buffer)?;
        request.extend_from_slice(&buffer[..read]);
        let head = request.windows(4).position(|bytes| bytes == b"\r\n\r\n").map(|at| at + 4);
        if let Some(head) = head {
            let text = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
            let length =
                text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
            break (head, length.unwrap_or(0));
        }
        if read == 0 {
            return Ok(());
        }
    };
    while request.len() < head + length {
        let read = client.read(&mut buffer)?;
        request.extend_from_slice(&buffer[..read]);
    }
    let mut server = TcpStream::connect(("127.0.0.1", moto))?;
    let text = String::from_utf8_lossy(&request[..head]).into_owned();
    let first = text.find("\r\n").unwrap_or(0);
    server.write_all(format!("{}\r\nConnection: close{}", &text[..first], &text[first..]).as_bytes())?;
    server.write_all(&request[head..])?;
    let mut response = Vec::new();
    server.read_to_end(&mut response)?;
    let at = response.windows(4).position(|bytes| bytes == b"\r\n\r\n").map_or(0, |at| at + 4);
    let body =
        String::from_utf8_lossy(&response[at..]).replace("<rootDeviceType>standard<", "<rootDeviceType>ebs<");
    let head = String::from_utf8_lossy(&response[..at]).into_owned();
    let lines = head.trim_end().split("\r\n");
    let kept = lines.filter(|line| !line.to_ascii_lowercase().starts_with("content-length:"));
    let head = kept.collect::<Vec<_>>().join("\r\n");
    client.write_all(format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes())
}

/// `linux.aws.base` in two regions, and `linux.aws.web` on top of it in one.
fn write(project: &Project) {
    for (name, region, source, regions) in [
        ("base", "local.home", format!("\"{SOURCE}\""), "[\"us-east-1\", \"eu-west-1\"]"),
        ("web", "var.region", "var.hybrid_parent_image_id".to_owned(), "[]"),
    ] {
        project.write(
            &format!("templates/linux/aws/{name}/{name}.pkr.hcl"),
            &format!(
                "variable \"hybrid_parent_image_id\" {{\n  type    = string\n  default = \"\"\n}}\n\n\
                 variable \"region\" {{\n  type = string\n}}\n\nlocals {{\n  home = \"us-east-1\"\n}}\n\n\
                 source \"amazon-ebs\" \"{name}\" {{\n  region                     = {region}\n  source_ami                 = {source}\n  \
                 instance_type              = \"t3.micro\"\n  communicator               = \"none\"\n  \
                 skip_credential_validation = true\n  skip_metadata_api_check    = true\n  skip_ami_run_tags          = true\n  \
                 ami_name                   = \"{name}-1\"\n  ami_regions                = {regions}\n  \
                 associate_public_ip_address = true\n  tags = {{\n    Name    = \"{name}\"\n    Release = \"7\"\n  }}\n}}\n\n\
                 build {{\n  sources = [\"source.amazon-ebs.{name}\"]\n}}\n"
            ),
        );
    }
    project.write(
        "templates/linux/aws/base/builder.toml",
        "[suites.smoke]\ncommand = [\"true\"]\n\n[publish]\nsuites = [\"smoke\"]\n",
    );
    project.write("templates/linux/aws/web/builder.toml", "parent = \"linux.aws.base\"\n");
}

fn record(project: &Project, builder: &str) -> Value {
    project.ok(&["artifacts", "show", builder, "--format", "json"]).json()["result"]["artifact"].clone()
}

/// A project on a moto of its own.
fn started(packer: &Path, region: &str) -> Option<(Project, Server)> {
    let mut project = project(packer, &["amazon"])?;
    let moto = Server::moto()?;
    let endpoint = format!("http://127.0.0.1:{}", amazon(moto.port));
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
    ] {
        project.set_env(name, value);
    }
    write(&project);
    project.write("configs/overlays/dev.pkrvars.hcl", &format!("region = \"{region}\"\n"));
    Some((project, moto))
}

/// The program of Amazon: the one beside moto, or the user's.
fn aws() -> Option<PathBuf> {
    let beside = PathBuf::from(std::env::var_os("HYBRID_TEST_MOTO")?).with_file_name("aws");
    if !beside.is_file() {
        super::skipped("there is no program aws beside the one of HYBRID_TEST_MOTO");
    }
    Some(beside).filter(|path| path.is_file())
}

#[test]
fn images_of_two_regions_are_recorded_built_upon_and_looked_at_again() {
    for packer in packers() {
        let Some((mut project, _moto)) = started(&packer, "eu-west-1") else { return };
        project.ok(&["validate"]);
        project.ok(&["build", "--with-parents", "--targets", "web"]);
        let base = record(&project, "linux.aws.base");
        assert_eq!(base["region"], Value::Null, "{base}");
        let images = base["images"].as_array().unwrap();
        let [ireland, virginia] = images.as_slice() else { panic!("{base}") };
        assert_eq!((&ireland["region"], &virginia["region"]), (&"eu-west-1".into(), &"us-east-1".into()));
        for image in images {
            assert_eq!((&image["provider"], &image["kind"]), (&"aws".into(), &"ami".into()));
            assert_eq!(image["name"], "base-1");
            assert_eq!(image["tags"], serde_json::json!(["Name=base", "Release=7"]));
        }
        // The child starts from the copy in its own region, and says so.
        let web = record(&project, "linux.aws.web");
        assert_eq!(web["region"], "eu-west-1");
        assert_eq!(web["provenance"]["parent"]["image_id"], ireland["id"]);
        assert_eq!(web["provenance"]["parent"]["region"], "eu-west-1");
        let id = ireland["id"].as_str().unwrap();
        let log = std::fs::read_dir(project.path("logs/packer")).unwrap().map(|file| file.unwrap().path());
        let log = log.map(|path| std::fs::read_to_string(path).unwrap()).collect::<String>();
        assert!(log.contains(&format!("Found Image ID: {id}")), "{log}");
        let drawn = project.ok(&["artifacts", "show", "linux.aws.web", "--lineage"]);
        assert!(drawn.stdout.contains(&format!("{id} in eu-west-1")), "{}", drawn.stdout);

        let Some(aws) = aws() else { continue };
        let path = std::env::join_paths(
            aws.parent()
                .map(Path::to_owned)
                .into_iter()
                .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
        );
        project.set_env("PATH", path.unwrap().to_str().unwrap());
        let verified = project.ok(&["artifacts", "verify", "--strict", "--format", "json"]).json();
        let statuses = |verified: &Value| -> Vec<String> {
            let images = verified["result"]["images"].as_array().unwrap();
            images.iter().map(|image| image["status"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(statuses(&verified), ["present", "present", "present"], "{verified}");
        // Behind our back, in one region.
        let mut deregister = std::process::Command::new(&aws);
        deregister.args(["ec2", "deregister-image", "--region=us-east-1", "--image-id"]);
        deregister.arg(virginia["id"].as_str().unwrap()).envs(project.env());
        assert!(deregister.status().unwrap().success());
        let gone = project.run(&["artifacts", "verify", "--format", "json"]).expect(1).json();
        let gone_ids: Vec<&Value> = gone["result"]["images"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|image| image["status"] == "gone")
            .map(|image| &image["id"])
            .collect();
        assert_eq!(gone_ids, [&virginia["id"]], "{gone}");
        project.ok(&["publish", "--targets", "base"]);
        project
            .run(&["publish", "--targets", "base", "--channel", "stable", "--verify"])
            .expect(1)
            .says("error[PublishRefused]")
            .says("is gone");
        report(
            "AWS",
            "amazon",
            &packer,
            How::Simulator,
            "an AMI with a copy in another region, a child of the copy, images looked at again and missed",
        );
    }
}

#[test]
fn a_child_in_a_region_that_its_parent_has_no_image_in_is_not_built() {
    for packer in packers() {
        let Some((project, _moto)) = started(&packer, "ap-south-1") else { return };
        project.ok(&["validate"]);
        project
            .run(&["build", "--with-parents", "--targets", "web"])
            .expect(1)
            .says("error[ParentImageUnclear]")
            .says("its region is ap-south-1")
            .says("in eu-west-1");
        report(
            "AWS",
            "amazon",
            &packer,
            How::Simulator,
            "a child where its parent has no image is not built",
        );
    }
}
