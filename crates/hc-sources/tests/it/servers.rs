//! `git daemon`, and an http and https server around `git http-backend` that can misbehave.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::http;
use crate::upstream::git_command;

/// A running `git daemon`.
pub(crate) struct Daemon {
    child: Child,
    port: u16,
}

impl Daemon {
    pub(crate) fn serve(root: &Path) -> Self {
        let exec_path = git_command(root).arg("--exec-path").output().unwrap().stdout;
        let program = PathBuf::from(String::from_utf8(exec_path).unwrap().trim()).join("git-daemon");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(program)
            .args(["--export-all", "--reuseaddr", "--listen=127.0.0.1"])
            .arg(format!("--port={port}"))
            .arg(format!("--base-path={}", root.display()))
            .env("HOME", root)
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "safe.directory")
            .env("GIT_CONFIG_VALUE_0", "*")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let end = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "git daemon does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, port }
    }

    pub(crate) fn url(&self) -> String {
        format!("git://127.0.0.1:{}/repo.git", self.port)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How the http server treats its clients.
#[derive(Debug, Clone)]
pub(crate) enum Manner {
    /// As it should.
    Polite,
    /// 401 without this user and password.
    Locked { user: &'static str, password: &'static str },
    /// Packs end after this many bytes, for the first so many of them.
    Dying { bytes: usize, times: usize },
    /// Packs stop coming after this many bytes, and the connection stays open.
    Silent { bytes: usize },
    /// Files only, no smart protocol.
    Dumb,
    /// 503 to everything, for the first so many requests.
    Overloaded { times: usize },
}

struct Shared {
    root: PathBuf,
    manner: Mutex<Manner>,
    requests: AtomicUsize,
    misdeeds: AtomicUsize,
    stop: AtomicBool,
}

/// An http server for the repositories below a directory.
pub(crate) struct HttpServer {
    shared: Arc<Shared>,
    port: u16,
    scheme: &'static str,
}

impl HttpServer {
    pub(crate) fn serve(root: &Path, manner: Manner) -> Self {
        Self::start(root, manner, None)
    }

    /// With TLS.
    pub(crate) fn serve_tls(root: &Path, certificates: &Certificates, manner: Manner) -> Self {
        use rustls::pki_types::pem::PemObject;
        use rustls::pki_types::{CertificateDer, PrivateKeyDer};
        let chain = CertificateDer::pem_file_iter(&certificates.leaf).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(&certificates.key).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        Self::start(root, manner, Some(Arc::new(config)))
    }

    fn start(root: &Path, manner: Manner, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            root: root.to_owned(),
            manner: Mutex::new(manner),
            requests: AtomicUsize::new(0),
            misdeeds: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        });
        let scheme = if tls.is_some() { "https" } else { "http" };
        let served = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if served.stop.load(Ordering::Relaxed) {
                    return;
                }
                let (shared, tls) = (served.clone(), tls.clone());
                std::thread::spawn(move || match tls {
                    None => answer(&shared, stream),
                    Some(config) => {
                        let connection = rustls::ServerConnection::new(config).unwrap();
                        answer(&shared, rustls::StreamOwned::new(connection, stream));
                    }
                });
            }
        });
        Self { shared, port, scheme }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://localhost:{}/repo.git", self.scheme, self.port)
    }

    pub(crate) fn set(&self, manner: Manner) {
        *self.shared.manner.lock().unwrap() = manner;
    }

    /// How many requests came so far.
    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::Relaxed)
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn answer(shared: &Shared, mut stream: impl Read + Write) {
    let Some(request) = http::Request::read(&mut stream) else { return };
    shared.requests.fetch_add(1, Ordering::Relaxed);
    let manner = shared.manner.lock().unwrap().clone();
    let misbehave = |times: usize| shared.misdeeds.fetch_add(1, Ordering::Relaxed) < times;
    let is_pack =
        request.path.ends_with("/git-upload-pack") && request.body.windows(5).any(|w| w == b"done\n");
    let response = match &manner {
        Manner::Locked { user, password } if !request.is_authorised(user, password) => {
            http::plain(401, "WWW-Authenticate: Basic realm=\"git\"\r\n", b"no")
        }
        Manner::Overloaded { times } if misbehave(*times) => http::plain(503, "", b"later"),
        Manner::Dumb => http::file(&shared.root, &request),
        _ => http::backend(&shared.root, &request),
    };
    match manner {
        Manner::Dying { bytes, times } if is_pack && misbehave(times) => {
            let _ = stream.write_all(&response[..bytes.min(response.len())]);
        }
        Manner::Silent { bytes } if is_pack => {
            let _ = stream.write_all(&response[..bytes.min(response.len())]);
            let _ = stream.flush();
            let end = Instant::now() + Duration::from_secs(30);
            while !shared.stop.load(Ordering::Relaxed) && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        _ => {
            let _ = stream.write_all(&response);
        }
    }
    let _ = stream.flush();
}

/// Files in PEM.
pub(crate) struct Certificates {
    pub(crate) authority: PathBuf,
    pub(crate) leaf: PathBuf,
    pub(crate) key: PathBuf,
}

/// A certificate for localhost with its key, and the authority that signed it, made with `openssl`.
pub(crate) fn certificates(dir: &Path) -> Certificates {
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).current_dir(dir).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let names = "subjectAltName=DNS:localhost";
    std::fs::write(dir.join("names"), names).unwrap();
    let new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let authority =
        ["req", "-x509", "-subj", "/CN=test", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem"];
    openssl(&[&authority[..], &new_key[..]].concat());
    let leaf = ["req", "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "leaf.csr"];
    openssl(&[&leaf[..], &new_key[..]].concat());
    openssl(&[
        "x509",
        "-req",
        "-in",
        "leaf.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        "names",
        "-out",
        "leaf.pem",
    ]);
    Certificates { authority: dir.join("ca.pem"), leaf: dir.join("leaf.pem"), key: dir.join("key.pem") }
}
