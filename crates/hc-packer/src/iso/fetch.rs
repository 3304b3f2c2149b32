//! Getting the bytes: resumed where they were cut off, retried while the other side may recover.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Seek, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use hc_core::fs::io_error;

use super::checksum::pump;
use super::download::{Download, Patience};
use super::error::IsoError;
use super::proxy::agent_proxy;

/// How often silence and cancellation are looked at.
const TICK: Duration = Duration::from_millis(50);

/// Why one attempt ended early.
enum Cut {
    /// Trying again can help; with whether any byte arrived.
    Again(String, bool),
    /// It cannot.
    Final(IsoError),
}

/// Whether a url is one that can be fetched; the path when the file is on this machine.
///
/// # Errors
/// [`IsoError::BadUrl`] for another scheme, and for a path that depends on where the program was started.
pub fn usable(url: &str) -> Result<Option<&Path>, IsoError> {
    if url.starts_with("https://") || url.starts_with("http://") {
        return Ok(None);
    }
    let path = Path::new(url.strip_prefix("file://").unwrap_or(url));
    if path.is_absolute() { Ok(Some(path)) } else { Err(IsoError::BadUrl(url.to_owned())) }
}

/// Brings all bytes of `wanted` into `part`; what is there already is taken up. Whether the bytes come from more than
/// one answer: then a wrong checksum may be the fault of the pieces.
pub(super) fn fetch(
    wanted: &Download,
    part: &Path,
    patience: &Patience,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<bool, IsoError> {
    let url = wanted.url.as_str();
    if let Some(path) = usable(url)? {
        std::fs::copy(path, part).map_err(io_error("copy", path))?;
        return Ok(false);
    }
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        // Without a word about it, ureq would look into the environment for one.
        .proxy(agent_proxy(patience.proxy.as_ref()))
        .timeout_connect(Some(patience.silence))
        .timeout_recv_response(Some(patience.silence))
        .build()
        .into();
    let (mut failed, mut attempts, mut pause) = (0, 0, patience.pause);
    loop {
        attempts += 1;
        match attempt(&agent, url, part, patience, progress) {
            Ok(taken_up) => return Ok(taken_up),
            Err(Cut::Final(error)) => return Err(error),
            Err(Cut::Again(what, moved)) => {
                failed = if moved { 1 } else { failed + 1 };
                tracing::warn!(url, attempts, "download interrupted: {what}");
                if failed >= patience.attempts {
                    return Err(IsoError::Unavailable { url: url.to_owned(), attempts, what });
                }
                let start = Instant::now();
                while let Some(left) = pause.checked_sub(start.elapsed()) {
                    patience.stopped(url)?;
                    std::thread::sleep(left.min(TICK));
                }
                pause = if moved { patience.pause } else { pause * 2 };
            }
        }
    }
}

/// What the other side says, bit by bit.
enum Heard {
    Head {
        status: u16,
        length: Option<u64>,
    },
    Bytes(Vec<u8>),
    /// The end, with the reason of one that came too early.
    End(Option<String>),
}

/// Asks in a thread of its own: a read of a socket can be neither cancelled nor limited in its silence. The thread ends
/// when its listener is gone, or when the other side closes.
fn ask(agent: &ureq::Agent, url: &str, have: u64) -> Receiver<Heard> {
    let mut request = agent.get(url);
    if have > 0 {
        request = request.header("Range", format!("bytes={have}-"));
    }
    let (sender, receiver) = sync_channel(4);
    let failed = sender.clone();
    let run = move || {
        let why = answer(request, &sender).err();
        let _ = sender.send(Heard::End(why));
    };
    if let Err(error) = std::thread::Builder::new().spawn(run) {
        let _ = failed.send(Heard::End(Some(format!("no thread can be started: {error}"))));
    }
    receiver
}

fn answer(
    request: ureq::RequestBuilder<ureq::typestate::WithoutBody>,
    sender: &SyncSender<Heard>,
) -> Result<(), String> {
    let response = request.call().map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let length = response.headers().get("content-length").and_then(|value| value.to_str().ok()?.parse().ok());
    let gone = |_| std::io::Error::from(std::io::ErrorKind::BrokenPipe);
    sender.send(Heard::Head { status, length }).map_err(|error| gone(error).to_string())?;
    pump(&mut response.into_body().into_reader(), |bytes| {
        sender.send(Heard::Bytes(bytes.to_vec())).map_err(gone)
    })
    .map_err(|error| error.to_string())
}

/// The next word of the other side; its silence is an end, too.
fn listen(heard: &Receiver<Heard>, patience: &Patience, url: &str) -> Result<Heard, Cut> {
    let start = Instant::now();
    loop {
        match heard.recv_timeout(TICK) {
            Ok(heard) => return Ok(heard),
            Err(RecvTimeoutError::Disconnected) => {
                return Ok(Heard::End(Some("the connection was lost".into())));
            }
            Err(RecvTimeoutError::Timeout) => {
                patience.stopped(url).map_err(Cut::Final)?;
                if start.elapsed() >= patience.silence {
                    let what = format!("the server was silent for {} s", patience.silence.as_secs());
                    return Ok(Heard::End(Some(what)));
                }
            }
        }
    }
}

/// One request; whether it took up what an earlier one had left.
fn attempt(
    agent: &ureq::Agent,
    url: &str,
    part: &Path,
    patience: &Patience,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<bool, Cut> {
    let failed = |what: &'static str| move |error| Cut::Final(io_error(what, part)(error).into());
    let file: File =
        OpenOptions::new().create(true).truncate(false).write(true).open(part).map_err(failed("open"))?;
    let have = file.metadata().map_err(failed("look at"))?.len();
    let heard = ask(agent, url, have);
    let (status, length) = match listen(&heard, patience, url)? {
        Heard::Head { status, length } => (status, length),
        Heard::End(why) => return Err(Cut::Again(why.unwrap_or_default(), false)),
        Heard::Bytes(_) => return Err(Cut::Again("an answer without a head".into(), false)),
    };
    let start = match status {
        206 => have,
        200 => 0,
        // Nothing behind what is there: it is complete, or it is not what the server has. The checksum decides.
        416 => return Ok(true),
        408 | 425 | 429 | 500..=599 => return Err(Cut::Again(format!("the server answers {status}"), false)),
        _ => return Err(Cut::Final(IsoError::Missing { url: url.to_owned(), status })),
    };
    let total = length.map(|rest| start + rest);
    file.set_len(start).map_err(failed("truncate"))?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    out.seek(std::io::SeekFrom::Start(start)).map_err(failed("write"))?;
    let mut at = start;
    let end = loop {
        // Also between two words: a fast download must not be deaf.
        let next = patience.stopped(url).map_err(Cut::Final).and_then(|()| listen(&heard, patience, url));
        match next {
            Ok(Heard::Bytes(bytes)) => {
                out.write_all(&bytes).map_err(failed("write"))?;
                at += bytes.len() as u64;
                progress(at, total);
            }
            Ok(Heard::End(why)) => break Ok(why),
            Ok(Heard::Head { .. }) => {}
            Err(cut) => break Err(cut),
        }
    };
    // What arrived is kept in any case.
    out.flush().map_err(failed("write"))?;
    match end? {
        Some(why) => Err(Cut::Again(why, at > start)),
        None if total.is_some_and(|total| at < total) => {
            Err(Cut::Again(format!("{at} of {} bytes arrived", total.unwrap_or(0)), at > start))
        }
        None => Ok(start > 0),
    }
}
