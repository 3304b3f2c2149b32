//! What Packer reads and the parser refuses: objects that name a key twice, and numbers beyond those of 64 bits.
//!
//! Real templates have such objects. The repeated key gets a name of the same length that occurs nowhere else, so
//! that every place in the file stays what it is; once parsed, its value replaces the first one, as in Packer. A large
//! number is a small one of the same length to the parser; its value is read from the file itself.

use std::collections::BTreeMap;

use hcl_edit::expr::{Expression, Object, ObjectKey};
use hcl_edit::structure::Body;
use hcl_edit::visit_mut::{self, VisitMut};

/// How many repeated keys and large numbers one file may have.
const LIMIT: usize = 256;

/// Parses HCL as Packer does.
///
/// # Errors
/// The parser's, for everything but a repeated key and a large number.
pub(super) fn parse(text: &str) -> Result<Body, hcl_edit::parser::Error> {
    let mut stand_in = text.to_owned();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut numbers = 0;
    loop {
        let error = match hcl_edit::parser::parse_body(&stand_in) {
            Ok(mut body) => {
                if !names.is_empty() {
                    LastWins { names: &names }.visit_body_mut(&mut body);
                }
                return Ok(body);
            }
            Err(error) => error,
        };
        if let Some(number) = large_number(&stand_in, error.location().offset())
            && numbers < LIMIT
        {
            let small = format!("1.{}", "0".repeat(number.len() - 2));
            stand_in.replace_range(number, &small);
            numbers += 1;
            continue;
        }
        let key = error
            .message()
            .contains("redefined object key")
            .then(|| key_at(&stand_in, error.location().offset()));
        let Some(key) = key.flatten().filter(|_| names.len() < LIMIT) else { return Err(error) };
        let Some(fresh) = unused(&stand_in, key.len()) else { return Err(error) };
        // A stand-in that repeats a stand-in would lose the name.
        let name = stand_in[key.clone()].to_owned();
        let name = names.get(&name).cloned().unwrap_or(name);
        stand_in.replace_range(key, &fresh);
        names.insert(fresh, name);
    }
}

/// The number at `offset`, or that ends there, if no double is as large.
fn large_number(text: &str, offset: usize) -> Option<std::ops::Range<usize>> {
    let digits = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let bytes = text.as_bytes();
    let before = bytes.get(..offset)?.iter().rev().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    let start = offset - before;
    let mut end = start + digits(bytes.get(start..)?);
    if bytes.get(end) == Some(&b'.') {
        end += 1 + digits(bytes.get(end + 1..)?);
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        end += 1 + sign + digits(bytes.get(end + 1 + sign..)?);
    }
    let number: f64 = text.get(start..end)?.parse().ok()?;
    (number.is_infinite() && bytes.get(start)?.is_ascii_digit()).then_some(start..end)
}

/// The identifier, or what is between the quotes, at `offset`.
fn key_at(text: &str, offset: usize) -> Option<std::ops::Range<usize>> {
    let rest = text.get(offset..)?;
    if let Some(quoted) = rest.strip_prefix('"') {
        let length = quoted.find('"')?;
        let plain = !quoted[..length].contains(['\\', '$', '%', '\n']);
        return plain.then_some(offset + 1..offset + 1 + length);
    }
    let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))?;
    (length > 0).then_some(offset..offset + length)
}

/// A word of `length` letters that `text` does not hold.
fn unused(text: &str, length: usize) -> Option<String> {
    let letters: Vec<char> = ('a'..='z').collect();
    (0..4096_usize).find_map(|count| {
        let mut rest = count;
        let mut word: Vec<char> = Vec::new();
        for _ in 0..length {
            word.push(letters[25 - rest % 26]);
            rest /= 26;
        }
        let word: String = word.into_iter().rev().collect();
        (length > 0 && !text.contains(&word)).then_some(word)
    })
}

struct LastWins<'a> {
    names: &'a BTreeMap<String, String>,
}

impl VisitMut for LastWins<'_> {
    fn visit_object_mut(&mut self, object: &mut Object) {
        visit_mut::visit_object_mut(self, object);
        let keys: Vec<ObjectKey> = object.iter().map(|(key, _)| key.clone()).collect();
        // In the order of the file, so that the last of three wins too.
        for key in &keys {
            let Some(name) = name_of(key).and_then(|name| self.names.get(name)) else { continue };
            let first = keys.iter().find(|other| name_of(other) == Some(name));
            if let Some(value) = object.remove(key)
                && let Some(slot) = first.and_then(|first| object.get_mut(first))
            {
                *slot = value;
            }
        }
    }
}

fn name_of(key: &ObjectKey) -> Option<&str> {
    match key {
        ObjectKey::Ident(name) => Some(name.as_str()),
        ObjectKey::Expression(Expression::String(name)) => Some(name.as_str()),
        ObjectKey::Expression(Expression::Variable(name)) => Some(name.as_str()),
        ObjectKey::Expression(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::hcl::Document;
    use crate::hcl::eval::{Scope, evaluate};

    fn value(text: &str) -> String {
        let document = Document::parse(Path::new("t.hcl"), text).unwrap();
        let attribute = document.body().attributes().next().unwrap();
        evaluate(&document, &attribute.value, &Scope::closed()).unwrap().to_hcl()
    }

    #[test]
    fn the_last_value_of_a_repeated_key_counts() {
        assert_eq!(value("a = {\n  one = 1\n  two = 2\n  one = 3\n}\n"), "{ one = 3, two = 2 }");
        assert_eq!(value("a = { \"x.y\" = 1, \"x.y\" = 2, \"x.y\" = 3 }\n"), "{ \"x.y\" = 3 }");
        assert_eq!(value("a = { k = { in = 1, in = 2 }, k = { in = 3 } }\n"), "{ k = { in = 3 } }");
    }

    #[test]
    fn numbers_beyond_doubles_are_read() {
        assert_eq!(value("a = [1e400 / 1e399, 1E+400 - 1E+400, 2]\n"), "[10, 0, 2]");
        let long = "9".repeat(300);
        assert_eq!(value(&format!("a = [{long}e10 > 1e308]\n")), "[true]");
        let error = Document::parse(Path::new("t.hcl"), "a = 1e400x\n").unwrap_err();
        assert_eq!(error.location.unwrap().to_string(), "t.hcl:1:10");
    }

    #[test]
    fn places_stay_what_they_are() {
        let text = "a = {\n  key = 1\n  key = 2\n}\nb = = 1\n";
        let error = Document::parse(Path::new("t.hcl"), text).unwrap_err();
        assert_eq!(error.location.unwrap().to_string(), "t.hcl:5:5");
    }
}
