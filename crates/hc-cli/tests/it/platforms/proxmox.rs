//! Proxmox VE: recorded shapes of its API (`/api2/json`) in a server of the test, for the calls that the real proxmox plugin
//! makes when it clones a template. It is not the platform: no disk is copied, no machine runs, and what it answers is as
//! right as its documentation.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::http::{Http, Request, Response};
use super::results::{How, report};
use super::{packers, project};
use crate::project::Project;

const NODE: &str = "pve1";

/// A machine of the cluster.
#[derive(Clone)]
struct Machine {
    name: String,
    template: bool,
    running: bool,
    config: BTreeMap<String, String>,
}

/// The cluster: machines by number, and refusals to come.
struct Cluster {
    machines: BTreeMap<u64, Machine>,
    /// Call, how often it is still refused, and how.
    refusal: (&'static str, usize, &'static str),
}

impl Cluster {
    fn new(refusal: (&'static str, usize, &'static str)) -> Self {
        let config =
            [("name", "debian-12"), ("memory", "512"), ("net0", "virtio=BC:24:11:00:00:01,bridge=vmbr0")];
        let config = config.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let source = Machine { name: "debian-12".into(), template: true, running: false, config };
        Self { machines: BTreeMap::from([(100, source)]), refusal }
    }

    fn answer(&mut self, request: &Request) -> Response {
        let data = |data: Value| Response::json("200 OK", &json!({ "data": data }));
        let fails = |status: &str| Response::json(status, &json!({ "data": null }));
        let path = request.path().trim_start_matches("/api2/json").to_owned();
        let call = format!("{} {path}", request.method);
        if !request
            .head
            .iter()
            .any(|line| line.to_ascii_lowercase().starts_with("authorization: pveapitoken="))
        {
            return fails("401 No ticket");
        }
        if call == self.refusal.0 && self.refusal.1 > 0 {
            self.refusal.1 -= 1;
            return fails(self.refusal.2);
        }
        let words: Vec<&str> = path.trim_matches('/').split('/').collect();
        match (request.method.as_str(), words.as_slice()) {
            ("GET", ["version"]) => data(json!({ "version": "8.2.4", "release": "8.2" })),
            ("GET", ["cluster", "resources"]) => {
                data(self.machines.iter().map(|(id, machine)| listed(*id, machine)).collect())
            }
            ("GET", ["cluster", "ha", ..]) => fails("500 no such resource"),
            ("GET", ["nodes", NODE, "tasks", task, "status"]) => {
                data(json!({ "status": "stopped", "exitstatus": "OK", "upid": task, "node": NODE }))
            }
            (method, ["nodes", NODE, "qemu", id, rest @ ..]) => {
                let id: u64 = id.parse().unwrap();
                match self.machine(method, id, rest, request) {
                    Some(answer) => data(answer),
                    None => fails(&format!(
                        "500 Configuration file 'nodes/{NODE}/qemu-server/{id}.conf' does not exist"
                    )),
                }
            }
            _ => fails(&format!("501 Method '{call}' not implemented")),
        }
    }

    /// A call on one machine.
    fn machine(&mut self, method: &str, id: u64, rest: &[&str], request: &Request) -> Option<Value> {
        let task =
            |what: &str| json!(format!("UPID:{NODE}:0000AAAA:00BBBBBB:6A000000:{what}:{id}:packer@pve:"));
        let machine = self.machines.get_mut(&id)?;
        Some(match (method, rest) {
            ("POST", ["clone"]) => {
                let new = request.field("newid").unwrap().parse().unwrap();
                let name = request.field("name").unwrap().to_owned();
                let mut config = machine.config.clone();
                config.insert("name".into(), name.clone());
                self.machines.insert(new, Machine { name, template: false, running: false, config });
                task("qmclone")
            }
            ("GET", ["config"]) => json!(machine.config),
            ("GET", ["pending"]) => json!([]),
            ("POST" | "PUT", ["config"]) => {
                for pair in request.body.split('&').filter_map(|pair| pair.split_once('=')) {
                    machine.config.insert(pair.0.to_owned(), pair.1.to_owned());
                }
                machine.name.clone_from(&machine.config["name"]);
                if method == "POST" { task("qmconfig") } else { Value::Null }
            }
            ("POST", ["status", action]) => {
                machine.running = *action == "start";
                task("qmstatus")
            }
            ("GET", ["status", "current"]) => listed(id, machine),
            ("POST", ["template"]) => {
                machine.template = true;
                task("qmtemplate")
            }
            ("DELETE", []) => {
                self.machines.remove(&id);
                task("qmdestroy")
            }
            _ => return None,
        })
    }
}

fn listed(id: u64, machine: &Machine) -> Value {
    let status = if machine.running { "running" } else { "stopped" };
    json!({
        "id": format!("qemu/{id}"), "vmid": id, "name": machine.name, "node": NODE, "type": "qemu", "status": status,
        "template": u8::from(machine.template), "maxmem": 536_870_912_u64, "maxdisk": 2_147_483_648_u64, "maxcpu": 1,
    })
}

