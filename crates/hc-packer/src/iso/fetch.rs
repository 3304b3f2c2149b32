//! Getting the bytes: resumed where they were cut off, retried while the other side may recover.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Seek, Write};
use std::path::Path;
use std::time::Duration;

use hc_core::fs::io_error;

use super::error::IsoError;
use super::{Wanted, pump};

/// How long and how often to try.
#[derive(Debug, Clone)]
pub struct Patience {
    /// Attempts before giving up; each that brings bytes counts anew.
    pub attempts: u32,
    /// First pause between attempts; doubles.
    pub pause: Duration,
    /// Longest silence of the other side.
    pub silence: Duration,
    /// How long to wait for somebody else's download of the same file.
    pub lock: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 4,
            pause: Duration::from_secs(1),
            silence: Duration::from_secs(60),
            lock: Duration::from_secs(4 * 3600),
        }
    }
}

/// Why one attempt ended early.
enum Cut {
    /// Trying again can help; with whether any byte arrived.
    Again(String, bool),
    /// It cannot.
    Final(IsoError),
}

/// Brings all bytes of `wanted` into `part`; what is there already is taken up.
pub(super) fn fetch(
    wanted: &Wanted,
    part: &Path,
    patience: &Patience,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<(), IsoError> {
    let url = wanted.url.as_str();
    let local = url.strip_prefix("file://").or_else(|| (!url.contains("://")).then_some(url));
    if let Some(path) = local {
        let path = Path::new(path);
        std::fs::copy(path, part).map_err(io_error("copy", path))?;
        return Ok(());
    }
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return Err(IsoError::BadUrl(url.to_owned()));
    }
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(patience.silence))
        .timeout_recv_response(Some(patience.silence))
        .build()
        .into();
    let (mut failed, mut attempts, mut pause) = (0, 0, patience.pause);
    loop {
        attempts += 1;
        match attempt(&agent, url, part, progress) {
            Ok(()) => return Ok(()),
            Err(Cut::Final(error)) => return Err(error),
            Err(Cut::Again(what, moved)) => {
                failed = if moved { 1 } else { failed + 1 };
                tracing::warn!(url, attempts, "download interrupted: {what}");
                if failed >= patience.attempts {
                    return Err(IsoError::Unavailable { url: url.to_owned(), attempts, what });
                }
                std::thread::sleep(pause);
                pause = if moved { patience.pause } else { pause * 2 };
            }
        }
    }
}

fn attempt(
    agent: &ureq::Agent,
    url: &str,
    part: &Path,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<(), Cut> {
    let failed = |what: &'static str| move |error| Cut::Final(io_error(what, part)(error).into());
    let file: File =
        OpenOptions::new().create(true).truncate(false).write(true).open(part).map_err(failed("open"))?;
    let have = file.metadata().map_err(failed("look at"))?.len();
    let mut request = agent.get(url);
    if have > 0 {
        request = request.header("Range", format!("bytes={have}-"));
    }
    let response = request.call().map_err(|error| Cut::Again(error.to_string(), false))?;
    let status = response.status().as_u16();
    let length = |name: &str| response.headers().get(name)?.to_str().ok()?.parse::<u64>().ok();
    let start = match status {
        206 => have,
        200 => 0,
        // Nothing behind what is there: it is complete, or it is not what the server has. The checksum decides.
        416 => return Ok(()),
        408 | 425 | 429 | 500..=599 => return Err(Cut::Again(format!("the server answers {status}"), false)),
        _ => return Err(Cut::Final(IsoError::Missing { url: url.to_owned(), status })),
    };
    let total = length("content-length").map(|rest| start + rest);
    file.set_len(start).map_err(failed("truncate"))?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    out.seek(std::io::SeekFrom::Start(start)).map_err(failed("write"))?;
    let mut at = start;
    let mut full = None;
    let read = pump(&mut response.into_body().into_reader(), |bytes| {
        if let Err(error) = out.write_all(bytes) {
            full = Some(error);
            return Err(std::io::ErrorKind::Other.into());
        }
        at += bytes.len() as u64;
        progress(at, total);
        Ok(())
    });
    // What arrived is kept in any case.
    let flushed = out.flush();
    if let Some(error) = full.or(flushed.err()) {
        return Err(failed("write")(error));
    }
    match read {
        Err(error) => Err(Cut::Again(error.to_string(), at > start)),
        Ok(()) if total.is_some_and(|total| at < total) => {
            Err(Cut::Again(format!("{at} of {} bytes arrived", total.unwrap_or(0)), at > start))
        }
        Ok(()) => Ok(()),
    }
}
