//! HTML and XML entities.

use super::escape::escape;

/// Names of the characters from U+00A0 on.
const LATIN: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo",
    "not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot",
    "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc",
    "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute",
    "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash",
    "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN", "szlig", "agrave", "aacute", "acirc", "atilde",
    "auml", "aring", "aelig", "ccedil", "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc",
    "iuml", "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave",
    "uacute", "ucirc", "uuml", "yacute", "thorn", "yuml",
];

/// How a writer gives `"`, `'`, `/`, `` ` `` and `=`; what is empty stays.
type Marks = [&'static str; 5];

const MARKS: &[Marks] = &[
    ["", "", "", "", ""],
    ["&quot;", "", "", "", ""],
    ["&quot;", "&apos;", "", "", ""],
    ["&#34;", "&#39;", "", "", ""],
    ["&quot;", "&#39;", "", "", ""],
    ["&quot;", "&#039;", "", "", ""],
    ["&quot;", "&#x27;", "", "", ""],
    ["&#x22;", "&#x27;", "", "", ""],
    ["&quot;", "&#x27;", "&#x2F;", "", ""],
    ["&quot;", "&#39;", "&#x2F;", "&#x60;", "&#x3D;"],
    ["&quot;", "&#x27;", "", "&#x60;", "&#x3D;"],
];

/// How a writer gives a character by its number, if it does.
type Number = fn(u32) -> Option<String>;

const NUMBERS: [Number; 4] = [
    |_| None,
    |number| Some(format!("&#{number};")),
    |number| Some(format!("&#x{number:x};")),
    |number| Some(format!("&#x{number:X};")),
];

/// By all writers, with every way to give what is beyond ASCII and what is a control.
pub(super) fn entities(value: &str) -> Vec<String> {
    let wide = if value.is_ascii() { 1 } else { NUMBERS.len() };
    let controls = if value.contains(|c: char| c.is_ascii_control()) { NUMBERS.len() } else { 1 };
    let mut texts = Vec::new();
    for marks in MARKS {
        for wide in &NUMBERS[..wide] {
            for control in &NUMBERS[..controls] {
                texts.push(write(value, marks, |c| {
                    if c.is_ascii() { control(c.into()) } else { wide(c.into()) }
                }));
            }
        }
        for wide in NUMBERS[..wide].iter().filter(|_| wide > 1) {
            let named = |c: char| named(c).or_else(|| (!c.is_ascii()).then(|| wide(c.into())).flatten());
            texts.push(write(value, marks, named));
        }
    }
    texts
}

/// By the commonest writers, with nothing but what must be escaped.
pub(super) fn common(value: &str) -> Vec<String> {
    [3, 4, 5, 6].into_iter().map(|at: usize| write(value, &MARKS[at], |_| None)).collect()
}

fn write(value: &str, marks: &Marks, other: impl Fn(char) -> Option<String>) -> String {
    let mark = |at: usize| Some(marks[at]).filter(|mark| !mark.is_empty()).map(str::to_owned);
    escape(value, |c| match c {
        '&' => Some("&amp;".into()),
        '<' => Some("&lt;".into()),
        '>' => Some("&gt;".into()),
        '"' => mark(0),
        '\'' => mark(1),
        '/' => mark(2),
        '`' => mark(3),
        '=' => mark(4),
        ' '..='~' => None,
        c => other(c),
    })
}

fn named(c: char) -> Option<String> {
    let at = u32::from(c).checked_sub(0xa0)?;
    Some(format!("&{};", LATIN.get(at as usize)?))
}
