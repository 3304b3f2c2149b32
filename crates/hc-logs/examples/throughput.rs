//! `cargo run --release -p hc-logs --example throughput`: what redacting a stream costs beside copying it.

use std::time::Instant;

use hc_core::SecretString;
use hc_logs::Redactor;

const CHUNK: usize = 64 * 1024;

#[expect(clippy::print_stdout, reason = "an example is run to be read")]
fn main() {
    let mut text = String::new();
    for line in 0.. {
        if text.len() > 64 << 20 {
            break;
        }
        text.push_str(&format!(
            "==> qemu.base: [{line:08}] Setting up libfoo{}:amd64 (1.{}.3-2+deb12u1) ... https://deb.example.org/pool/{:x}\n",
            line % 97, line % 13, line * 2_654_435_761_u64
        ));
    }
    for count in [0, 1, 5, 20] {
        let secrets: Vec<_> =
            (0..count).map(|n| SecretString::new(format!("S3cr3t-{n}/with+{}", n * 7919))).collect();
        let started = Instant::now();
        let redactor = Redactor::builder().secrets(&secrets).token_shapes(true).build();
        let built = started.elapsed();
        let (mut stream, mut out, mut total) = (redactor.stream(), Vec::with_capacity(2 * CHUNK), 0);
        let started = Instant::now();
        for chunk in text.as_bytes().chunks(CHUNK) {
            stream.push(chunk, &mut out);
            total += out.len();
            out.clear();
        }
        let counts = stream.finish(&mut out);
        let redacted = started.elapsed().as_secs_f64();
        let started = Instant::now();
        let mut copied = 0;
        for chunk in text.as_bytes().chunks(CHUNK) {
            out.extend_from_slice(chunk);
            copied += std::hint::black_box(&out).len();
            out.clear();
        }
        let copy = started.elapsed().as_secs_f64();
        let rate = |seconds: f64| text.len() as f64 / seconds / 1e6;
        println!(
            "{count:2} secrets: built in {built:?}, {:.0} MB/s redacted, {:.0} MB/s copied, {total} of {copied} bytes, {} replaced",
            rate(redacted),
            rate(copy),
            counts.total()
        );
    }
}
