//! Numbers of HCL as Packer computes them: with as many bits as their operands have, infinite ones and two zeros.
//!
//! What is written in a file has 512 bits, what a function counts has 64, and what it computes with doubles 53.

#[cfg(test)]
mod tests;
mod text;

use std::cmp::Ordering;
use std::fmt;

use dashu_float::round::mode::HalfEven;
use dashu_float::{Context, FBig, Repr};
use dashu_int::ops::BitTest;
use dashu_int::{IBig, Sign};

/// Bits of the mantissa of what is read from text.
const FULL: usize = 512;
/// Bits of what was counted.
const WORD: usize = 64;
/// Bits of a double.
const DOUBLE: usize = 53;
/// Decimal exponents beyond it are refused: such a number only costs memory.
const MAX_EXPONENT: i64 = 4_096;
/// Digits before and behind the point that are read; results have fewer, so whatever is printed can be read.
const MOST_DIGITS: i64 = 8_192;
/// The same bound as of exponents in bits, for results.
const MAX_BITS: i64 = 16_384;

/// A number: finite, or infinite with a sign. Numbers are compared by what they are worth.
#[derive(Clone)]
pub struct Number(FBig<HalfEven, 2>);

impl Number {
    /// Reads what Packer converts to a number: `12`, `-1.5`, `.5`, `1e3`, `1p3` (with a power of two), `Inf`. The
    /// nearest number with 512 bits. `None` for anything else, also for an exponent beyond 4,096.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let negative = text.starts_with('-');
        if matches!(digits, "Inf" | "inf") {
            return Some(Self::infinite(negative));
        }
        let (mantissa, exponent) = match digits.split_once(['e', 'E', 'p', 'P']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (digits, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !plain(whole) || !plain(fraction) {
            return None;
        }
        let size = i64::try_from(fraction.len()).ok()?;
        if exponent.unsigned_abs() > MAX_EXPONENT.unsigned_abs()
            || size > MOST_DIGITS
            || whole.len() > MOST_DIGITS as usize
        {
            return None;
        }
        let significand: IBig = format!("{whole}{fraction}").parse().ok()?;
        let number = match digits.contains(['p', 'P']) {
            true => Self::decimal(&significand, -size, FULL)?.shifted(exponent)?,
            false => Self::decimal(&significand, exponent - size, FULL)?,
        };
        Some(if negative { number.negated() } else { number })
    }

    /// `significand × 10^exponent`, rounded once.
    fn decimal(significand: &IBig, exponent: i64, precision: usize) -> Option<Self> {
        let (power, context) = (ten(exponent.unsigned_abs()), Context::new(precision));
        if exponent >= 0 {
            return Self::bounded(context.convert_int(significand * power).value(), precision);
        }
        let (over, under) = (Repr::new(significand.clone(), 0), Repr::new(power, 0));
        Self::bounded(context.div(&over, &under).ok()?.value(), precision)
    }

    /// Times a power of two.
    fn shifted(self, bits: i64) -> Option<Self> {
        let precision = self.precision();
        let (significand, exponent) = self.0.into_repr().into_parts();
        let exponent = exponent.checked_add(isize::try_from(bits).ok()?)?;
        Self::bounded(FBig::from_parts(significand, exponent), precision)
    }

    fn infinite(negative: bool) -> Self {
        let repr = if negative { Repr::neg_infinity() } else { Repr::infinity() };
        Self(FBig::from_repr(repr, Context::new(FULL)))
    }

    fn zero(negative: bool, precision: usize) -> Self {
        let repr = if negative { Repr::neg_zero() } else { Repr::zero() };
        Self(FBig::from_repr(repr, Context::new(precision)))
    }

    /// A finite result with so many bits; `None` when it is too large or too small.
    fn bounded(value: FBig<HalfEven, 2>, precision: usize) -> Option<Self> {
        // dashu leaves a sum as long as it came out when one side reaches further down than the other.
        let value = FBig::from_repr(value.into_repr(), Context::new(0)).with_precision(precision).value();
        let repr = value.repr();
        let fits =
            repr.is_finite() && i64::try_from(repr.exponent()).is_ok_and(|bits| bits.abs() <= MAX_BITS);
        fits.then_some(Self(value))
    }

    /// `None` for what is not a number.
    pub fn from_f64(value: f64) -> Option<Self> {
        if value.is_infinite() {
            return Some(Self::infinite(value < 0.0));
        }
        Self::bounded(FBig::<HalfEven, 2>::try_from(value).ok()?, DOUBLE)
    }

    /// The nearest double.
    pub fn as_f64(&self) -> f64 {
        match (self.is_infinite(), self.is_negative()) {
            (true, true) => f64::NEG_INFINITY,
            (true, false) => f64::INFINITY,
            _ => self.0.to_f64().value(),
        }
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
        if repr.significand().is_zero() {
            return repr.is_finite().then_some(IBig::ZERO);
        }
        repr.is_int().then(|| self.0.to_int().value())
    }

    /// With as many bits as the number needs, 64 at least.
    pub(crate) fn from_integer(value: IBig) -> Option<Self> {
        let precision = value.bit_len().max(WORD);
        Self::bounded(Context::new(precision).convert_int(value).value(), precision)
    }

    fn precision(&self) -> usize {
        self.0.precision()
    }

    /// Whether it has no end.
    pub fn is_infinite(&self) -> bool {
        self.0.repr().is_infinite()
    }

    /// Whether it has a minus sign; one of the two zeros has.
    fn is_negative(&self) -> bool {
        self.0.repr().sign() == Sign::Negative
    }

    fn is_zero(&self) -> bool {
        let repr = self.0.repr();
        repr.is_finite() && repr.significand().is_zero()
    }

    /// `-1`, `0` or `1`.
    pub fn signum(&self) -> i64 {
        match (self.is_zero(), self.is_negative()) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    /// Without its sign.
    #[must_use]
    pub fn abs(&self) -> Self {
        if self.is_negative() { self.negated() } else { self.clone() }
    }

    /// With the other sign.
    #[must_use]
    pub fn negated(&self) -> Self {
        Self(-self.0.clone())
    }

    /// The next whole number below.
    #[must_use]
    pub fn floor(&self) -> Self {
        self.whole(FBig::floor)
    }

    /// The next whole number above.
    #[must_use]
    pub fn ceil(&self) -> Self {
        self.whole(FBig::ceil)
    }

    fn whole(&self, round: fn(&FBig<HalfEven, 2>) -> FBig<HalfEven, 2>) -> Self {
        if self.is_infinite() {
            return self.clone();
        }
        let precision = self.precision();
        let whole = Self::bounded(round(&self.0), precision).unwrap_or_else(|| self.clone());
        // Packer goes through a whole number, which knows one zero only.
        if whole.is_zero() { Self::zero(false, precision) } else { whole }
    }

    /// Sum; `None` when it is too large, and for two infinite numbers of different signs.
    pub fn plus(&self, other: &Self) -> Option<Self> {
        let precision = self.precision().max(other.precision());
        match (self.is_infinite(), other.is_infinite()) {
            (true, true) if self.is_negative() != other.is_negative() => None,
            (true, _) => Some(self.clone()),
            (_, true) => Some(other.clone()),
            _ if *self == other.negated() => {
                Some(Self::zero(self.is_negative() && other.is_negative(), precision))
            }
            _ => Self::bounded(
                Context::new(precision).add(self.0.repr(), other.0.repr()).ok()?.value(),
                precision,
            ),
        }
    }

    /// Difference; `None` when it is too large, and for two infinite numbers of one sign.
    pub fn minus(&self, other: &Self) -> Option<Self> {
        self.plus(&other.negated())
    }

    /// Product; `None` when it is too large, and for zero times an infinite number.
    pub fn times(&self, other: &Self) -> Option<Self> {
        let negative = self.is_negative() != other.is_negative();
        let precision = self.precision().max(other.precision());
        if self.is_infinite() || other.is_infinite() {
            return (!self.is_zero() && !other.is_zero()).then(|| Self::infinite(negative));
        }
        if self.is_zero() || other.is_zero() {
            return Some(Self::zero(negative, precision));
        }
        let product = Context::<HalfEven>::new(FULL).mul(self.0.repr(), other.0.repr()).ok()?.value();
        // Packer leaves a product the bits that it needs.
        let precision = precision.max(product.repr().digits().min(FULL));
        Self::bounded(product, precision)
    }

    /// Quotient, infinite for a division by zero; `None` for zero divided by zero, and infinite by infinite.
    pub fn over(&self, other: &Self) -> Option<Self> {
        let negative = self.is_negative() != other.is_negative();
        let precision = self.precision().max(other.precision());
        match (self.is_infinite(), other.is_infinite()) {
            (true, true) => None,
            (true, false) => Some(Self::infinite(negative)),
            (false, true) => Some(Self::zero(negative, precision)),
            _ if other.is_zero() => (!self.is_zero()).then(|| Self::infinite(negative)),
            _ if self.is_zero() => Some(Self::zero(negative, precision)),
            _ => Self::bounded(
                Context::new(precision).div(self.0.repr(), other.0.repr()).ok()?.value(),
                precision,
            ),
        }
    }

    /// What a division that ends at the point leaves; it has the sign of `self`. The number itself for a division
    /// by zero, `None` for infinite numbers.
    pub fn modulo(&self, other: &Self) -> Option<Self> {
        if self.is_infinite() || other.is_infinite() {
            return None;
        }
        if other.is_zero() {
            return Some(self.clone());
        }
        let precision = self.precision();
        let whole = Self::bounded(self.over(other)?.0.trunc(), precision)?;
        let whole = if whole.is_zero() { Self::zero(false, precision) } else { whole };
        let whole = Self::bounded(other.times(&whole)?.0, precision)?;
        Self::bounded(self.minus(&whole)?.0, precision)
    }
}

fn ten(power: u64) -> IBig {
    IBig::from(10).pow(usize::try_from(power).unwrap_or(usize::MAX))
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(Context::new(WORD).convert_int(IBig::from(value)).value())
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(Context::new(WORD).convert_int(IBig::from(value)).value())
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        (self.is_zero() && other.is_zero()) || self.0 == other.0
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if self == other { Some(Ordering::Equal) } else { self.0.partial_cmp(&other.0) }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
