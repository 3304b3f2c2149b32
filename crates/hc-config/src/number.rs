//! Numbers of HCL: 512 bits, as Packer computes, so that what is read, computed and written stays what it was.

use std::cmp::Ordering;
use std::fmt;

use dashu_float::round::mode::HalfEven;
use dashu_float::{Context, FBig, Repr};
use dashu_int::IBig;
use dashu_int::ops::{Abs, BitTest};

/// Bits of the mantissa.
const PRECISION: usize = 512;
/// Decimal exponents beyond it are refused: such a number only costs memory.
const MAX_EXPONENT: i64 = 4_096;
/// Digits before and behind the point that are read; results have fewer, so whatever is printed can be read.
const MOST_DIGITS: i64 = 8_192;
/// The same bound as of exponents in bits, for results.
const MAX_BITS: i64 = 16_384;

/// A finite number with a mantissa of 512 bits.
#[derive(Clone, PartialEq, PartialOrd)]
pub struct Number(FBig<HalfEven, 2>);

impl Number {
    /// Reads `12`, `-1.5`, `1e3`; the nearest number with 512 bits. `None` for anything else, also for an
    /// exponent beyond 4,096.
    pub fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = whole.strip_prefix(['-', '+']).unwrap_or(whole);
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if digits.is_empty() || !plain(digits) || !plain(fraction) || mantissa.ends_with('.') {
            return None;
        }
        let size = i64::try_from(fraction.len()).ok()?;
        if exponent.unsigned_abs() > MAX_EXPONENT.unsigned_abs()
            || size > MOST_DIGITS
            || digits.len() > MOST_DIGITS as usize
        {
            return None;
        }
        let significand: IBig = format!("{digits}{fraction}").parse().ok()?;
        let significand = if whole.starts_with('-') { -significand } else { significand };
        Self::decimal(&significand, exponent - size)
    }

    /// `significand × 10^exponent`, rounded once.
    fn decimal(significand: &IBig, exponent: i64) -> Option<Self> {
        let power = ten(exponent.unsigned_abs());
        if exponent >= 0 {
            return Self::bounded(context().convert_int(significand * power).value());
        }
        let (over, under) = (Repr::new(significand.clone(), 0), Repr::new(power, 0));
        Self::bounded(context().div(&over, &under).ok()?.value())
    }

    fn bounded(value: FBig<HalfEven, 2>) -> Option<Self> {
        // dashu leaves a sum as long as it came out when one side reaches further down than the other.
        let value = match value.repr().digits() > PRECISION {
            true => FBig::from_repr(value.into_repr(), Context::new(0)).with_precision(PRECISION).value(),
            false => value,
        };
        let repr = value.repr();
        let fits =
            repr.is_finite() && i64::try_from(repr.exponent()).is_ok_and(|bits| bits.abs() <= MAX_BITS);
        fits.then_some(Self(value))
    }

    /// `None` for infinities and what is not a number.
    pub fn from_f64(value: f64) -> Option<Self> {
        let exact = FBig::<HalfEven, 2>::try_from(value).ok()?;
        Self::bounded(exact.with_precision(PRECISION).value())
    }

    /// The nearest double.
    pub fn as_f64(&self) -> f64 {
        self.0.to_f64().value()
    }

    /// The number, when it is whole and fits.
    pub fn as_i64(&self) -> Option<i64> {
        i64::try_from(self.as_integer()?).ok()
    }

    /// The number, when it is whole, not negative, and fits.
    pub fn as_u64(&self) -> Option<u64> {
        u64::try_from(self.as_integer()?).ok()
    }

    /// The number, when it is whole.
    pub(crate) fn as_integer(&self) -> Option<IBig> {
        let repr = self.0.repr();
        repr.is_int().then(|| self.0.to_int().value())
    }

    pub(crate) fn from_integer(value: IBig) -> Option<Self> {
        let bits = value.bit_len();
        i64::try_from(bits)
            .is_ok_and(|bits| bits <= MAX_BITS)
            .then(|| Self(context().convert_int(value).value()))
    }

    /// `-1`, `0` or `1`.
    pub fn signum(&self) -> i64 {
        match self.0.partial_cmp(&FBig::<HalfEven, 2>::ZERO) {
            Some(Ordering::Less) => -1,
            Some(Ordering::Greater) => 1,
            _ => 0,
        }
    }

    /// Without its sign.
    #[must_use]
    pub fn abs(&self) -> Self {
        Self(self.0.clone().abs())
    }

    /// With the other sign.
    #[must_use]
    pub fn negated(&self) -> Self {
        Self(-self.0.clone())
    }

    /// The next whole number below.
    #[must_use]
    pub fn floor(&self) -> Self {
        Self(self.0.floor())
    }

    /// The next whole number above.
    #[must_use]
    pub fn ceil(&self) -> Self {
        Self(self.0.ceil())
    }

    /// Sum; `None` when it is too large.
    pub fn plus(&self, other: &Self) -> Option<Self> {
        Self::bounded(context().add(self.0.repr(), other.0.repr()).ok()?.value())
    }

    /// Difference; `None` when it is too large.
    pub fn minus(&self, other: &Self) -> Option<Self> {
        Self::bounded(context().sub(self.0.repr(), other.0.repr()).ok()?.value())
    }

    /// Product; `None` when it is too large.
    pub fn times(&self, other: &Self) -> Option<Self> {
        Self::bounded(context().mul(self.0.repr(), other.0.repr()).ok()?.value())
    }

    /// Quotient; `None` for a division by zero.
    pub fn over(&self, other: &Self) -> Option<Self> {
        if other.signum() == 0 {
            return None;
        }
        Self::bounded(context().div(self.0.repr(), other.0.repr()).ok()?.value())
    }

    /// What a division that ends at the point leaves; it has the sign of `self`. `None` for a division by zero.
    pub fn modulo(&self, other: &Self) -> Option<Self> {
        let whole = Self(self.over(other)?.0.trunc());
        self.minus(&whole.times(other)?)
    }

    /// With `places` digits behind the point, rounded half to even (`%.3f`).
    pub(crate) fn fixed(&self, places: usize) -> String {
        let scaled = self.scaled(i64::try_from(places).unwrap_or(MAX_EXPONENT));
        point(&scaled, places)
    }

    /// `self × 10^places`, rounded half to even.
    fn scaled(&self, places: i64) -> IBig {
        let (significand, exponent) = self.0.repr().clone().into_parts();
        let (mut over, mut under) = (significand, IBig::ONE);
        match places {
            0.. => over *= ten(places.unsigned_abs()),
            _ => under *= ten(places.unsigned_abs()),
        }
        match exponent {
            0.. => over <<= exponent.unsigned_abs(),
            _ => under <<= exponent.unsigned_abs(),
        }
        let absolute: IBig = (&over).abs();
        let (quotient, rest): (IBig, IBig) = (&absolute / &under, &absolute % &under);
        let up = match Ord::cmp(&(rest * IBig::from(2)), &under) {
            Ordering::Greater => true,
            Ordering::Equal => quotient.bit(0),
            Ordering::Less => false,
        };
        let rounded = if up { quotient + 1 } else { quotient };
        if over < IBig::ZERO { -rounded } else { rounded }
    }
}

