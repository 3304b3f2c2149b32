//! Dates that are arguments; the present is packer's.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::arguments::Function;
use crate::number::Number;
use crate::value::Value;

pub(super) const TABLE: &[Function] = &[
    ("formatdate", 2, 2, |a| format_date(&a.text(0)?, parse(&a.text(1)?)?).map(Value::String)),
    ("timeadd", 2, 2, |a| {
        let at = parse(&a.text(0)?)?.checked_add(duration(&a.text(1)?)?)?;
        // Parts of a second and their trailing zeros are packer's to write.
        if at.nanosecond() != 0 { Some(Value::Unknown) } else { at.format(&Rfc3339).ok().map(Value::String) }
    }),
];

fn parse(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

/// Go's durations: `1h30m`, `-2.5s`, `100ms`.
fn duration(text: &str) -> Option<Duration> {
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut nanoseconds = Number::from(0_i64);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (amount, behind) = rest.split_at(digits);
        let end = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(end);
        let unit: i64 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60 * 1_000_000_000,
            "h" => 3_600 * 1_000_000_000,
            _ => return None,
        };
        nanoseconds = nanoseconds.plus(&Number::parse(amount)?.times(&Number::from(unit))?)?;
        rest = behind;
    }
    let nanoseconds = nanoseconds.floor().as_i64()?;
    Some(Duration::nanoseconds(if negative { -nanoseconds } else { nanoseconds }))
}

/// HCL's format letters: `YYYY MM DD hh mm ss ZZZ EEEE MMMM AA` and their shorter forms, quoted text as it is.
fn format_date(pattern: &str, at: OffsetDateTime) -> Option<String> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            rest = quoted(&rest[1..], &mut out)?;
            continue;
        }
        let end = rest.find(|c| c != first).unwrap_or(rest.len());
        let (token, behind) = rest.split_at(end);
        rest = behind;
        match first.is_ascii_alphabetic() {
            true => out.push_str(&letter(token, at)?),
            false => out.push_str(token),
        }
    }
    Some(out)
}

/// Copies up to the closing quote; two quotes are one.
fn quoted<'a>(text: &'a str, out: &mut String) -> Option<&'a str> {
    let mut rest = text;
    loop {
        let (before, behind) = rest.split_once('\'')?;
        out.push_str(before);
        match behind.strip_prefix('\'') {
            Some(more) => {
                out.push('\'');
                rest = more;
            }
            None => return Some(behind),
        }
    }
}

fn letter(token: &str, at: OffsetDateTime) -> Option<String> {
    let (month, weekday) = (at.month().to_string(), at.weekday().to_string());
    let twelve = match at.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let half = if at.hour() < 12 { "am" } else { "pm" };
    Some(match token {
        "YYYY" => format!("{:04}", at.year()),
        "YY" => format!("{:02}", at.year().rem_euclid(100)),
        "MMMM" => month,
        "MMM" => month[..3].to_owned(),
        "MM" => format!("{:02}", u8::from(at.month())),
        "M" => u8::from(at.month()).to_string(),
        "DD" => format!("{:02}", at.day()),
        "D" => at.day().to_string(),
        "EEEE" => weekday,
        "EEE" => weekday[..3].to_owned(),
        "hh" => format!("{:02}", at.hour()),
        "h" => at.hour().to_string(),
        "HH" => format!("{twelve:02}"),
        "H" => twelve.to_string(),
        "AA" => half.to_uppercase(),
        "aa" => half.to_owned(),
        "mm" => format!("{:02}", at.minute()),
        "m" => at.minute().to_string(),
        "ss" => format!("{:02}", at.second()),
        "s" => at.second().to_string(),
        "ZZZZZ" => offset(at, ":"),
        "ZZZZ" => offset(at, ""),
        "ZZZ" if at.offset().is_utc() => "UTC".into(),
        "ZZZ" => offset(at, ""),
        "Z" if at.offset().is_utc() => "Z".into(),
        "Z" => offset(at, ":"),
        _ => return None,
    })
}

fn offset(at: OffsetDateTime, between: &str) -> String {
    let (hours, minutes, _) = at.offset().as_hms();
    let sign = if at.offset().is_negative() { '-' } else { '+' };
    format!("{sign}{:02}{between}{:02}", hours.unsigned_abs(), minutes.unsigned_abs())
}
