//! `textencodebase64()` and `textdecodebase64()`: text in other encodings than UTF-8, under the names that IANA has for
//! them. Where Go's tables of East Asian encodings and those of the web differ, the value is left to packer.

mod pages;

use encoding_rs::{self as rs, Encoding};

use self::pages::PAGES;
use super::arguments::Function;
use super::base64::{from_base64, to_base64};
use crate::value::Value;

pub(in crate::hcl::functions) const TABLE: &[Function] = &[
    ("textdecodebase64", 2, 2, |a| decode(&a.text(0)?, &a.text(1)?)),
    ("textencodebase64", 2, 2, |a| encode(&a.text(0)?, &a.text(1)?)),
];

/// Stands in a table for what has no meaning.
const NOTHING: char = '\u{fffd}';

/// Names in small letters, and what they mean; those of [`PAGES`] aside.
const NAMES: &[(&str, Charset)] = &[
    (
        "ansi_x3.4-1968 ansi_x3.4-1986 cp367 csascii ibm367 iso-ir-6 iso646-us iso_646.irv:1991 us us-ascii",
        Charset::Below(0x80),
    ),
    (
        "cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso_8859-1 iso_8859-1:1987 l1 latin1",
        Charset::Below(0x100),
    ),
    ("csutf8 utf-8", Charset::Utf8),
    ("csutf16 utf-16", Charset::Utf16),
    ("csutf16be utf-16be", Charset::Utf16Be),
    ("csutf16le utf-16le", Charset::Utf16Le),
    ("big5 csbig5", Charset::Wide(rs::BIG5)),
    ("cp936 csgbk gbk ms936 windows-936", Charset::Wide(rs::GBK)),
    ("csgb18030 gb18030", Charset::Wide(rs::GB18030)),
    ("cseucpkdfmtjapanese euc-jp extended_unix_code_packed_format_for_japanese", Charset::Wide(rs::EUC_JP)),
    ("cseuckr euc-kr", Charset::Wide(rs::EUC_KR)),
    ("csshiftjis ms_kanji shift_jis", Charset::Wide(rs::SHIFT_JIS)),
    // They switch between sets of characters, and Go reads them more loosely than the web.
    ("csiso2022jp iso-2022-jp", Charset::Packers),
    ("hz-gb-2312", Charset::Packers),
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
    Page(&'static str),
    /// One byte or more for a character.
    Wide(&'static Encoding),
    /// Packer knows it, we do not.
    Packers,
}

fn named(name: &str) -> Option<Charset> {
    let name = name.trim().to_lowercase();
    let has = |names: &str| names.split(' ').any(|known| known == name);
    let page = || PAGES.iter().find(|(names, _)| has(names)).map(|(_, page)| Charset::Page(page));
    NAMES.iter().find(|(names, _)| has(names)).map(|(_, charset)| *charset).or_else(page)
}

/// The characters of all 256 bytes.
fn characters(page: &'static str) -> impl Iterator<Item = char> {
    let ascii = 256 - page.chars().count();
    (0..=u8::MAX).take(ascii).map(char::from).chain(page.chars())
}

/// What encodes a character; `None` where there is nothing, `Some(None)` where Go and the web do not agree.
fn wide(table: &'static Encoding, c: char) -> Option<Option<Vec<u8>>> {
    let text = c.to_string();
    let (bytes, _, bad) = table.encode(&text);
    if bad {
        // Go has more of these two.
        return (table == rs::BIG5 || table == rs::EUC_JP).then_some(None);
    }
    let differs = match table {
        table if table == rs::BIG5 => "╭╮╯╰〃仝倩偽包卄卿婧幵廴彘撐无晴杞沜渝港煮瑜瓩癶砉".contains(c),
        table if table == rs::EUC_JP => matches!(c, '¥' | '‾' | '−'),
        table if table == rs::SHIFT_JIS => {
            matches!(c, '\u{80}' | '¥' | '‾' | '−') || bytes.first().is_some_and(|lead| *lead >= 0xfa)
        }
        table if table == rs::EUC_KR => false,
        _ => beyond_gbk(c),
    };
    Some((!differs).then(|| bytes.into_owned()))
}

/// Characters for which GBK and GB18030 have got other bytes in the course of time.
fn beyond_gbk(c: char) -> bool {
    matches!(c, 'ḿ' | '\u{9fb4}'..='\u{9fbb}' | '\u{e000}'..='\u{f8ff}' | '\u{fe10}'..='\u{fe19}')
}

/// The text in an encoding, as Base64. `None` for a character that it does not have.
fn encode(text: &str, name: &str) -> Option<Value> {
    let units = || text.encode_utf16();
    let bytes = match named(name)? {
        Charset::Below(end) => text
            .chars()
            .map(|c| u8::try_from(u32::from(c)).ok().filter(|byte| u32::from(*byte) < end))
            .collect::<Option<Vec<u8>>>()?,
        Charset::Utf8 => text.as_bytes().to_vec(),
        Charset::Utf16 => std::iter::once(0xfeff).chain(units()).flat_map(u16::to_be_bytes).collect(),
        Charset::Utf16Be => units().flat_map(u16::to_be_bytes).collect(),
        Charset::Utf16Le => units().flat_map(u16::to_le_bytes).collect(),
        Charset::Page(page) => {
            let byte = |c: char| characters(page).position(|known| known == c && c != NOTHING);
            let bytes = text.chars().map(|c| byte(c).and_then(|byte| u8::try_from(byte).ok()));
            bytes.collect::<Option<Vec<u8>>>()?
        }
        Charset::Wide(table) => {
            let bytes = text.chars().map(|c| wide(table, c)).collect::<Option<Vec<_>>>()?;
            match bytes.into_iter().collect::<Option<Vec<_>>>() {
                Some(bytes) => bytes.concat(),
                None => return Some(Value::Unknown),
            }
        }
        Charset::Packers => return Some(Value::Unknown),
    };
    Some(Value::String(to_base64(&bytes)))
}

/// The text that stands in an encoding, as Base64. `None` for bytes that mean nothing in it.
fn decode(source: &str, name: &str) -> Option<Value> {
    let charset = named(name)?;
    let bytes = from_base64(source)?;
    let units = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
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
            [0xff, 0xfe, rest @ ..] => units(rest, u16::from_le_bytes)?,
            [0xfe, 0xff, rest @ ..] | rest => units(rest, u16::from_be_bytes)?,
        },
        Charset::Utf16Be => units(&bytes, u16::from_be_bytes)?,
        Charset::Utf16Le => units(&bytes, u16::from_le_bytes)?,
        Charset::Page(page) => {
            let known: Vec<char> = characters(page).collect();
            bytes.iter().map(|byte| known.get(usize::from(*byte))).collect::<Option<String>>()?
        }
        Charset::Wide(table) => {
            let text = table.decode_without_bom_handling_and_without_replacement(&bytes)?.into_owned();
            if (table == rs::GBK || table == rs::GB18030) && text.contains(beyond_gbk) {
                return Some(Value::Unknown);
            }
            let private = |c: char| ('\u{e000}'..='\u{f8ff}').contains(&c);
            if table == rs::SHIFT_JIS && text.contains(private) {
                return None;
            }
            text
        }
        Charset::Packers => return Some(Value::Unknown),
    };
    // Packer takes the replacement character for a sign that something was replaced.
    (!text.contains(NOTHING)).then_some(Value::String(text))
}
