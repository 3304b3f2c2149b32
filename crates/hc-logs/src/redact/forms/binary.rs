//! Bytes as text: base64 and base32 at every alignment, hexadecimal; and the bytes of other encodings of text.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use data_encoding::BASE32_NOPAD;

use super::limits::{Forms, LONG_SECRET, MIN_SECRET};
use super::{data, url};

/// Pieces of wrapped base64 that are secrets on their own, in characters.
const MIN_WRAPPED: usize = 16;

pub(super) fn forms(value: &str, forms: &mut Forms) {
    let long = value.len() > LONG_SECRET;
    base64(value.as_bytes(), long, forms);
    hex(value.as_bytes(), long, forms);
    if long {
        return;
    }
    base32(value.as_bytes(), forms);
    // Redirected output of Windows, and `powershell -EncodedCommand` is base64 of it.
    let little: Vec<u8> = value.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = value.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let latin: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    for bytes in [Some(little), Some(big), latin.filter(|_| !value.is_ascii())].into_iter().flatten() {
        base64(&bytes, false, forms);
        forms.entry(bytes).or_insert("secret.encoding");
    }
    // Whole documents of JSON are encoded, with what they hold.
    for text in data::json_outside(value).into_iter().filter(|text| text != value) {
        base64(text.as_bytes(), false, forms);
    }
}

fn base64(bytes: &[u8], long: bool, forms: &mut Forms) {
    for alignment in 0..3 {
        let text = inside(bytes, alignment, 6, |bytes| STANDARD_NO_PAD.encode(bytes));
        let mut found = vec![text.replace('+', "-").replace('/', "_")];
        if !long {
            // `/` is escaped by some JSON writers, `+` `/` `=` by every URL encoder.
            found.push(text.replace('/', "\\/"));
            found.push(url::percent(text.as_bytes(), |byte| byte.is_ascii_alphanumeric(), true, false));
        }
        found.push(text);
        for form in found.into_iter().filter(|form| form.len() >= MIN_SECRET) {
            forms.entry(form.into_bytes()).or_insert("secret.base64");
        }
    }
    // Wrapped text whose lines got a prefix; without one the engine reads over the breaks.
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        let text = engine.encode(bytes);
        for width in [64, 76].into_iter().filter(|width| text.len() > *width) {
            for piece in text.as_bytes().chunks(width).filter(|piece| piece.len() >= MIN_WRAPPED) {
                forms.entry(piece.to_vec()).or_insert("secret.base64");
            }
        }
    }
}

fn base32(bytes: &[u8], forms: &mut Forms) {
    for alignment in 0..5 {
        let text = inside(bytes, alignment, 5, |bytes| BASE32_NOPAD.encode(bytes));
        for form in [text.to_ascii_lowercase(), text].into_iter().filter(|form| form.len() >= MIN_SECRET) {
            forms.entry(form.into_bytes()).or_insert("secret.base32");
        }
    }
}

/// The characters of an encoding with so many `bits` in each that depend on `bytes` alone when `alignment` unknown bytes
/// stand before them and any after.
fn inside(bytes: &[u8], alignment: usize, bits: usize, encode: impl Fn(&[u8]) -> String) -> String {
    let mut padded = vec![0; alignment];
    padded.extend_from_slice(bytes);
    let text = encode(&padded);
    let first = (alignment * 8).div_ceil(bits);
    let last = padded.len() * 8 / bits;
    text.get(first..last).unwrap_or_default().to_owned()
}

fn hex(bytes: &[u8], long: bool, forms: &mut Forms) {
    let codes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut texts = vec![codes.concat()];
    if !long {
        texts.extend([" ", ":", "-", "\\x"].map(|between| codes.join(between)));
        // xxd writes them in pairs.
        let pairs = |codes: &[String]| codes.chunks(2).map(<[String]>::concat).collect::<Vec<_>>().join(" ");
        texts.push(pairs(&codes));
        texts.extend(codes.split_first().map(|(first, rest)| format!("{first} {}", pairs(rest))));
    }
    for text in texts {
        let upper = text.to_ascii_uppercase().replace("\\X", "\\x");
        forms.entry(upper.into_bytes()).or_insert("secret.hex");
        forms.entry(text.into_bytes()).or_insert("secret.hex");
    }
}
