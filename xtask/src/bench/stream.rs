//! Log lines through the redactor, beside `tee`.

use std::io::{Read, Write};
use std::path::Path;

use anyhow::Result;
use hc_core::SecretString;
use hc_logs::redact::Redactor;

use super::measure::{Bench, Row, compare, quiet};

/// Size of the log.
const BYTES: usize = 64 << 20;

pub(super) fn run(_: &Bench) -> Result<Vec<Row>> {
    let dir = tempfile::tempdir()?;
    let log = dir.path().join("build.log");
    std::fs::write(&log, text())?;
    let secrets: Vec<SecretString> =
        (0..20).map(|at| SecretString::new(format!("correct-horse-{at:04}-battery"))).collect();
    let redactor = Redactor::builder().secrets(secrets.iter()).token_shapes(true).build();
    let out = dir.path().join("out.log");
    let row = compare(
        "redact 64 MiB of build log with 20 secrets",
        "tee",
        5,
        || {
            // In pieces, as a pipe gives them.
            let mut from = std::fs::File::open(&log)?;
            let mut chunk = vec![0; 64 << 10];
            let mut stream = redactor.stream();
            let mut clean = Vec::with_capacity(64 << 10);
            let mut file = std::io::BufWriter::with_capacity(256 << 10, std::fs::File::create(&out)?);
            loop {
                let count = from.read(&mut chunk)?;
                if count == 0 {
                    break;
                }
                stream.push(&chunk[..count], &mut clean);
                file.write_all(&clean)?;
                clean.clear();
            }
            stream.finish(&mut clean);
            file.write_all(&clean)?;
            Ok(file.flush()?)
        },
        || quiet(Path::new("sh"), &["-c", "cat build.log | tee tee.log > /dev/null"], dir.path()),
    )?;
    Ok(vec![row])
}

fn text() -> Vec<u8> {
    let mut text = Vec::with_capacity(BYTES + 256);
    let mut at = 0_u64;
    while text.len() < BYTES {
        // Writing to a vector cannot fail.
        let _ = writeln!(
            text,
            "1700000000,,ui,message,    qemu.base: Setting up libexample{}:amd64 (1.{}-3) ... sha256:{:016x}",
            at % 977,
            at % 31,
            at.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        );
        at += 1;
    }
    text
}