/// A cluster that refuses a call so many times, and a project with `linux.proxmox.base` on it.
fn started(
    packer: &Path,
    refusal: (&'static str, usize, &'static str),
    inside: &str,
) -> Option<(Http, Project)> {
    let cluster = Mutex::new(Cluster::new(refusal));
    let server = Http::start(move |request| cluster.lock().unwrap().answer(request));
    let mut project = project(packer, &["proxmox"])?;
    project.set_env("PROXMOX_URL", &format!("{}/api2/json", server.url()));
    project.set_env("PROXMOX_USERNAME", "packer@pve!ci");
    project.set_env("PROXMOX_TOKEN", "token-of-the-test-11aa");
    project.write(
        "templates/linux/proxmox/base/base.pkr.hcl",
        &format!(
            "variable \"hybrid_build_id\" {{\n  type    = string\n  default = \"\"\n}}\n\n\
             source \"proxmox-clone\" \"base\" {{\n  node          = \"{NODE}\"\n  clone_vm      = \"debian-12\"\n  \
             vm_id         = 101\n  vm_name       = \"base\"\n  template_name = \"base-1\"\n  \
             communicator  = \"none\"\n  task_timeout  = \"30s\"\n}}\n\n\
             build {{\n  sources = [\"source.proxmox-clone.base\"]\n{inside}}}\n"
        ),
    );
    Some((server, project))
}

fn result(ran: &crate::project::Ran) -> Value {
    ran.json()["result"]["builds"][0]["result"].clone()
}

#[test]
fn a_clone_becomes_a_template_with_its_number() {
    for packer in packers() {
        let echo = "  provisioner \"shell-local\" {\n    inline = [\"env | sort\"]\n  }\n";
        let Some((server, project)) = started(&packer, ("", 0, ""), echo) else { return };
        project.ok(&["validate"]);
        let ran = project.ok(&["build", "--format", "json"]);
        let result = result(&ran);
        assert_eq!(result["artifacts"][0], "101", "{result}");
        let asked = server.asked();
        for call in ["qemu/100/clone", "qemu/101/status/start", "qemu/101/template"] {
            let call = format!("POST /api2/json/nodes/{NODE}/{call}");
            assert!(asked.contains(&call), "{call}: {asked:?}");
        }
        // The log has the name of its own credential, and not its value.
        let log = project.read(result["log_path"].as_str().unwrap());
        assert!(log.contains("PROXMOX_TOKEN=***") && !log.contains("token-of-the-test"), "{log}");
        report("Proxmox", "proxmox", &packer, How::Recorded, "a clone becomes a template");
    }
}

#[test]
fn a_lock_is_waited_for_and_a_refused_login_is_not() {
    let clone = "POST /nodes/pve1/qemu/100/clone";
    let locked = "500 can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout";
    for packer in packers() {
        let Some((_server, project)) = started(&packer, (clone, 1, locked), "") else { return };
        project.ok(&["validate"]);
        let ran = project.ok(&["build", "--retries", "1", "--format", "json"]);
        assert_eq!(result(&ran)["attempts"], 2, "{}", ran.stdout);
        let Some((_server, project)) = started(&packer, (clone, usize::MAX, locked), "") else { return };
        project.ok(&["validate"]);
        let ran = project.run(&["build", "--format", "json"]).expect(2);
        assert_eq!(result(&ran)["classification"], "transient", "{}", ran.stdout);
        for (refusal, class) in [
            ("403 Permission check failed (/vms/100, VM.Clone)", "auth"),
            ("500 storage 'fast' does not exist", "config"),
        ] {
            let Some((_server, project)) = started(&packer, (clone, usize::MAX, refusal), "") else { return };
            project.ok(&["validate"]);
            let ran = project.run(&["build", "--retries", "2", "--format", "json"]).expect(1);
            let result = result(&ran);
            assert_eq!(
                (&result["classification"], &result["attempts"]),
                (&class.into(), &1.into()),
                "{result}"
            );
        }
        report(
            "Proxmox",
            "proxmox",
            &packer,
            How::Recorded,
            "refusals are classified, only what passes is tried again",
        );
    }
}

#[test]
fn a_killed_build_leaves_a_machine_with_its_number() {
    for packer in packers() {
        let sleep = "  provisioner \"shell-local\" {\n    inline = [\"touch $HYBRID_TEST_MARK\", \"sleep 60\"]\n  }\n";
        let Some((_server, mut project)) = started(&packer, ("", 0, ""), sleep) else { return };
        let left = super::left::killed(&mut project);
        let machine = &left[0];
        assert_eq!(
            (&machine["what"], &machine["name"]),
            (&"virtual machine".into(), &"101".into()),
            "{left:?}"
        );
        assert_eq!(
            machine["remove"],
            "pvesh create /nodes/pve1/qemu/101/status/stop; pvesh delete /nodes/pve1/qemu/101"
        );
        report(
            "Proxmox",
            "proxmox",
            &packer,
            How::Recorded,
            "what a killed build leaves is named with the command that removes it",
        );
    }
}
