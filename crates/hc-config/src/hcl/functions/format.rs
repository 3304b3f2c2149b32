//! `format()` and `formatlist()`: Packer's verbs, with Go's forms of numbers.

use dashu_int::IBig;
use dashu_int::ops::Abs;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::hcl::convert::{json_string, to_bool, to_json, to_number, to_text};
use crate::number::Number;
use crate::shape::Shape;
use crate::value::Value;

/// Wider fields and longer fractions are not worth computing.
const WIDEST: usize = 1000;

/// One `%` with what follows it.
#[derive(Default)]
struct Verb {
    zero: bool,
    sharp: bool,
    plus: bool,
    minus: bool,
    space: bool,
    width: Option<usize>,
    precision: Option<usize>,
    /// Number of the argument, from 1.
    argument: usize,
    letter: char,
}

/// What makes a number as wide as its field.
enum Pad {
    Before,
    Behind,
    Zeros,
}

/// Fills a pattern: `%v %#v %t %b %d %o %x %X %e %E %f %g %G %s %q %%`, with flags, width, precision and `[n]`.
pub(super) fn format(pattern: &str, arguments: &[Value]) -> Option<Value> {
    // Packer itself leaves a null without a type for later.
    if arguments.contains(&Value::Null) {
        return Some(Value::Unknown);
    }
    let mut out = String::new();
    let mut rest = pattern;
    let (mut next, mut highest) = (1, 0);
    while let Some((before, behind)) = rest.split_once('%') {
        out.push_str(before);
        if let Some(behind) = behind.strip_prefix('%') {
            out.push('%');
            rest = behind;
            continue;
        }
        let (verb, behind) = Verb::parse(behind, next)?;
        rest = behind;
        highest = highest.max(verb.argument);
        next = verb.argument + 1;
        let value = arguments.get(verb.argument.checked_sub(1)?)?;
        if verb.width.max(verb.precision) > Some(WIDEST) {
            return Some(Value::Unknown);
        }
        out.push_str(&verb.text(value)?);
    }
    out.push_str(rest);
    (highest >= arguments.len()).then_some(Value::String(out))
}

impl Verb {
    /// Reads what stands behind a `%`: flags, width, precision, argument, letter. Returns what is left.
    fn parse(text: &str, next: usize) -> Option<(Self, &str)> {
        let mut verb = Self { argument: next, ..Self::default() };
        let mut rest = text;
        while let Some(flag) = rest.chars().next().filter(|c| "0#-+ ".contains(*c)) {
            match flag {
                '0' => verb.zero = true,
                '#' => verb.sharp = true,
                '-' => verb.minus = true,
                '+' => verb.plus = true,
                _ => verb.space = true,
            }
            rest = &rest[1..];
        }
        (verb.width, rest) = digits(rest)?;
        if let Some(behind) = rest.strip_prefix('.') {
            let (precision, behind) = digits(behind)?;
            verb.precision = Some(precision.unwrap_or(0));
            rest = behind;
        }
        if let Some(behind) = rest.strip_prefix('[') {
            let (argument, behind) = digits(behind).filter(|_| !behind.starts_with('0'))?;
            verb.argument = argument?;
            rest = behind.strip_prefix(']')?;
        }
        verb.letter = rest.chars().next()?;
        verb.letter.is_ascii_alphabetic().then(|| (verb, &rest[1..]))
    }

    fn text(&self, value: &Value) -> Option<String> {
        Some(match self.letter {
            'v' => self.padded(match value {
                Value::String(text) if !self.sharp => text.clone(),
                Value::Number(number) if !self.sharp => {
                    std::format!("{}{}", number.sign(), number.general(None))
                }
                other => to_json(other)?,
            }),
            't' => to_bool(value)?.to_string(),
            's' => self.padded(self.cut(to_text(value)?)),
            'q' => self.padded(json_string(&self.cut(to_text(value)?))),
            'd' | 'b' | 'o' | 'x' | 'X' => self.integer(&to_number(value)?.as_integer()?),
            'e' | 'E' | 'f' | 'g' | 'G' => self.float(&to_number(value)?),
            _ => return None,
        })
    }

    /// Text of so many characters at most; none at all is no limit.
    fn cut(&self, text: String) -> String {
        match self.precision {
            Some(most) if most > 0 => text.graphemes(true).take(most).collect(),
            _ => text,
        }
    }

