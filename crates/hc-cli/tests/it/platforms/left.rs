//! What builds that were killed leave on a platform, and that the commands of `orphans` really remove it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::results::{How, report};
use super::{Server, packers, program, project, skipped};
use crate::project::Project;

/// Kills hybrid and its packer when `moment` has come, and says what is left.
pub(crate) fn killed_when(project: &mut Project, moment: &dyn Fn() -> bool) -> Vec<Value> {
    let mut child = project.command(&["build"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    while !moment() {
        if let Some(status) = child.try_wait().unwrap() {
            panic!("the build ended by itself: {status}");
        }
        assert!(start.elapsed() < Duration::from_secs(60), "the build does not come to its moment");
        std::thread::sleep(Duration::from_millis(20));
    }
    // Lines of the log on their way.
    std::thread::sleep(Duration::from_millis(500));
    child.kill().unwrap();
    child.wait().unwrap();
    let left = project.ok(&["orphans", "--format", "json"]).json();
    let orphan = &left["result"]["orphans"][0];
    // Packer would clean up when it is told to end; this is about one that cannot.
    for process in orphan["processes"].as_array().unwrap() {
        let text = process.as_str().unwrap();
        let pid = text.rsplit_once("pid ").unwrap().1.trim_end_matches(')');
        let _ = Command::new("kill").args(["-KILL", pid]).status();
    }
    orphan["made"].as_array().unwrap().clone()
}

/// The same in the middle of a provisioner that makes the file of `$HYBRID_TEST_MARK`.
pub(crate) fn killed(project: &mut Project) -> Vec<Value> {
    let mark = project.path("mark");
    project.set_env("HYBRID_TEST_MARK", mark.to_str().unwrap());
    let text = project.read("hybrid.toml") + "pass_env = [\"HYBRID_TEST_MARK\"]\n";
    project.write("hybrid.toml", &text);
    project.ok(&["validate"]);
    killed_when(project, &|| mark.exists())
}

const SLEEP: &str =
    "  provisioner \"shell-local\" {\n    inline = [\"touch $HYBRID_TEST_MARK\", \"sleep 60\"]\n  }\n";

/// Runs a command of `orphans` as a person would paste it.
fn run(command: &Value, tools: &Path, vars: &[(&str, &str)]) -> (bool, String) {
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-c", command.as_str().unwrap()]).env("PATH", path).envs(vars.iter().copied());
    let output = shell.output().unwrap();
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.success(), text)
}

/// The directory of a tool that lies beside a simulator.
fn tools(variable: &str, tool: &str) -> Option<PathBuf> {
    let dir = program(variable)?.parent()?.to_owned();
    if !dir.join(tool).is_file() {
        skipped(&format!("there is no {tool} beside {variable}"));
        return None;
    }
    Some(dir)
}

/// Whether a raw log says something.
fn said(logs: &Path, text: &str) -> bool {
    let entries = std::fs::read_dir(logs).into_iter().flatten().flatten();
    entries.filter_map(|entry| std::fs::read_to_string(entry.path()).ok()).any(|log| log.contains(text))
}

fn whats(left: &[Value]) -> Vec<&str> {
    left.iter().map(|one| one["what"].as_str().unwrap()).collect()
}

#[test]
fn on_vsphere_the_machine_is_destroyed_by_the_command() {
    for packer in packers() {
        let (Some(vcsim), Some(tools)) = (program("HYBRID_TEST_VCSIM"), tools("HYBRID_TEST_VCSIM", "govc"))
        else {
            return;
        };
        // With `communicator = "none"` the plugin provisions nothing: the moment is the one after the clone.
        let slow = |port: u16| {
            let args = ["-l", &format!("127.0.0.1:{port}"), "-method-delay", "ReconfigVM_Task:20000"];
            args.map(str::to_owned).to_vec()
        };
        let server = Server::start(&vcsim, slow);
        let Some(mut project) = project(&packer, &["vsphere"]) else { return };
        project.write(
            "templates/linux/vsphere/base/base.pkr.hcl",
            &format!(
                "variable \"password\" {{\n  type      = string\n  sensitive = true\n}}\n\n\
                 variable \"hybrid_build_id\" {{\n  type    = string\n  default = \"\"\n}}\n\n\
                 source \"vsphere-clone\" \"base\" {{\n  vcenter_server      = \"{}\"\n  username            = \"user\"\n  \
                 password            = var.password\n  insecure_connection = true\n  datacenter          = \"DC0\"\n  \
                 cluster             = \"DC0_C0\"\n  host                = \"DC0_C0_H0\"\n  datastore           = \"LocalDS_0\"\n  \
                 template            = \"DC0_H0_VM0\"\n  vm_name             = \"img ${{var.hybrid_build_id}}\"\n  \
                 communicator        = \"none\"\n  disable_shutdown    = true\n}}\n\n\
                 build {{\n  name    = \"linux\"\n  sources = [\"source.vsphere-clone.base\"]\n}}\n",
                server.address()
            ),
        );
        project.set_env("VC_PASSWORD", "pass-of-vcsim-22");
        project.write("configs/overlays/dev.pkrvars.hcl", "password = env(\"VC_PASSWORD\")\n");
        project.ok(&["validate"]);
        let logs = project.path("logs/packer");
        let left = killed_when(&mut project, &|| said(&logs, "Customizing hardware"));
        assert_eq!(whats(&left), ["virtual machine"]);
        let name = left[0]["name"].as_str().unwrap();
        assert!(name.starts_with("img linux.vsphere.base"), "{name}");
        let login = [("GOVC_USERNAME", "user"), ("GOVC_PASSWORD", "pass")];
        let look = Value::String(format!("govc find -u {} -k / -type m", server.address()));
        assert!(run(&look, &tools, &login).1.contains(name));
        let (done, text) = run(&left[0]["remove"], &tools, &login);
        assert!(done, "{}: {text}", left[0]["remove"]);
        assert!(!run(&look, &tools, &login).1.contains(name));
        report(
            "vSphere",
            "vsphere",
            &packer,
            How::Simulator,
            "what a killed build leaves is removed by the command that is named",
        );
    }
}

#[test]
fn on_aws_everything_is_removed_by_the_commands() {
    for packer in packers() {
        let (Some(moto), Some(tools)) = (Server::moto(), tools("HYBRID_TEST_MOTO", "aws")) else { return };
        let Some(mut project) = project(&packer, &["amazon"]) else { return };
        let login = [("AWS_ACCESS_KEY_ID", "testing"), ("AWS_SECRET_ACCESS_KEY", "testing-of-moto")];
        for (name, value) in login.iter().chain(&[("AWS_EC2_METADATA_DISABLED", "true")]) {
            project.set_env(name, value);
        }
        project.write(
            "templates/linux/aws/base/base.pkr.hcl",
            &format!(
                "source \"amazon-ebs\" \"base\" {{\n  region                     = \"eu-west-1\"\n  \
                 custom_endpoint_ec2        = \"http://{}\"\n  source_ami                 = \"ami-760aaa0f\"\n  \
                 instance_type              = \"t3.micro\"\n  communicator               = \"none\"\n  \
                 skip_credential_validation = true\n  skip_metadata_api_check    = true\n  ami_name                   = \"base-1\"\n}}\n\n\
                 build {{\n  sources = [\"source.amazon-ebs.base\"]\n{SLEEP}}}\n",
                moto.address()
            ),
        );
        let left = killed(&mut project);
        assert_eq!(whats(&left), ["key pair", "security group", "instance"], "{left:?}");
        // The instance first: its group is in use.
        for one in left.iter().rev() {
            assert!(
                one["remove"].as_str().unwrap().contains(" --region eu-west-1 --endpoint-url http://"),
                "{one}"
            );
            let (done, text) = run(&one["remove"], &tools, &login);
            assert!(done, "{}: {text}", one["remove"]);
        }
        for (what, key) in [
            ("describe-key-pairs", "KeyPairs[].KeyName"),
            ("describe-security-groups", "SecurityGroups[?GroupName!=`default`].GroupId"),
            ("describe-instances", "Reservations[].Instances[?State.Name==`running`][].InstanceId"),
        ] {
            let look = format!(
                "aws ec2 {what} --region eu-west-1 --endpoint-url http://{} --query '{key}' --output text",
                moto.address()
            );
            let (done, text) = run(&Value::String(look), &tools, &login);
            assert!(done && ["", "None"].contains(&text.trim()), "{what}: {text}");
        }
        let shown = project.ok(&["orphans"]).stdout;
        assert!(shown.contains("remove it: aws ec2 terminate-instances --region eu-west-1"), "{shown}");
        report(
            "AWS",
            "amazon",
            &packer,
            How::Simulator,
            "what a killed build leaves is removed by the commands that are named",
        );
    }
}
