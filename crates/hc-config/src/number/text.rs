//! Numbers as text: the shortest digits that mean a number, and the forms of `%f`, `%e` and `%g`.

use std::fmt;

use dashu_int::IBig;
use dashu_int::ops::{Abs, BitTest};

use super::{Number, ten};

/// Decimal digits with a point before the first one, times a power of ten: Go's `decimal`.
struct Decimal {
    /// Without trailing zeros; empty for zero.
    digits: String,
    exponent: i64,
}

impl Number {
    /// The number without a sign, as it stands behind it; infinite ones have no digits.
    fn unsigned(&self, text: impl FnOnce() -> String) -> String {
        if self.is_infinite() { "Inf".into() } else { text() }
    }

    /// Its sign as `format()` writes it: `+` stands before what is infinite, always.
    pub(crate) fn sign(&self) -> &'static str {
        match (self.is_negative(), self.is_infinite()) {
            (true, _) => "-",
            (false, true) => "+",
            (false, false) => "",
        }
    }

    /// With `places` digits behind the point, rounded half to even (`%.3f`), without a sign.
    pub(crate) fn fixed(&self, places: usize) -> String {
        self.unsigned(|| point(&self.scaled(i64::try_from(places).unwrap_or(i64::MAX)), places))
    }

    /// With one digit before the point and `places` behind it (`%.3e`), without a sign.
    pub(crate) fn scientific(&self, places: usize) -> String {
        self.unsigned(|| self.rounded(places + 1).scientific(places))
    }

    /// With so many digits, or the fewest that mean the number, in the shorter of two forms (`%.3g`), without a
    /// sign.
    pub(crate) fn general(&self, digits: Option<usize>) -> String {
        self.unsigned(|| {
            let (decimal, digits, most) = match digits {
                None => {
                    let decimal = self.shortest();
                    let digits = decimal.digits.len();
                    (decimal, digits, 6)
                }
                Some(digits) => {
                    let digits = digits.max(1);
                    let decimal = self.rounded(digits);
                    let length = decimal.digits.len();
                    let fits = digits > length && length as i64 >= decimal.exponent;
                    (decimal, digits, if fits { length } else { digits } as i64)
                }
            };
            let length = decimal.digits.len();
            let exponent = decimal.exponent - 1;
            if exponent < -4 || exponent >= most {
                return decimal.scientific(digits.min(length).saturating_sub(1));
            }
            let digits = if digits as i64 > decimal.exponent { length } else { digits };
            decimal.plain(usize::try_from(digits as i64 - decimal.exponent).unwrap_or(0))
        })
    }

    /// The fewest digits that mean this number.
    fn shortest(&self) -> Decimal {
        let places = self.places();
        Decimal::new(&self.scaled(places), places)
    }

    /// So many digits, rounded half to even.
    fn rounded(&self, digits: usize) -> Decimal {
        let bits = i64::try_from(self.0.repr().exponent()).unwrap_or(0);
        // All digits there are, to know where the first one stands.
        let exact = (-bits).max(0);
        let exact = Decimal::new(&self.scaled(exact), exact);
        if exact.digits.len() <= digits {
            return exact;
        }
        let places = digits as i64 - exact.exponent;
        Decimal::new(&self.scaled(places), places)
    }

    /// How many digits behind the point mean this number and no other one; negative when there are zeros before it.
    fn places(&self) -> i64 {
        let repr = self.0.repr();
        let bits = i64::try_from(repr.exponent()).unwrap_or(0);
        let length = i64::try_from(repr.significand().bit_len()).unwrap_or(0);
        let precision = self.precision();
        // `bits.abs()` digits behind the point are exact; fewer may do, and once they do, more do as well.
        let enough =
            |places: i64| Self::decimal(&self.scaled(places), -places, precision).as_ref() == Some(self);
        let (mut low, mut high) = (-(bits + length).max(0), (-bits).max(0));
        while low < high {
            let middle = (low + high).div_euclid(2);
            if enough(middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        high
    }

    /// `self × 10^places`, rounded half to even.
    fn scaled(&self, places: i64) -> IBig {
        if self.is_zero() {
            return IBig::ZERO;
        }
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
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => quotient.bit(0),
            std::cmp::Ordering::Less => false,
        };
        let rounded = if up { quotient + 1 } else { quotient };
        if over < IBig::ZERO { -rounded } else { rounded }
    }
}

impl Decimal {
    /// From a number × 10^places.
    fn new(scaled: &IBig, places: i64) -> Self {
        let digits = scaled.abs().to_string();
        let exponent = digits.len() as i64 - places;
        let digits = digits.trim_start_matches('0').trim_end_matches('0').to_owned();
        let exponent = if digits.is_empty() { 0 } else { exponent };
        Self { digits, exponent }
    }

    fn scientific(&self, places: usize) -> String {
        let digits = format!("{:0<width$}", self.digits, width = places + 1);
        let (first, rest) = digits.split_at(1);
        let dot = if places == 0 { "" } else { "." };
        let exponent = if self.digits.is_empty() { 0 } else { self.exponent - 1 };
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{first}{dot}{}e{sign}{:02}", &rest[..places], exponent.abs())
    }

    fn plain(&self, places: usize) -> String {
        let at = |at: i64| {
            let digit = usize::try_from(at).ok().and_then(|at| self.digits.as_bytes().get(at));
            digit.map_or('0', |digit| char::from(*digit))
        };
        let whole: String = if self.exponent > 0 { (0..self.exponent).map(at).collect() } else { "0".into() };
        let fraction: String = (0..places as i64).map(|place| at(self.exponent + place)).collect();
        if places == 0 { whole } else { format!("{whole}.{fraction}") }
    }
}

/// `scaled × 10^-places` as text, without a sign.
fn point(scaled: &IBig, places: usize) -> String {
    let digits = scaled.abs().to_string();
    if places == 0 {
        return digits;
    }
    let digits = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    format!("{whole}.{fraction}")
}

impl fmt::Display for Number {
    /// The fewest decimal digits that read back as this number, never with an exponent: as packer writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let repr = self.0.repr();
        let bits = i64::try_from(repr.exponent()).unwrap_or(0);
        let length = i64::try_from(repr.significand().bit_len()).unwrap_or(0);
        let text = self.unsigned(|| {
            if bits >= 0 && bits + length <= self.precision() as i64 {
                return self.scaled(0).abs().to_string();
            }
            let places = self.places();
            match usize::try_from(places) {
                Ok(places) => point(&self.scaled(places as i64), places),
                Err(_) => (self.scaled(places).abs() * ten(places.unsigned_abs())).to_string(),
            }
        });
        write!(f, "{}{text}", self.sign())
    }
}
