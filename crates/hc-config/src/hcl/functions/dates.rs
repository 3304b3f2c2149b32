//! Dates that are arguments; the present is packer's.

use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, Month, OffsetDateTime, Time, UtcOffset};

use super::arguments::Function;
use crate::value::Value;

pub(super) const TABLE: &[Function] = &[
    ("formatdate", 2, 2, |a| format_date(&a.text(0)?, strict(&a.text(1)?)?).map(Value::String)),
    ("rfc3339_parse", 1, 1, |a| {
        let at = timestamp(&a.text(0)?, Form { between: &['T', ' '], ..LOOSE })?;
        let unix = ("unix", Value::int(at.unix_timestamp()));
        Some(parts(at, unix))
    }),
    ("timeadd", 2, 2, |a| {
        let (at, duration) = (strict(&a.text(0)?)?, duration(&a.text(1)?)?);
        // Packer knows five-digit years.
        Some(at.checked_add(duration).and_then(rfc3339).map_or(Value::Unknown, Value::String))
    }),
    ("unix_timestamp_parse", 1, 1, |a| {
        let Ok(at) = OffsetDateTime::from_unix_timestamp(a.whole(0)?) else { return Some(Value::Unknown) };
        Some(rfc3339(at).map_or(Value::Unknown, |text| parts(at, ("rfc3339", Value::String(text)))))
    }),
];

