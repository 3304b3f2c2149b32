//! The forms in which a secret shows up in texts: how tools encode, quote, split and wrap it.
//!
//! A pure function from a value to byte strings. Line breaks inside a form are dropped later by the
//! engine, which reads over short line breaks; forms of single lines stand here for texts in which every
//! line got a prefix.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Secrets shorter than this are not redacted: their forms would hit ordinary words everywhere.
pub const MIN_SECRET: usize = 4;
/// Larger secrets are not redacted: the search for their forms would need hundreds of megabytes.
pub const MAX_SECRET: usize = 64 * 1024;
/// Keys and certificates: nobody quotes or widens their base64, and leaving that out saves most of the memory.
const LONG_SECRET: usize = 512;
/// Lines of a multi-line secret that are secrets on their own, in bytes.
const MIN_LINE: usize = 8;
/// Pieces between the commas of a secret that are secrets on their own, in bytes.
const MIN_PIECE: usize = 6;
/// Pieces of wrapped base64 that are secrets on their own, in characters.
const MIN_WRAPPED: usize = 16;

/// All forms of `secret`, each with the name of the first rule that makes it.
pub(crate) fn forms(secret: &str) -> BTreeMap<Vec<u8>, &'static str> {
    let mut forms = BTreeMap::new();
    let trimmed = secret.trim();
    for value in [secret, trimmed] {
        if value.len() < MIN_SECRET {
            continue;
        }
        text_forms(value, "secret.raw", &mut forms);
        binary_forms(value, &mut forms);
    }
    if secret.contains(['\n', '\r']) {
        for line in secret.split(['\n', '\r']).map(str::trim).filter(|line| line.len() >= MIN_LINE) {
            text_forms(line, "secret.line", &mut forms);
        }
    }
    if secret.contains(',') {
        for piece in secret.split(',').map(str::trim).filter(|piece| piece.len() >= MIN_PIECE) {
            text_forms(piece, "secret.comma", &mut forms);
        }
    }
    forms
}

