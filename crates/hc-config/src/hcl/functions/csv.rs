//! `csvdecode()`: RFC 4180, as strict as Go reads it.

use std::collections::BTreeSet;

use super::arguments::Function;
use crate::shape::Shape;
use crate::value::Value;

pub(super) const TABLE: &[Function] = &[("csvdecode", 1, 1, |a| decode(&a.text(0)?))];

/// A list of maps, one for each line behind the first, which names the columns.
fn decode(text: &str) -> Option<Value> {
    let mut records = records(text)?.into_iter();
    let header = records.next()?;
    let unique: BTreeSet<&String> = header.iter().collect();
    if unique.len() < header.len() {
        return None;
    }
    let row = |record: Vec<String>| {
        let fits = record.len() == header.len();
        fits.then(|| Value::Map(header.iter().cloned().zip(record.into_iter().map(Value::String)).collect()))
    };
    let columns = header.iter().map(|name| (name.clone(), Shape::String)).collect();
    let rows = records.map(row).collect::<Option<Vec<_>>>()?;
    Some(Value::list(rows, Shape::Object(columns)))
}

/// The fields of each line that is not empty; `None` for a quote where none may stand.
fn records(text: &str) -> Option<Vec<Vec<String>>> {
    let mut records = Vec::new();
    let mut lines = text.split_inclusive('\n').map(line_end);
    while let Some(line) = lines.next() {
        if line == "\n" || line.is_empty() {
            continue;
        }
        records.push(record(line, &mut lines)?);
    }
    Some(records)
}

/// A line with `\n` for `\r\n`; a `\r` that ends the text is no part of it.
fn line_end(line: &str) -> String {
    match line.strip_suffix("\r\n") {
        Some(line) => format!("{line}\n"),
        None => line.strip_suffix('\r').unwrap_or(line).to_owned(),
    }
}

/// The fields of a record that begins with `line`; a quoted field may go over further lines.
fn record(line: String, lines: &mut impl Iterator<Item = String>) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut line = line;
    let mut at = 0;
    loop {
        let Some(quoted) = line[at..].strip_prefix('"') else {
            let end = line[at..].find(',').map(|comma| at + comma);
            let field = &line[at..end.unwrap_or(line.trim_end_matches('\n').len())];
            if field.contains('"') {
                return None;
            }
            fields.push(field.to_owned());
            match end {
                Some(comma) => at = comma + 1,
                None => return Some(fields),
            }
            continue;
        };
        at = line.len() - quoted.len();
        let mut field = String::new();
        loop {
            match line[at..].find('"') {
                Some(quote) => {
                    field.push_str(&line[at..at + quote]);
                    at += quote + 1;
                    if !line[at..].starts_with('"') {
                        break;
                    }
                    field.push('"');
                    at += 1;
                }
                None => {
                    field.push_str(&line[at..]);
                    line = lines.next()?;
                    at = 0;
                }
            }
        }
        fields.push(field);
        match &line[at..] {
            "" | "\n" => return Some(fields),
            rest if rest.starts_with(',') => at += 1,
            _ => return None,
        }
    }
}
