//! A web server whose answers are errors.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// Serves until the process ends and returns its url: `/401/…` and `/404/…` are answered with that status, `/silent/…`
/// never, `/dumb/…` as git servers of old did.
pub(super) fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    url
}

/// A client that goes away is no failure.
fn answer(mut stream: TcpStream) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let request = lines.next()?.ok()?;
    lines.find(|line| line.as_ref().map_or(true, String::is_empty))?.ok()?;
    let first = request.split(['/', ' ']).filter(|part| !part.is_empty()).nth(1)?;
    let (status, header, body) = match first {
        "silent" => {
            std::thread::sleep(Duration::from_secs(20));
            return None;
        }
        "dumb" => ("200", "Content-Type: text/plain", format!("{}\trefs/heads/main\n", "4be1c0de".repeat(5))),
        "401" => ("401", "WWW-Authenticate: Basic realm=\"example\"", String::new()),
        _ => ("404", "Content-Type: text/plain", String::new()),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} -\r\n{header}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .ok()
}
