//! `cargo bench -p hc-packer`: packer's machine-readable stream, line by line.
#![allow(missing_docs, reason = "benchmarks")]

use divan::counter::BytesCount;
use hc_packer::machine::{parse, speaker};

fn main() {
    divan::main();
}

#[divan::bench]
fn lines(bencher: divan::Bencher) {
    let line = |at: u32| {
        format!(
            "1700000000,,ui,say,==> qemu.base: Setting up libfoo{at}:amd64 (1.2-3)%!(PACKER_COMMA) done\\n{at}\n"
        )
    };
    let text: String = (0..10_000).map(line).collect();
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        let mut named = 0;
        for record in text.lines().filter_map(parse) {
            named += usize::from(record.data.last().is_some_and(|message| speaker(message).is_some()));
        }
        named
    });
}