    /// Text as wide as the field, zeros in place of spaces even behind it.
    fn padded(&self, text: String) -> String {
        let missing = self.width.unwrap_or(0).saturating_sub(text.graphemes(true).count());
        let pad = if self.zero { "0" } else { " " }.repeat(missing);
        if self.minus { text + &pad } else { pad + &text }
    }

    /// As Go formats a `*big.Int`.
    fn integer(&self, number: &IBig) -> String {
        let (base, prefix) = match self.letter {
            'b' => (2, "0b"),
            'o' => (8, "0"),
            'x' => (16, "0x"),
            'X' => (16, "0X"),
            _ => (10, ""),
        };
        let mut digits = number.clone().abs().in_radix(base).to_string();
        if self.letter == 'X' {
            digits = digits.to_uppercase();
        }
        if digits == "0" && self.precision == Some(0) {
            return String::new();
        }
        let sign = self.sign(if *number < IBig::ZERO { "-" } else { "" });
        let prefix = if self.sharp { prefix } else { "" };
        let zeros = self.precision.unwrap_or(0).saturating_sub(digits.len());
        let body = std::format!("{prefix}{}{digits}", "0".repeat(zeros));
        let pad = match (self.minus, self.zero && self.precision.is_none()) {
            (true, _) => Pad::Behind,
            (false, true) => Pad::Zeros,
            (false, false) => Pad::Before,
        };
        self.number(sign, prefix, &body, pad)
    }

    /// As Go formats a `*big.Float`.
    fn float(&self, number: &Number) -> String {
        let places = self.precision.unwrap_or(6);
        let mut digits = match self.letter {
            'f' => number.fixed(places),
            'e' | 'E' => number.scientific(places),
            _ => number.general(self.precision),
        };
        if matches!(self.letter, 'E' | 'G') && !number.is_infinite() {
            digits = digits.to_uppercase();
        }
        let sign = match number.sign() {
            "+" if self.space => " ",
            sign => self.sign(sign),
        };
        let pad = match (self.zero && !number.is_infinite(), self.minus) {
            (true, _) => Pad::Zeros,
            (false, true) => Pad::Behind,
            (false, false) => Pad::Before,
        };
        self.number(sign, "", &digits, pad)
    }

    fn sign(&self, sign: &'static str) -> &'static str {
        match sign {
            "" if self.plus => "+",
            "" if self.space => " ",
            sign => sign,
        }
    }

    /// A number as wide as the field. Zeros stand between its prefix and its digits.
    fn number(&self, sign: &str, prefix: &str, body: &str, pad: Pad) -> String {
        let missing = self.width.unwrap_or(0).saturating_sub(sign.len() + body.len());
        match pad {
            Pad::Behind => std::format!("{sign}{body}{}", " ".repeat(missing)),
            Pad::Zeros => std::format!("{sign}{prefix}{}{}", "0".repeat(missing), &body[prefix.len()..]),
            Pad::Before => std::format!("{}{sign}{body}", " ".repeat(missing)),
        }
    }
}

/// A number without a leading zero, if there is one, and what stands behind it.
fn digits(text: &str) -> Option<(Option<usize>, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    Some((if digits.is_empty() { None } else { Some(digits.parse().ok()?) }, rest))
}

/// `format()` over lists, element by element.
pub(super) fn formatlist(pattern: &str, arguments: &[Value]) -> Option<Value> {
    if arguments.contains(&Value::Null) {
        return Some(Value::Unknown);
    }
    let length = arguments.iter().find_map(|value| match value {
        Value::List(items) => Some(items.len()),
        _ => None,
    });
    let same = |value: &Value| match value {
        Value::List(items) => Some(items.len()) == length,
        _ => true,
    };
    if !arguments.iter().all(same) {
        return None;
    }
    let mut lines = Vec::new();
    for at in 0..length.unwrap_or(1) {
        let row: Vec<Value> = arguments
            .iter()
            .map(|value| match value {
                Value::List(items) => items.get(at).cloned(),
                other => Some(other.clone()),
            })
            .collect::<Option<_>>()?;
        match format(pattern, &row)? {
            // A null, which format() alone leaves for later.
            Value::Unknown => return None,
            line => lines.push(line),
        }
    }
    Some(Value::list(lines, Shape::String))
}
