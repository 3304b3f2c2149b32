//! Literals of programming languages: what `repr`, `%q` and their relatives print.

use super::escape::{C_CONTROLS, CONTROLS, escape};

/// `repr` of text and of bytes, `ascii`, in either quotes.
pub(super) fn python(value: &str) -> Vec<String> {
    let code = |c: char| match u32::from(c) {
        number @ ..=0xff => format!("\\x{number:02x}"),
        number @ ..=0xffff => format!("\\u{number:04x}"),
        number => format!("\\U{number:08x}"),
    };
    let bytes = |c: char| c.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("\\x{byte:02x}")).collect();
    let mut texts = Vec::new();
    for quote in ["", "'"] {
        texts.push(literal(value, quote, CONTROLS, is_unprintable, code));
        texts.push(literal(value, quote, CONTROLS, is_no_ascii, code));
        texts.push(literal(value, quote, CONTROLS, is_no_ascii, bytes));
    }
    texts
}

/// Go's `%q` and `%+q`, Rust's `{:?}`, Node's `inspect`, and C with octal bytes as git writes names.
pub(super) fn others(value: &str) -> Vec<String> {
    let go = |c: char| match u32::from(c) {
        number @ ..=0x7f => format!("\\x{number:02x}"),
        number @ ..=0xffff => format!("\\u{number:04x}"),
        number => format!("\\U{number:08x}"),
    };
    let rust = |c: char| if c == '\0' { "\\0".into() } else { format!("\\u{{{:x}}}", u32::from(c)) };
    let node = |c: char| format!("\\x{:02X}", u32::from(c));
    let is_control = |c: char| c.is_control();
    let short = &C_CONTROLS[1..6];
    vec![
        literal(value, "\"", C_CONTROLS, is_unprintable, go),
        literal(value, "\"", C_CONTROLS, is_no_ascii, go),
        literal(value, "\"", CONTROLS, is_unprintable, rust),
        literal(value, "", short, is_control, node),
        literal(value, "'", short, is_control, node),
        literal(value, "\"", C_CONTROLS, is_no_ascii, octal),
    ]
}

/// A literal: backslashes and `quotes` behind a backslash, some controls by a letter, what `hidden` says by its code.
pub(super) fn literal(
    value: &str,
    quotes: &str,
    letters: &[(char, &str)],
    hidden: impl Fn(char) -> bool,
    code: impl Fn(char) -> String,
) -> String {
    escape(value, |c| {
        if c == '\\' || quotes.contains(c) {
            return Some(format!("\\{c}"));
        }
        let letter = letters.iter().find(|(control, _)| *control == c);
        letter.map(|(_, letter)| (*letter).to_owned()).or_else(|| hidden(c).then(|| code(c)))
    })
}

/// The bytes of a character.
pub(super) fn octal(c: char) -> String {
    c.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("\\{byte:03o}")).collect()
}

/// Everything but the printable characters of ASCII.
pub(super) fn is_no_ascii(c: char) -> bool {
    !matches!(c, ' '..='~')
}

/// What Python and Go do not print as it is: controls, formats, private characters, and all blanks but one. Characters
/// that no version of Unicode has are left out.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(u32::from(c),
            0xad | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x890..=0x891 | 0x8e2 | 0x180e | 0x200b..=0x200f
            | 0x202a..=0x202e | 0x2060..=0x206f | 0xe000..=0xf8ff | 0xfeff | 0xfff9..=0xfffb | 0x110bd | 0x110cd
            | 0x13430..=0x1343f | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe0001..=0x10_ffff)
}
