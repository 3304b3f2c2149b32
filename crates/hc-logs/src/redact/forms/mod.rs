//! The forms in which a secret shows up in texts: how tools encode, quote, split and wrap it.
//!
//! A pure function from a value to byte strings, in layers: what shells, languages, markup and urls make of a text; what
//! JSON and Python make of that once more; what packer's stream makes of both. Line breaks inside a form are dropped later
//! by the engine, which reads over short line breaks; forms of single lines stand here for texts in which every line got
//! a prefix.

mod binary;
mod data;
mod escape;
mod languages;
mod limits;
mod markup;
mod shells;
mod url;

use std::collections::{BTreeMap, BTreeSet};

use limits::{Forms, LONG_SECRET};
pub use limits::{MAX_SECRET, MIN_SECRET};

/// Lines of a multi-line secret that are secrets on their own, in bytes.
const MIN_LINE: usize = 8;
/// Pieces between the commas of a secret that are secrets on their own, in bytes.
const MIN_PIECE: usize = 6;

/// The rule of a secret as it is. Lines and pieces of one are many, and known once quoted.
const WHOLE: &str = "secret.raw";

/// How a family of tools writes a text, in all its ways.
type Writer = fn(&str) -> Vec<String>;

const WRITERS: &[(&str, Writer)] = &[
    ("secret.json", data::json),
    ("secret.hcl", data::hcl),
    ("secret.shell", shells::posix),
    ("secret.powershell", shells::powershell),
    ("secret.url", url::url),
    ("secret.xml", markup::entities),
    ("secret.python", languages::python),
    ("secret.literal", languages::others),
    ("secret.caret", shells::carets),
];

/// All forms of `secret`.
pub(crate) fn forms(secret: &str) -> Forms {
    let mut forms = Forms::new();
    let trimmed = secret.trim();
    for value in [secret, trimmed] {
        if value.len() < MIN_SECRET {
            continue;
        }
        text_forms(value, WHOLE, &mut forms);
        binary::forms(value, &mut forms);
        if trimmed.len() == secret.len() {
            break;
        }
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

fn text_forms(value: &str, plain: &'static str, forms: &mut Forms) {
    forms.entry(value.as_bytes().to_vec()).or_insert(plain);
    if value.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return;
    }
    let mut texts: BTreeMap<String, &'static str> = BTreeMap::from([(value.to_owned(), plain)]);
    for (rule, write) in WRITERS {
        for text in write(value) {
            texts.entry(text).or_insert(rule);
        }
    }
    if plain == WHOLE && value.len() <= LONG_SECRET {
        for (rule, text) in written_again(value, &texts) {
            texts.entry(text).or_insert(rule);
        }
    } else {
        data::json(&data::json_plain(value)).into_iter().for_each(|text| {
            texts.entry(text).or_insert("secret.json");
        });
    }
    for (text, rule) in texts {
        // Packer's machine-readable stream escapes on top of whatever the tool wrote.
        if text.contains([',', '\n', '\r']) {
            let escaped = text.replace(',', "%!(PACKER_COMMA)").replace('\n', "\\n").replace('\r', "\\r");
            forms.entry(escaped.into_bytes()).or_insert("secret.comma");
        }
        forms.entry(text.into_bytes()).or_insert(rule);
    }
}

/// What a second program makes of what a first one wrote: a log in JSON of whatever it was, Python's view of a body.
fn written_again(value: &str, texts: &BTreeMap<String, &'static str>) -> Vec<(&'static str, String)> {
    let mut again = Vec::new();
    for text in texts.keys() {
        again.extend(data::json_outside(text).into_iter().map(|text| ("secret.json", text)));
    }
    for text in BTreeSet::from_iter(data::json(value)) {
        again.extend(data::json(&text).into_iter().map(|text| ("secret.json", text)));
        again.extend(languages::python(&text).into_iter().map(|text| ("secret.python", text)));
        again.extend(shells::posix(&text).into_iter().map(|text| ("secret.shell", text)));
        again.extend(markup::common(&text).into_iter().map(|text| ("secret.xml", text)));
    }
    again
}

#[cfg(test)]
mod tests;
