//! `cargo bench -p hc-logs`: the streaming redactor over ordinary build output, by number of secrets.
#![allow(missing_docs, reason = "benchmarks")]

use divan::counter::BytesCount;
use hc_core::SecretString;
use hc_logs::Redactor;
use hc_logs::redact::LineRedactor;

fn main() {
    divan::main();
}

fn log() -> String {
    let line = |at: u64| {
        format!(
            "==> qemu.base: [{at:08}] Setting up libfoo{}:amd64 (1.{}.3-2) ... {:x}\n",
            at % 97,
            at % 13,
            at * 2_654_435_761
        )
    };
    (0..40_000).map(line).collect()
}

#[divan::bench(args = [0, 1, 20, 200])]
fn stream(bencher: divan::Bencher, secrets: u64) {
    let secrets: Vec<SecretString> =
        (0..secrets).map(|at| SecretString::new(format!("S3cr3t-{at}/with+{}", at * 7_919))).collect();
    let redactor = Redactor::builder().secrets(&secrets).token_shapes(true).build();
    let text = log();
    let mut out = Vec::new();
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| {
        let mut stream = redactor.stream();
        for chunk in text.as_bytes().chunks(64 << 10) {
            stream.push(chunk, &mut out);
            out.clear();
        }
        stream.finish(&mut out)
    });
}

/// Line by line, as the output of a build comes, with prefixes.
#[divan::bench(args = [0, 1, 20, 200])]
fn lines(bencher: divan::Bencher, secrets: u64) {
    let secrets: Vec<SecretString> =
        (0..secrets).map(|at| SecretString::new(format!("S3cr3t-{at}/with+{}", at * 7_919))).collect();
    let redactor = Redactor::builder().secrets(&secrets).token_shapes(true).build();
    let text = log();
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| {
        let mut lines = LineRedactor::new(redactor.clone());
        text.lines().map(|line| lines.redact(line.as_bytes()).0.len()).sum::<usize>()
    });
}
