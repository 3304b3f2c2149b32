//! Docker itself: Debian's dockerd and registry, started for the test, on this machine only. Needs root.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::examples::equip;
use super::results::{How, report};
use super::{packers, skipped};
use crate::project::Project;

/// How long a daemon may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A daemon that is ended when dropped, by its own id.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        // dockerd ends what it started when it is asked to end.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end && matches!(self.0.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn found(program: &str) -> Option<PathBuf> {
    let path = format!("{}:/usr/local/sbin:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let path = std::env::split_paths(&path).map(|dir| dir.join(program)).find(|path| path.is_file());
    if path.is_none() {
        skipped(&format!("there is no {program}"));
    }
    path
}

/// Dockerd and a registry; gone with it.
struct Engine {
    docker: PathBuf,
    host: String,
    registry: u16,
    _daemons: [Daemon; 2],
    _dir: tempfile::TempDir,
}

impl Engine {
    /// `None`, said aloud, where this machine cannot run them.
    fn start() -> Option<Self> {
        let (dockerd, docker, registry) = (found("dockerd")?, found("docker")?, found("docker-registry")?);
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: 127.0.0.1:{port}}}\n",
            at("registry").display()
        );
        std::fs::write(at("registry.yml"), config).unwrap();
        let silent = |command: &mut Command| {
            Daemon(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
        };
        let serving = silent(Command::new(registry).arg("serve").arg(at("registry.yml")));
        let host = format!("unix://{}", at("docker.sock").display());
        let mut command = Command::new(dockerd);
        command.args(["-H", &host, "--iptables=false", "--ip6tables=false", "--bridge=none"]);
        command.args(["--storage-driver=vfs", "--insecure-registry", &format!("127.0.0.1:{port}")]);
        for (option, place) in [("--data-root", "data"), ("--exec-root", "exec"), ("--pidfile", "docker.pid")]
        {
            command.arg(option).arg(at(place));
        }
        let running = silent(&mut command);
        let mut engine = Self { docker, host, registry: port, _daemons: [running, serving], _dir: dir };
        let start = Instant::now();
        while engine.docker(&["version"]).is_none_or(|_| TcpStream::connect(("127.0.0.1", port)).is_err()) {
            if start.elapsed() > PATIENCE || matches!(engine._daemons[0].0.try_wait(), Ok(Some(_))) {
                skipped("dockerd does not run on this machine");
                return None;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Some(engine)
    }

    /// What `docker` prints, where it ends well.
    fn docker(&self, args: &[&str]) -> Option<String> {
        let output = Command::new(&self.docker).args(["-H", &self.host]).args(args).output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    }

    /// An image of one static program.
    fn seed(&self) -> Option<()> {
        let busybox = found("busybox")?;
        let root = tempfile::tempdir().unwrap();
        for dir in ["bin", "etc", "tmp"] {
            std::fs::create_dir(root.path().join(dir)).unwrap();
        }
        std::fs::copy(busybox, root.path().join("bin/busybox")).unwrap();
        for name in ["sh", "chmod", "cat", "rm", "sleep", "echo"] {
            std::os::unix::fs::symlink("busybox", root.path().join("bin").join(name)).unwrap();
        }
        let tar = root.path().join("../seed.tar");
        let tar =
            root.path().parent().map_or(tar, |dir| dir.join(format!("seed-{}.tar", std::process::id())));
        let packed =
            Command::new("tar").arg("-C").arg(root.path()).arg("-cf").arg(&tar).arg(".").status().unwrap();
        assert!(packed.success());
        let imported = self.docker(&["import", tar.to_str().unwrap(), "seed:1"]);
        std::fs::remove_file(tar).unwrap();
        imported.map(|_| ())
    }

    /// What the registry answers.
    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.registry)).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

fn project(engine: &Engine, packer: &Path) -> Option<Project> {
    let mut project = Project::example();
    equip(&project, packer)?;
    project.set_env("DOCKER_HOST", &engine.host);
    project.write(
        "configs/overlays/dev/docker.pkrvars.hcl",
        &format!(
            "docker_image      = \"seed:1\"\ndocker_pull       = false\ndocker_repository = \"127.0.0.1:{}/images/linux-base\"\n\
             docker_run        = [\"-d\", \"-i\", \"-t\", \"--network=host\", \"--\", \"{{{{ .Image }}}}\", \"/bin/sh\"]\n",
            engine.registry
        ),
    );
    Some(project)
}

#[test]
#[ignore = "starts dockerd"]
fn an_image_is_committed_tagged_and_pushed() {
    let Some(engine) = packers().first().and_then(|_| Engine::start()) else { return };
    if engine.seed().is_none() {
        return skipped("there is no image to start from");
    }
    for packer in packers() {
        let Some(project) = project(&engine, &packer) else { return };
        let build = |project: &Project| {
            project.ok(&["validate", "--targets", "linux.docker.base"]);
            let built = project.ok(&["build", "--targets", "linux.docker.base", "--format", "json"]).json();
            built["result"]["builds"][0]["artifact"].clone()
        };
        let record = build(&project);
        let (id, repository) = (
            record["build_id"].as_str().unwrap(),
            format!("127.0.0.1:{}/images/linux-base", engine.registry),
        );
        assert!(record.to_string().contains(&repository), "{record:#}");
        // The registry has it under the build's own name and the environment's.
        let tags = engine.get("/v2/images/linux-base/tags/list");
        assert!(tags.contains(&format!("\"{id}\"")) && tags.contains("\"dev\""), "{tags}");
        // What is pulled from there is what was built.
        let image = format!("{repository}:{id}");
        engine.docker(&["pull", &image]).unwrap();
        let said =
            engine.docker(&["run", "--rm", "--network=host", &image, "/bin/cat", "/etc/hybrid-release"]);
        assert_eq!(said.as_deref(), Some("IMAGE=linux.docker.base ENVIRONMENT=dev\n"));
        let labels = engine.docker(&["inspect", "--format", "{{json .Config.Labels}}", &image]).unwrap();
        assert!(labels.contains(id), "{labels}");
        assert!(engine.docker(&["ps", "--quiet"]).unwrap().is_empty(), "no container is left");

        // A build that fails leaves no container and no tag.
        project.edit(
            "templates/linux/docker/base/base.pkr.hcl",
            "/etc/hybrid-release\"]",
            "/etc/hybrid-release; exit 7\"]",
        );
        project.ok(&["validate", "--targets", "linux.docker.base"]);
        project.run(&["build", "--targets", "linux.docker.base"]).expect(1);
        assert!(engine.docker(&["ps", "--all", "--quiet"]).unwrap().is_empty(), "no container is left");
        assert_eq!(
            engine.get("/v2/images/linux-base/tags/list").matches("linux.docker.base-dev").count(),
            tags.matches("linux.docker.base-dev").count()
        );
        report(
            "Docker",
            "docker",
            &packer,
            How::Built,
            "`linux.docker.base` of the example: committed, tagged, pushed to a registry, pulled, run",
        );
    }
}
