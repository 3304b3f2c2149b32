//! `textencodebase64()` and `textdecodebase64()`: text in other encodings than UTF-8, under the names that IANA has for
//! them. Others are left to packer: of those with more bytes than one, the tables here and there are not the same.

use encoding_rs::{self as rs, Encoding};

use super::arguments::Function;
use super::base64::{from_base64, to_base64};
use crate::value::Value;

pub(super) const TABLE: &[Function] = &[
    ("textdecodebase64", 2, 2, |a| decode(&a.text(0)?, &a.text(1)?)),
    ("textencodebase64", 2, 2, |a| encode(&a.text(0)?, &a.text(1)?)),
];

/// Names in small letters, and what they mean.
const NAMES: &[(&str, Charset)] = &[
    ("us-ascii", Charset::Below(0x80)),
    ("iso-8859-1", Charset::Below(0x100)),
    ("latin1", Charset::Below(0x100)),
    ("utf-8", Charset::Utf8),
    ("utf-16", Charset::Utf16),
    ("utf-16be", Charset::Utf16Be),
    ("utf-16le", Charset::Utf16Le),
    ("iso-8859-2", Charset::Table(rs::ISO_8859_2)),
    ("iso-8859-3", Charset::Table(rs::ISO_8859_3)),
    ("iso-8859-4", Charset::Table(rs::ISO_8859_4)),
    ("iso-8859-5", Charset::Table(rs::ISO_8859_5)),
    ("iso-8859-6", Charset::Table(rs::ISO_8859_6)),
    ("iso-8859-7", Charset::Table(rs::ISO_8859_7)),
    ("iso-8859-8", Charset::Table(rs::ISO_8859_8)),
    ("iso-8859-10", Charset::Table(rs::ISO_8859_10)),
    ("iso-8859-13", Charset::Table(rs::ISO_8859_13)),
    ("iso-8859-14", Charset::Table(rs::ISO_8859_14)),
    ("iso-8859-15", Charset::Table(rs::ISO_8859_15)),
    ("iso-8859-16", Charset::Table(rs::ISO_8859_16)),
    ("koi8-r", Charset::Table(rs::KOI8_R)),
    ("koi8-u", Charset::Table(rs::KOI8_U)),
    ("macintosh", Charset::Table(rs::MACINTOSH)),
    ("ibm866", Charset::Table(rs::IBM866)),
    ("windows-874", Charset::Table(rs::WINDOWS_874)),
    ("windows-1250", Charset::Table(rs::WINDOWS_1250)),
    ("windows-1251", Charset::Table(rs::WINDOWS_1251)),
    ("windows-1252", Charset::Table(rs::WINDOWS_1252)),
    ("windows-1253", Charset::Table(rs::WINDOWS_1253)),
    ("windows-1254", Charset::Table(rs::WINDOWS_1254)),
    ("windows-1255", Charset::Table(rs::WINDOWS_1255)),
    ("windows-1256", Charset::Table(rs::WINDOWS_1256)),
    ("windows-1257", Charset::Table(rs::WINDOWS_1257)),
    ("windows-1258", Charset::Table(rs::WINDOWS_1258)),
];

#[derive(Clone, Copy)]
enum Charset {
    /// The first code points of Unicode, a byte each.
    Below(u32),
    Utf8,
    /// Big-endian behind a byte order mark; read in the order of its mark.
    Utf16,
    Utf16Be,
    Utf16Le,
    /// A byte for a character.
    Table(&'static Encoding),
}

fn named(name: &str) -> Option<Charset> {
    let name = name.trim().to_lowercase();
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, charset)| *charset)
}

/// The text in an encoding, as Base64. `None` for a character that it does not have.
fn encode(text: &str, name: &str) -> Option<Value> {
    let Some(charset) = named(name) else { return Some(Value::Unknown) };
    let units = || text.encode_utf16();
    let bytes = match charset {
        Charset::Below(end) => text
            .chars()
            .map(|c| u8::try_from(u32::from(c)).ok().filter(|byte| u32::from(*byte) < end))
            .collect::<Option<Vec<u8>>>()?,
        Charset::Utf8 => text.as_bytes().to_vec(),
        Charset::Utf16 => std::iter::once(0xfeff).chain(units()).flat_map(u16::to_be_bytes).collect(),
        Charset::Utf16Be => units().flat_map(u16::to_be_bytes).collect(),
        Charset::Utf16Le => units().flat_map(u16::to_le_bytes).collect(),
        Charset::Table(_) if has_gaps(text) => return None,
        Charset::Table(table) => match table.encode(text) {
            (bytes, _, false) => bytes.into_owned(),
            _ => return None,
        },
    };
    Some(Value::String(to_base64(&bytes)))
}

/// The text that stands in an encoding, as Base64. `None` for bytes that mean nothing in it.
fn decode(source: &str, name: &str) -> Option<Value> {
    let Some(charset) = named(name) else { return Some(Value::Unknown) };
    let bytes = from_base64(source)?;
    let wide = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| read(*pair)).collect();
        rest.is_empty().then(|| String::from_utf16(&units).ok()).flatten()
    };
    let text = match charset {
        Charset::Below(end) => bytes
            .iter()
            .map(|byte| char::from_u32(u32::from(*byte)).filter(|c| u32::from(*c) < end))
            .collect::<Option<String>>()?,
        Charset::Utf8 => String::from_utf8(bytes).ok()?,
        Charset::Utf16 => match bytes.as_slice() {
            [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes)?,
            [0xfe, 0xff, rest @ ..] | rest => wide(rest, u16::from_be_bytes)?,
        },
        Charset::Utf16Be => wide(&bytes, u16::from_be_bytes)?,
        Charset::Utf16Le => wide(&bytes, u16::from_le_bytes)?,
        Charset::Table(table) => {
            table.decode_without_bom_handling_and_without_replacement(&bytes)?.into_owned()
        }
    };
    if matches!(charset, Charset::Table(_)) && has_gaps(&text) {
        return None;
    }
    // Packer takes the replacement character for a sign that something was replaced.
    (!text.contains('\u{fffd}')).then_some(Value::String(text))
}

/// Whether the text has characters that stand for bytes without a meaning: the tables fill their gaps with control
/// characters, those of packer do not.
fn has_gaps(text: &str) -> bool {
    text.contains(|c: char| ('\u{80}'..='\u{9f}').contains(&c))
}