fn context() -> Context<HalfEven> {
    Context::new(PRECISION)
}

fn ten(power: u64) -> IBig {
    IBig::from(10).pow(usize::try_from(power).unwrap_or(usize::MAX))
}

/// `scaled × 10^-places` as text.
fn point(scaled: &IBig, places: usize) -> String {
    let digits = scaled.abs().to_string();
    let sign = if *scaled < IBig::ZERO { "-" } else { "" };
    if places == 0 {
        return format!("{sign}{digits}");
    }
    let digits = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    format!("{sign}{whole}.{fraction}")
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(context().convert_int(IBig::from(value)).value())
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(context().convert_int(IBig::from(value)).value())
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Number {
    /// The fewest decimal digits that read back as this number, never with an exponent: as packer writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let repr = self.0.repr();
        let bits = i64::try_from(repr.exponent()).unwrap_or(0);
        let length = i64::try_from(repr.significand().bit_len()).unwrap_or(0);
        if bits >= 0 && bits + length <= PRECISION as i64 {
            return write!(f, "{}", self.scaled(0));
        }
        // `bits.abs()` digits behind the point are exact; fewer may do, and once they do, more do as well.
        let enough = |places: i64| Self::decimal(&self.scaled(places), -places).as_ref() == Some(self);
        let (mut low, mut high) = (-(bits + length).max(0), (-bits).max(0));
        while low < high {
            let middle = (low + high).div_euclid(2);
            if enough(middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        match usize::try_from(high) {
            Ok(places) => f.write_str(&point(&self.scaled(high), places)),
            Err(_) => write!(f, "{}", self.scaled(high) * ten(high.unsigned_abs())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn numbers_stay_what_they_are() {
        for text in [
            "0",
            "1",
            "-1",
            "0.1",
            "-0.001",
            "18446744073709551617",
            "123456789012345678901234567890.123",
            "0.00000000000000000000000000000000000001",
            "3.14159265358979323846264338327950288419716939937510",
        ] {
            let shown = number(text).to_string();
            let plain = if text.contains('.') { text.trim_end_matches('0') } else { text };
            assert_eq!(shown, plain);
        }
        assert_eq!(number("1e21").to_string(), "1000000000000000000000");
        assert_eq!(number("1e300").to_string(), format!("1{}", "0".repeat(300)));
        assert_eq!(number("1.50").to_string(), "1.5");
        assert_eq!(number("5e-324").to_string(), format!("0.{}5", "0".repeat(323)));
        assert_eq!(number("-0").to_string(), "0");
    }

    #[test]
    fn arithmetic_is_exact_where_packer_is() {
        assert_eq!(number("0.1").plus(&number("0.2")).unwrap(), number("0.3"));
        assert_eq!(number("1").over(&number("10")).unwrap(), number("0.1"));
        assert_eq!(number("-7.5").modulo(&number("2")).unwrap(), number("-1.5"));
        assert_eq!(number("7").modulo(&number("-3")).unwrap(), number("1"));
        assert_eq!(number("1").over(&number("0")), None);
        assert!(
            number("1").over(&number("3")).unwrap().to_string().starts_with("0.33333333333333333333333333")
        );
        // Found by fuzzing: the difference had 519 bits.
        let difference = number("3.2").minus(&number("1e2")).unwrap();
        assert_eq!(number(&difference.to_string()), difference);
        assert_eq!(number("2.25").fixed(1), "2.2");
        assert_eq!(number("0.666").fixed(0), "1");
        assert_eq!(number("-0.05").fixed(2), "-0.05");
    }

    #[test]
    fn what_is_no_number_or_too_large_is_refused() {
        for text in
            ["", "-", ".5", "5.", "1e", "0x10", "1_000", "NaN", "inf", "1e99999", "--1", "1.2.3", "1e+-3"]
        {
            assert_eq!(Number::parse(text), None, "{text}");
        }
        // Found by fuzzing: what was printed could not be read.
        let tiny = number("5").over(&number("2e4096")).unwrap();
        assert_eq!(number(&tiny.to_string()), tiny);
        assert_eq!(Number::parse("1e-9223372036854775808"), None);
        assert_eq!(Number::parse(&format!("{}e4096", "9".repeat(8_000))), None);
        let large = number("1e4000");
        let larger = large.times(&large).and_then(|n| n.times(&large));
        assert_eq!(larger, None);
    }

    proptest! {
        #[test]
        fn text_and_number_agree(digits in "-?[1-9][0-9]{0,200}", fraction in "([0-9]{0,60}[1-9])?", exponent in -300_i64..300) {
            let dot = if fraction.is_empty() { "" } else { "." };
            let read = number(&format!("{digits}{dot}{fraction}e{exponent}"));
            prop_assert_eq!(&number(&read.to_string()), &read);
        }

        #[test]
        fn up_to_150_digits_come_back_as_written(text in "-?[1-9][0-9]{0,80}(\\.[0-9]{0,60}[1-9])?") {
            prop_assert_eq!(number(&text).to_string(), text);
        }

        #[test]
        fn doubles_agree(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
            let exact = Number::from_f64(value).unwrap();
            prop_assert_eq!(exact.as_f64(), value);
            prop_assert_eq!(number(&value.to_string()).as_f64(), value);
        }

        #[test]
        fn whole_numbers_agree_with_the_processor(one in any::<i32>(), two in any::<i32>()) {
            let (a, b) = (Number::from(i64::from(one)), Number::from(i64::from(two)));
            let (one, two) = (i64::from(one), i64::from(two));
            prop_assert_eq!(a.plus(&b).unwrap().as_i64(), Some(one + two));
            prop_assert_eq!(a.minus(&b).unwrap().as_i64(), Some(one - two));
            prop_assert_eq!(a.times(&b).unwrap().as_i64(), Some(one * two));
            prop_assert_eq!(a.partial_cmp(&b), one.partial_cmp(&two));
            if two != 0 {
                prop_assert_eq!(a.modulo(&b).unwrap().as_i64(), Some(one % two));
            }
        }
    }
}
