//! A real `sshd` on loopback; without one on this machine, the test says so and ends.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::project::{Project, only, refusal};
use crate::upstream::Upstream;

struct Sshd {
    child: Child,
    port: u16,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn keygen(file: &Path) {
    let status = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(file).status();
    assert!(status.unwrap().success());
}

impl Sshd {
    /// `None` when there is no sshd, or when it may not run here.
    fn start(dir: &Path) -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
        places.extend(["/usr/sbin".into(), "/usr/local/sbin".into()]);
        let program = places.iter().map(|place| place.join("sshd")).find(|file| file.is_file())?;
        keygen(&dir.join("host"));
        keygen(&dir.join("client"));
        keygen(&dir.join("stranger"));
        std::fs::copy(dir.join("client.pub"), dir.join("authorized_keys")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let shown = dir.display();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {shown}/host\nPidFile none\nUsePAM no\nStrictModes no\n\
             AuthorizedKeysFile {shown}/authorized_keys\nPasswordAuthentication no\n\
             KbdInteractiveAuthentication no\nPermitRootLogin yes\nAcceptEnv GIT_PROTOCOL\n"
        );
        std::fs::write(dir.join("sshd_config"), config).unwrap();
        let child = Command::new(program)
            .args(["-D", "-e", "-f"])
            .arg(dir.join("sshd_config"))
            .stdin(Stdio::null())
            .stderr(std::fs::File::create(dir.join("sshd.log")).unwrap())
            .spawn()
            .ok()?;
        let mut sshd = Self { child, port };
        let host = std::fs::read_to_string(dir.join("host.pub")).unwrap();
        std::fs::write(dir.join("known_hosts"), format!("[localhost]:{port} {host}")).unwrap();
        let end = Instant::now() + Duration::from_secs(5);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if Instant::now() > end || sshd.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(sshd)
    }
}

/// The ssh command line of a client with this key and these known hosts.
fn client(dir: &Path, key: &str, hosts: &str) -> String {
    let shown = dir.display();
    format!(
        "ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes \
         -o UserKnownHostsFile={shown}/{hosts} -i {shown}/{key}"
    )
}

#[test]
fn sources_come_over_ssh() {
    let keys = tempfile::tempdir().unwrap();
    let Some(sshd) = Sshd::start(keys.path()) else {
        eprintln!("skipped: there is no sshd that may run here");
        return;
    };
    let upstream = Upstream::new();
    let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    let url = |path: &Path| format!("ssh://{}@localhost:{}{}", user.trim(), sshd.port, path.display());
    let mut project = Project::new(&[("a", &url(&upstream.bare()), "main")]);
    project.options.git.ssh_command = Some(client(keys.path(), "client", "known_hosts"));
    only(project.sync());
    let new = upstream.commit(&[("README", "two\n")]);
    upstream.publish();
    assert_eq!(only(project.update()).pin.sha, new);

    let mut missing = Project::new(&[("a", &url(&upstream.root().join("none.git")), "main")]);
    missing.options.git.ssh_command = project.options.git.ssh_command.clone();
    // gix does not see the far side's words; they are on stderr.
    let hung_up = refusal(missing.sync());
    assert_eq!(hung_up.code(), "SourceAccessDenied", "{hung_up}");

    let mut other = Project::new(&[("a", &url(&upstream.bare()), "main")]);
    other.options.git.ssh_command = Some(client(keys.path(), "stranger", "known_hosts"));
    let stranger = refusal(other.sync());
    assert_eq!(stranger.code(), "SourceAccessDenied", "{stranger}");
    std::fs::write(keys.path().join("nobody_known"), "").unwrap();
    other.options.git.ssh_command = Some(client(keys.path(), "client", "nobody_known"));
    let unknown = refusal(other.sync());
    assert_eq!(unknown.code(), "SourceAccessDenied", "{unknown}");
    assert!(!other.tree("a").exists());
}
