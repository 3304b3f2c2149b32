//! What must not happen, on purpose: shows that the fuzzer sees it.

use std::hint::black_box;

/// Does what the input says.
pub(super) fn trap(bytes: &[u8]) -> u64 {
    match bytes {
        b"panic" => panic!("as told"),
        b"stack" => deep(0),
        b"memory" => black_box(vec![1_u8; 512 << 20]).len() as u64,
        b"time" => loop {
            black_box(bytes);
        },
        _ => 0,
    }
}

#[expect(unconditional_recursion, reason = "the stack has to overflow")]
fn deep(level: u64) -> u64 {
    deep(black_box(level + 1)) + black_box(level)
}