fn text_forms(value: &str, plain: &'static str, forms: &mut BTreeMap<Vec<u8>, &'static str>) {
    let mut texts: Vec<(&'static str, String)> = vec![(plain, value.to_owned())];
    texts.extend(json(value).into_iter().map(|text| ("secret.json", text)));
    texts.extend(hcl(value).into_iter().map(|text| ("secret.hcl", text)));
    texts.extend(shell(value).into_iter().map(|text| ("secret.shell", text)));
    texts.extend(powershell(value).into_iter().map(|text| ("secret.powershell", text)));
    texts.extend(url(value).into_iter().map(|text| ("secret.url", text)));
    texts.extend(xml(value).into_iter().map(|text| ("secret.xml", text)));
    let twice: Vec<_> = json(&json_plain(value)).into_iter().map(|text| ("secret.json", text)).collect();
    texts.extend(twice);
    // Packer's machine-readable stream escapes on top of whatever the tool wrote.
    let machine: Vec<_> = texts
        .iter()
        .filter(|(_, text)| text.contains([',', '\n', '\r']))
        .map(|(_, text)| {
            ("secret.comma", text.replace(',', "%!(PACKER_COMMA)").replace('\n', "\\n").replace('\r', "\\r"))
        })
        .collect();
    texts.extend(machine);
    for (rule, text) in texts {
        forms.entry(text.into_bytes()).or_insert(rule);
    }
}

fn binary_forms(value: &str, forms: &mut BTreeMap<Vec<u8>, &'static str>) {
    base64_forms(value.as_bytes(), value.len() > LONG_SECRET, forms);
    if value.len() <= LONG_SECRET {
        // `powershell -EncodedCommand` is base64 of UTF-16.
        let wide: Vec<u8> = value.encode_utf16().flat_map(u16::to_le_bytes).collect();
        base64_forms(&wide, false, forms);
    }
    let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    forms.entry(hex.to_ascii_uppercase().into_bytes()).or_insert("secret.hex");
    forms.entry(hex.into_bytes()).or_insert("secret.hex");
}

fn base64_forms(bytes: &[u8], long: bool, forms: &mut BTreeMap<Vec<u8>, &'static str>) {
    for alignment in 0..3 {
        let text = base64_inside(bytes, alignment);
        let mut found = vec![text.replace('+', "-").replace('/', "_")];
        if !long {
            // `/` is escaped by some JSON writers, `+` `/` `=` by every URL encoder.
            found.push(text.replace('/', "\\/"));
            found.push(percent(text.as_bytes(), |byte| byte.is_ascii_alphanumeric(), true, false));
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

/// The characters of base64 that depend on `bytes` alone when `alignment` unknown bytes stand before them
/// and any after.
fn base64_inside(bytes: &[u8], alignment: usize) -> String {
    let mut padded = vec![0; alignment];
    padded.extend_from_slice(bytes);
    let text = STANDARD_NO_PAD.encode(&padded);
    let first = (alignment * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    text.get(first..last).unwrap_or_default().to_owned()
}

fn json_plain(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn json(value: &str) -> Vec<String> {
    let plain = json_plain(value);
    let html = |text: &str, upper: bool| {
        let code =
            |c: char| if upper { format!("\\u{:04X}", c as u32) } else { format!("\\u{:04x}", c as u32) };
        escape(text, |c| matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}').then(|| code(c)))
    };
    let ascii = |text: &str, upper: bool| {
        escape(text, |c| {
            (!c.is_ascii()).then(|| {
                let mut units = [0; 2];
                let unit =
                    |unit: &u16| if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") };
                c.encode_utf16(&mut units).iter().map(unit).collect()
            })
        })
    };
    let slashed = plain.replace('/', "\\/");
    vec![
        html(&plain, false),
        html(&plain, true),
        ascii(&plain, false),
        ascii(&plain, true),
        ascii(&html(&plain, false), false),
        ascii(&slashed, false),
        slashed,
        plain,
    ]
}

fn hcl(value: &str) -> Vec<String> {
    let quoted = escape(value, |c| match c {
        '\\' => Some("\\\\".into()),
        '"' => Some("\\\"".into()),
        '\n' => Some("\\n".into()),
        '\r' => Some("\\r".into()),
        '\t' => Some("\\t".into()),
        _ => None,
    });
    let template = |text: &str| text.replace("${", "$${").replace("%{", "%%{");
    vec![template(&quoted), template(value), quoted]
}

fn shell(value: &str) -> Vec<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii();
    let backslashed = |keep: &str| {
        escape(value, |c| (!plain(c) && !keep.contains(c) && c != '\n').then(|| format!("\\{c}")))
    };
    let double = |special: &str| escape(value, |c| special.contains(c).then(|| format!("\\{c}")));
    let ansi = escape(value, |c| match c {
        '\\' | '\'' => Some(format!("\\{c}")),
        '\n' => Some("\\n".into()),
        '\r' => Some("\\r".into()),
        '\t' => Some("\\t".into()),
        c if c.is_ascii_control() => Some(format!("\\{:03o}", c as u32)),
        _ => None,
    });
    vec![
        value.replace('\'', "'\\''"),
        value.replace('\'', "'\"'\"'"),
        double("\\\"$`"),
        double("\\\"$`!"),
        backslashed("_@%+=:,./-"),
        backslashed("_@%+=:./-"),
        backslashed("_@%+=:,./-~#"),
        backslashed("_"),
        backslashed(""),
        ansi,
    ]
}

fn powershell(value: &str) -> Vec<String> {
    let double = |special: &str| {
        escape(value, |c| match c {
            '\n' => Some("`n".into()),
            '\r' => Some("`r".into()),
            '\t' => Some("`t".into()),
            c if special.contains(c) => Some(format!("`{c}")),
            _ => None,
        })
    };
    vec![
        value.replace('\'', "''"),
        double("`$\""),
        double("`$\"'"),
        double("`$").replace('"', "\"\""),
        value.replace('"', "\"\""),
    ]
}

fn xml(value: &str) -> Vec<String> {
    let entities = |quote: &str, apostrophe: &str| {
        escape(value, |c| match c {
            '&' => Some("&amp;".into()),
            '<' => Some("&lt;".into()),
            '>' => Some("&gt;".into()),
            '"' if !quote.is_empty() => Some(quote.into()),
            '\'' if !apostrophe.is_empty() => Some(apostrophe.into()),
            _ => None,
        })
    };
    vec![
        entities("&quot;", "&apos;"),
        entities("&#34;", "&#39;"),
        entities("&quot;", "&#39;"),
        entities("", ""),
    ]
}

fn url(value: &str) -> Vec<String> {
    let strict = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let component = |byte: u8| strict(byte) || b"!*'()".contains(&byte);
    let segment = |byte: u8| strict(byte) || b"$&+=:@".contains(&byte);
    let userinfo = |byte: u8| strict(byte) || b"$&+,;=".contains(&byte);
    let whole = |byte: u8| component(byte) || b";/?:@&=+$,#".contains(&byte);
    let bytes = value.as_bytes();
    let mut texts = Vec::new();
    for upper in [true, false] {
        texts.push(percent(bytes, strict, upper, false));
        texts.push(percent(bytes, strict, upper, true));
        texts.push(percent(bytes, component, upper, false));
        texts.push(percent(bytes, component, upper, true));
        texts.push(percent(bytes, segment, upper, false));
        texts.push(percent(bytes, userinfo, upper, false));
        texts.push(percent(bytes, whole, upper, false));
    }
    texts
}

fn percent(bytes: &[u8], keep: impl Fn(u8) -> bool, upper: bool, plus: bool) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for &byte in bytes {
        if keep(byte) {
            text.push(char::from(byte));
        } else if plus && byte == b' ' {
            text.push('+');
        } else if upper {
            text.push_str(&format!("%{byte:02X}"));
        } else {
            text.push_str(&format!("%{byte:02x}"));
        }
    }
    text
}

fn escape(value: &str, replace: impl Fn(char) -> Option<String>) -> String {
    let mut text = String::with_capacity(value.len() + 8);
    for c in value.chars() {
        match replace(c) {
            Some(escaped) => text.push_str(&escaped),
            None => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(secret: &str, form: &str) -> bool {
        forms(secret).contains_key(form.as_bytes())
    }

    #[test]
    fn base64_of_any_neighbours_holds_a_form() {
        for (before, after) in [("", ""), ("a", "b"), ("ab", "c"), ("abc", "de"), ("user:", "\n")] {
            let text = STANDARD_NO_PAD.encode(format!("{before}hunter2/secret{after}"));
            let found = forms("hunter2/secret").into_keys().any(|form| {
                let form = String::from_utf8(form).unwrap();
                form.len() > 12 && text.contains(&form)
            });
            assert!(found, "{before:?} {after:?}");
        }
    }

    #[test]
    fn quoting_and_splitting() {
        let secret = "p'a\"s,s$w`o\\r d&/<é";
        for form in [
            "p'a\\\"s,s$w`o\\\\r d&/<é",
            "p'a\\\"s,s$w`o\\\\r d\\u0026/\\u003c\\u00e9",
            "p'\\''a\"s,s$w`o\\r d&/<é",
            "p'a\\\"s,s\\$w\\`o\\\\r d&/<é",
            "p''a\"s,s$w`o\\r d&/<é",
            "p'a`\"s,s`$w``o\\r d&/<é",
            "p%27a%22s%2Cs%24w%60o%5Cr%20d%26%2F%3C%C3%A9",
            "p'a\"s%!(PACKER_COMMA)s$w`o\\r d&/<é",
            "p&#39;a&#34;s,s$w`o\\r d&amp;/&lt;é",
        ] {
            assert!(has(secret, form), "{form}");
        }
        assert!(has("a${b}c", "a$${b}c"));
        assert!(has("first-part,second-part", "second-part"));
        assert!(has("line one is long\nline two is long\n", "line two is long"));
    }
}
