//! Encodings and digests.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::arguments::{Arguments, Function};
use super::base64::{from_base64, to_base64};
use crate::hcl::convert::to_json;
use crate::value::Value;

pub(super) const TABLE: &[Function] = &[
    ("base64decode", 1, 1, |a| Some(Value::String(String::from_utf8(from_base64(&a.text(0)?)?).ok()?))),
    ("base64encode", 1, 1, |a| Some(Value::String(to_base64(a.text(0)?.as_bytes())))),
    // No two compressors need to agree: only what comes out again is the same.
    ("base64gzip", 1, 1, |a| gzipped(a.text(0)?.as_bytes()).map(|bytes| Value::String(to_base64(&bytes)))),
    ("jsondecode", 1, 1, |a| Value::from_json_text(&a.text(0)?).ok()),
    ("jsonencode", 1, 1, |a| to_json(a.value(0)?).map(Value::String)),
    ("md5", 1, 1, digest::<Md5>),
    ("sha1", 1, 1, digest::<Sha1>),
    ("sha256", 1, 1, digest::<Sha256>),
    ("sha512", 1, 1, digest::<Sha512>),
    ("urlencode", 1, 1, |a| Some(Value::String(url_encoded(&a.text(0)?)))),
    ("uuidv5", 2, 2, |a| uuid(&a.text(0)?, &a.text(1)?).map(Value::String)),
];

fn gzipped(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::default());
    writer.write_all(bytes).and_then(|()| writer.finish()).ok()
}

fn digest<D: Digest>(arguments: &Arguments<'_>) -> Option<Value> {
    Some(Value::String(hex(&D::digest(arguments.text(0)?))))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As Go's `url.QueryEscape`.
fn url_encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// A UUID of version 5 in one of the well-known namespaces, or in one that is a UUID itself.
fn uuid(namespace: &str, name: &str) -> Option<String> {
    let well_known = |digit: char| format!("6ba7b81{digit}9dad11d180b400c04fd430c8");
    let namespace = match namespace {
        "dns" => well_known('0'),
        "url" => well_known('1'),
        "oid" => well_known('2'),
        "x500" => well_known('4'),
        other => {
            // What stands around it is not looked at.
            let braced = other.get(1..37).filter(|_| other.len() == 38);
            let urn = other.get(9..).filter(|_| {
                other.len() == 45 && other.get(..9).is_some_and(|urn| urn.eq_ignore_ascii_case("urn:uuid:"))
            });
            let written = braced.or(urn).unwrap_or(other);
            let parts: Vec<usize> = written.split('-').map(str::len).collect();
            (parts == [8, 4, 4, 4, 12] || parts == [32]).then(|| written.replace('-', ""))?
        }
    };
    let byte = |at: usize| u8::from_str_radix(namespace.get(2 * at..2 * at + 2)?, 16).ok();
    let namespace: Vec<u8> = (0..16).map(byte).collect::<Option<_>>()?;
    let mut bytes = Sha1::digest([namespace.as_slice(), name.as_bytes()].concat());
    bytes[6] = bytes[6] & 0x0f | 0x50;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex(&bytes[..16]);
    Some(format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]))
}
