//! Network prefixes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::arguments::{Arguments, Function, MANY};
use crate::shape::Shape;
use crate::value::Value;

pub(super) const TABLE: &[Function] = &[
    ("cidrhost", 2, 2, |a| {
        let prefix = Prefix::parse(&a.text(0)?)?;
        if prefix.is_mapped() {
            return Some(Value::Unknown);
        }
        let (number, last) = (i128::from(a.whole(1)?), prefix.last() - prefix.first);
        let at = match u128::try_from(number) {
            Ok(number) => number,
            Err(_) => last.checked_sub(number.unsigned_abs() - 1)?,
        };
        (at <= last).then(|| Value::String(prefix.address(prefix.first + at).to_string()))
    }),
    ("cidrnetmask", 1, 1, |a| {
        let prefix = Prefix::parse(&a.text(0)?)?;
        let all = Prefix { length: 0, ..prefix }.hosts();
        Some(Value::String(prefix.address(!prefix.hosts() & all).to_string()))
    }),
    ("cidrsubnet", 3, 3, |a| {
        let prefix = Prefix::parse(&a.text(0)?)?;
        let bits = a.whole(1)?;
        // Packer computes something of a shorter prefix, and of an IPv4 address in IPv6.
        if bits < 0 || prefix.is_mapped() {
            return Some(Value::Unknown);
        }
        let longer = prefix.longer(bits).filter(|_| bits <= 32)?;
        let number = u128::try_from(a.whole(2)?).ok()?;
        let bits = longer - prefix.length;
        if bits < 128 && number >> bits != 0 {
            return None;
        }
        let first = prefix.first | number.checked_shl(prefix.width - longer).unwrap_or(0);
        Some(Value::String(Prefix { first, length: longer, ..prefix }.to_string()))
    }),
    ("cidrsubnets", 1, MANY, subnets),
];

/// Consecutive subnets, each behind the one before.
fn subnets(arguments: &Arguments<'_>) -> Option<Value> {
    let prefix = Prefix::parse(&arguments.text(0)?)?;
    if prefix.is_mapped() {
        return None;
    }
    let mut found = Vec::new();
    let mut next = Some(prefix.first);
    for at in 1..arguments.0.len() {
        // Packer asks for at least one bit, and takes 32 at a time.
        let bits = arguments.whole(at).filter(|bits| (1..=32).contains(bits))?;
        let longer = prefix.longer(bits)?;
        let size = Prefix { length: longer, ..prefix };
        let first = next?.checked_add(size.hosts())? & !size.hosts();
        let subnet = Prefix { first, ..size };
        if subnet.last() > prefix.last() {
            return None;
        }
        next = subnet.last().checked_add(1);
        found.push(Value::String(subnet.to_string()));
    }
    Some(Value::list(found, Shape::String))
}

/// An address range whose size is a power of two.
#[derive(Clone, Copy)]
struct Prefix {
    first: u128,
    length: u32,
    width: u32,
}

impl Prefix {
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let (bits, width) = match address.parse().ok()? {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (u128::from(address), 128),
        };
        if !length.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let length = length.parse().ok().filter(|length| *length <= width)?;
        let whole = Self { first: bits, length, width };
        Some(Self { first: bits & !whole.hosts(), ..whole })
    }

    /// The bits behind the prefix, all set.
    fn hosts(&self) -> u128 {
        match self.width - self.length {
            128 => u128::MAX,
            bits => (1 << bits) - 1,
        }
    }

    /// Whether it is an IPv4 address in the form of IPv6, which Packer takes for either.
    fn is_mapped(&self) -> bool {
        self.width == 128 && self.first >> 32 == 0xffff
    }

    fn last(&self) -> u128 {
        self.first | self.hosts()
    }

    fn longer(&self, bits: i64) -> Option<u32> {
        let length = self.length.checked_add(u32::try_from(bits).ok()?)?;
        (length <= self.width).then_some(length)
    }

    fn address(&self, bits: u128) -> IpAddr {
        match u32::try_from(bits) {
            Ok(bits) if self.width == 32 => Ipv4Addr::from(bits).into(),
            _ => Ipv6Addr::from(bits).into(),
        }
    }
}

impl std::fmt::Display for Prefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address(self.first), self.length)
    }
}