/// What `rfc3339_parse()` and its sibling say about a time, and one thing more.
fn parts(at: OffsetDateTime, more: (&str, Value)) -> Value {
    let (iso_year, iso_week, _) = at.to_iso_week_date();
    let text = |text: &dyn std::fmt::Display| Value::String(text.to_string());
    let parts = [
        ("year", Value::int(at.year().into())),
        ("year_day", Value::int(at.ordinal().into())),
        ("day", Value::int(at.day().into())),
        ("month", Value::int(u8::from(at.month()).into())),
        ("month_name", text(&at.month())),
        ("weekday", Value::int(at.weekday().number_days_from_sunday().into())),
        ("weekday_name", text(&at.weekday())),
        ("hour", Value::int(at.hour().into())),
        ("minute", Value::int(at.minute().into())),
        ("second", Value::int(at.second().into())),
        more,
        ("iso_year", Value::int(iso_year.into())),
        ("iso_week", Value::int(iso_week.into())),
    ];
    Value::Map(parts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// As Go writes a time, to the second; `None` for a year without four digits.
fn rfc3339(at: OffsetDateTime) -> Option<String> {
    at.replace_nanosecond(0).ok()?.format(&Rfc3339).ok()
}

/// A timestamp of YAML in the form of RFC 3339.
pub(in crate::hcl::functions) fn yaml_timestamp(text: &str) -> Option<String> {
    let year = text.find(|c: char| !c.is_ascii_digit());
    if year != Some(4) || !text[4..].starts_with('-') {
        return None;
    }
    let short = Form { short: true, ..LOOSE };
    let forms = [
        Form { between: &['T', 't'], ..short },
        Form { between: &[' '], zone: Zone::Absent, ..short },
        Form { time: false, zone: Zone::Absent, ..short },
    ];
    forms.into_iter().find_map(|form| timestamp(text, form)).and_then(rfc3339)
}

/// What a timestamp looks like.
#[derive(Clone, Copy)]
struct Form {
    /// Between date and time.
    between: &'static [char],
    /// Whether parts may have one digit where others have two.
    short: bool,
    /// Whether what Go reads besides is refused: an hour of one digit, a comma, an offset of a whole day.
    strict: bool,
    time: bool,
    zone: Zone,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Zone {
    Needed,
    /// UTC is meant.
    Absent,
}

/// As Go reads RFC 3339 when it is not told to be strict.
const LOOSE: Form = Form { between: &['T'], short: false, strict: false, time: true, zone: Zone::Needed };

fn strict(text: &str) -> Option<OffsetDateTime> {
    timestamp(text, Form { strict: true, ..LOOSE })
}

fn timestamp(text: &str, form: Form) -> Option<OffsetDateTime> {
    let mut rest = text;
    let year = digits(&mut rest, 4, false)?;
    let month = part(&mut rest, '-', form.short)?;
    let day = part(&mut rest, '-', form.short)?;
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()?;
    let mut time = Time::MIDNIGHT;
    if form.time {
        rest = rest.strip_prefix(form.between)?;
        let hour = digits(&mut rest, 2, form.short || !form.strict)?;
        let minute = part(&mut rest, ':', form.short)?;
        let second = part(&mut rest, ':', form.short)?;
        let [hour, minute, second] = [hour, minute, second].map(|part| u8::try_from(part).unwrap_or(u8::MAX));
        time = Time::from_hms_nano(hour, minute, second, fraction(&mut rest, form.strict)?).ok()?;
    }
    let offset = match form.zone {
        Zone::Absent => rest.is_empty().then_some(UtcOffset::UTC)?,
        Zone::Needed => offset_of(rest, form.strict)?,
    };
    Some(date.with_time(time).assume_offset(offset))
}

/// What stands behind the seconds, in nanoseconds.
fn fraction(rest: &mut &str, strict: bool) -> Option<u32> {
    let points: &[char] = if strict { &['.'] } else { &['.', ','] };
    let Some(fraction) = rest.strip_prefix(points) else { return Some(0) };
    let end = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
    *rest = &fraction[end..];
    let digits: String = fraction[..end].chars().chain("000000000".chars()).take(9).collect();
    (end > 0).then(|| digits.parse().ok()).flatten()
}

/// `Z`, `+01:00`, `-05:30`; a little more than a day has, as for Go.
fn offset_of(text: &str, strict: bool) -> Option<UtcOffset> {
    if text == "Z" {
        return Some(UtcOffset::UTC);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let mut rest = text.strip_prefix(['+', '-'])?;
    let (most_hours, most_minutes) = if strict { (23, 59) } else { (24, 60) };
    let hours = digits(&mut rest, 2, false).filter(|hours| *hours <= most_hours)?;
    let minutes = part(&mut rest, ':', false).filter(|minutes| *minutes <= most_minutes)?;
    let minutes = i32::try_from(hours * 60 + minutes).ok()?;
    rest.is_empty().then(|| UtcOffset::from_whole_seconds(sign * minutes * 60).ok()).flatten()
}

/// A separator and two digits behind it, or one of them.
fn part(rest: &mut &str, separator: char, short: bool) -> Option<u32> {
    *rest = rest.strip_prefix(separator)?;
    digits(rest, 2, short)
}

/// So many digits, or one where that is enough.
fn digits(rest: &mut &str, count: usize, short: bool) -> Option<u32> {
    let found = rest.bytes().take(count).take_while(u8::is_ascii_digit).count();
    if found == 0 || (found < count && !short) {
        return None;
    }
    let (digits, behind) = rest.split_at(found);
    *rest = behind;
    digits.parse().ok()
}

/// Go's durations: `1h30m`, `-2.5s`, `100ms`.
fn duration(text: &str) -> Option<Duration> {
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut all = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (amount, behind) = rest.split_at(digits);
        let end = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(end);
        let unit: u64 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60 * 1_000_000_000,
            "h" => 3_600 * 1_000_000_000,
            _ => return None,
        };
        let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let mut part = whole.checked_mul(unit)?;
        // Digits that do not fit are left out.
        let fits = (0..=fraction.len()).rev().find(|end| fraction[..*end].parse::<i64>().is_ok());
        if let Some(end) = fits {
            let digits: i64 = fraction[..end].parse().ok()?;
            let scale = fraction[..end].chars().fold(1.0_f64, |scale, _| scale * 10.0);
            part = part.checked_add((digits as f64 * (unit as f64 / scale)) as u64)?;
        }
        all = all.checked_add(part).filter(|all| *all <= 1 << 63)?;
        rest = behind;
    }
    let nanoseconds = if negative { (all as i64).wrapping_neg() } else { i64::try_from(all).ok()? };
    Some(Duration::nanoseconds(nanoseconds))
}

/// HCL's format letters: `YYYY MM DD hh mm ss ZZZ EEEE MMMM AA` and their shorter forms, quoted text as it is.
fn format_date(pattern: &str, at: OffsetDateTime) -> Option<String> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix("''") {
            out.push('\'');
            rest = behind;
            continue;
        }
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
