//! A small HTTP server for answers that no simulator gives: recorded shapes of an API, and errors on demand.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// What a client asked for.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// With the query.
    pub(crate) target: String,
    /// Lines of the head behind the first, without line ends.
    pub(crate) head: Vec<String>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    /// A field of a form.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.body
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|it| it.1)
    }
}

/// What it is told.
pub(crate) struct Response {
    /// Code and reason: `200 OK`.
    pub(crate) status: String,
    pub(crate) kind: &'static str,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn json(status: &str, body: &serde_json::Value) -> Self {
        Self { status: status.to_owned(), kind: "application/json", body: body.to_string() }
    }

    pub(crate) fn xml(status: &str, body: String) -> Self {
        Self { status: status.to_owned(), kind: "text/xml", body }
    }

    pub(crate) fn empty(status: &str) -> Self {
        Self { status: status.to_owned(), kind: "application/json", body: String::new() }
    }
}

type Answer = dyn Fn(&Request) -> Response + Send + Sync;

/// The server; stops when dropped.
pub(crate) struct Http {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<Request>>>,
    over: Arc<AtomicBool>,
}

impl Http {
    /// Listens on this machine and gives every request to `answer`.
    pub(crate) fn start(answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, over) = (Arc::<Mutex<Vec<Request>>>::default(), Arc::<AtomicBool>::default());
        let (all, ended): (_, Arc<AtomicBool>) = (asked.clone(), over.clone());
        let answer: Arc<Answer> = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let (answer, all) = (answer.clone(), all.clone());
                std::thread::spawn(move || {
                    let Some(request) = read(&stream) else { return };
                    all.lock().unwrap().push(request.clone());
                    write(stream, &request, &answer(&request));
                });
            }
        });
        Self { port, asked, over }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Requests so far, `METHOD path`.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|request| format!("{} {}", request.method, request.path())).collect()
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        lines.push(line.to_owned());
    }
    let mut words = lines.first()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let length = lines.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    lines.remove(0);
    Some(Request { method, target, head: lines, body: String::from_utf8_lossy(&body).into_owned() })
}

fn write(mut stream: TcpStream, request: &Request, response: &Response) {
    let Response { status, kind, body } = response;
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let body = if request.method == "HEAD" { "" } else { body };
    // Who hung up does not want it.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

/// Hands a request on to another server of this machine.
pub(crate) fn forwarded(port: u16, request: &Request) -> Response {
    let mut server = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let own = |line: &&String| !line.to_ascii_lowercase().starts_with("connection:");
    let head: String = request.head.iter().filter(own).map(|line| format!("{line}\r\n")).collect();
    let text = format!(
        "{} {} HTTP/1.1\r\n{head}Connection: close\r\n\r\n{}",
        request.method, request.target, request.body
    );
    server.write_all(text.as_bytes()).unwrap();
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer.as_str(), ""));
    let status =
        head.lines().next().and_then(|line| line.split_once(' ')).map_or("502 Bad Gateway", |it| it.1);
    Response { status: status.to_owned(), kind: "text/xml", body: body.to_owned() }
}
